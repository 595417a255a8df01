import TestSupport
import Testing

@testable import Merkle

/// Trees of RFC 6962, and proofs of them.
struct TreeTests {
  /// The leaves of the test tree that implementations of Certificate Transparency share.
  static let leaves: [[UInt8]] = [
    [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
    [0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
    [
      0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e,
      0x6f,
    ],
  ]
  static let roots = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ]

  static func levels(_ leaves: [[UInt8]]) -> HashLevels {
    var list = HashList()
    for leaf in leaves { list.append(TreeHash(ofLeaf: leaf)) }
    var levels = HashLevels()
    levels.append(list)
    return levels
  }

  @Test func publishedRoots() throws {
    for (size, root) in Self.roots.enumerated() {
      let tree = Self.levels(Array(Self.leaves.prefix(size))).tree
      #expect(try tree.root().hexadecimal == root)
    }
  }

  /// The root by the words of RFC 6962, section 2.1, without tiles.
  static func plainRoot(_ leaves: ArraySlice<TreeHash>) -> TreeHash {
    if leaves.isEmpty { return .ofEmptyTree }
    if leaves.count == 1 { return leaves.first! }
    var half = 1
    while half * 2 < leaves.count { half *= 2 }
    let middle = leaves.startIndex + half
    return TreeHash(
      ofNode: plainRoot(leaves[..<middle]), plainRoot(leaves[middle...]))
  }

  static func numbered(_ count: Int) -> [TreeHash] {
    (0..<count).map { TreeHash(ofLeaf: Array("leaf \($0)".utf8)) }
  }

  static func levels(of hashes: [TreeHash], inParts random: inout SeededGenerator) -> HashLevels {
    var (levels, rest) = (HashLevels(), hashes[...])
    while !rest.isEmpty {
      var part = HashList()
      let count = min(rest.count, random.within(1...700))
      for hash in rest.prefix(count) { part.append(hash) }
      levels.append(part)
      rest = rest.dropFirst(count)
    }
    return levels
  }

  /// Whatever parts a tree grew in, each size has the root of the RFC, and its proofs hold.
  @Test func eachSizeToAThousand() throws {
    rounds(1) { random in
      let hashes = Self.numbered(1_000)
      let levels = Self.levels(of: hashes, inParts: &random)
      for size in 0...1_000 {
        let tree = MerkleTree(levels, size: UInt64(size))
        let root = try tree.root()
        if size % 37 == 0 || size < 70 || size > 990 {
          try checkEqual(root, Self.plainRoot(hashes[..<size]), "root of \(size)")
        }
        if size == 0 { continue }
        for index in [0, size - 1, random.below(size)] {
          let path = try tree.inclusionPath(ofLeaf: UInt64(index))
          try check(
            Proofs.includes(
              hashes[index], at: UInt64(index), path, size: UInt64(size), root: root),
            "leaf \(index) of \(size)")
        }
        for earlier in [0, size, random.below(size + 1)] {
          try Self.checkExtends(levels, from: UInt64(earlier), to: UInt64(size))
        }
      }
    }
  }

  static func checkExtends(_ levels: HashLevels, from earlier: UInt64, to size: UInt64) throws {
    let path = try MerkleTree(levels, size: size).consistencyPath(from: earlier)
    try check(
      Proofs.extends(
        MerkleTree(levels, size: earlier).root(), earlierSize: earlier, path, size: size,
        root: MerkleTree(levels, size: size).root()),
      "\(earlier) to \(size)")
  }

  /// All leaves and all earlier sizes of small trees, and the sizes around powers of two and of tiles.
  @Test func aroundPowersOfTwo() throws {
    rounds(1) { random in
      let hashes = Self.numbered(2_050)
      let levels = Self.levels(of: hashes, inParts: &random)
      for size in 1...40 {
        let tree = MerkleTree(levels, size: UInt64(size))
        for index in 0..<size {
          let path = try tree.inclusionPath(ofLeaf: UInt64(index))
          try check(
            Proofs.includes(
              hashes[index], at: UInt64(index), path, size: UInt64(size), root: tree.root()),
            "leaf \(index) of \(size)")
        }
        for earlier in 0...size {
          try Self.checkExtends(levels, from: UInt64(earlier), to: UInt64(size))
        }
      }
      let edges = [64, 128, 256, 512, 1_024, 2_048].flatMap { [$0 - 1, $0, $0 + 1] }
      for size in edges {
        try checkEqual(
          MerkleTree(levels, size: UInt64(size)).root(), Self.plainRoot(hashes[..<size]),
          "root of \(size)")
        for earlier in edges where earlier <= size {
          try Self.checkExtends(levels, from: UInt64(earlier), to: UInt64(size))
        }
      }
    }
  }
}
