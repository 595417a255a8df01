import Bytes
import Model

/// Why a document is not an event, with where it went wrong.
public struct DocumentError: Error, Equatable, CustomStringConvertible {
  public var reason: String
  /// Byte offset in the document.
  public var offset: Int

  public var description: String { "\(reason) at byte \(offset)" }
}

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
  /// Dotted paths, each once.
  var paths: [String] = []
  /// Some object has a key twice.
  var hasDuplicateKeys = false
  /// How deep the deepest opaque value stands.
  var opaqueDepth = 0
  fileprivate var pathNumbers: [String: Int32] = [:]

  mutating func removeAll() {
    tokens.removeAll(keepingCapacity: true)
    hasDuplicateKeys = false
    opaqueDepth = 0
    if paths.count > 4 * Limits.maxColumns {
      paths.removeAll()
      pathNumbers.removeAll()
    }
  }

  fileprivate mutating func number(of path: String) -> Int32 {
    if let number = pathNumbers[path] { return number }
    paths.append(path)
    pathNumbers[path] = Int32(paths.count - 1)
    return Int32(paths.count - 1)
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
    try value(path: "", isElement: false, &list)
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
    var list = TokenList()
    do throws(DocumentError) { try scanner.value(path: "", isElement: false, &list) } catch { return nil }
    // The value itself, not one within an object that holds more.
    guard let token = list.tokens.first, list.tokens.count == 1, token.kind == .opaque,
      token.start == start
    else { return nil }
    return scanner.cursor
  }

  private var peek: UInt8 { cursor < limit ? bytes.byte(at: cursor) : 0 }

  private func error(_ reason: String) -> DocumentError {
    DocumentError(reason: reason, offset: cursor - start)
  }

  private mutating func skipWhitespace() {
    while [0x20, 0x0A, 0x0D, 0x09].contains(peek) && cursor < limit { cursor += 1 }
  }

  private mutating func value(
    path: String, isElement: Bool, _ list: inout TokenList
  ) throws(DocumentError) {
    let begin = cursor
    switch peek {
    case UInt8(ascii: "{"):
      let count = list.tokens.count
      try object(path: path, &list)
      if list.tokens.count == count, depth > 0 { emit(.opaque, path, begin, &list) }
    case UInt8(ascii: "["):
      if let explodePath, path == explodePath, !isElement {
        try explodedArray(path: path, &list)
      } else {
        try skipArray()
        emit(.opaque, path, begin, &list)
      }
    case UInt8(ascii: "\""):
      let hasEscapes = try string()
      list.tokens.append(
        Token(
          kind: .string, detail: hasEscapes ? 1 : 0, path: list.number(of: path),
          start: begin + 1, end: cursor - 1, mantissa: 0))
    case UInt8(ascii: "t"):
      try keyword("true")
      emit(.bool, path, begin, &list, mantissa: 1)
    case UInt8(ascii: "f"):
      try keyword("false")
      emit(.bool, path, begin, &list)
    case UInt8(ascii: "n"):
      try keyword("null")
      emit(.null, path, begin, &list)
    default:
      try number(path: path, &list)
    }
  }

  private func emit(
    _ kind: Token.Kind, _ path: String, _ begin: Int, _ list: inout TokenList,
    mantissa: Int64 = 0, detail: UInt8 = 0
  ) {
    if kind == .opaque { list.opaqueDepth = max(list.opaqueDepth, depth) }
    list.tokens.append(
      Token(
        kind: kind, detail: detail, path: list.number(of: path), start: begin, end: cursor,
        mantissa: mantissa))
  }

  private mutating func object(path: String, _ list: inout TokenList) throws(DocumentError) {
    try enter()
    var keys: Set<String> = []
    skipWhitespace()
    if peek == UInt8(ascii: "}") { return leave() }
    while true {
      guard peek == JSONText.quote else { throw error("expected a key in quotes") }
      let key = try keyText()
      if !keys.insert(key).inserted { list.hasDuplicateKeys = true }
      skipWhitespace()
      guard peek == UInt8(ascii: ":") else { throw error("expected ':' after a key") }
      cursor += 1
      skipWhitespace()
      try value(path: path.isEmpty ? key : path + "." + key, isElement: false, &list)
      skipWhitespace()
      if peek == UInt8(ascii: "}") { return leave() }
      guard peek == UInt8(ascii: ",") else { throw error("expected ',' or '}'") }
      cursor += 1
      skipWhitespace()
    }
  }

  private mutating func keyText() throws(DocumentError) -> String {
    let begin = cursor + 1
    let hasEscapes = try string()
    var key: [UInt8] = []
    if hasEscapes {
      JSONText.unescape(bytes, begin..<cursor - 1, into: &key)
    } else {
      key.append(span: bytes.extracting(begin..<cursor - 1))
    }
    return String(decoding: key, as: UTF8.self)
  }

  private mutating func explodedArray(
    path: String, _ list: inout TokenList
  ) throws(DocumentError) {
    emit(.arrayBegin, path, cursor, &list)
    try enter()
    skipWhitespace()
    while peek != UInt8(ascii: "]") {
      emit(.elementBegin, path, cursor, &list)
      list.tokens[list.tokens.count - 1].end = cursor
      try value(path: path, isElement: true, &list)
      emit(.elementEnd, path, cursor, &list)
      skipWhitespace()
      if peek == UInt8(ascii: "]") { break }
      guard peek == UInt8(ascii: ",") else { throw error("expected ',' or ']'") }
      cursor += 1
      skipWhitespace()
      guard peek != UInt8(ascii: "]") else { throw error("expected a value") }
    }
    emit(.arrayEnd, path, cursor, &list)
    leave()
  }

  /// Passes over an array, checking it.
  private mutating func skipArray() throws(DocumentError) {
    var ignored = TokenList()
    try enter()
    skipWhitespace()
    if peek == UInt8(ascii: "]") { return leave() }
    while true {
      try value(path: "", isElement: true, &ignored)
      ignored.removeAll()
      skipWhitespace()
      if peek == UInt8(ascii: "]") { return leave() }
      guard peek == UInt8(ascii: ",") else { throw error("expected ',' or ']'") }
      cursor += 1
      skipWhitespace()
    }
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
      throw error("a string is unterminated, or holds a control character, escape or UTF-8 that is not legal")
    }
    cursor = end + 1
    return hasEscapes
  }

  private mutating func number(path: String, _ list: inout TokenList) throws(DocumentError) {
    let begin = cursor
    let number = JSONText.number(bytes, from: cursor, limit: limit)
    guard number.end >= 0 else { throw error("expected a value") }
    cursor = number.end
    emit(
      number.isHard ? .hardNumber : .number, path, begin, &list, mantissa: number.mantissa,
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
