import TestSupport
import Testing

@testable import Merkle

/// Proofs that somebody has changed show nothing.
struct ForgeryTests {
  private struct Inclusion {
    var leaf: TreeHash
    var index: UInt64
    var path: [TreeHash]
    var size: UInt64
    var root: TreeHash

    var holds: Bool { Proofs.includes(leaf, at: index, path, size: size, root: root) }
  }

  private static func other(_ hash: TreeHash, _ random: inout SeededGenerator) -> TreeHash {
    var bytes = hash.bytes
    bytes[random.below(32)] ^= 1 << random.below(8)
    return TreeHash(bytes)!
  }

  @Test func inclusion() throws {
    rounds(60) { random in
      let size = random.within(2...600)
      let hashes = TreeTests.numbered(size)
      let tree = TreeTests.levels(of: hashes, inParts: &random).tree
      let index = random.below(size)
      let genuine = Inclusion(
        leaf: hashes[index], index: UInt64(index),
        path: try tree.inclusionPath(ofLeaf: UInt64(index)), size: UInt64(size),
        root: try tree.root())
      try check(genuine.holds, "the proof itself, leaf \(index) of \(size)")
      func refuse(_ what: String, _ change: (inout Inclusion) -> Void) throws {
        var forged = genuine
        change(&forged)
        try check(!forged.holds, "\(what), leaf \(index) of \(size)")
      }
      let flipped = Self.other(genuine.leaf, &random)
      try refuse("another leaf") { $0.leaf = flipped }
      let root = Self.other(genuine.root, &random)
      try refuse("another root") { $0.root = root }
      for place in genuine.path.indices {
        let sibling = Self.other(genuine.path[place], &random)
        try refuse("sibling \(place) changed") { $0.path[place] = sibling }
        try refuse("sibling \(place) left out") { $0.path.remove(at: place) }
        try refuse("sibling \(place) twice") { $0.path.insert($0.path[place], at: place) }
      }
      if genuine.path.count > 1 {
        try refuse("siblings swapped") { $0.path.swapAt(0, $0.path.count - 1) }
        try refuse("siblings reversed") { $0.path.reverse() }
      }
      try refuse("cut short") { $0.path.removeLast() }
      try refuse("made longer") { $0.path.append(flipped) }
      try refuse("made longer in front") { $0.path.insert(flipped, at: 0) }
      for index in 0..<size + 3 where index != genuine.index {
        try refuse("index \(index)") { $0.index = UInt64(index) }
      }
      try refuse("the last index that there is") { $0.index = .max }
      // A smaller or larger tree may have a path of the same form to this leaf; the root tells them apart, as a checkpoint
      // signs both together.
      for wanted in [1, size - 1, size + 1, 2 * size] where wanted > index {
        let (levels, count) = (TreeTests.numbered(max(size, wanted)), wanted)
        let wrong = TreeTests.plainRoot(levels[..<count])
        try refuse("the root of \(wanted) leaves") { $0.root = wrong }
      }
      // A node is no leaf: its children's hashes are not a leaf's data.
      let node = TreeHash(ofLeaf: [1] + hashes[0].bytes + hashes[1].bytes)
      try check(node != TreeHash(ofNode: hashes[0], hashes[1]), "a node as a leaf")
    }
  }

  private struct Extension {
    var earlierRoot: TreeHash
    var earlierSize: UInt64
    var path: [TreeHash]
    var size: UInt64
    var root: TreeHash

    var holds: Bool {
      Proofs.extends(earlierRoot, earlierSize: earlierSize, path, size: size, root: root)
    }
  }

  @Test func consistency() throws {
    rounds(60) { random in
      let size = random.within(3...600)
      let earlier = random.within(1...size - 1)
      let hashes = TreeTests.numbered(size)
      let levels = TreeTests.levels(of: hashes, inParts: &random)
      let tree = MerkleTree(levels, size: UInt64(size))
      let genuine = Extension(
        earlierRoot: try MerkleTree(levels, size: UInt64(earlier)).root(),
        earlierSize: UInt64(earlier), path: try tree.consistencyPath(from: UInt64(earlier)),
        size: UInt64(size), root: try tree.root())
      try check(genuine.holds, "the proof itself, \(earlier) to \(size)")
      func refuse(_ what: String, _ change: (inout Extension) -> Void) throws {
        var forged = genuine
        change(&forged)
        try check(!forged.holds, "\(what), \(earlier) to \(size)")
      }
      let (before, after) = (
        Self.other(genuine.earlierRoot, &random), Self.other(genuine.root, &random)
      )
      try refuse("another earlier root") { $0.earlierRoot = before }
      try refuse("another root") { $0.root = after }
      try refuse("both roots swapped") { swap(&$0.earlierRoot, &$0.root) }
      for place in genuine.path.indices {
        let link = Self.other(genuine.path[place], &random)
        try refuse("link \(place) altered") { $0.path[place] = link }
        try refuse("link \(place) left out") { $0.path.remove(at: place) }
        try refuse("link \(place) twice") { $0.path.insert($0.path[place], at: place) }
      }
      try refuse("nothing of it") { $0.path = [] }
      try refuse("made longer") { $0.path.append(before) }
      try refuse("sizes swapped") { swap(&$0.earlierSize, &$0.size) }
      try refuse("an earlier tree without leaves") { $0.earlierSize = 0 }
      try refuse("the same size") { $0.earlierSize = $0.size }
      // A log that was rewritten before the earlier checkpoint: its own proof does not fit that checkpoint.
      var rewritten = hashes
      rewritten[random.below(earlier)] = before
      let other = TreeTests.levels(of: rewritten, inParts: &random)
      let path = try other.tree.consistencyPath(from: UInt64(earlier))
      let root = try other.tree.root()
      try refuse("a log that was rewritten") { ($0.path, $0.root) = (path, root) }
    }
  }
}
