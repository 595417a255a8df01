import Language
import Model

/// SHOW of what came in: entries of the ledger.
extension StatementRun {
  func entries(_ kind: LedgerKind, _ show: Show) throws -> Answer {
    let stream = try show.from.map { try streamOfEntries($0) }
    let range = try range(of: show)
    // Those that are no events have a place in their source, and no document to ask for.
    let isOfDocuments = kind == .rejected || kind == .duplicate
    var list = try PickedList(
      isOfDocuments
        ? [
          "seq": .integer, "received": .time, "time": .time, "stream": .text, "source": .text,
          "position": .integer, "detail": .text, "document": .text,
        ]
        : [
          "seq": .integer, "received": .time, "time": .time, "stream": .text, "source": .text,
          "detail": .text,
        ], show, self)
    var withoutTime = 0
    let sources = try kind == .rejected ? store.definedSources() : []
    try store.ledger(kind, stream: stream, pages: catalogue.ledgerPages) { entry in
      let timeNs = show.isByArrival ? entry.receivedNs : entry.timeNs
      guard range.contains(timeNs ?? entry.receivedNs) else { return true }
      if timeNs == nil { withoutTime += 1 }
      var row: [QueryValue] = [
        entry.seq.map { .count($0) } ?? .null, .time(entry.receivedNs),
        .time(optional: entry.timeNs),
        .text(entry.stream), .text(entry.source),
      ]
      if isOfDocuments { row.append(entry.position.map { .count($0) } ?? .null) }
      let isOfSource = sources.contains { $0.brings(entry.source) }
      row.append(.text(StatementWords.told(entry.detail, bySource: isOfSource)))
      if isOfDocuments { row.append(.text(optional: entry.head)) }
      return try list.add(row)
    }
    var answer = try list.answer()
    answer.meta.rangeNs = range
    guard show.range != nil else { return answer }
    answer.meta.notes.append(
      show.isByArrival
        ? "the range is of arrival: when the entries were received"
        : "the range is of event time; BY ARRIVAL takes that of when entries were received")
    if withoutTime > 0 {
      answer.meta.notes.append(
        "\(withoutTime) without a known event time \(withoutTime == 1 ? "is" : "are") looked for "
          + "by arrival")
    }
    return answer
  }

  /// The stream of a name, or of the KPI of that name. One that could not be made is on the ledger all the same.
  private func streamOfEntries(_ name: Name) throws -> String {
    do { return try target(name).stream.name } catch {
      var isThere = false
      try store.ledger(.rejected, stream: name.text, pages: catalogue.ledgerPages) { _ in
        isThere = true
        return false
      }
      if isThere { return name.text }
      throw error
    }
  }

  func range(of show: Show) throws -> Range<Int64> {
    let times = TimeResolver(zone: .utc, nowNs: options.nowNs, parameters: options.parameters)
    do throws(LanguageError.Issue) {
      switch show.range {
      case nil: return .min ..< .max
      case .bounds(let since, let until):
        return try times.bounds(since: since, until: until)
      case .last(let length):
        return length.added(to: options.nowNs, times: -1, in: .utc)..<options.nowNs
      case .at(let time):
        let ns = try times.ns(time)
        return ns..<ns.saturatingSubtracting(-1)
      }
    } catch {
      throw LanguageError(issues: [error], text: text)
    }
  }
}
