import EventLog
import LMDB

/// Cells that nobody asks any more.
extension Projections {
  /// Deletes records and cells that belong to no KPI, a few at a time.
  func collectGarbage(isCancelled: () -> Bool = { false }) throws {
    let used = try turn.withLock {
      try log.environment.write { transaction in
        var used: Set<UInt32> = []
        var orphans: [UInt64] = []
        try forEachRecord(transaction.reading) { id, record in
          if isDefined(id) { used.insert(record.generation) } else { orphans.append(id) }
        }
        for id in orphans { try transaction.delete(records, KpiRecord.key(id)) }
        return used
      }
    }
    for table in [tables.cells, tables.series] {
      var generation: UInt32 = 0
      while let next = try nextGeneration(after: generation, table) {
        // Where keys are out of order a search may find what it has left behind.
        guard next > generation else { throw DamageError(what: "the order of cells") }
        generation = next
        if isCancelled() { throw RebuildCancelledError() }
        if !used.contains(next) { try deleteGeneration(next, table) }
      }
    }
  }

  private func deleteGeneration(_ generation: UInt32, _ table: Table) throws {
    let prefix = Key().appending(generation)
    while try log.environment.write({
      try $0.deleteRange(table, from: prefix, to: prefix.endOfPrefix, limit: 4_096)
    }) == 4_096 { log.releaseMemory(above: Self.maxResidentFileBytes) }
  }

  private func forEachRecord(
    _ transaction: borrowing ReadTransaction, _ body: (UInt64, KpiRecord) -> Void
  ) throws {
    var cursor = try transaction.cursor(records)
    var found = try cursor.seekFirst()
    while found {
      if cursor.key.byteCount == 8, let id = Key.uint64(in: cursor.key, at: 0) {
        body(id, try KpiRecord(cursor.value, key: cursor.key))
      }
      found = try cursor.next()
    }
  }

  private func nextGeneration(after generation: UInt32, _ table: Table) throws -> UInt32? {
    try log.environment.read { transaction in
      var cursor = try transaction.cursor(table)
      guard generation < .max,
        try cursor.seek(atOrAfter: Key().appending(generation + 1))
      else { return nil }
      guard let next = Key.uint32(in: cursor.key, at: 0) else {
        throw DamageError(what: "a key of a cell")
      }
      return next
    }
  }
}
