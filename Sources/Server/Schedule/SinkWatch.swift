import Foundation
import Language
import Model
import Query
import Store

/// Begins to publish what has become final of a KPI, and what was restated, as commits bring it.
///
/// A publication is the difference between two states of the log, so nothing is kept beside the log but how far each sink has
/// got. One is under way at a time, so that a target is told in order; what comes meanwhile is of the next.
final class SinkWatch: @unchecked Sendable {
  private let store: Store
  private let limits: QueryLimits
  private let lock = NSLock()
  /// As of which event there is nothing left to publish. Guarded by `lock`.
  private var seen: [DefinitionKey: UInt64] = [:]

  init(_ store: Store, limits: QueryLimits) { (self.store, self.limits) = (store, limits) }

  /// Begins all that can be begun now. Throws what may go well another time; what may not is noted in `_sinks`.
  /// O(sinks x new blocks), and the rows of buckets that became final.
  func look() throws {
    try lock.withLock {
      let sinks = try store.sinks()
      if sinks.isEmpty {
        seen = [:]
        return
      }
      // After the definitions: each is of a state that the snapshot has.
      let snapshot = try store.snapshot()
      let states = try store.sinkStates()
      var failure: (any Error)?
      for sink in sinks {
        let key = DefinitionKey(sink.name, sink.version)
        if states[key]?.pending != nil { continue }
        let seq = max(seen[key] ?? 0, sink.throughSeq)
        do {
          try look(sink, after: seq, snapshot)
          seen[key] = snapshot.lastSeq
        } catch  where AlertWatch.isLasting(error) {
          try note(sink, .failed, after: seq, asOf: snapshot.lastSeq, "\(error)")
        } catch {
          failure = error
        }
      }
      if let failure { throw failure }
    }
  }

  private func look(_ sink: SinkInfo, after seq: UInt64, _ snapshot: CatalogueSnapshot) throws {
    let kpi = snapshot.kpis.first { $0.name == sink.definition.kpi.text && $0.isActive }
    guard let kpi, let stream = snapshot.streams.first(where: { $0.name == kpi.stream }) else {
      throw StatementError("there is no KPI \(sink.definition.kpi.text)")
    }
    if sink.failure != nil {
      try note(sink, .recovered, after: seq, asOf: snapshot.lastSeq, nil)
    }
    guard snapshot.lastSeq > seq, try store.hasFinalNews(kpi, of: stream, after: seq) else {
      return
    }
    var publication = Publication(
      DefinitionKey(sink.name, sink.version), .begun, afterSeq: seq, throughSeq: snapshot.lastSeq)
    try QueryEngine(store).changes(
      ofKpi: kpi.name, after: seq, asOf: snapshot.lastSeq, SinkWork.options(limits)
    ) { publication.rows += $0.kinds.count { $0 != .changed } }
    if publication.rows > 0 { try store.record(publication) }
  }

  /// What fails, recovers and fails again is noted each time: the state that was looked at is another one.
  private func note(
    _ sink: SinkInfo, _ state: Publication.State, after seq: UInt64, asOf lastSeq: UInt64,
    _ failure: String?
  ) throws {
    if sink.failure == failure { return }
    var publication = Publication(
      DefinitionKey(sink.name, sink.version), state, afterSeq: seq, throughSeq: lastSeq)
    publication.failure = failure
    try store.record(publication)
  }
}
