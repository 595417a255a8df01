import Bytes
import Language

/// EVENTS FOR: the documents behind numbers.
extension StatementRun {
  func boundForEvents(_ select: Select) throws -> BoundQuery {
    let query = try Binder.bind(select, self)
    guard query.hasRange || query.limit != nil else {
      throw error(
        select.span, "EVENTS FOR needs a time or a LIMIT",
        hint: "add LIMIT 10, or SINCE and UNTIL")
    }
    try checkSources(of: query, select, "EVENTS FOR")
    return query
  }

  func events(for select: Select) throws -> Answer {
    let query = try boundForEvents(select)
    let result = try execution(query).result()
    var meta = result.answer.meta
    let seqs =
      query.isOfFacts
      ? Self.ascending(result.table.firstSeqs)
      : try contributingSeqs(query, result.table, asOf: meta.asOfSeq)
    var list = EventList()
    try store.events(seqs, of: query.stream.name) { event in
      try check(list)
      list.add(event)
      return true
    }
    (meta.answeredFrom, meta.lastBucketEndNs) = (nil, nil)
    if let rows = meta.rowsBeforeLimit {
      meta.rowsBeforeLimit = nil
      meta.notes.append(
        "LIMIT leaves \(result.table.count) of \(rows) rows; the events are those behind them")
    }
    var answer = list.answer
    answer.meta = meta
    return answer
  }

  /// Refuses queries whose rows are made of other rows.
  func checkSources(of query: BoundQuery, _ select: Select, _ title: String) throws {
    guard query.compare == nil else {
      throw error(
        select.compareWith?.span ?? select.span, "\(title) does not go with COMPARE WITH",
        hint: "ask for each of the two times")
    }
    guard query.fill == nil else {
      throw error(
        select.fill?.span ?? select.span,
        "\(title) does not go with FILL: what fills a gap is of no event",
        hint: "leave FILL out")
    }
    if query.hasWindow {
      throw error(
        select.window?.span ?? select.span,
        "\(title) does not go with \(select.window?.function.name ?? "functions that look back")",
        hint: "ask for the value that it looks back with, over the time that it looks at")
    }
  }

  private func contributingSeqs(
    _ query: BoundQuery, _ table: RowTable, asOf seq: UInt64?
  ) throws -> [UInt64] {
    var seqs: Set<UInt64> = []
    try store.contributions(query.contributions(table, asOf: seq, options)) { batch in
      seqs.formUnion(batch.seqs)
      try check(count: seqs.count, bytes: seqs.count * 16)
    }
    return seqs.sorted()
  }

  private static func ascending(_ seqs: [UInt64]) -> [UInt64] { Set(seqs).sorted() }

  private func check(_ list: EventList) throws {
    try check(count: list.count + 1, bytes: list.bytes)
  }

  private func check(count: Int, bytes: Int) throws {
    try checkCancelled()
    if count > options.limits.maxRows {
      throw QueryLimitError(
        "more than \(options.limits.maxRows) events; ask for a shorter time or fewer groups, or raise "
          + options.limits.names.rows)
    }
    if bytes > options.limits.maxMemoryBytes {
      throw QueryLimitError(
        "more than \(options.limits.maxMemoryBytes) bytes of events; ask for a shorter time or fewer "
          + "groups, or raise \(options.limits.names.memory)")
    }
  }
}

extension BoundQuery {
  /// What the numbers of rows were computed from.
  func contributions(
    _ table: RowTable, asOf seq: UInt64?, _ options: QueryOptions
  ) -> ContributionRequest {
    var request = ContributionRequest(stream: stream.name, aggregates: shownAggregates)
    request.filter = filter
    request.groupBy = groups.map(\.path)
    request.rows = (0..<table.count).map { row in
      ContributionRequest.Row(
        times: times(ofRowAt: table.timesNs[row]), group: table.groups[Int(table.groupOfRow[row])])
    }
    request.asOfSeq = seq
    request.limits = options.limits
    request.isCancelled = options.isCancelled
    return request
  }

  /// The aggregates that items are computed from; of groups alone all facts count.
  private var shownAggregates: [Aggregate] {
    let shown = aggregates.indices.filter { index in
      outputs.contains { $0.expression.contains { $0 == .input(index) } }
    }
    return shown.isEmpty ? [Aggregate(.count, nil)] : shown.map { aggregates[$0] }
  }

  /// The times that a row covers: its bucket, or the window that ends with it, as far as the range lets it.
  private func times(ofRowAt timeNs: Int64) -> Range<Int64> {
    guard let buckets else { return range }
    let end = min(buckets.end(ofBucketStarting: timeNs), range.upperBound)
    let start = rolling == nil ? max(timeNs, range.lowerBound) : windowStart(timeNs)
    return start..<max(start, end)
  }
}

private struct EventList {
  private(set) var bytes = 0
  private var seqs: [Int64] = []
  private var receivedNs: [Int64] = []
  private var sources: [Text?] = []
  private var documents: [Text?] = []

  var count: Int { seqs.count }

  mutating func add(_ event: EventRecord) {
    bytes += event.document.count + 64
    seqs.append(Int64(clamping: event.seq))
    receivedNs.append(event.receivedNs)
    sources.append(Text(event.source))
    documents.append(Text(decoding: event.document))
  }

  var answer: Answer {
    Answer(columns: [
      Answer.Column(name: "seq", kind: .integer, values: .integers(seqs)),
      Answer.Column(name: "received", kind: .time, values: .times(receivedNs)),
      Answer.Column(name: "source", kind: .text, values: .texts(sources)),
      Answer.Column(name: "document", kind: .text, values: .texts(documents)),
    ])
  }
}
