import EventLog
import Query
import Store
import Synchronization

/// Puts rows of KPIs into `_seals` as they become final, so that a proof covers results beside their inputs.
///
/// What is to be sealed is the difference between two states of the log, as sinks publish it: nothing is kept beside the log. Sealed
/// are the active versions of KPIs over streams of users.
final class Sealer: Sendable {
  private let store: Store
  private struct State {
    /// As of which event all rows of a KPI's version are sealed, by its definition; read once.
    var sealed: [UInt64: UInt64]?
    /// As of which event there was nothing to seal.
    var looked: [UInt64: UInt64] = [:]
    /// KPIs that could not be asked, and why.
    var failures: [String: String] = [:]
  }
  private let state = Mutex(State())

  init(_ store: Store) { self.store = store }

  /// Rows that are recorded in one go.
  private static let rowsInStep = 10_000

  /// KPIs that could not be asked the last time, and why.
  var failures: [String: String] { state.withLock { $0.failures } }

  /// Seals what has become final or was restated, and gives how many rows. One that cannot be asked is passed over, and is in
  /// ``failures``. To be called by one thread at a time. O(KPIs + rows that are new).
  func seal(isCancelled: @escaping @Sendable () -> Bool) throws -> Int {
    let snapshot = try store.snapshot()
    let sealed = try state.withLock { $0.sealed } ?? readSealed()
    state.withLock { $0.sealed = sealed }
    var count = 0
    for kpi in snapshot.kpis where kpi.isActive {
      guard let stream = snapshot.streams.first(where: { $0.name == kpi.stream }) else { continue }
      var through = sealed[kpi.seq] ?? 0
      let looked = max(through, state.withLock { $0.looked[kpi.seq] } ?? 0)
      do {
        do {
          guard looked < snapshot.lastSeq, try store.hasFinalNews(kpi, of: stream, after: looked)
          else { continue }
        } catch is FactsOfBeforeError {
          // Its events were read anew since: all rows are other ones.
          through = 0
        }
        let rows = try seal(kpi, after: through, asOf: snapshot.lastSeq, isCancelled)
        count += rows
        state.withLock { state in
          state.looked[kpi.seq] = snapshot.lastSeq
          if rows > 0 { state.sealed?[kpi.seq] = snapshot.lastSeq }
          state.failures[kpi.name] = nil
        }
      } catch let error where Self.isOfKpi(error) {
        state.withLock { $0.failures[kpi.name] = "\(error)" }
      }
    }
    return count
  }

  /// Whether it says that this KPI cannot be asked now, and nothing of the store or the others.
  private static func isOfKpi(_ error: any Error) -> Bool {
    !(error is CancellationError || error is DamageError || error is ReadOnlyError)
  }

  private func seal(
    _ kpi: KpiInfo, after earlier: UInt64, asOf seq: UInt64,
    _ isCancelled: @escaping @Sendable () -> Bool
  ) throws -> Int {
    var waiting: [Seal] = []
    var count = 0
    try Self.forEachSeal(of: kpi, in: store, after: earlier, asOf: seq, isCancelled) { seal in
      if waiting.count == Self.rowsInStep {
        try record(waiting, nil)
        waiting = []
      }
      waiting.append(seal)
      count += 1
    }
    if count == 0 { return 0 }
    let range = SealedRange(
      kpi: kpi.name, version: kpi.version, definitionSeq: kpi.seq, afterSeq: earlier,
      throughSeq: seq, rows: count)
    try record(waiting, range)
    return count
  }

  /// Computes what was or is to be sealed of a KPI: the same rows in the same order whenever it is asked. O(facts between + facts
  /// of their buckets).
  static func forEachSeal(
    of kpi: KpiInfo, in store: Store, after earlier: UInt64, asOf seq: UInt64,
    path: AggregateRequest.Path = .best, _ isCancelled: @escaping @Sendable () -> Bool,
    _ body: (Seal) throws -> Void
  ) throws {
    var options = QueryOptions(nowNs: 0)
    options.path = path
    options.isCancelled = isCancelled
    try QueryEngine(store).changes(ofKpi: kpi.name, after: earlier, asOf: seq, options) { changed in
      for seal in try Seal.all(of: changed, kpi, asOf: seq) { try body(seal) }
    }
  }

  private func record(_ seals: [Seal], _ range: SealedRange?) throws {
    try store.log.record(in: .seals, actor: "nilo") { timeNs in
      seals.map { $0.document(timeNs: timeNs) }
        + (range.map { [$0.document(timeNs: timeNs)] } ?? [])
    }
  }

  /// How far each version is sealed. O(events of `_seals`).
  private func readSealed() throws -> [UInt64: UInt64] {
    var sealed: [UInt64: UInt64] = [:]
    try store.forEachEvent(of: StreamDefinition.seals.name) { event in
      if let range = SealedRange(event.bytes) { sealed[range.definitionSeq] = range.throughSeq }
      return true
    }
    return sealed
  }
}
