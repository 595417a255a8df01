import Bytes
import Language
import Model

/// What has changed since: for those who hold an answer and want to keep it up to date. It is computed from two states of
/// the log and nothing else, so it does not matter who asks, how often, or after which break.
extension QueryEngine {
  /// The state of the log now, for a query or KPI that is `target`. O(streams + KPIs). Throws `LanguageError` when there is
  /// no such stream or KPI.
  public func end(of target: String) throws -> ChangesEnd {
    let run = try StatementRun(
      store: store, options: QueryOptions(nowNs: 0), text: target, catalogue: store.snapshot())
    return try run.end(of: target)
  }

  /// The same as of an earlier event; nil where the KPI or its stream was another then. Of a KPI that was not there all rows
  /// are new. O(catalogue + blocks of the stream).
  public func end(of target: String, asOf seq: UInt64) throws -> ChangesEnd? {
    let run = try StatementRun(
      store: store, options: QueryOptions(nowNs: 0), text: target, catalogue: store.snapshot())
    var end = try run.end(of: target)
    let (stream, kpi) = try run.target(target)
    if let kpi {
      let then = try store.kpis(asOf: seq).filter { $0.name == target }
      if then.isEmpty {
        end.state = KnownState(seq: 0, timesNs: nil, watermarkNs: nil)
        return end
      }
      guard then.first(where: \.isActive)?.seq == kpi.seq else { return nil }
    }
    let changes = try store.history().filter { $0.seq > seq && $0.name == stream.name }
    if changes.contains(where: { $0.change == "ALTER STREAM" }) { return nil }
    let state = try store.state(ofStream: stream.name, asOf: seq)
    end.state = KnownState(seq: seq, timesNs: state.timesNs, watermarkNs: state.watermarkNs)
    return end
  }

  /// Throws a `LanguageError` when the rows of a query cannot be followed: each has to be computed from its own facts, and
  /// stay an answer once it is one.
  public func checkFollowed(_ select: Select, of text: String, _ options: QueryOptions) throws {
    let run = StatementRun(
      store: store, options: options, text: text, catalogue: try store.snapshot())
    try run.checkFollowed(select, try Binder.bind(select, run))
  }

  /// Hands out the rows of a KPI's active version that have changed since `earlier`, a few buckets at a time, and returns
  /// the state that they are of. Reads the buckets of facts that came since, and those that became final since: O(new facts
  /// + groups of these buckets). Throws as a query does.
  public func changes(
    ofKpi name: String, since earlier: KnownState, _ options: QueryOptions,
    _ body: (ChangedRows) throws -> Void
  ) throws -> ChangesEnd {
    try Cancellation.with(options.isCancelled) {
      let run = StatementRun(
        store: store, options: options, text: name, catalogue: try store.snapshot())
      let end = try run.end(of: name)
      let all = try Binder.bind(Select([.star(.none)], from: Name(name)), run)
      for range in try run.touchedRanges(all, since: earlier) {
        try run.changes(all, within: range, since: earlier, body)
      }
      return end
    }
  }

  /// Hands out the rows of a KPI that have changed between two events, by its definition as of the later one, a few buckets at
  /// a time, in the order of time; after event 0 these are all rows. The same rows whenever it is asked. O(facts between + facts of these buckets). Throws as a
  /// query does.
  public func changes(
    ofKpi name: String, after earlier: UInt64, asOf seq: UInt64, _ options: QueryOptions,
    _ body: (ChangedRows) throws -> Void
  ) throws {
    try Cancellation.with(options.isCancelled) {
      let run = StatementRun(
        store: store, options: options, text: name, catalogue: try store.snapshot())
      var select = Select([.star(.none)], from: Name(name))
      // What is true now, cells know.
      if seq < run.catalogue.lastSeq { select.asOf = .seq(Spanned(seq)) }
      let all = try Binder.bind(select, run)
      let state = earlier > 0 ? try store.state(ofStream: all.stream.name, asOf: earlier) : nil
      let since = KnownState(
        seq: earlier, timesNs: state?.timesNs, watermarkNs: state?.watermarkNs)
      for range in try run.touchedRanges(all, since: since) {
        try run.changes(all, within: range, since: since, body)
      }
    }
  }

  /// Hands out the rows of a query that have changed since `earlier`, and returns the state that they are of. O(the query).
  /// Throws as a query does, and as ``checkFollowed(_:of:_:)``.
  public func changes(
    of select: Select, of text: String, since earlier: KnownState, _ options: QueryOptions,
    _ body: (ChangedRows) throws -> Void
  ) throws -> ChangesEnd {
    try Cancellation.with(options.isCancelled) {
      let run = StatementRun(
        store: store, options: options, text: text, catalogue: try store.snapshot())
      let end = try run.end(of: select.from.text)
      let bound = try Binder.bind(select, run)
      try run.checkFollowed(select, bound)
      if end.state.seq > earlier.seq || end.state.watermarkNs != earlier.watermarkNs {
        let rows = try run.changes(bound, since: earlier)
        if !rows.kinds.isEmpty { try body(rows) }
      }
      return end
    }
  }
}

extension StatementRun {
  func target(_ name: String) throws -> (stream: StreamInfo, kpi: KpiInfo?) {
    do throws(LanguageError.Issue) { return try catalogue.target(Name(name)) } catch {
      throw LanguageError(issues: [error], text: text)
    }
  }

  func end(of name: String) throws -> ChangesEnd {
    let (stream, kpi) = try target(name)
    return ChangesEnd(
      state: KnownState(
        seq: catalogue.lastSeq, timesNs: stream.timesNs, watermarkNs: stream.watermarkNs),
      version: kpi?.version, streamVersion: stream.version, definitionSeq: kpi?.seq ?? 0)
  }

  func checkFollowed(_ select: Select, _ query: BoundQuery) throws {
    let refused: (span: TextSpan, what: String)? =
      if select.asOf != nil {
        (select.from.span, "AS OF is a state that stays as it is")
      } else if let limit = select.limit {
        (limit.span, "LIMIT leaves out rows that others push away")
      } else if let fill = select.fill {
        (fill.span, "FILL makes rows that no facts change")
      } else if select.compareWith != nil {
        (select.span, "COMPARE WITH makes a row of two buckets")
      } else if query.hasWindow {
        (select.span, "an item looks at other rows than its own")
      } else {
        nil
      }
    guard let refused else { return }
    throw error(
      refused.span, "the rows of this query cannot be followed: \(refused.what)",
      hint: "follow a query without it")
  }

  // MARK: Where to look

  /// Whole buckets that may have rows that have changed: those of facts that came since, and those that became final.
  /// Ascending, none overlaps another.
  func touchedRanges(_ query: BoundQuery, since earlier: KnownState) throws -> [Range<Int64>] {
    guard let buckets = query.buckets else { preconditionFailure("a KPI without buckets") }
    var ranges = try touchedBuckets(query, buckets, since: earlier)
    if let range = finishedRange(query, buckets, since: earlier) { ranges.append(range) }
    ranges.sort { $0.lowerBound < $1.lowerBound }
    var joined: [Range<Int64>] = []
    for range in ranges {
      if let last = joined.last, range.lowerBound <= last.upperBound {
        joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
    return Self.fewer(joined)
  }

  /// Each range is asked about on its own. Facts in no order have many; asking about what is between is cheaper then.
  private static let maxRanges = 64

  private static func fewer(_ ranges: [Range<Int64>]) -> [Range<Int64>] {
    if ranges.count <= maxRanges { return ranges }
    let share = (ranges.count + maxRanges - 1) / maxRanges
    return stride(from: 0, to: ranges.count, by: share).map { first in
      let last = min(first + share, ranges.count) - 1
      return ranges[first].lowerBound..<ranges[last].upperBound
    }
  }

  /// Of rolling buckets all whose windows have a new fact, and those that time has got to.
  private func touchedBuckets(
    _ query: BoundQuery, _ buckets: Buckets, since earlier: KnownState
  ) throws -> [Range<Int64>] {
    var request = FactsRequest(stream: query.stream.name, fields: [])
    (request.filter, request.afterSeq, request.asOfSeq) = (query.filter, earlier.seq, query.lastSeq)
    request.isCancelled = options.isCancelled
    var found: Set<Range<Int64>> = []
    var last: Range<Int64> = 0..<0
    try store.facts(request) { batch in
      for timeNs in batch.timesNs where !last.contains(timeNs) {
        last = buckets.range(of: timeNs)
        found.insert(last)
      }
      return true
    }
    // Counters and levels of later buckets begin with the sample before them.
    if query.looksBack {
      let first = found.map(\.lowerBound).min() ?? .max
      let end = query.stream.timesNs.map { buckets.range(of: $0.upperBound).upperBound } ?? first
      return first < end ? [first..<end] : []
    }
    guard let rolling = query.rolling, let lastNs = query.known.lastNs else { return Array(found) }
    let end = buckets.range(of: lastNs).upperBound
    if let earlierNs = earlier.lastNs, earlierNs < lastNs {
      found.insert(buckets.range(of: earlierNs).upperBound..<end)
    }
    return found.compactMap { bucket in
      let (reach, overflow) = bucket.upperBound.addingReportingOverflow(rolling.nominalNs)
      let upper = min(end, buckets.range(of: overflow ? .max : reach).upperBound)
      return bucket.lowerBound < upper ? bucket.lowerBound..<upper : nil
    }
  }

  /// The buckets whose ends the watermark has passed since, by the lateness that is waited for.
  private func finishedRange(
    _ query: BoundQuery, _ buckets: Buckets, since earlier: KnownState
  ) -> Range<Int64>? {
    guard let now = query.stream.watermarkNs, let then = earlier.watermarkNs, then < now else {
      return nil
    }
    let first = buckets.start(of: then.saturatingSubtracting(query.latenessNs))
    let end = buckets.start(of: now.saturatingSubtracting(query.latenessNs))
    return first < end ? first..<end : nil
  }

  // MARK: Rows

  /// Halves the range where its rows are more than a query may have.
  func changes(
    _ query: BoundQuery, within range: Range<Int64>, since earlier: KnownState,
    _ body: (ChangedRows) throws -> Void
  ) throws {
    try checkCancelled()
    var part = query
    (part.range, part.hasRange) = (range, true)
    let rows: ChangedRows
    do {
      rows = try changes(part, since: earlier)
    } catch let error as QueryLimitError {
      let middle = query.buckets?.start(of: range.lowerBound / 2 + range.upperBound / 2) ?? .min
      guard range.lowerBound < middle, middle < range.upperBound else { throw error }
      try changes(query, within: range.lowerBound..<middle, since: earlier, body)
      return try changes(query, within: middle..<range.upperBound, since: earlier, body)
    }
    if !rows.kinds.isEmpty { try body(rows) }
  }

  /// The rows of a query that have changed.
  func changes(_ query: BoundQuery, since earlier: KnownState) throws -> ChangedRows {
    var query = query
    if query.looksBack {
      return try differences(query, since: earlier)
    }
    query.since = earlier
    let result = try execution(query).result()
    return ChangedRows(
      answer: result.answer, groupCount: query.groups.count, version: query.kpi?.version,
      kinds: (0..<result.table.count).map { query.change(of: $0, result.table, since: earlier) })
  }

  /// Where the facts of a row do not tell whether it has changed, the rows of both states are compared.
  private func differences(
    _ query: BoundQuery, since earlier: KnownState
  ) throws -> ChangedRows {
    var then = query
    (then.lastSeq, then.asOfSeq) = (earlier.seq, earlier.seq)
    then.stream.watermarkNs = earlier.watermarkNs
    let before = try execution(then).result()
    var now = try execution(query).result()
    let known = Dictionary(
      (0..<before.table.count).map { (before.table.key(of: $0), $0) }, uniquingKeysWith: { $1 })
    let columns = zip(before.answer.columns, now.answer.columns).filter { $0.1.kind != .state }
    let changed = (0..<now.table.count).filter { row in
      guard let old = known[now.table.key(of: row)] else { return true }
      return columns.contains { $0.values[old] != $1.values[row] }
        || query.change(of: row, now.table, since: earlier) == .final
    }
    now.answer.keep(changed)
    now.table.inputs = []
    now.table.leaves = []
    now.table.gather(changed)
    return ChangedRows(
      answer: now.answer, groupCount: query.groups.count, version: query.kpi?.version,
      kinds: changed.indices.map { query.change(of: $0, now.table, since: earlier) })
  }
}

extension BoundQuery {
  /// The state that it is answered from.
  fileprivate var known: KnownState {
    KnownState(seq: lastSeq, timesNs: stream.timesNs, watermarkNs: stream.watermarkNs)
  }

  /// Whether a row depends on facts before it.
  fileprivate var looksBack: Bool {
    aggregates.contains { aggregate in
      switch aggregate.function {
      case .rate, .increase, .delta, .timeAverage: true
      default: false
      }
    }
  }

  /// What has become of a row that is not what it was.
  fileprivate func change(
    of row: Int, _ table: RowTable, since earlier: KnownState
  ) -> ChangedRows.Kind {
    guard !isOfFacts, buckets != nil else { return .changed }
    if isFinal(bucketStarting: table.timesNs[row], earlier.watermarkNs) { return .restated }
    return table.states[row] == .final ? .final : .changed
  }
}

/// The bucket and the group of a row.
struct RowKey: Hashable {
  var timeNs: Int64
  var group: [Text?]
}

extension RowTable {
  fileprivate func key(of row: Int) -> RowKey {
    RowKey(timeNs: timesNs[row], group: groups[Int(groupOfRow[row])])
  }
}

extension Answer {
  /// Leaves the other rows out.
  fileprivate mutating func keep(_ rows: [Int]) {
    for index in columns.indices {
      columns[index].values = columns[index].values.gather(rows)
      if !columns[index].revisions.isEmpty {
        columns[index].revisions = rows.map { columns[index].revisions[$0] }
      }
    }
  }
}
