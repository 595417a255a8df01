import Bytes
import EventLog
import Model
import Query
import Synchronization

/// Rows of a KPI that a sink hands over to its target: an event of `_sinks`. Each has two, one when it is begun and one when
/// the target has it, so that what was cut off in between is handed over again, with the same rows.
package struct Publication: Sendable, Equatable {
  /// What became of it.
  package enum State: String, Sendable {
    case begun, done
    /// The target did not take it; it is tried until it does. Noted once.
    case refused
    /// The KPI cannot be asked; and can again. These have no rows.
    case failed, recovered
  }

  package var key: DefinitionKey
  package var state: State
  /// It has what has become final or was restated after this event, up to `throughSeq`.
  package var afterSeq: UInt64
  package var throughSeq: UInt64
  package var rows = 0
  /// How often it was tried: of what is done.
  package var attempts: Int?
  package var failure: String?
  /// When it was noted, by the clock; of what was begun in this process until then nil.
  package var notedNs: Int64?

  package init(_ key: DefinitionKey, _ state: State, afterSeq: UInt64, throughSeq: UInt64) {
    (self.key, self.state, self.afterSeq, self.throughSeq) = (key, state, afterSeq, throughSeq)
  }

  /// The same each time that it is tried.
  package var id: String { "\(key.name)/\(key.version)/\(throughSeq)" }

  func document(receivedNs: Int64) -> [UInt8] {
    jsonObject { json in
      json.field("timestamp", timeNs: receivedNs)
      json.field("id", "\(id)/\(state.rawValue)")
      json.field("sink", key.name)
      json.field("version", Int64(key.version))
      json.field("state", state.rawValue)
      json.field("after_seq", afterSeq)
      json.field("through_seq", throughSeq)
      if state == .begun || state == .done { json.field("rows", Int64(rows)) }
      if let attempts { json.field("attempts", Int64(attempts)) }
      if let failure { json.field("failure", failure) }
    }
  }

  /// Reads back what `document` wrote; nil when it is something else.
  init?(_ document: CatalogueDocument) {
    guard let name = document["sink"], let version = document["version"].flatMap({ Int($0) }),
      let state = document["state"].flatMap({ State(rawValue: $0) }),
      let afterSeq = document["after_seq"].flatMap({ UInt64($0) }),
      let throughSeq = document["through_seq"].flatMap({ UInt64($0) })
    else { return nil }
    self.init(DefinitionKey(name, version), state, afterSeq: afterSeq, throughSeq: throughSeq)
    rows = document["rows"].flatMap { Int($0) } ?? 0
    attempts = document["attempts"].flatMap { Int($0) }
    failure = document["failure"]
    notedNs = document["timestamp"].flatMap { Timestamp($0)?.ns }
  }
}

/// What the log says of one sink.
package struct SinkState: Sendable {
  /// As of which event its target has all; nil when it has got nothing yet.
  package private(set) var throughSeq: UInt64?
  /// What is under way: the next is begun when it is done.
  package private(set) var pending: Publication?
  /// Rows that the target has got, and in how many publications.
  package private(set) var rows = 0
  package private(set) var count = 0
  package private(set) var failure: String?

  mutating func add(_ publication: Publication) {
    switch publication.state {
    case .begun:
      precondition(pending == nil, "a sink begins before it has ended")
      pending = publication
    case .done:
      precondition(pending?.throughSeq == publication.throughSeq, "a sink ends what was not begun")
      (pending, failure, throughSeq) = (nil, nil, publication.throughSeq)
      rows += publication.rows
      count += 1
    case .refused, .failed: failure = publication.failure
    case .recovered: failure = nil
    }
  }
}

/// What was read of `_sinks`. The log only grows, so each event is read once.
final class Publications: Sendable {
  private let read = Mutex<(seq: UInt64, states: [DefinitionKey: SinkState])>((0, [:]))

  /// `events` hands out the events from a sequence number on.
  func states(
    _ events: (UInt64, (CatalogueDocument) -> Void) throws -> Void
  ) throws -> [DefinitionKey: SinkState] {
    try read.withLock { read in
      var found: [CatalogueDocument] = []
      try events(read.seq + 1) { found.append($0) }
      for document in found {
        read.seq = max(read.seq, document.seq)
        guard let publication = Publication(document) else { continue }
        read.states[publication.key, default: SinkState()].add(publication)
      }
      return read.states
    }
  }
}
