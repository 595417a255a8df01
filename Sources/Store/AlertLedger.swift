import EventLog
import Query
import Synchronization

/// What the log says of one alert.
package struct AlertLedger: Sendable {
  /// What was found of buckets that are final, by what it is grouped by.
  package private(set) var groups: [String: AlertTimeline] = [:]
  /// What was found of buckets before they were final.
  package private(set) var early: [String: EarlyStates] = [:]
  /// An event that somebody is still to be told of.
  package struct Untold: Sendable {
    package var id: String
    package var seq: UInt64
    /// When it was found.
    package var sinceNs: Int64?
    /// How often it was tried, and why that failed the last time.
    package var attempts = 0
    package var failure: String?
  }

  /// In their order.
  package private(set) var untold: [Untold] = []
  package private(set) var failure: String?
  /// How many were told, and how many given up.
  package private(set) var counts: [AlertEvent.Kind: Int] = [:]

  /// Groups that are not resolved, by their labels.
  package var active: [AlertInfo.Group] {
    Set(groups.keys).union(early.keys).sorted().compactMap { labels in
      if let step = early[labels]?.last {
        return AlertInfo.Group(
          labels: labels, state: step.state, sinceNs: step.startNs, isProvisional: true)
      }
      guard let last = groups[labels]?.last, last.state != .resolved else { return nil }
      return AlertInfo.Group(labels: labels, state: last.state, sinceNs: last.startNs)
    }
  }

  mutating func add(_ event: AlertEvent, seq: UInt64) {
    counts[event.kind, default: 0] += 1
    switch event.kind {
    case .change, .correction, .early, .confirmed:
      guard let labels = event.labels, let bucketNs = event.bucketNs, let state = event.state else {
        return
      }
      // Whoever was told early that it fires is not told again that it does.
      let isKnown =
        event.kind == .change && state == .firing
        && early[labels]?.states[bucketNs] == .firing
      if event.isNews, !isKnown {
        untold.append(Untold(id: event.id, seq: seq, sinceNs: event.notedNs))
      }
      if event.kind == .early {
        early[labels, default: EarlyStates()].add(state, at: bucketNs)
      } else {
        early[labels]?.settle(bucketNs)
        if event.kind == .confirmed { return }
        groups[labels, default: AlertTimeline()].set(bucketNs..<(event.untilNs ?? .max), state)
      }
    case .failed: failure = event.failure
    case .recovered: failure = nil
    case .notified, .unheard: untold.removeAll { $0.id == event.told }
    case .refused:
      guard let index = untold.firstIndex(where: { $0.id == event.told }) else { return }
      untold[index].attempts = event.attempts ?? 0
      untold[index].failure = event.failure
    }
  }
}

/// The states that a group was found to have in buckets before these were final: those that a condition which holds brings.
package struct EarlyStates: Sendable {
  /// By the starts of their buckets, also of those that are final by now.
  package private(set) var states: [Int64: AlertInfo.State] = [:]
  /// Those that were not judged again since.
  package private(set) var open: Set<Int64> = []

  /// None.
  package init() {}

  /// The last of those that are open; nil for none. O(open ones).
  package var last: AlertTimeline.Step? {
    open.max().flatMap { ns in states[ns].map { AlertTimeline.Step(ns, $0) } }
  }

  mutating func add(_ state: AlertInfo.State, at bucketNs: Int64) {
    states[bucketNs] = state
    open.insert(bucketNs)
  }

  /// A bucket is final, and was judged again.
  mutating func settle(_ bucketNs: Int64) { open.remove(bucketNs) }
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
