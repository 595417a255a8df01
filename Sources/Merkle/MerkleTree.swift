/// A Merkle tree of RFC 6962, section 2.1, over hashes that are kept elsewhere: its root, and proofs of what it has.
public struct MerkleTree<Source: HashSource> {
  private let source: Source
  /// How many leaves it has; the source may have more.
  public let size: UInt64

  public init(_ source: Source, size: UInt64) { (self.source, self.size) = (source, size) }

  /// O(log² size).
  public func root() throws -> TreeHash {
    size == 0 ? .ofEmptyTree : try hash(of: 0..<size)
  }

  /// The hashes that lead from a leaf to the root: RFC 6962, section 2.1.1. O(log² size).
  public func inclusionPath(ofLeaf index: UInt64) throws -> [TreeHash] {
    precondition(index < size, "the tree has no such leaf")
    var path: [TreeHash] = []
    var leaves = 0..<size
    while leaves.count > 1 {
      let (left, right) = Self.halves(leaves)
      let isLeft = left.contains(index)
      path.append(try hash(of: isLeft ? right : left))
      leaves = isLeft ? left : right
    }
    return path.reversed()
  }

  /// The hashes that show that the tree of the first `earlier` leaves is a beginning of this one: RFC 6962, section 2.1.2. Empty
  /// for a tree without leaves, and for this one. O(log² size).
  public func consistencyPath(from earlier: UInt64) throws -> [TreeHash] {
    precondition(earlier <= size, "the earlier tree is the larger one")
    if earlier == 0 || earlier == size { return [] }
    var path: [TreeHash] = []
    var leaves = 0..<size
    // Whether the earlier tree has a node for these leaves, which who checks knows then.
    var isKnown = true
    while leaves.upperBound != earlier {
      let (left, right) = Self.halves(leaves)
      let isLeft = earlier <= left.upperBound
      path.append(try hash(of: isLeft ? right : left))
      leaves = isLeft ? left : right
      if !isLeft { isKnown = false }
    }
    if !isKnown { path.append(try hash(of: leaves)) }
    return path.reversed()
  }

  /// The leaves below the left child, as many as the largest power of two that leaves some for the right one.
  private static func halves(
    _ leaves: Range<UInt64>
  ) -> (left: Range<UInt64>, right: Range<UInt64>) {
    let last = leaves.upperBound - leaves.lowerBound - 1
    let middle = leaves.lowerBound + 1 << (UInt64.bitWidth - 1 - last.leadingZeroBitCount)
    return (leaves.lowerBound..<middle, middle..<leaves.upperBound)
  }

  /// The hash above these leaves, which are all below one node. O(log² leaves).
  private func hash(of leaves: Range<UInt64>) throws -> TreeHash {
    let count = leaves.upperBound - leaves.lowerBound
    guard count.nonzeroBitCount == 1 else {
      let (left, right) = Self.halves(leaves)
      return TreeHash(ofNode: try hash(of: left), try hash(of: right))
    }
    // Of a complete subtree the hashes of the nearest level below are asked for.
    let level = count.trailingZeroBitCount / HashLevels.tileHeight
    let shift = UInt64(level * HashLevels.tileHeight)
    let hashes = try source.hashes(
      ofLevel: level, leaves.lowerBound >> shift..<leaves.upperBound >> shift)
    return HashList.root(above: hashes.bytes[...])
  }
}
