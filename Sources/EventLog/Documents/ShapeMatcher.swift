import Bytes
import Model

/// Parses documents of known shapes: compares literals a word at a time and reads the values between.
///
/// A match proves that the document is legal JSON: the shape came from a document that was validated in
/// full, and each value is checked to be a legal value of the same kind in the same place.
struct ShapeMatcher {
  var trie: ShapeTrie
  private var timeParser: TimeParser
  private var end = 0

  init(trie: ShapeTrie, _ reading: TimeReading) {
    self.trie = trie
    timeParser = TimeParser(reading)
  }

  /// Reads the document `range` into `row`. False when its shape is not known; `row` is then undefined.
  mutating func match(_ bytes: RawSpan, _ range: Range<Int>, into row: inout Row) -> Bool {
    row.removeAll()
    end = range.upperBound
    var cursor = range.lowerBound
    let shape = walk(bytes, from: trie.root, &cursor, &row)
    guard shape != Shape.none, cursor == range.upperBound else { return false }
    row.shape = shape
    return true
  }

  private mutating func walk(
    _ bytes: RawSpan, from root: Int32, _ cursor: inout Int, _ row: inout Row
  ) -> UInt32 {
    var index = root
    while index >= 0 {
      let node = trie.nodes[Int(index)]
      let valueStart = cursor + Int(node.literalBytes)
      guard isLiteral(node, in: bytes, at: cursor),
        let next = read(node, in: bytes, at: valueStart, into: &row)
      else {
        index = node.nextSibling
        continue
      }
      cursor = next
      if node.kind == .end { return node.payload }
      index = node.firstChild
    }
    return Shape.none
  }

  @inline(__always)
  private func isLiteral(_ node: ShapeTrie.Node, in bytes: RawSpan, at cursor: Int) -> Bool {
    guard cursor + Int(node.literalBytes) <= end else { return false }
    var difference: UInt64 = 0
    var offset = cursor
    var word = Int(node.firstWord)
    let last = word + Int(node.wordCount) - 1
    while word < last {
      difference |= bytes.word(at: offset) ^ trie.words[word]
      offset += 8
      word += 1
    }
    if word == last {
      difference |= (bytes.word(at: offset) ^ trie.words[word]) & node.tailMask
    }
    return difference == 0
  }

  /// Reads the node's value at `start`; gives the offset after it, nil when it is not of that kind.
  @inline(__always)
  private mutating func read(
    _ node: ShapeTrie.Node, in bytes: RawSpan, at start: Int, into row: inout Row
  ) -> Int? {
    switch node.kind {
    case .string:
      // The literals on both sides hold the quotes.
      var hasEscapes = false
      let stop = JSONText.stringEnd(bytes, from: start, limit: end, hasEscapes: &hasEscapes)
      if stop < 0 { return nil }
      if node.idPart != 0 { row.noteId(node.idPart, start, stop, hasEscapes: hasEscapes) }
      row.append(
        SlotValue(
          kind: .string, detail: hasEscapes ? 1 : 0, column: node.column, a: Int64(start),
          b: UInt32(truncatingIfNeeded: stop - start)))
      return stop
    case .number:
      let number = JSONText.number(bytes, from: start, limit: end)
      if number.end < 0 || number.isHard { return nil }
      if node.idPart != 0 { row.noteId(node.idPart, start, number.end, hasEscapes: false) }
      row.append(
        SlotValue(
          kind: .number, detail: UInt8(truncatingIfNeeded: number.scale), column: node.column,
          a: number.mantissa, b: 0))
      return number.end
    case .time:
      return readTime(bytes, at: start, into: &row)
    case .end:
      return start
    case .bool, .epoch, .opaque, .elements, .real, .signed, .unsigned:
      return readSeldom(node, in: bytes, at: start, into: &row)
    }
  }

  private mutating func readTime(_ bytes: RawSpan, at start: Int, into row: inout Row) -> Int? {
    var hasEscapes = false
    let stop = JSONText.stringEnd(bytes, from: start, limit: end, hasEscapes: &hasEscapes)
    guard stop >= 0, !hasEscapes, let time = timeParser.parse(bytes, start..<stop),
      time.format != .irreproducible
    else { return nil }
    row.append(
      SlotValue(kind: .time, detail: 0, column: -1, a: time.ns, b: time.format.code))
    return stop
  }

  private mutating func readSeldom(
    _ node: ShapeTrie.Node, in bytes: RawSpan, at start: Int, into row: inout Row
  ) -> Int? {
    switch node.kind {
    case .bool:
      let isTrue = bytes.word(at: start) & 0xFFFF_FFFF == 0x6575_7274
      let isFalse = bytes.word(at: start) & 0xFF_FFFF_FFFF == 0x65_736C_6166
      guard isTrue || isFalse else { return nil }
      row.append(
        SlotValue(kind: .bool, detail: 0, column: node.column, a: isTrue ? 1 : 0, b: 0))
      return start + (isTrue ? 4 : 5)
    case .epoch:
      let number = JSONText.number(bytes, from: start, limit: end)
      guard number.end >= 0, !number.isHard,
        let time = timeParser.parse(mantissa: number.mantissa, scale: number.scale),
        time.format != .irreproducible
      else { return nil }
      row.append(
        SlotValue(kind: .time, detail: 0, column: -1, a: time.ns, b: time.format.code))
      return number.end
    case .opaque:
      guard let stop = DocumentScanner.opaqueEnd(bytes, from: start, limit: end) else { return nil }
      row.append(
        SlotValue(
          kind: .opaque, detail: 0, column: node.column, a: Int64(start),
          b: UInt32(truncatingIfNeeded: stop - start)))
      return stop
    case .elements:
      return readElements(node, in: bytes, at: start, into: &row)
    case .string, .number, .time, .end, .real, .signed, .unsigned:
      return nil
    }
  }

  private mutating func readElements(
    _ node: ShapeTrie.Node, in bytes: RawSpan, at start: Int, into row: inout Row
  ) -> Int? {
    // A sibling tried before this one may have left elements behind.
    guard row.elements.isEmpty, !row.isInElement else { return nil }
    row.isInElement = true
    defer { row.isInElement = false }
    let separator = trie.separators[Int(node.payload)]
    var cursor = start
    while true {
      let firstValue = Int32(row.elementValues.count)
      let shape = walk(bytes, from: trie.elementRoot, &cursor, &row)
      if shape == Shape.none { return nil }
      row.elements.append(ElementValues(shape: shape, firstValue: firstValue))
      guard starts(with: separator, bytes, at: cursor) else { return cursor }
      cursor += separator.count
    }
  }

  @inline(__always)
  private func starts(with separator: [UInt8], _ bytes: RawSpan, at cursor: Int) -> Bool {
    guard cursor + separator.count < end else { return false }
    for offset in separator.indices
    where bytes.byte(at: cursor + offset) != separator[offset] {
      return false
    }
    return true
  }
}
