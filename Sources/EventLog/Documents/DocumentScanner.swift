import Bytes
import Model

/// Why a document is not an event, with where it went wrong.
public struct DocumentError: Error, Equatable, CustomStringConvertible {
  public var reason: String
  /// Byte offset in the document; nil for what is wrong with the whole of it.
  public var offset: Int?

  public var description: String {
    offset.map { "\(reason) (byte \($0) of the document)" } ?? reason
  }
}

/// Reads one document strictly (RFC 8259) and lists its values with their places: the slow way through,
/// taken by documents of a shape not seen before. Linear time; nesting at most ``Limits/maxNesting``.
struct DocumentScanner: ~Escapable {
  private let bytes: RawSpan
  private let start: Int
  private let limit: Int
  private let explodePath: String?
  private var cursor: Int
  private var depth = 0
  /// Within an opaque value: what stands there is checked, but not listed.
  private var isQuiet = false

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, range: Range<Int>, explodePath: String?) {
    self.bytes = bytes
    self.start = range.lowerBound
    self.limit = range.upperBound
    self.explodePath = explodePath
    self.cursor = range.lowerBound
  }

  /// Lists the document's values in `list`. The document must be one object.
  mutating func scan(into list: inout TokenList) throws(DocumentError) {
    list.removeAll()
    skipWhitespace()
    guard cursor < limit else { throw error("the document is empty") }
    let isObject = peek == UInt8(ascii: "{")
    let first = cursor
    try value(node: 0, isElement: false, &list)
    skipWhitespace()
    guard cursor == limit else { throw error("unexpected bytes after the document") }
    if !isObject {
      cursor = first
      throw error("the document is not a JSON object")
    }
  }

  /// How deep an opaque value of a shape may stand, and how deep the value itself may be nested: together
  /// within the limit of a document.
  static let maxOpaqueNesting = Limits.maxNesting / 2

  /// The offset after the array or empty object at `start`, nil when there is no legal one, or one nested
  /// so deep that the whole document has to be looked at.
  static func opaqueEnd(_ bytes: RawSpan, from start: Int, limit: Int) -> Int? {
    guard start < limit, bytes.byte(at: start) != JSONText.quote else { return nil }
    var scanner = DocumentScanner(bytes, range: start..<limit, explodePath: nil)
    scanner.depth = Limits.maxNesting - maxOpaqueNesting
    do throws(DocumentError) {
      if scanner.peek == UInt8(ascii: "[") {
        try scanner.skipArray()
        return scanner.cursor
      }
      guard scanner.peek == UInt8(ascii: "{") else { return nil }
      try scanner.enter()
    } catch {
      return nil
    }
    scanner.skipWhitespace()
    return scanner.peek == UInt8(ascii: "}") ? scanner.cursor + 1 : nil
  }

  private var peek: UInt8 { cursor < limit ? bytes.byte(at: cursor) : 0 }

  private func error(_ reason: String) -> DocumentError {
    DocumentError(reason: reason, offset: cursor - start)
  }

  private mutating func skipWhitespace() {
    while true {
      let byte = peek
      guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else {
        return
      }
      cursor += 1
    }
  }

  private mutating func value(
    node: Int32, isElement: Bool, _ list: inout TokenList
  ) throws(DocumentError) {
    let begin = cursor
    switch peek {
    case UInt8(ascii: "{"):
      let count = list.tokens.count
      try object(node: node, &list)
      if list.tokens.count == count, depth > 0 { emit(.opaque, node, begin, &list) }
    case UInt8(ascii: "["):
      if explodePath != nil, !isElement, !isQuiet,
        list.paths[Int(list.path(of: node))].isPath(explodePath)
      {
        try explodedArray(node: node, &list)
      } else {
        try skipArray()
        emit(.opaque, node, begin, &list)
      }
    case UInt8(ascii: "\""):
      let hasEscapes = try string()
      emit(.string, node, begin + 1, &list, end: cursor - 1, detail: hasEscapes ? 1 : 0)
    case UInt8(ascii: "t"):
      try keyword("true")
      emit(.bool, node, begin, &list, mantissa: 1)
    case UInt8(ascii: "f"):
      try keyword("false")
      emit(.bool, node, begin, &list)
    case UInt8(ascii: "n"):
      try keyword("null")
      emit(.null, node, begin, &list)
    default:
      try number(node: node, &list)
    }
  }

  private func emit(
    _ kind: Token.Kind, _ node: Int32, _ begin: Int, _ list: inout TokenList, end: Int? = nil,
    mantissa: Int64 = 0, detail: UInt8 = 0
  ) {
    if isQuiet { return }
    if kind == .opaque { list.opaqueDepth = max(list.opaqueDepth, depth) }
    list.tokens.append(
      Token(
        kind: kind, detail: detail, path: list.path(of: node), start: begin,
        end: end ?? cursor, mantissa: mantissa))
  }

  private mutating func object(node: Int32, _ list: inout TokenList) throws(DocumentError) {
    try enter()
    let object = list.beginObject()
    skipWhitespace()
    if peek == UInt8(ascii: "}") { return leave() }
    while true {
      guard peek == JSONText.quote else { throw error("expected a key in quotes") }
      let child = try key(under: node, object, &list)
      skipWhitespace()
      guard peek == UInt8(ascii: ":") else { throw error("expected ':' after a key") }
      cursor += 1
      skipWhitespace()
      try value(node: child, isElement: false, &list)
      skipWhitespace()
      if peek == UInt8(ascii: "}") { return leave() }
      guard peek == UInt8(ascii: ",") else { throw error("expected ',' or '}'") }
      cursor += 1
      skipWhitespace()
    }
  }

  private mutating func key(
    under node: Int32, _ object: UInt64, _ list: inout TokenList
  ) throws(DocumentError) -> Int32 {
    let begin = cursor + 1
    let hasEscapes = try string()
    if isQuiet { return node }
    if !hasEscapes {
      return list.node(under: node, object: object, key: bytes, begin..<cursor - 1)
    }
    var key: [UInt8] = []
    JSONText.unescape(bytes, begin..<cursor - 1, into: &key)
    return list.node(under: node, object: object, key: key.rawSpan, 0..<key.count)
  }

  private mutating func explodedArray(
    node: Int32, _ list: inout TokenList
  ) throws(DocumentError) {
    emit(.arrayBegin, node, cursor, &list)
    try enter()
    skipWhitespace()
    while peek != UInt8(ascii: "]") {
      emit(.elementBegin, node, cursor, &list)
      try value(node: node, isElement: true, &list)
      emit(.elementEnd, node, cursor, &list)
      skipWhitespace()
      if peek == UInt8(ascii: "]") { break }
      guard peek == UInt8(ascii: ",") else { throw error("expected ',' or ']'") }
      cursor += 1
      skipWhitespace()
      guard peek != UInt8(ascii: "]") else { throw error("expected a value") }
    }
    emit(.arrayEnd, node, cursor, &list)
    leave()
  }

  /// Passes over an array, checking it.
  private mutating func skipArray() throws(DocumentError) {
    let wasQuiet = isQuiet
    isQuiet = true
    // Nothing is listed, so this list stays empty.
    var list = TokenList.unused
    try enter()
    skipWhitespace()
    if peek != UInt8(ascii: "]") {
      while true {
        try value(node: 0, isElement: true, &list)
        skipWhitespace()
        if peek == UInt8(ascii: "]") { break }
        guard peek == UInt8(ascii: ",") else { throw error("expected ',' or ']'") }
        cursor += 1
        skipWhitespace()
      }
    }
    leave()
    isQuiet = wasQuiet
  }

  private mutating func enter() throws(DocumentError) {
    guard depth < Limits.maxNesting else {
      throw error("nesting is deeper than the limit of \(Limits.maxNesting)")
    }
    depth += 1
    cursor += 1
  }

  private mutating func leave() {
    depth -= 1
    cursor += 1
  }

  private mutating func string() throws(DocumentError) -> Bool {
    var hasEscapes = false
    let end = JSONText.stringEnd(bytes, from: cursor + 1, limit: limit, hasEscapes: &hasEscapes)
    guard end >= 0 else {
      throw error(
        "a string is unterminated, or holds a control character, escape or UTF-8 that is not legal")
    }
    cursor = end + 1
    return hasEscapes
  }

  private mutating func number(node: Int32, _ list: inout TokenList) throws(DocumentError) {
    let begin = cursor
    let number = JSONText.number(bytes, from: cursor, limit: limit)
    guard number.end >= 0 else { throw error("expected a value") }
    cursor = number.end
    emit(
      number.isHard ? .hardNumber : .number, node, begin, &list, mantissa: number.mantissa,
      detail: UInt8(clamping: number.scale))
  }

  private mutating func keyword(_ word: StaticString) throws(DocumentError) {
    let count = word.utf8CodeUnitCount
    guard cursor + count <= limit else { throw error("expected a value") }
    let text = word.description.utf8
    for (offset, byte) in text.enumerated() where bytes.byte(at: cursor + offset) != byte {
      throw error("expected a value")
    }
    cursor += count
  }
}
