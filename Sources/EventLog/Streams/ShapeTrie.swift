import Bytes

/// The shapes of a stream as a trie over their segments, so that documents that differ in an optional
/// field share the comparison of what is before it.
struct ShapeTrie {
  /// A segment as the matcher wants it.
  struct Node {
    /// The literal's words in `words`; the last is compared under `tailMask`.
    var firstWord: Int32
    var wordCount: Int32
    var tailMask: UInt64
    var literalBytes: Int32
    var column: Int32
    var kind: SlotKind
    /// Which field of the dedup id the value is, from 1; 0 when it is none.
    var idPart: UInt8
    /// For an `.end` node the shape's number; for an `.elements` node its separator's index.
    var payload: UInt32
    var firstChild: Int32
    var nextSibling: Int32
  }

  private(set) var nodes: [Node] = []
  private(set) var words: [UInt64] = []
  private(set) var separators: [[UInt8]] = []
  /// Shape `n` is at index `n - 1`.
  private(set) var shapes: [Shape] = []
  private(set) var root: Int32 = -1
  private(set) var elementRoot: Int32 = -1
  private var literalBytesTotal = 0
  private var shapeBytesTotal = 0

  /// More would be a sign that the documents have no common shape (generated keys), and matching them
  /// would cost more than it saves.
  static let maxShapes = 1_024
  static let maxLiteralBytes = 1 << 20
  /// What the shapes may take one by one, as they are kept and read when a store is opened: what they have in common is
  /// in each of them.
  static let maxShapeBytes = 16 << 20
  /// About what a segment takes beside its literal.
  private static let segmentBytes = 64

  /// The number of the shape, learned now or known before; ``Shape/none`` when the trie is full. O(segments).
  mutating func insert(_ shape: Shape) -> UInt32 {
    var parent: Int32 = -1
    for (index, segment) in shape.segments.enumerated() {
      if let known = child(of: parent, isElement: shape.isElement, matching: segment) {
        parent = known
        if segment.kind == .end { return nodes[Int(known)].payload }
        continue
      }
      let rest = shape.segments[index...]
      let bytes = rest.reduce(0) { $0 + $1.literal.count }
      let shapeBytes = shape.segments.reduce(0) { $0 + $1.literal.count + Self.segmentBytes }
      guard shapes.count < Self.maxShapes, literalBytesTotal + bytes <= Self.maxLiteralBytes,
        shapeBytesTotal + shapeBytes <= Self.maxShapeBytes
      else { return Shape.none }
      for segment in rest {
        parent = addNode(segment, under: parent, isElement: shape.isElement)
      }
      literalBytesTotal += bytes
      shapeBytesTotal += shapeBytes
      shapes.append(shape)
      nodes[Int(parent)].payload = UInt32(shapes.count)
      return UInt32(shapes.count)
    }
    return Shape.none
  }

  /// Keeps a shape for the documents that are of it; no other will be.
  mutating func retire(_ shape: Shape) { shapes.append(shape) }

  private func child(of parent: Int32, isElement: Bool, matching segment: Segment) -> Int32? {
    var index = parent >= 0 ? nodes[Int(parent)].firstChild : isElement ? elementRoot : root
    while index >= 0 {
      let node = nodes[Int(index)]
      if node.kind == segment.kind, node.column == segment.column,
        literal(of: node) == segment.literal,
        node.kind != .elements || separators[Int(node.payload)] == segment.separator
      {
        return index
      }
      index = node.nextSibling
    }
    return nil
  }

  private func literal(of node: Node) -> [UInt8] {
    var bytes: [UInt8] = []
    for index in Int(node.firstWord)..<Int(node.firstWord + node.wordCount) {
      bytes.append(littleEndian: words[index])
    }
    return Array(bytes.prefix(Int(node.literalBytes)))
  }

  private mutating func addNode(
    _ segment: Segment, under parent: Int32, isElement: Bool
  ) -> Int32 {
    let firstWord = words.count
    let literal = segment.literal
    for offset in stride(from: 0, to: literal.count, by: 8) {
      words.append(literal.rawSpan.word(at: offset))
    }
    let tail = literal.count % 8
    var node = Node(
      firstWord: Int32(firstWord), wordCount: Int32(words.count - firstWord),
      tailMask: tail == 0 ? .max : (1 << UInt64(8 * tail)) - 1,
      literalBytes: Int32(literal.count), column: segment.column, kind: segment.kind,
      idPart: segment.idPart, payload: 0, firstChild: -1, nextSibling: -1)
    if segment.kind == .elements {
      node.payload = UInt32(separators.count)
      separators.append(segment.separator)
    }
    let index = Int32(nodes.count)
    // New siblings go to the front: the latest shape is the likeliest.
    if parent >= 0 {
      node.nextSibling = nodes[Int(parent)].firstChild
      nodes[Int(parent)].firstChild = index
    } else if isElement {
      node.nextSibling = elementRoot
      elementRoot = index
    } else {
      node.nextSibling = root
      root = index
    }
    nodes.append(node)
    return index
  }
}

extension ShapeTrie {
  /// Adds a shape that was learned when the stream may have been another. It keeps its number, as stored documents
  /// are of it; when it takes a time for a value, no further document is. O(segments).
  mutating func add(_ shape: Shape, _ columns: [ColumnInfo], _ definition: StreamDefinition) {
    var shape = shape
    var isCurrent = true
    for index in shape.segments.indices {
      let column = Int(shape.segments[index].column)
      guard columns.indices.contains(column) else { continue }
      let path = columns[column].path
      let timePath = shape.isElement ? definition.elementTimePath : definition.timePath
      if path == timePath.map({ Text($0) }) { isCurrent = false }
      let part = shape.isElement ? nil : definition.idPaths.firstIndex { Text($0) == path }
      shape.segments[index].idPart = part.map { UInt8($0 + 1) } ?? 0
    }
    if isCurrent { _ = insert(shape) } else { retire(shape) }
  }
}
