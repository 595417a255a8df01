import LMDB

extension EventLog {

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

  /// Makes the log in `origin`, which nobody has open, that of `directory`.
  package static func move(from origin: String, to directory: String) throws {
    try Environment.move(from: origin, to: directory)
  }

  /// Removes the log in `directory`, which nobody has open, if there is one.
  package static func remove(_ directory: String) throws { try Environment.remove(directory) }
}
