/// A branch or leaf page, taken apart and found to be laid out as LMDB does it.
struct TreePage {
  /// An entry of a leaf, or the place of a page below a branch.
  struct Node {
    var key: Range<Int>
    /// Of a leaf's entry that lies in the page: its value.
    var value: Range<Int>
    /// Bytes of a leaf's value, wherever it is.
    var valueBytes: Int
    /// The page below, or the first of those that hold the value.
    var page: UInt64?
    /// Whether the value is the record of a tree.
    var isTree = false
  }

  static let headerBytes = 16

  /// Whether a value has pages of its own: LMDB puts two nodes into a page at least.
  static func isLarge(valueBytes: Int, keyBytes: Int, pageBytes: Int) -> Bool {
    nodeHeaderBytes + keyBytes + valueBytes > largestNode(pageBytes)
  }

  /// How many pages a large value has; LMDB's own rounding.
  static func largePages(valueBytes: Int, pageBytes: Int) -> Int {
    (headerBytes - 1 + valueBytes) / pageBytes + 1
  }

  private static func largestNode(_ pageBytes: Int) -> Int {
    ((pageBytes - headerBytes) / 2 & ~1) - 2
  }

  private static let nodeHeaderBytes = 8
  private static let (branch, leaf): (UInt16, UInt16) = (1, 2)
  private static let (bigData, subData): (UInt16, UInt16) = (1, 2)

  let bytes: [UInt8]
  let number: UInt64
  let isLeaf: Bool
  private(set) var nodes: [Node] = []

  /// Throws what is wrong with the layout. `isLeaf` is what the page has to be by its place. O(nodes).
  init(_ bytes: [UInt8], number: UInt64, isLeaf: Bool) throws(PageDamage) {
    self.bytes = bytes
    self.number = number
    self.isLeaf = isLeaf
    let flags = bytes.word(10, as: UInt16.self)
    guard bytes.word(0, as: UInt64.self) == number else {
      throw PageDamage(
        page: number, what: "it says that it is page \(bytes.word(0, as: UInt64.self))")
    }
    guard flags == (isLeaf ? Self.leaf : Self.branch) else {
      throw PageDamage(
        page: number,
        what: "its flags are \(flags), and it should be a \(isLeaf ? "leaf" : "branch")")
    }
    let (lower, upper) = (
      Int(bytes.word(12, as: UInt16.self)), Int(bytes.word(14, as: UInt16.self))
    )
    let count = (lower - Self.headerBytes) / 2
    guard lower % 2 == 0, lower >= Self.headerBytes, lower <= upper, upper <= bytes.count,
      count >= (isLeaf ? 1 : 2)
    else { throw PageDamage(page: number, what: "its free room is \(lower) to \(upper)") }
    nodes.reserveCapacity(count)
    try readNodes(count, upper)
  }

  /// The nodes fill the page from `upper` to its end, without a gap and none over another.
  private mutating func readNodes(_ count: Int, _ upper: Int) throws(PageDamage) {
    // For each even offset the size of the node that begins there.
    var sizes = [UInt16](repeating: 0, count: bytes.count / 2 + 1)
    for index in 0..<count {
      let start = Int(bytes.word(Self.headerBytes + 2 * index, as: UInt16.self))
      guard start % 2 == 0, start >= upper, start + Self.nodeHeaderBytes <= bytes.count,
        sizes[start / 2] == 0
      else { throw damage(index, "begins at byte \(start)") }
      let end = try readNode(index, start)
      // A node of no key and no value has a header still; none is as large as 64 KiB.
      sizes[start / 2] = UInt16(truncatingIfNeeded: (end + 1) / 2 * 2 - start)
    }
    var offset = upper
    for _ in 0..<count {
      guard offset < bytes.count, sizes[offset / 2] > 0 else {
        throw PageDamage(page: number, what: "its nodes leave a gap at byte \(offset)")
      }
      offset += Int(sizes[offset / 2])
    }
    guard offset == bytes.count else {
      throw PageDamage(page: number, what: "its nodes end at byte \(offset)")
    }
  }

  /// Appends a node; gives where it ends.
  private mutating func readNode(_ index: Int, _ start: Int) throws(PageDamage) -> Int {
    let low = UInt64(bytes.word(start, as: UInt32.self))
    let flags = bytes.word(start + 4, as: UInt16.self)
    let keyStart = start + Self.nodeHeaderBytes
    let keyEnd = keyStart + Int(bytes.word(start + 6, as: UInt16.self))
    guard keyEnd <= bytes.count else { throw damage(index, "has a key that leaves the page") }
    if !isLeaf {
      // The key of the first is never looked at.
      guard index == 0 || keyEnd > keyStart else { throw damage(index, "has no key") }
      nodes.append(
        Node(
          key: keyStart..<keyEnd, value: keyEnd..<keyEnd, valueBytes: 0,
          page: low | UInt64(flags) << 32))
      return keyEnd
    }
    guard keyEnd > keyStart, keyEnd - keyStart <= Key.capacity else {
      throw damage(index, "has a key of \(keyEnd - keyStart) bytes")
    }
    guard flags == 0 || flags == Self.bigData || flags == Self.subData else {
      throw damage(index, "has the flags \(flags)")
    }
    let isBig = flags == Self.bigData
    let end = keyEnd + (isBig ? 8 : Int(low))
    let largest = Self.largestNode(bytes.count)
    guard end <= bytes.count, end - start <= largest, flags != Self.subData || low == 48 else {
      throw damage(index, "has a value of \(low) bytes")
    }
    nodes.append(
      Node(
        key: keyStart..<keyEnd, value: keyEnd..<end, valueBytes: Int(low),
        page: isBig ? bytes.word(keyEnd, as: UInt64.self) : nil, isTree: flags == Self.subData))
    return end
  }

  private func damage(_ index: Int, _ what: String) -> PageDamage {
    PageDamage(page: number, what: "its node \(index) \(what)")
  }
}
