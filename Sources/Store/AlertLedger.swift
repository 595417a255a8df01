import EventLog
import Query
import Synchronization

/// What the log says of one alert.
package struct AlertLedger: Sendable {
  /// By what it is grouped by.
  package private(set) var groups: [String: AlertTimeline] = [:]
  /// The events that somebody is still to be told of, in their order.
  package private(set) var untold: [(id: String, seq: UInt64)] = []
  package private(set) var failure: String?
  /// How many were told, and how many given up.
  package private(set) var counts: [AlertEvent.Kind: Int] = [:]

  /// Groups that are not resolved, by their labels.
  package var active: [AlertInfo.Group] {
    groups.compactMap { labels, timeline in
      guard let last = timeline.last, last.state != .resolved else { return nil }
      return AlertInfo.Group(labels: labels, state: last.state, sinceNs: last.startNs)
    }.sorted { $0.labels < $1.labels }
  }

  mutating func add(_ event: AlertEvent, seq: UInt64) {
    counts[event.kind, default: 0] += 1
    switch event.kind {
    case .change, .correction:
      guard let labels = event.labels, let bucketNs = event.bucketNs, let state = event.state else {
        return
      }
      groups[labels, default: AlertTimeline()].set(bucketNs..<(event.untilNs ?? .max), state)
      if event.isNews { untold.append((event.id, seq)) }
    case .failed: failure = event.failure
    case .recovered: failure = nil
    case .notified, .unheard: untold.removeAll { $0.id == event.told }
    }
  }
}

/// What was read of `_alerts`. The log only grows, so each event is read once.
final class AlertLedgers: Sendable {
  private let read = Mutex<(seq: UInt64, ledgers: [DefinitionKey: AlertLedger])>((0, [:]))

  /// `events` hands out the events from a sequence number on.
  func ledgers(
    _ events: (UInt64, (CatalogueDocument) -> Void) throws -> Void
  ) throws -> [DefinitionKey: AlertLedger] {
    try read.withLock { read in
      var found: [CatalogueDocument] = []
      try events(read.seq + 1) { found.append($0) }
      for document in found {
        read.seq = max(read.seq, document.seq)
        guard let event = AlertEvent(document) else { continue }
        read.ledgers[event.key, default: AlertLedger()].add(event, seq: document.seq)
      }
      return read.ledgers
    }
  }
}
