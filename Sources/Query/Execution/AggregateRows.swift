import Language
import Model

/// Gathers the rows of a query of aggregates: those that are asked for, those before them that windows look back to,
/// and those of the time that is compared with.
struct AggregateRows {
  let query: BoundQuery
  let store: any Queryable
  let options: QueryOptions
  let budget: MemoryBudget

  struct Rows {
    var table = RowTable()
    /// Rows before this time are there for windows only.
    var firstNs: Int64
    /// The time that rows are of, those of windows included.
    var range: Range<Int64>
    var watermarkNs: Int64?
    var asOfSeq: UInt64 = 0
    var plans: [AggregatePlan] = []
    var notes: [String] = []
  }

  func rows() throws -> Rows { try rows(of: query.range) }

  /// The rows of a range, with those of the time that is compared with beside them. Windows look at rows before the
  /// range, unless `hasWindows` says that none is asked for.
  func rows(of range: Range<Int64>, hasWindows: Bool = true) throws -> Rows {
    var rows = try compared(range, hasWindows: hasWindows)
    if hasWindows, let before = RowsBefore(query, from: rows.firstNs) { try add(before, to: &rows) }
    return rows
  }

  /// Adds the rows that are the ones before for the first rows of groups.
  private func add(_ before: RowsBefore, to rows: inout Rows) throws {
    guard let buckets = query.buckets, let times = query.stream.timesNs else { return }
    let endNs = min(rows.range.upperBound, times.upperBound)
    let inRange = max(0, endNs.saturatingSubtracting(rows.firstNs)) / buckets.length.nominalNs
    let count = max(RowsBefore.minBuckets, Int(clamping: inRange))
    var table = rows.table
    var startNs = rows.range.lowerBound
    let limitNs = buckets.start(rows.firstNs, before: count)
    let missing = try before.add(to: &table, from: &startNs, limitNs: limitNs) {
      buckets.start($0, before: $1)
    } earlier: { range, groups in
      let few = AggregateRows(
        query: query.narrowed(to: groups), store: store, options: options, budget: budget)
      let found = try budget.passing { try few.compared(range, hasWindows: false) }
      rows.add(found)
      return found.table
    }
    rows.range = startNs..<rows.range.upperBound
    try budget.take(max(0, table.bytes - rows.table.bytes), for: "rows")
    rows.table = table
    if missing > 0 { rows.notes.append(RowsBefore.note(missing, query, since: startNs)) }
  }

  private func compared(_ range: Range<Int64>, hasWindows: Bool) throws -> Rows {
    var rows = try period(range, hasWindows: hasWindows)
    if query.isOfOneRow { rows.table.addRowOfNothing(query) }
    try budget.take(rows.table.bytes, for: "rows")
    guard let length = query.compare else { return rows }
    let earlier =
      if let compared = query.comparedBuckets {
        try earlierBuckets(compared, of: range, &rows)
      } else {
        try earlierTime(length, of: range, &rows)
      }
    let join = PeriodJoin(query: query, watermarkNs: rows.watermarkNs)
    rows.table = try join.joined(rows.table, earlier, budget)
    if let compared = query.comparedBuckets { rows.addNote(of: compared) }
    return rows
  }

  /// Without buckets both times are one row for each group.
  private func earlierTime(
    _ length: TimeLength, of range: Range<Int64>, _ rows: inout Rows
  ) throws -> PeriodJoin.Earlier {
    var table = try further(length.earlier(range, in: query.zone), &rows)
    if query.isOfOneRow { table.addRowOfNothing(query) }
    var earlier = PeriodJoin.Earlier()
    try earlier.append(table, budget) { _ in [range.lowerBound] }
    return earlier
  }

  /// Whole buckets are compared with whole ones, and those that the range cuts with as much of the earlier ones.
  private func earlierBuckets(
    _ compared: ComparedBuckets, of range: Range<Int64>, _ rows: inout Rows
  ) throws -> PeriodJoin.Earlier {
    var earlier = PeriodJoin.Earlier()
    let times = rows.range
    let cut = compared.buckets.cut(by: range, isRolling: query.isRolling)
    for piece in compared.pieces(of: times, asked: range, isRolling: query.isRolling) {
      let table = try further(piece.range, &rows)
      try earlier.append(table, budget) { start in
        if let bucket = piece.cutBucket { return [bucket] }
        return compared.later(of: start).filter { times.contains($0) && !cut.contains($0) }
      }
    }
    if earlier.table.inputs.isEmpty {
      earlier.table.inputs = query.aggregates.map { _ in .numbers([]) }
    }
    return earlier
  }

  /// Rows of a range beside others.
  private func further(_ range: Range<Int64>, _ rows: inout Rows) throws -> RowTable {
    let found = try period(range, hasWindows: false)
    rows.add(found)
    return found.table
  }

  private func period(_ range: Range<Int64>, hasWindows: Bool) throws -> Rows {
    let request = query.request(range, options)
    let result = try aggregate(request)
    let firstNs = query.buckets?.firstStart(range) ?? range.lowerBound
    var rows = Rows(firstNs: firstNs, range: firstNs..<max(firstNs, range.upperBound))
    (rows.watermarkNs, rows.asOfSeq) = (result.watermarkNs, result.asOfSeq)
    rows.plans = [result.plan]
    rows.notes = overflowNotes(result)
    let before = hasWindows ? contextStart(firstNs) : firstNs
    if before < firstNs {
      var request = request
      request.range = before..<firstNs
      rows.table = RowTable(try aggregate(request), query)
      rows.table.append(RowTable(result, query))
      rows.range = before..<rows.range.upperBound
    } else {
      rows.table = RowTable(result, query)
    }
    return rows
  }

  /// A number that is there, but that no double holds, is not NULL without a word.
  private func overflowNotes(_ result: AggregateResult) -> [String] {
    zip(query.aggregates, result.overflows).compactMap { aggregate, count in
      guard count > 0 else { return nil }
      let text = Expression.aggregate(aggregate).canonicalText
      return "\(text) is beyond the range of numbers, some 1.8e308, in \(count) "
        + (count == 1 ? "row, and NULL there" : "rows, and NULL there")
    }
  }

  private func aggregate(_ request: AggregateRequest) throws -> AggregateResult {
    var result = try store.aggregate(request)
    try checkRows(result.count)
    // A KPI may wait longer than its stream before a bucket is final.
    if query.latenessNs != query.stream.latenessNs {
      for row in result.isFinal.indices {
        result.isFinal[row] = query.isFinal(
          bucketStarting: result.timesNs[row], result.watermarkNs)
      }
    }
    return result
  }

  private func checkRows(_ count: Int) throws {
    if count > options.limits.maxRows {
      throw QueryLimitError(
        "more than \(options.limits.maxRows) rows; ask for a shorter range, longer buckets or "
          + "fewer groups, or raise \(options.limits.names.rows)")
    }
    if options.isCancelled() { throw CancellationError() }
  }

  /// How far back windows look from the first bucket.
  private func contextStart(_ firstNs: Int64) -> Int64 {
    guard let buckets = query.buckets, firstNs > .min else { return firstNs }
    let start = query.expressions.map { $0.lookBack(from: firstNs, query) }.min() ?? firstNs
    return start < firstNs ? buckets.start(of: start) : firstNs
  }
}

extension Buckets {
  /// The start of the first bucket of a range; without a bound there is none before.
  func firstStart(_ range: Range<Int64>) -> Int64 {
    range.lowerBound == .min ? .min : start(of: range.lowerBound)
  }
}

extension RowExpression {
  /// The earliest time of a row that has a part in a row at `ns`.
  func lookBack(from ns: Int64, _ query: BoundQuery) -> Int64 {
    var from = ns
    if case .window = self { from = ownLookBack(from: ns, query) }
    return children.map { $0.lookBack(from: from, query) }.min() ?? from
  }

  /// The same of a window over values that are there. Without a length it is one bucket: ``RowsBefore`` looks further.
  func ownLookBack(from ns: Int64, _ query: BoundQuery) -> Int64 {
    guard case .window(_, _, let length) = self else { return ns }
    if let length {
      let rows = ns..<max(ns, query.range.upperBound.saturatingSubtracting(1)) + 1
      return length.range(before: rows, in: query.zone).lowerBound
    }
    if let buckets = query.buckets, ns > .min { return buckets.start(of: ns - 1) }
    return ns
  }
}

extension AggregateRows.Rows {
  /// Takes how others were computed, and what has to be known of them.
  fileprivate mutating func add(_ others: Self) {
    for plan in others.plans where !plans.contains(plan) { plans.append(plan) }
    for note in others.notes where !notes.contains(note) { notes.append(note) }
  }

  /// Says of buckets without an earlier one.
  fileprivate mutating func addNote(of compared: ComparedBuckets) {
    var (count, beyond, lastNs) = (0, 0, Int64.min)
    for timeNs in table.timesNs where timeNs >= firstNs && timeNs != lastNs {
      lastNs = timeNs
      if compared.earlier(of: timeNs) != nil { continue }
      if compared.isBeyondTimes(timeNs) { beyond += 1 } else { count += 1 }
    }
    for (count, reason) in [
      (count, "where clocks were changed"), (beyond, "as no time is before the year 1677"),
    ] where count > 0 {
      notes.append(
        "\(count == 1 ? "1 bucket has" : "\(count) buckets have") none that began "
          + "\(compared.length.canonicalText) before, \(reason): there is NULL")
    }
  }
}

extension BoundQuery {
  /// Which buckets COMPARE WITH compares.
  var comparedBuckets: ComparedBuckets? {
    guard let buckets, let compare else { return nil }
    return ComparedBuckets(buckets: buckets, length: compare)
  }

  /// Whether it has neither buckets nor groups, and so one row, whatever facts there are.
  fileprivate var isOfOneRow: Bool { buckets == nil && groups.isEmpty }
}

extension RowTable {
  /// The row of no facts, with the inputs of both times when there are two.
  init(ofNothing query: BoundQuery) {
    self.init()
    addRowOfNothing(query)
    if query.compare != nil { inputs += inputs }
    groups = [Array(repeating: nil, count: query.groups.count)]
  }

  /// Adds the row of no facts when there is none, as SQL has it: counts are 0.
  fileprivate mutating func addRowOfNothing(_ query: BoundQuery) {
    guard timesNs.isEmpty else { return }
    timesNs = [query.range.lowerBound]
    (groupOfRow, groups) = ([0], [[]])
    inputs = query.aggregates.map { aggregate in
      switch aggregate.function {
      case .count, .distinct: .integers([0])
      case .top: .values([.top([])])
      default: .values([.null])
      }
    }
    (facts, firstSeqs, lastSeqs, revisions) = ([0], [0], [0], [nil])
    states = [.provisional]
  }
}
