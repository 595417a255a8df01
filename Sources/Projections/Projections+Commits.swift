import EventLog
import LMDB

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

  /// Voids what was added since the last ``committed()``.
  package func begin() {
    turn.require()
    state.withLock { ($0.altered, $0.arrived) = ([], [:]) }
  }

  /// Counts the block's facts: they are still to be folded.
  package func add(_ block: StoredBlock) {
    turn.require()
    state.withLock { $0.arrived[block.streamId, default: 0] += block.factCount }
  }

  /// Deletes the records of KPIs whose stream has another key now: their cells are no longer answered from. O(KPIs).
  package func finish(_ transaction: inout WriteTransaction) throws {
    for (id, _) in dependents { try transaction.delete(records, KpiRecord.key(id)) }
  }

  /// The blocks are durable: they are folded when there are enough of them, or when somebody asks for what they change.
  /// KPIs whose series are told apart anew, or whose rows are final later, are without cells until they are rebuilt. O(KPIs).
  package func committed() {
    turn.require()
    let (dependents, nowNs) = (dependents, log.clock())
    state.withLock { state in
      for (id, kpi) in dependents {
        state.kpis[id]?.kpi = kpi
        state.kpis[id]?.cache = nil
      }
      let followed = state.followedStreams
      for (id, facts) in state.arrived where followed.contains(id) && facts > 0 {
        state.unfolded[id, default: 0] += facts
        state.unwrittenSinceNs = state.unwrittenSinceNs ?? nowNs
      }
      (state.altered, state.arrived) = ([], [:])
    }
    followIfDue()
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
