import EventLog
import LMDB
import Model

/// What the log asks of a participant of its commits.
extension Projections: CommitParticipant {
  /// Throws ``KpiError`` when there is a KPI of that name. O(KPIs).
  package func checkName(ofStream name: String) throws {
    let isKpi = state.withLock { state in
      state.kpis.values.contains { $0.kpi.definition.name == name }
    }
    if isKpi {
      throw KpiError("there is a KPI \(name): a stream takes another name, or drop the KPI first")
    }
  }

  /// What a block adds to each KPI that was known when it was folded.
  package struct Folded: Sendable {
    fileprivate var folds: [UInt64: BlockFold] = [:]
    fileprivate var known: Set<UInt64> = []
  }

  /// What the block adds to each KPI of its stream. Nothing live is changed: blocks may be folded side by side, and in
  /// any order. O(facts of the block x KPIs). Never nil; for a stream without KPIs it is empty.
  package func fold(_ facts: BlockFacts) throws -> Folded? {
    let id = facts.block.streamId
    let kpis = state.withLock { state in state.kpis.values.filter { $0.streamId == id } }
    var folded = Folded()
    if kpis.isEmpty { return folded }
    let columns = try FactColumns(facts)
    for live in kpis {
      folded.known.insert(live.kpi.definition.id)
      folded.folds[live.kpi.definition.id] = try BlockFold(columns, live.kpi)
    }
    return folded
  }

  private func caches(ofStream id: UInt32) -> [(UInt64, CellCache)] {
    state.withLock { state in
      state.kpis.compactMap { key, live in
        live.streamId == id ? live.cache.map { (key, $0) } : nil
      }
    }
  }

  /// Voids what was applied since the last ``committed()``.
  package func begin() {
    turn.require()
    state.withLock { ($0.altered, $0.arrived) = ([], []) }
  }

  /// Takes a fold to add it to the cells in memory when the block is durable. A KPI that has become live since the block
  /// was folded has it folded here.
  package func apply(
    _ folded: Folded, of block: StoredBlock, watermarkNs: Int64?,
    _ transaction: inout WriteTransaction
  ) throws {
    turn.require()
    for (id, cache) in caches(ofStream: block.streamId) {
      var fold = folded.folds[id]
      if !folded.known.contains(id) {
        // The KPI has become live while the block was on its way.
        let stream = try log.stream(named: cache.kpi.definition.stream, transaction.reading)
        let facts = try log.facts(of: block, stream, transaction.reading)
        precondition(facts.block == block, "a block was merged in the commit that stores it")
        fold = try BlockFold(FactColumns(facts), cache.kpi)
      }
      let arrived = Arrived(block: block, cache: cache, fold: fold, watermarkNs: watermarkNs)
      state.withLock { $0.arrived.append(arrived) }
    }
  }

  /// Cells that the blocks of one transaction may add to, over all KPIs.
  private static let maxArrivedCells = 200_000

  package var isFull: Bool {
    state.withLock { $0.arrived.reduce(0) { $0 + ($1.fold?.count ?? 0) } } > Self.maxArrivedCells
  }

  /// Deletes the records of KPIs whose stream has another key now: their cells are no longer answered from. O(KPIs).
  package func finish(_ transaction: inout WriteTransaction) throws {
    for (id, _) in dependents { try transaction.delete(records, KpiRecord.key(id)) }
  }

  /// The blocks are durable: their folds are added to the cells in memory, which are written when enough has changed. KPIs
  /// whose series are told apart anew, or whose rows are final later, are without cells until they are rebuilt. O(cells of the blocks).
  ///
  /// Nothing of this can fail the commit. A KPI whose cells cannot follow is left without them; what cannot be written now
  /// is written later.
  package func committed() {
    turn.require()
    merge(
      state.withLock { state in
        defer { state.arrived = [] }
        return state.arrived
      })
    let dependents = dependents
    state.withLock { state in
      for (id, kpi) in dependents {
        state.kpis[id]?.kpi = kpi
        state.kpis[id]?.cache = nil
      }
      state.altered = []
    }
    guard isCheckpointDue else { return }
    do {
      try checkpoint()
    } catch {
      giveUp(error)
    }
  }

  private func merge(_ arrived: [Arrived]) {
    for added in arrived {
      let isLive = state.withLock {
        $0.kpis[added.cache.kpi.definition.id]?.cache === added.cache
      }
      guard isLive else { continue }
      do {
        try log.environment.read { transaction in
          try added.cache.apply(
            added.fold, of: added.block, watermarkNs: added.watermarkNs, transaction)
        }
      } catch {
        fail(added.cache, error)
      }
      note(facts: added.block.factCount, cells: added.fold?.count ?? 0)
    }
  }

  // MARK: Streams that change

  /// Throws ``KpiError`` when a stream is to be dropped that a KPI is defined over, or altered so that a field of a KPI
  /// would be none any more. O(KPIs).
  package func check(_ definition: StreamDefinition, isDrop: Bool) throws {
    let kpis = state.withLock { state in
      state.kpis.values.filter { $0.streamId == definition.id }.map(\.kpi.definition)
        .sorted { ($0.name, $0.version) < ($1.name, $1.version) }
    }
    if isDrop, let name = kpis.first?.name {
      throw KpiError("KPI \(name) is defined over stream \(definition.name); drop it first")
    }
    let explodes = log.stream(named: definition.name)?.definition.explodePath
    for kpi in kpis {
      for field in kpi.fields {
        guard let reason = definition.whyNoField(field.path.string, whereExploded: explodes) else {
          continue
        }
        throw KpiError(
          "KPI \(kpi.name) version \(kpi.version) uses \(field.path), \(reason); drop the KPI first, and "
            + "define it anew afterwards (SHOW CREATE \(kpi.name) has its text)")
      }
    }
  }

  /// Notes which stream has another definition from this transaction on: ``finish(_:)`` and ``committed()`` act on it.
  package func alter(_ definition: StreamDefinition, readsAnew: Bool) {
    state.withLock {
      $0.altered.append(AlteredStream(definition: definition, readsAnew: readsAnew))
    }
  }

  /// The KPIs whose cells are to be computed anew: those of facts that are others, those whose series another key tells
  /// apart, and those whose rows are final later.
  private var dependents: [(UInt64, CompiledKpi)] {
    state.withLock { state in
      state.altered.flatMap { stream in
        state.kpis.compactMap { id, live in
          guard live.streamId == stream.definition.id else { return nil }
          if let other = live.kpi.following(stream.definition) { return (id, other) }
          return stream.readsAnew ? (id, live.kpi) : nil
        }
      }
    }
  }

  /// Alters a stream while no cells are being computed, then computes those of the KPIs that it has changed. Until that
  /// is done they are answered from the events.
  package func altering<R>(
    progress: (RebuildProgress) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }, _ alter: () throws -> R
  ) throws -> R {
    let before = unfilled
    let result = try rebuilding.withLock(alter)
    let ids = unfilled.subtracting(before)
    if !ids.isEmpty {
      _ = try rebuild(ids.sorted(), verify: false, progress: progress, isCancelled: isCancelled)
    }
    return result
  }

  private var unfilled: Set<UInt64> {
    state.withLock { state in Set(state.kpis.filter { $0.value.cache == nil }.keys) }
  }
}

extension StreamDefinition {
  /// Why there is no field at `path` by this definition; nil when there may be one. `before` is the array that the stream
  /// explodes so far.
  fileprivate func whyNoField(_ path: String, whereExploded before: String?) -> String? {
    if path == timePath { return "which would be the time of \(name)" }
    if path == elementTimePath { return "which would be the time of the elements of \(name)" }
    if let before, before != explodePath, path.utf8.starts(with: "\(before).".utf8) {
      return "a field of the elements of \(before), which would not be exploded any more"
    }
    return nil
  }
}
