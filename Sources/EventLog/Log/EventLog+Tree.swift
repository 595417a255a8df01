import Bytes
import LMDB

/// Where the tree over the log is kept: its hashes, and what was signed of it. What they mean is not known here.
extension EventLog {
  /// Whether there is room for a tree: not in a store of before that is open for reading.
  package var hasTree: Bool { tables.hashes != nil }

  /// The last event of the log, whether all before it can be read or not. O(1).
  package func lastSeq() throws -> UInt64 {
    try environment.read { try LogHead.read(tables, $0).nextSeq - 1 }
  }

  /// How many events the tree has. O(log n).
  package func treeSize() throws -> UInt64 {
    guard let hashes = tables.hashes else { return 0 }
    return try environment.read { try hashes.count(ofLevel: 0, $0) }
  }

  /// The hashes `range` of a level, 32 bytes each. Throws ``DamageError`` when they are not all there. O(hashes).
  package func treeHashes(ofLevel level: Int, _ range: Range<UInt64>) throws -> [UInt8] {
    guard let hashes = tables.hashes, level < HashTable.maxLevels else {
      throw DamageError(what: "the tree over the log has no level \(level)")
    }
    return try environment.read { try hashes.read(ofLevel: level, range, $0) }
  }

  /// Adds hashes to levels, the lowest first, in one commit, unless the tree has got other than `size` events meanwhile: then it
  /// gives false. O(hashes).
  package func appendToTree(_ levels: [[UInt8]], at size: UInt64) throws -> Bool {
    guard mode == .readWrite, let hashes = tables.hashes else { throw ReadOnlyError() }
    precondition(levels.count <= HashTable.maxLevels, "a tree has \(HashTable.maxLevels) levels")
    return try environment.write { transaction in
      guard try hashes.count(ofLevel: 0, transaction.reading) == size else { return false }
      for (level, added) in levels.enumerated() {
        try hashes.append(added, toLevel: level, &transaction)
      }
      return true
    }
  }

  /// Keeps a signed checkpoint of the tree of `size` events, in the place of one of the same size.
  package func putCheckpoint(_ note: [UInt8], size: UInt64) throws {
    guard mode == .readWrite, let checkpoints = tables.checkpoints else { throw ReadOnlyError() }
    try environment.write { try $0.put(checkpoints, Key(size), note.sealed()) }
  }

  /// The last checkpoint of a tree of `size` events at most; nil when there is none. O(log n).
  package func checkpoint(atMost size: UInt64 = .max) throws -> (size: UInt64, note: [UInt8])? {
    guard let checkpoints = tables.checkpoints else { return nil }
    return try environment.read { transaction in
      var cursor = try transaction.cursor(checkpoints)
      guard try cursor.seek(lastAtOrBefore: Key(size)) else { return nil }
      return try Self.checkpoint(cursor.key, cursor.value)
    }
  }

  /// The first checkpoint of a tree of `size` events at least; nil when there is none. O(log n).
  package func checkpoint(atLeast size: UInt64) throws -> (size: UInt64, note: [UInt8])? {
    guard let checkpoints = tables.checkpoints else { return nil }
    return try environment.read { transaction in
      var cursor = try transaction.cursor(checkpoints)
      guard try cursor.seek(atOrAfter: Key(size)) else { return nil }
      return try Self.checkpoint(cursor.key, cursor.value)
    }
  }

  static func checkpoint(
    _ key: RawSpan, _ value: RawSpan
  ) throws -> (size: UInt64, note: [UInt8]) {
    guard let size = Key.uint64(in: key, at: 0), key.byteCount == 8, let body = value.unsealed
    else { throw DamageError(what: "checkpoint of the tree over the log") }
    var note: [UInt8] = []
    note.append(span: body)
    return (size, note)
  }
}
