/// A value of JSON (RFC 8259). Numbers are as they were written, so that no digit is lost.
public indirect enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([JSONValue])
  /// In the order of the text; names may repeat.
  case object([JSONField])

  /// A field of an object.
  public struct JSONField: Sendable, Equatable {
    public var name: String
    public var value: JSONValue
  }

  /// The first field of that name; nil when there is none, or it is no object. O(fields).
  public subscript(name: String) -> JSONValue? {
    guard case .object(let fields) = self else { return nil }
    return fields.first { $0.name == name }?.value
  }

  /// Nil for what is no string.
  public var string: String? { if case .string(let text) = self { text } else { nil } }
  /// Nil for what is no array.
  public var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
  /// Nil for what is no boolean.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  /// Nil for what is no whole number of 64 bits.
  public var integer: Int64? { if case .number(let text) = self { Int64(text) } else { nil } }
  /// Nil for what is no whole number of 64 bits without a sign.
  public var unsigned: UInt64? { if case .number(let text) = self { UInt64(text) } else { nil } }
  /// Nil for what is no number.
  public var double: Double? { if case .number(let text) = self { Double(text) } else { nil } }
}

/// Bytes are no JSON.
public struct JSONReadError: Error, Equatable, CustomStringConvertible {
  /// Where, from 0.
  public var offset: Int
  public var description: String { "no JSON at byte \(offset)" }
}

/// Reads a text of JSON from its beginning to its end, as a whole or part by part: for what programs say to each other, such
/// as answers. Events are read by faster means.
public struct JSONReader {
  /// Deeper texts are refused.
  public static let maxDepth = 128

  private let bytes: [UInt8]
  private var offset = 0
  private var depth = 0

  /// Begins at `offset`.
  public init(_ bytes: [UInt8], at offset: Int = 0) { (self.bytes, self.offset) = (bytes, offset) }

  /// The one value of a text. Throws ``JSONReadError``. O(bytes).
  public static func value(_ bytes: [UInt8]) throws(JSONReadError) -> JSONValue {
    var reader = JSONReader(bytes)
    let value = try reader.value()
    try reader.end()
    return value
  }

  /// Nothing may follow but white space. Throws ``JSONReadError``.
  public mutating func end() throws(JSONReadError) {
    skipSpace()
    if offset < bytes.count { throw error }
  }

  /// The next value. Throws ``JSONReadError``. O(its bytes).
  public mutating func value() throws(JSONReadError) -> JSONValue {
    switch peek() {
    case UInt8(ascii: "{"):
      var fields: [JSONValue.JSONField] = []
      try forEachField { name, reader throws(JSONReadError) in
        fields.append(.init(name: name, value: try reader.value()))
      }
      return .object(fields)
    case UInt8(ascii: "["):
      var values: [JSONValue] = []
      try forEachElement { reader throws(JSONReadError) in values.append(try reader.value()) }
      return .array(values)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return .number(try number())
    }
  }

  /// Where the next value stands in the text, which is read past. Only brackets and strings are looked at: what is within them
  /// need not be JSON, and may be nested as deep as it likes. Brackets of the two kinds count alike. Throws ``JSONReadError``
  /// where there is no value, or no end of it. O(its bytes).
  public mutating func place() throws(JSONReadError) -> Range<Int> {
    let first = peek()
    let start = offset
    switch first {
    case UInt8(ascii: "{"), UInt8(ascii: "["): try passBrackets()
    case UInt8(ascii: "\""): try passString()
    default:
      while offset < bytes.count, !Self.endsWord(bytes[offset]) { offset += 1 }
      if offset == start { throw error }
    }
    return start..<offset
  }

  /// Calls `body` before each element of an array, which it has to read. Throws ``JSONReadError`` where there is none.
  public mutating func forEachElement(
    _ body: (inout JSONReader) throws(JSONReadError) -> Void
  ) throws(JSONReadError) {
    try enter(UInt8(ascii: "["))
    defer { depth -= 1 }
    if take(UInt8(ascii: "]")) { return }
    repeat { try body(&self) } while take(UInt8(ascii: ","))
    try require(UInt8(ascii: "]"))
  }

  /// Calls `body` with the name of each field of an object, whose value it has to read. Throws ``JSONReadError`` where there
  /// is none.
  public mutating func forEachField(
    _ body: (String, inout JSONReader) throws(JSONReadError) -> Void
  ) throws(JSONReadError) {
    try enter(UInt8(ascii: "{"))
    defer { depth -= 1 }
    if take(UInt8(ascii: "}")) { return }
    repeat {
      guard peek() == UInt8(ascii: "\"") else { throw error }
      let name = try string()
      try require(UInt8(ascii: ":"))
      try body(name, &self)
    } while take(UInt8(ascii: ","))
    try require(UInt8(ascii: "}"))
  }

  // MARK: Parts

  private var error: JSONReadError { JSONReadError(offset: offset) }

  private mutating func skipSpace() {
    while offset < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[offset]) { offset += 1 }
  }

  /// The first byte of what is next; 0 at the end.
  private mutating func peek() -> UInt8 {
    skipSpace()
    return offset < bytes.count ? bytes[offset] : 0
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    offset += 1
    return true
  }

  private mutating func require(_ byte: UInt8) throws(JSONReadError) {
    if !take(byte) { throw error }
  }

  private mutating func enter(_ byte: UInt8) throws(JSONReadError) {
    try require(byte)
    depth += 1
    if depth > Self.maxDepth { throw error }
  }

  /// From a bracket to that which closes it.
  private mutating func passBrackets() throws(JSONReadError) {
    var depth = 0
    repeat {
      guard offset < bytes.count else { throw error }
      switch bytes[offset] {
      case UInt8(ascii: "\""):
        try passString()
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      default: break
      }
      offset += 1
    } while depth > 0
  }

  /// From a quote to that which closes it.
  private mutating func passString() throws(JSONReadError) {
    offset += 1
    while offset < bytes.count, bytes[offset] != UInt8(ascii: "\"") {
      offset = min(offset + (bytes[offset] == UInt8(ascii: "\\") ? 2 : 1), bytes.count)
    }
    if offset == bytes.count { throw error }
    offset += 1
  }

  private static func endsWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x20, 0x0A, 0x0D, 0x09, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "\""),
      UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"):
      true
    default: false
    }
  }

  private mutating func word(
    _ word: StaticString, _ value: JSONValue
  ) throws(JSONReadError) -> JSONValue {
    let text = Array(word.description.utf8)
    guard bytes[offset...].starts(with: text) else { throw error }
    offset += text.count
    return value
  }

  private mutating func number() throws(JSONReadError) -> String {
    let start = offset
    _ = take(UInt8(ascii: "-"))
    let whole = digits()
    guard whole > 0, whole == 1 || bytes[offset - whole] != UInt8(ascii: "0") else { throw error }
    if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
      offset += 1
      if digits() == 0 { throw error }
    }
    if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
      offset += 1
      if offset < bytes.count,
        bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-")
      {
        offset += 1
      }
      if digits() == 0 { throw error }
    }
    return String(decoding: bytes[start..<offset], as: UTF8.self)
  }

  private mutating func digits() -> Int {
    let start = offset
    while offset < bytes.count, (0x30...0x39).contains(bytes[offset]) { offset += 1 }
    return offset - start
  }

  private mutating func string() throws(JSONReadError) -> String {
    try require(UInt8(ascii: "\""))
    let start = offset
    while offset < bytes.count, bytes[offset] >= 0x20, bytes[offset] != UInt8(ascii: "\\") {
      if bytes[offset] == UInt8(ascii: "\"") {
        defer { offset += 1 }
        return try text(bytes[start..<offset])
      }
      offset += 1
    }
    return try stringWithEscapes(Array(bytes[start..<offset]))
  }

  private mutating func stringWithEscapes(_ begun: [UInt8]) throws(JSONReadError) -> String {
    var text = begun
    while offset < bytes.count, bytes[offset] >= 0x20 {
      let byte = bytes[offset]
      offset += 1
      switch byte {
      case UInt8(ascii: "\""): return try self.text(text[...])
      case UInt8(ascii: "\\"): try appendEscaped(to: &text)
      default: text.append(byte)
      }
    }
    throw error
  }

  /// What is no UTF-8 is no JSON.
  private func text(_ bytes: ArraySlice<UInt8>) throws(JSONReadError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw error }
    return text
  }

  private mutating func appendEscaped(to text: inout [UInt8]) throws(JSONReadError) {
    guard offset < bytes.count else { throw error }
    let byte = bytes[offset]
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var unit = try codeUnit()
      // The second half of a pair; a half that stands alone has no form in UTF-8.
      if unit & 0xFC00 == 0xD800, offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
        bytes[offset + 1] == UInt8(ascii: "u")
      {
        offset += 2
        let low = try codeUnit()
        if low & 0xFC00 != 0xDC00 { throw error }
        unit = 0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF
      }
      let scalar = Unicode.Scalar(unit) ?? "\u{FFFD}"
      text.append(contentsOf: String(Character(scalar)).utf8)
    default: throw error
    }
  }

  private mutating func codeUnit() throws(JSONReadError) -> UInt32 {
    guard offset + 4 <= bytes.count else { throw error }
    let digits = bytes[offset..<offset + 4]
    let isHex = digits.allSatisfy {
      (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20)
    }
    guard isHex, let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16) else {
      throw error
    }
    offset += 4
    return unit
  }
}
