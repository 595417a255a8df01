import EventLog
import LMDB

/// What cells of KPIs take in memory.
public struct CellMemory: Sendable, Equatable {
  /// About what they take now, over all KPIs, and what they may take.
  public var bytes: Int
  public var limitBytes: Int
  /// How often cells were written only to make room, since the store was opened.
  public var writesForRoom: Int
}

/// How far the cells of a stream's KPIs are on disk.
public struct CellsOnDisk: Sendable, Equatable {
  public var stream: String
  /// Their last event; 0 for none.
  public var seq: UInt64
  /// Facts of the stream that came later.
  public var factsBehind: Int
}

extension Projections {
  /// Waits for the batch that is being folded. O(KPIs).
  package var cellMemory: CellMemory {
    cellsTurn.withLock {
      let (caches, writes) = state.withLock {
        ($0.kpis.values.compactMap(\.cache), $0.writesForRoom)
      }
      return CellMemory(
        bytes: caches.reduce(0) { $0 + $1.byteCount }, limitBytes: limits.memoryBytes,
        writesForRoom: writes)
    }
  }

  /// Facts that the cells of a KPI's version do not have yet, and get when it is read; 0 where there are no cells.
  /// O(blocks of these facts).
  package func waitingFacts(ofKpi name: String, version: Int) throws -> Int {
    try log.environment.read { transaction in
      let live = try kpis(transaction).first {
        $0.kpi.definition.name == name && $0.kpi.definition.version == version
      }
      guard let live else { return 0 }
      let seq =
        log.mode == .readWrite
        ? live.cache?.currentSeq : try checkpointed(live, transaction)?.seq
      return try seq.map { try facts(of: live.kpi.definition.stream, after: $0, transaction) } ?? 0
    }
  }

  private func facts(
    of name: String, after seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> Int {
    let stream = try log.stream(named: name, transaction)
    return try log.blocks(of: stream, after: seq, limit: .max, transaction)
      .reduce(0) { $0 + $1.factCount }
  }

  /// For each stream with KPIs whose cells are on disk, by name. O(KPIs + blocks after the checkpoints).
  package func cellsOnDisk() throws -> [CellsOnDisk] {
    try log.environment.read { transaction in
      var found: [String: CellsOnDisk] = [:]
      for live in try kpis(transaction) {
        let name = live.kpi.definition.stream
        guard found[name] == nil, let seq = try checkpointed(live, transaction)?.seq else {
          continue
        }
        found[name] = CellsOnDisk(
          stream: name, seq: seq, factsBehind: try facts(of: name, after: seq, transaction))
      }
      return found.values.sorted { $0.stream < $1.stream }
    }
  }
}
