import Bytes
import Language
import Model

/// Gathers facts.
struct FactRows {
  let query: BoundQuery
  let store: any Queryable
  let options: QueryOptions

  struct Rows {
    var table = RowTable()
    /// Facts before this time are there for windows only.
    var firstNs: Int64
    /// Whether there may be more facts, which LIMIT has left out.
    var hasMore = false
    var notes: [String] = []
  }

  func rows() throws -> Rows {
    var rows = Rows(firstNs: query.range.lowerBound)
    let startNs = contextStart
    let enough = rowsThatSuffice
    (rows.table, rows.hasMore) = try table(startNs..<query.range.upperBound, enough: enough)
    if let before = RowsBefore(query, from: rows.firstNs) {
      try add(before, to: &rows, from: startNs)
    }
    return rows
  }

  /// Adds the facts that are the ones before for the first facts of keys.
  private func add(_ before: RowsBefore, to rows: inout Rows, from startNs: Int64) throws {
    guard let times = query.stream.timesNs else { return }
    let endNs = min(query.range.upperBound, times.upperBound)
    let lengthNs = max(RowsBefore.minFactsNs, endNs.saturatingSubtracting(rows.firstNs))
    var startNs = startNs
    let limitNs = rows.firstNs.saturatingSubtracting(lengthNs)
    let missing = try before.add(to: &rows.table, from: &startNs, limitNs: limitNs) {
      let (ns, overflow) = Self.stepNs.multipliedReportingOverflow(by: Int64($1))
      return overflow ? .min : $0.saturatingSubtracting(ns)
    } earlier: { range, _ in
      try table(range).table
    }
    if missing > 0 { rows.notes.append(RowsBefore.note(missing, query, since: startNs)) }
  }

  /// How much time is looked at first for a fact before the range.
  private static let stepNs: Int64 = 3_600_000_000_000

  /// The facts of a time, those of one key as a group.
  private func table(
    _ range: Range<Int64>, enough: Int = .max
  ) throws -> (table: RowTable, hasMore: Bool) {
    var request = FactsRequest(stream: query.stream.name, fields: query.fields)
    let keyPath = query.hasWindow ? query.stream.keyPath : nil
    if let keyPath { request.fields.append(keyPath) }
    request.filter = query.filter
    request.range = range
    (request.afterSeq, request.asOfSeq) = (query.since?.seq ?? 0, query.lastSeq)
    request.isCancelled = options.isCancelled
    var columns: [ValueColumn]?
    var timesNs: [Int64] = []
    var seqs: [UInt64] = []
    try store.facts(request) { batch in
      timesNs += batch.timesNs
      seqs += batch.seqs
      if columns == nil {
        columns = batch.fields
      } else {
        for index in batch.fields.indices { columns?[index].append(batch.fields[index]) }
      }
      try check(timesNs.count, columns ?? [])
      return timesNs.count < enough
    }
    var table = RowTable()
    table.timesNs = timesNs
    table.firstSeqs = seqs
    table.inputs = columns ?? request.fields.map { _ in .values([]) }
    let hasMore = timesNs.count >= enough
    if timesNs.count > enough { table.gather(prefix: enough) }
    try table.setGroups(key: keyPath == nil ? nil : table.inputs.removeLast())
    try table.sortByTime()
    return (table, hasMore)
  }

  /// Without an order the first facts of the log are as good as any.
  private var rowsThatSuffice: Int {
    guard let limit = query.limit, query.order.isEmpty, query.having == nil, !query.hasWindow
    else { return .max }
    return limit.rows
  }

  private var contextStart: Int64 {
    let start = query.range.lowerBound
    return query.expressions.map { $0.lookBack(from: start, query) }.min() ?? start
  }

  private func check(_ count: Int, _ columns: [ValueColumn]) throws {
    let limits = options.limits
    if count > limits.maxRows {
      throw QueryLimitError(
        "more than \(limits.maxRows) facts; ask for a shorter range, narrow WHERE, or raise "
          + limits.names.rows)
    }
    let bytes = count * columns.reduce(8) { $0 + $1.rowBytes }
    if bytes > limits.maxMemoryBytes {
      throw QueryLimitError(
        "more than \(limits.maxMemoryBytes) bytes of facts; ask for a shorter range or fewer "
          + "fields, narrow WHERE, or raise \(limits.names.memory)")
    }
    if options.isCancelled() { throw CancellationError() }
  }
}

extension RowTable {
  /// Keeps the first rows of facts.
  fileprivate mutating func gather(prefix count: Int) {
    timesNs = Array(timesNs.prefix(count))
    firstSeqs = Array(firstSeqs.prefix(count))
    inputs = inputs.map { $0.gather(Array(0..<count)) }
  }

  /// Facts of one key are a group.
  fileprivate mutating func setGroups(key: ValueColumn?) throws {
    guard let key else {
      groups = [[]]
      groupOfRow = Array(repeating: 0, count: count)
      return
    }
    var codes: [Text?: Int32] = [:]
    groupOfRow = try (0..<count).map { row in
      try Cancellation.check(at: row)
      let label = key[row].label
      if let code = codes[label] { return code }
      let code = Int32(groups.count)
      codes[label] = code
      groups.append([label])
      return code
    }
  }

  /// Facts of one time stay in the order of the log.
  fileprivate mutating func sortByTime() throws {
    if zip(timesNs, timesNs.dropFirst()).allSatisfy({ $0 <= $1 }) { return }
    let times = timesNs
    var comparisons = 0
    gather(
      try (0..<count).sorted {
        comparisons += 1
        try Cancellation.check(at: comparisons)
        return (times[$0], $0) < (times[$1], $1)
      })
  }
}

extension QueryValue {
  /// As the label of a group.
  var label: Text? {
    number.map { Text($0.description) } ?? text
  }
}
