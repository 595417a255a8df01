import Bytes
import EventLog
import Model
import Query
import Synchronization

/// A definition of a schedule or an alert: a name may be defined again once it was dropped.
package struct DefinitionKey: Hashable, Sendable {
  package var name: String
  package var version: Int
  package init(_ name: String, _ version: Int) { (self.name, self.version) = (name, version) }
}

/// What became of a schedule's time: an event of `_runs`. Each time that is run has two, one when it is begun and one when it
/// has ended, so that what was cut off in between is known, and done again with the same answer; and one for each time that its
/// target does not take it.
package struct ScheduleRun: Sendable, Equatable {
  /// Where a run stands.
  package typealias State = ScheduleInfo.Run.State

  package var key: DefinitionKey
  /// The time by the schedule.
  package var boundaryNs: Int64
  package var state: State
  /// When it was noted, by the clock; of what was begun in this process until then nil.
  package var notedNs: Int64?
  /// The state of the log that is asked: of what was begun.
  package var asOfSeq: UInt64?
  /// Of what was passed over: the last time, and how many there were.
  package var untilNs: Int64?
  package var count: Int?
  /// Rows of the answer, of what has ended; and how often it was tried.
  package var rows: Int?
  package var attempts: Int?
  package var failure: String?

  package init(_ key: DefinitionKey, boundaryNs: Int64, _ state: State) {
    (self.key, self.boundaryNs, self.state) = (key, boundaryNs, state)
  }

  /// Of the time, whatever became of it: the same for each delivery.
  package var id: String { "\(key.name)/\(key.version)/\(Timestamp(ns: boundaryNs))" }

  private var eventId: String {
    switch state {
    case .begun: "\(id)/begun"
    case .refused: "\(id)/refused/\(attempts ?? 0)"
    // It ends once, whichever way.
    case .done, .failed, .passedOver: "\(id)/ended"
    }
  }

  func document(receivedNs: Int64) -> [UInt8] {
    jsonObject { json in
      json.field("timestamp", timeNs: receivedNs)
      json.field("id", eventId)
      json.field("schedule", key.name)
      json.field("version", Int64(key.version))
      json.field("boundary", timeNs: boundaryNs)
      json.field("state", state.rawValue)
      if let asOfSeq { json.field("as_of_seq", asOfSeq) }
      if let untilNs { json.field("until", timeNs: untilNs) }
      if let count { json.field("count", Int64(count)) }
      if let rows { json.field("rows", Int64(rows)) }
      if let attempts { json.field("attempts", Int64(attempts)) }
      if let failure { json.field("failure", failure) }
    }
  }

  /// Reads back what `document` wrote; nil when it is something else.
  init?(_ document: CatalogueDocument) {
    guard let name = document["schedule"], let version = document["version"].flatMap({ Int($0) }),
      let boundary = document["boundary"].flatMap({ Timestamp($0) }),
      let state = document["state"].flatMap({ State(rawValue: $0) })
    else { return nil }
    self.init(DefinitionKey(name, version), boundaryNs: boundary.ns, state)
    notedNs = document["timestamp"].flatMap { Timestamp($0)?.ns }
    asOfSeq = document["as_of_seq"].flatMap { UInt64($0) }
    untilNs = document["until"].flatMap { Timestamp($0)?.ns }
    count = document["count"].flatMap { Int($0) }
    rows = document["rows"].flatMap { Int($0) }
    attempts = document["attempts"].flatMap { Int($0) }
    failure = document["failure"]
  }
}

/// What the log says of the runs of one schedule.
package struct ScheduleState: Sendable {
  /// The last of its times that was begun or passed over, and what became of it.
  package private(set) var last: ScheduleInfo.Run?
  /// Begun and not ended, in their order, each with how often it was tried and why that failed.
  package private(set) var pending: [ScheduleRun] = []
  /// How many have ended, by how; those that were passed over are counted each.
  package private(set) var counts: [ScheduleRun.State: Int] = [:]

  mutating func add(_ run: ScheduleRun) {
    let boundaryNs = run.untilNs ?? run.boundaryNs
    if boundaryNs >= last?.boundaryNs ?? .min {
      last = ScheduleInfo.Run(boundaryNs: boundaryNs, state: run.state, failure: run.failure)
    }
    switch run.state {
    case .begun: pending.append(run)
    case .refused:
      guard let index = pending.firstIndex(where: { $0.boundaryNs == run.boundaryNs }) else {
        return
      }
      (pending[index].attempts, pending[index].failure) = (run.attempts, run.failure)
    case .done, .failed, .passedOver:
      pending.removeAll { $0.boundaryNs == run.boundaryNs }
      counts[run.state, default: 0] += run.count ?? 1
    }
  }
}

/// What was read of `_runs`. The log only grows, so each event is read once.
final class ScheduleRuns: Sendable {
  private let read = Mutex<(seq: UInt64, states: [DefinitionKey: ScheduleState])>((0, [:]))

  /// `events` hands out the events from a sequence number on.
  func states(
    _ events: (UInt64, (CatalogueDocument) -> Void) throws -> Void
  ) throws -> [DefinitionKey: ScheduleState] {
    try read.withLock { read in
      var found: [CatalogueDocument] = []
      try events(read.seq + 1) { found.append($0) }
      for document in found {
        read.seq = max(read.seq, document.seq)
        guard let run = ScheduleRun(document) else { continue }
        read.states[run.key, default: ScheduleState()].add(run)
      }
      return read.states
    }
  }
}
