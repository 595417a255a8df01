import Crypto
import Foundation

/// Hashes one after the other, without room between: what a tile is, and what trees are built of.
public struct HashList: Sendable, Equatable {
  /// ``TreeHash/byteCount`` bytes for each hash.
  public private(set) var bytes: [UInt8]

  /// Without hashes.
  public init() { bytes = [] }

  /// Nil when a hash is cut off.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count % TreeHash.byteCount == 0 else { return nil }
    self.bytes = bytes
  }

  public var count: Int { bytes.count / TreeHash.byteCount }

  /// The hash at a place.
  public subscript(index: Int) -> TreeHash { TreeHash(self[index..<index + 1])! }

  /// The bytes of the hashes of a range.
  public subscript(range: Range<Int>) -> ArraySlice<UInt8> {
    bytes[range.lowerBound * TreeHash.byteCount..<range.upperBound * TreeHash.byteCount]
  }

  /// Adds one at the end.
  public mutating func append(_ hash: TreeHash) { bytes += hash.bytes }

  /// Adds others, in their order.
  public mutating func append(_ other: HashList) { bytes += other.bytes }

  /// So many hashes of zeros, to be put in later.
  public init(repeatingZeros count: Int) {
    bytes = Array(repeating: 0, count: count * TreeHash.byteCount)
  }

  /// Puts the hash of the leaf that `data` is in the place of another; `data` is to have the 0 in front that a leaf is hashed
  /// with, so that it need not be copied. O(bytes).
  public mutating func replace(_ index: Int, byPrefixedLeaf data: [UInt8]) {
    precondition(data.first == 0, "a leaf is hashed with a 0 in front")
    var place = index * TreeHash.byteCount
    for byte in SHA256.hash(data: data) {
      bytes[place] = byte
      place += 1
    }
  }

  /// The root above a complete subtree's hashes: there is a power of two of them. O(hashes).
  public static func root(above hashes: ArraySlice<UInt8>) -> TreeHash {
    precondition(
      !hashes.isEmpty && hashes.count.nonzeroBitCount == 1 && hashes.count >= TreeHash.byteCount,
      "a complete subtree has a power of two of hashes")
    var level = hashes
    var node = [UInt8](repeating: 1, count: 1 + 2 * TreeHash.byteCount)
    while level.count > TreeHash.byteCount {
      var above: [UInt8] = []
      above.reserveCapacity(level.count / 2)
      for start in stride(
        from: level.startIndex, to: level.endIndex, by: 2 * TreeHash.byteCount)
      {
        node.replaceSubrange(1..., with: level[start..<start + 2 * TreeHash.byteCount])
        above.append(contentsOf: SHA256.hash(data: node))
      }
      level = above[...]
    }
    return TreeHash(level)!
  }
}
