import EventLog
import Merkle
import Store

/// Signs checkpoints of a tree.
struct Signing {
  let tree: LogTree
  let key: SigningKey

  /// Signs the tree of `size` events, also by `others`, and keeps it in the store. Gives the note. O(log² size).
  @discardableResult
  func sign(_ size: UInt64, alsoBy others: [SigningKey] = []) throws -> [UInt8] {
    let checkpoint = Checkpoint(
      origin: key.name, size: size, root: try tree.tree(ofSize: size).root())
    var note = SignedNote(checkpoint.text)
    for signer in [key] + others { try note.sign(with: signer) }
    try tree.log.putCheckpoint(note.bytes, size: size)
    return note.bytes
  }
}

/// A checkpoint as the store keeps it.
public struct StoredCheckpoint: Sendable, Equatable {
  /// The events that it has.
  public var size: UInt64
  /// The signed note.
  public var note: [UInt8]
}

extension LogTree {
  /// The last checkpoint; nil when nothing was signed. O(log n).
  public func lastCheckpoint() throws -> StoredCheckpoint? {
    try log.checkpoint().map { StoredCheckpoint(size: $0.size, note: $0.note) }
  }
}
