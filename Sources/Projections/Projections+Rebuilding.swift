import EventLog
import Foundation
import LMDB
import Model
import Synchronization
import Threads

/// Cells that are computed anew from the log, beside the live ones.
extension Projections {
  /// Builds the cells of all named KPIs, or of all, anew from the log's columns, beside the live ones, in one scan for
  /// each stream; then puts them in their place in one commit. O(facts).
  ///
  /// With `verify` they are compared with those on disk instead, of the same checkpoint, and nothing is written: a store that
  /// is open for reading will do, while another process writes. All cells are in memory then.
  ///
  /// `range` gives the range of time that is asked for, on the clock of a KPI: only the buckets that hold some of it are
  /// rebuilt, wholly, and only blocks that overlap them are folded. Their new cells are put among the live ones in one
  /// commit. All blocks up to their end are folded for KPIs of counters and levels; a KPI that is not filled yet is
  /// rebuilt as a whole.
  ///
  /// A rebuild is an event of the catalogue, one for each name. Throws ``RebuildCancelledError`` when `isCancelled` has
  /// said so.
  public func rebuild(
    named names: [String], verify: Bool, actor: String = "program",
    within range: ((ZoneRules) throws -> Range<Int64>)? = nil,
    progress: (RebuildProgress) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> [RebuildReport] {
    let ids = try log.environment.read { transaction in
      if names.isEmpty { return try kpis(transaction).map(\.kpi.definition.id) }
      let all = try kpis(transaction).map(\.kpi.definition)
      return try names.flatMap { name in
        _ = try kpi(named: name, transaction)
        return all.filter { $0.name == name }.map(\.id)
      }
    }
    let reports = try rebuild(
      ids, verify: verify, within: range, progress: progress, isCancelled: isCancelled)
    if verify { return reports }
    var noted: Set<String> = []
    for report in reports where noted.insert(report.name).inserted {
      // Versions may have other buckets: together they are those of the widest range.
      let ranges = reports.filter { $0.name == report.name }.map { $0.rangeNs ?? .min ..< .max }
      let low = ranges.map(\.lowerBound).min() ?? .min
      let high = ranges.map(\.upperBound).max() ?? .max
      do {
        try log.record(actor: actor) {
          KpiDefinition.rebuildDocument(report.name, low..<high, receivedNs: $0)
        }
      } catch {
        throw UnfinishedChangeError(
          done: "the cells are rebuilt",
          missing: "the catalogue could not note that of \(report.name)",
          remedy: "a rebuild with more room notes it", cause: "\(error)")
      }
    }
    return reports
  }

  /// Fills the KPIs whose filling was cut off, on a thread of its own. Until then they are read from the events.
  /// Throws ``ThreadError``.
  package func resumeFilling() throws {
    let missing = state.withLock { state in
      state.kpis.values.filter { $0.cache == nil }.map(\.kpi.definition.id).sorted()
    }
    if missing.isEmpty { return }
    let done = DispatchSemaphore(value: 0)
    try startThread(named: "nilo.fill") { [self] in
      for id in missing where !isClosing.load(ordering: .relaxed) {
        do {
          _ = try rebuild(
            [id], verify: false, progress: { _ in },
            isCancelled: { [self] in isClosing.load(ordering: .relaxed) })
        } catch is RebuildCancelledError {
          break
        } catch {
          // It is tried again when the store is opened next; until then the list of KPIs says why.
          state.withLock { $0.kpis[id]?.failure = "\(error)" }
        }
      }
      done.signal()
    }
    filler.withLock { $0 = done }
  }

  /// Waits until a filling has stopped, and writes the cells that were changed. When that cannot be done, `warn` is told so:
  /// the next program that opens the store merges the blocks again.
  package func close(warn: (String) -> Void) {
    let isFirst = !isClosing.exchange(true, ordering: .relaxed)
    filler.withLock { filler in
      defer { filler = nil }
      return filler
    }?.wait()
    follower.stop()
    guard isFirst, log.mode == .readWrite else { return }
    do {
      try writeCells()
    } catch {
      warn(
        "the cells of KPIs that were changed last could not be written: \(error); nothing is lost, the next program "
          + "computes them again from the events")
    }
  }

  func rebuild(
    _ ids: [UInt64], verify: Bool, within range: ((ZoneRules) throws -> Range<Int64>)? = nil,
    progress: (RebuildProgress) -> Void, isCancelled: @escaping @Sendable () -> Bool
  ) throws -> [RebuildReport] {
    rebuilding.lock()
    defer { rebuilding.unlock() }
    // Compared are cells on disk. In a store that another program writes they have the blocks up to its last checkpoint.
    if verify, log.mode == .readWrite { try writeCells() }
    if !verify { try collectGarbage(isCancelled: isCancelled) }
    let chosen = state.withLock { state in ids.compactMap { state.kpis[$0] } }
    let byStream = Dictionary(grouping: chosen, by: \.streamId)
    var reports: [RebuildReport] = []
    for (_, kpis) in byStream.sorted(by: { $0.key < $1.key }) {
      let targets = try kpis.map { live in
        guard let range, let cache = live.cache else { return RebuildTarget(live.kpi) }
        return RebuildTarget(live.kpi, cache, within: try range(live.kpi.buckets.zone))
      }
      let builder = try CellBuilder(self, targets, verify: verify, isCancelled)
      reports += try builder.run { step in
        state.withLock { state in
          for kpi in kpis { state.kpis[kpi.kpi.definition.id]?.progress = step.share }
        }
        progress(step)
      }
      if !verify { try collectGarbage(isCancelled: isCancelled) }
    }
    return reports
  }

  /// Makes `caches` the live cells of a stream, in the commit that `write` is part of. No block is committed meanwhile, and
  /// all are in the live cells of the stream.
  func switching<R>(
    to caches: [CellCache], of streamId: UInt32, _ write: () throws -> R
  ) throws -> R {
    try turn.withLock {
      try cellsTurn.withLock {
        follow(streamId)
        let result = try write()
        state.withLock { state in
          for cache in caches { state.kpis[cache.kpi.definition.id]?.cache = cache }
          state.unfolded[streamId] = 0
        }
        return result
      }
    }
  }

  /// Runs `body` while no block is committed.
  package func inTurn<R>(_ body: () throws -> R) rethrows -> R { try turn.withLock(body) }

  /// Whether the KPI is still defined.
  func isDefined(_ id: UInt64) -> Bool { state.withLock { $0.kpis[id] != nil } }
}
