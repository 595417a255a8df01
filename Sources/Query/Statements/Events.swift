import Bytes
import Language

/// EVENTS FOR: the documents behind numbers.
extension StatementRun {
  func events(for select: Select) throws -> Answer {
    let query = try Binder.bind(select, self)
    guard query.hasRange || query.limit != nil else {
      throw error(
        select.span, "EVENTS FOR needs a time or a LIMIT",
        hint: "add LIMIT 10, or SINCE and UNTIL")
    }
    guard query.having == nil, query.compare == nil, query.order.isEmpty else {
      throw error(
        select.span, "EVENTS FOR does not go with HAVING, ORDER BY and COMPARE WITH",
        hint: "pick the events with WHERE and a time")
    }
    var request = FactsRequest(stream: query.stream.name, fields: [])
    request.filter = .both(query.filter, Self.filterOfAggregates(query))
    request.range = query.range
    if let rolling = query.rolling, query.range.lowerBound > .min {
      // The windows of the first rows begin before the range.
      let (low, overflow) = query.range.lowerBound.subtractingReportingOverflow(rolling.nominalNs)
      request.range = (overflow ? .min : low)..<query.range.upperBound
    }
    request.asOfSeq = query.asOfSeq
    request.isCancelled = options.isCancelled
    var list = EventList()
    let limit = query.limit?.rows ?? .max
    try source.events(request) { event in
      if list.count == limit { return false }
      try check(list)
      list.add(event)
      return list.count < limit
    }
    var answer = list.answer
    answer.meta.rangeNs = request.range
    answer.meta.timeZone = query.zone.name
    answer.meta.watermarkNs = query.stream.watermarkNs
    answer.meta.asOfSeq = query.asOfSeq ?? catalogue.lastSeq
    answer.meta.notes = query.notes
    return answer
  }

  private func check(_ list: EventList) throws {
    try checkCancelled()
    if list.count >= options.limits.maxRows {
      throw QueryLimitError(
        "more than \(options.limits.maxRows) events; add LIMIT, or raise max_rows")
    }
    if list.bytes > options.limits.maxMemoryBytes {
      throw QueryLimitError(
        "more than \(options.limits.maxMemoryBytes) bytes of events; add LIMIT, "
          + "or raise max_memory")
    }
  }

  /// The facts that count for any aggregate; nil when one takes all.
  private static func filterOfAggregates(_ query: BoundQuery) -> Predicate? {
    var any: Predicate?
    for aggregate in query.aggregates {
      guard let filter = aggregate.filter else { return nil }
      if any == filter { continue }
      any = any.map { .or($0, filter) } ?? filter
    }
    return any
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
