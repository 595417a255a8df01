import LMDB

extension EventLog {
  /// Reads everything and verifies every checksum and invariant: each page of the file, sequence numbers without gap,
  /// each block giving back as many bytes as it took in, and what is derived in step with the blocks: block index,
  /// totals, states of sources, the dedup index with the ids, the ledger with its counts.
  /// `progress` is told the share done. Reads only. O(store).
  public func check(progress: (Double) -> Void = { _ in }) throws -> CheckReport {
    let structure = try environment.checkStructure()
    return try environment.read { transaction in
      var check = LogCheck(self)
      check.report.damages = structure.map { DamageError(what: $0.description) }
      try check.run(transaction, progress)
      return check.report
    }
  }
}
