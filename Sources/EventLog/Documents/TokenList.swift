import Bytes
import Model

/// A value that a document holds, or the edge of an exploded array.
struct Token {
  enum Kind: UInt8 {
    case string, number, hardNumber, bool, null
    /// An array that does not explode, or an empty object: kept as it stands.
    case opaque
    case arrayBegin, elementBegin, elementEnd, arrayEnd
  }
  var kind: Kind
  /// Scale of a number; for strings, 1 when the content has escapes.
  var detail: UInt8
  /// Number of the path in ``TokenList/paths``.
  var path: Int32
  /// The value's bytes; a string's are those between its quotes.
  var start: Int
  var end: Int
  var mantissa: Int64
}

/// What a scan finds, reusable from document to document.
struct TokenList {
  var tokens: [Token] = []
  /// Some object has a key twice.
  var hasDuplicateKeys = false
  /// How deep the deepest opaque value stands.
  var opaqueDepth = 0
  private var tree = PathTree()

  /// For scans that list nothing.
  static let unused = TokenList()

  /// Dotted paths, each once.
  var paths: [String] { tree.paths }

  mutating func removeAll() {
    tokens.removeAll(keepingCapacity: true)
    hasDuplicateKeys = false
    opaqueDepth = 0
    if tree.isLarge { tree = PathTree() }
  }

  /// Whether a path is too long to have a column; then its text is only what it is called in reports.
  func isTooLong(path: Int32) -> Bool { tree.isTooLong[Int(path)] }

  /// The dotted path of a node.
  func path(of node: Int32) -> Int32 { tree.nodes[Int(node)].path }

  mutating func beginObject() -> UInt64 { tree.beginObject() }

  /// The node of the key in `range` within the object `object`, which stands at `parent`.
  mutating func node(
    under parent: Int32, object: UInt64, key bytes: RawSpan, _ range: Range<Int>
  ) -> Int32 {
    let node = tree.child(of: parent, key: bytes, range)
    if !tree.visit(node, in: object) { hasDuplicateKeys = true }
    return node
  }
}

/// The keys that documents have been seen to have, as a tree; so that the path of a value is found without
/// making a string of it. Keys are compared byte by byte.
private struct PathTree {
  struct Node {
    var parent: Int32
    var key: [UInt8]
    /// Two nodes can have one path: a key may contain dots.
    var path: Int32
    /// The object in which the key was seen last.
    var object: UInt64
    /// The next node of the same hash.
    var next: Int32
    /// The path's length, and a hash of its keys.
    var pathBytes: Int
    var pathHash: UInt64
  }

  private(set) var nodes: [Node] = [
    Node(parent: -1, key: [], path: 0, object: 0, next: -1, pathBytes: 0, pathHash: 0)
  ]
  private(set) var paths = [""]
  private(set) var isTooLong = [false]
  private var keyBytes = 0
  private var pathNumbers: [[UInt8]: Int32] = [[]: 0]
  private var firstNodes: [UInt64: Int32] = [:]
  private var objects: UInt64 = 0

  /// How much of a name that is too long is shown.
  private static let shownBytes = 128
  private static let maxKeyBytes = 1 << 20

  /// Whether it has more than documents with some common keys need.
  var isLarge: Bool { paths.count > 4 * Limits.maxColumns || keyBytes > Self.maxKeyBytes }

  mutating func beginObject() -> UInt64 {
    objects += 1
    return objects
  }

  /// False when the node's key was seen in `object` before.
  mutating func visit(_ node: Int32, in object: UInt64) -> Bool {
    defer { nodes[Int(node)].object = object }
    return nodes[Int(node)].object != object
  }

  mutating func child(of parent: Int32, key bytes: RawSpan, _ range: Range<Int>) -> Int32 {
    let keyHash = IdHash.hash(bytes, start: range.lowerBound, count: range.count)
    let hash = IdHash.mix(keyHash, UInt64(parent) ^ 0x9E37_79B9_7F4A_7C15)
    var node = firstNodes[hash] ?? -1
    while node >= 0 {
      let known = nodes[Int(node)]
      if known.parent == parent, known.key.count == range.count,
        bytes.isEqual(
          from: range.lowerBound, to: known.key.rawSpan, from: 0, byteCount: range.count)
      {
        return node
      }
      node = known.next
    }
    return add(under: parent, Array(copying: bytes.extracting(range)), hash, keyHash: keyHash)
  }

  private mutating func add(
    under parent: Int32, _ key: [UInt8], _ hash: UInt64, keyHash: UInt64
  ) -> Int32 {
    let above = nodes[Int(parent)]
    let node = Node(
      parent: parent, key: key, path: 0, object: 0, next: firstNodes[hash] ?? -1,
      pathBytes: above.pathBytes + (parent > 0 ? 1 : 0) + key.count,
      pathHash: IdHash.mix(keyHash, above.pathHash))
    nodes.append(node)
    keyBytes += key.count
    let number = Int32(nodes.count - 1)
    firstNodes[hash] = number
    nodes[Int(number)].path = path(of: node)
    return number
  }

  /// The number of a new node's path.
  private mutating func path(of node: Node) -> Int32 {
    let isTooLong = node.pathBytes > Limits.maxFieldNameBytes
    let path = isTooLong ? name(ofLong: node) : path(to: node)
    let number = pathNumbers[path] ?? Int32(paths.count)
    if number == paths.count {
      paths.append(String(decoding: path, as: UTF8.self))
      self.isTooLong.append(isTooLong)
      pathNumbers[path] = number
    } else if isTooLong != self.isTooLong[Int(number)] {
      // A field that is called what a long one is called in reports has no column either.
      self.isTooLong[Int(number)] = true
    }
    return number
  }

  /// The keys of the node and of those above it, with dots between them.
  private func path(to node: Node) -> [UInt8] {
    var path = node.key
    var ancestor = node.parent
    while ancestor > 0 {
      path = nodes[Int(ancestor)].key + [UInt8(ascii: ".")] + path
      ancestor = nodes[Int(ancestor)].parent
    }
    return path
  }

  /// The beginning of a path, with its length and a hash that tells it from others.
  private func name(ofLong node: Node) -> [UInt8] {
    var start = Array(node.key.prefix(Self.shownBytes))
    var ancestor = node.parent
    while ancestor > 0 {
      let key = nodes[Int(ancestor)].key.prefix(Self.shownBytes)
      start = Array((key + [UInt8(ascii: ".")] + start).prefix(Self.shownBytes))
      ancestor = nodes[Int(ancestor)].parent
    }
    // A scalar that is cut is left out.
    while let last = start.last, last & 0xC0 == 0x80 { start.removeLast() }
    if let last = start.last, last >= 0xC0 { start.removeLast() }
    let hash = String(node.pathHash, radix: 16)
    return start + Array("... (\(node.pathBytes) bytes, \(hash))".utf8)
  }
}

extension [UInt8] {
  fileprivate init(copying span: RawSpan) {
    self = []
    append(span: span)
  }
}
