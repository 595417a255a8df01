import EventLog
import Foundation
import Merkle
import Store

/// The Merkle tree over a store's log: leaf `n` is event `n + 1`, of whatever stream. It is kept in the store, behind the log, and
/// catches up with it.
public struct LogTree: HashSource, Sendable {
  let log: EventLog

  public init(_ store: Store) { log = store.log }

  /// How many events it has; 0 in a store that has none. O(log n).
  public var size: UInt64 { get throws { try log.treeSize() } }

  /// The tree as it was when it had so many events.
  public func tree(ofSize size: UInt64) -> MerkleTree<LogTree> { MerkleTree(self, size: size) }

  /// As the store keeps them. Throws `DamageError` when they are not all there. O(hashes).
  public func hashes(ofLevel level: Int, _ range: Range<UInt64>) throws -> HashList {
    guard let list = HashList(try log.treeHashes(ofLevel: level, range)) else {
      throw AuditError("the tree gave a part of a hash")
    }
    return list
  }

  /// Events that are added in one commit.
  static let stepEvents: UInt64 = 65_536

  /// Adds the events up to `seq`, a step in a commit, so that what is cut off goes on where it was. Throws `DamageError` when
  /// events cannot be read, `CancellationError`, `ReadOnlyError`. O(bytes of these events).
  public func extend(
    through seq: UInt64, progress: (Double) -> Void = { _ in }, isCancelled: () -> Bool = { false }
  ) throws {
    let first = try size
    var size = first
    while size < seq {
      if isCancelled() { throw CancellationError() }
      let end = min(seq, (size / Self.stepEvents + 1) * Self.stepEvents)
      let leaves = try LeafRange(size + 1...end, of: log)
      try leaves.requireWhole()
      // Another thread may have added them meanwhile.
      _ = try log.appendToTree(levels(adding: leaves.hashes, at: size), at: size)
      size = try self.size
      progress(Double(size - first) / Double(seq - first))
    }
  }

  /// What is to be added to each level when leaves come after the first `size`.
  private func levels(adding leaves: HashList, at size: UInt64) throws -> [[UInt8]] {
    var added = [leaves.bytes]
    var count = size
    while true {
      let below = added[added.count - 1]
      let width = UInt64(HashLevels.tileWidth)
      let known = count / width * width..<count
      var hashes = try hashes(ofLevel: added.count - 1, known).bytes
      hashes += below
      let tileBytes = HashLevels.tileWidth * TreeHash.byteCount
      if hashes.count < tileBytes { return added }
      var above: [UInt8] = []
      for start in stride(from: 0, through: hashes.count - tileBytes, by: tileBytes) {
        above += HashList.root(above: hashes[start..<start + tileBytes]).bytes
      }
      added.append(above)
      count /= width
    }
  }

  /// The bytes of a tile, as C2SP tlog-tiles has them; nil when the tree of `size` events does not have it yet. Leaves are
  /// written from their events. O(bytes of their blocks).
  public func bytes(of tile: Tile, size: UInt64) throws -> [UInt8]? {
    switch tile.content {
    case .hashes(let level):
      guard level < HashLevels.tileHeight,
        tile.range.upperBound <= Tile.count(ofLevel: level, size: size)
      else { return nil }
      return try hashes(ofLevel: level, tile.range).bytes
    case .entries:
      guard tile.range.upperBound <= size else { return nil }
      return try leaves(tile.range.lowerBound + 1...tile.range.upperBound).reduce(into: []) {
        let leaf = $1.leaf.bytes
        $0.append(bigEndian: UInt16(leaf.count))
        $0 += leaf
      }
    }
  }

  /// The leaves of some events with their documents, in order. O(bytes of their blocks). Throws `DamageError`.
  func leaves(_ seqs: ClosedRange<UInt64>) throws -> [(leaf: Leaf, document: [UInt8])] {
    var found: [(leaf: Leaf, document: [UInt8])] = []
    try log.forEachLeafEvent(seqs) {
      throw $0
    } _: {
      found.append((Leaf($0), Array($0.document)))
    }
    guard found.count == seqs.count else {
      throw DamageError(
        what: "there are \(found.count) events where \(seqs.count) should be",
        firstSeq: seqs.lowerBound, lastSeq: seqs.upperBound)
    }
    return found.sorted { $0.leaf.seq < $1.leaf.seq }
  }
}
