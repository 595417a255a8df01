import LMDB

/// What a check found.
public struct CheckReport: Sendable, Equatable {
  public var blocks = 0
  public var events: UInt64 = 0
  public var bytes = 0
  public var ledgerEntries = 0
  public var dedupRuns = 0
  /// Cells of KPIs.
  public var cells = 0
  /// Empty when the log is sound.
  public var damages: [DamageError] = []

  public var isSound: Bool { damages.isEmpty }
}

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

  /// Copies the log into `directory`, compacted, as it is at one commit; writers go on meanwhile. O(store).
  public func copy(to directory: String) throws {
    try environment.copyCompact(to: directory)
  }

  /// Makes the directory of a copy, and removes what an earlier one has left in `leftover`. Throws ``LMDBError`` when
  /// there is a log in `directory`.
  package func prepareCopy(to directory: String, removing leftover: String) throws {
    try Environment.makeDirectory(forCopy: directory)
    try Environment.remove(leftover)
  }

  /// Makes the log in `source`, which nobody has open, that of `directory`.
  package static func move(from source: String, to directory: String) throws {
    try Environment.move(from: source, to: directory)
  }

  /// Removes the log in `directory`, which nobody has open, if there is one.
  package static func remove(_ directory: String) throws { try Environment.remove(directory) }
}
