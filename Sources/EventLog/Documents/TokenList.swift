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
    if tree.paths.count > 4 * Limits.maxColumns { tree = PathTree() }
  }

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
  }

  private(set) var nodes: [Node] = [Node(parent: -1, key: [], path: 0, object: 0, next: -1)]
  private(set) var paths = [""]
  private var pathNumbers: [[UInt8]: Int32] = [[]: 0]
  private var firstNodes: [UInt64: Int32] = [:]
  private var objects: UInt64 = 0

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
    let hash = IdHash.mix(
      IdHash.hash(bytes, start: range.lowerBound, count: range.count),
      UInt64(parent) ^ 0x9E37_79B9_7F4A_7C15)
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
    return add(under: parent, Array(copying: bytes.extracting(range)), hash)
  }

  private mutating func add(under parent: Int32, _ key: [UInt8], _ hash: UInt64) -> Int32 {
    var path = key
    var ancestor = parent
    while ancestor > 0 {
      path = nodes[Int(ancestor)].key + [UInt8(ascii: ".")] + path
      ancestor = nodes[Int(ancestor)].parent
    }
    let number = pathNumbers[path] ?? Int32(paths.count)
    if number == paths.count {
      paths.append(String(decoding: path, as: UTF8.self))
      pathNumbers[path] = number
    }
    let node = Node(
      parent: parent, key: key, path: number, object: 0, next: firstNodes[hash] ?? -1)
    nodes.append(node)
    firstNodes[hash] = Int32(nodes.count - 1)
    return Int32(nodes.count - 1)
  }
}

extension [UInt8] {
  fileprivate init(copying span: RawSpan) {
    self = []
    append(span: span)
  }
}
