/// Where the hashes of a tree are, by levels of tiles: a level has one hash for 256 of the level below, and the lowest has one for
/// each leaf.
public protocol HashSource {
  /// The hashes of `range` on a level; hash `i` of level `L` is the root of the complete subtree of 256^L leaves that begins at
  /// leaf `i * 256^L`.
  func hashes(ofLevel level: Int, _ range: Range<UInt64>) throws -> HashList
}

/// A tree's levels, kept in memory while leaves are added. O(leaves) of memory.
public struct HashLevels: HashSource, Sendable {
  /// How many levels of a binary tree a tile spans.
  public static let tileHeight = 8
  /// How many hashes a full tile has.
  public static let tileWidth = 1 << tileHeight

  /// The lowest first.
  public private(set) var levels: [HashList] = [HashList()]

  public init() {}

  /// How many leaves there are.
  public var size: UInt64 { UInt64(levels[0].count) }

  /// The tree of these leaves.
  public var tree: MerkleTree<HashLevels> { MerkleTree(self, size: size) }

  /// Adds leaves, and the hashes above that are complete with them. O(leaves).
  public mutating func append(_ leaves: HashList) {
    var before = levels[0].count
    levels[0].append(leaves)
    var level = 0
    while true {
      let known = levels[level]
      let full = before / Self.tileWidth..<known.count / Self.tileWidth
      if full.isEmpty { return }
      if level + 1 == levels.count { levels.append(HashList()) }
      before = levels[level + 1].count
      for tile in full {
        let first = tile * Self.tileWidth
        levels[level + 1].append(HashList.root(above: known[first..<first + Self.tileWidth]))
      }
      level += 1
    }
  }

  /// Those that are in memory. O(hashes).
  public func hashes(ofLevel level: Int, _ range: Range<UInt64>) throws -> HashList {
    HashList(Array(levels[level][Int(range.lowerBound)..<Int(range.upperBound)]))!
  }
}
