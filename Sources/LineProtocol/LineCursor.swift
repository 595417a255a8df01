/// A place in a line, and what can be read there.
struct LineCursor {
  private let line: Point.Bytes
  private var index: Int

  init(_ line: Point.Bytes) { (self.line, index) = (line, line.startIndex) }

  /// The next byte; nil at the end.
  var peek: UInt8? { index < line.endIndex ? line[index] : nil }
  var rest: Point.Bytes { line[index...] }

  mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    index += 1
    return true
  }

  mutating func skipBlanks() { while take(UInt8(ascii: " ")) {} }

  static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

  /// The characters that end a name, unless a backslash is before them.
  enum Specials {
    case commaOrBlank
    /// The equals sign as well.
    case any

    func contains(_ byte: UInt8) -> Bool {
      byte == UInt8(ascii: ",") || byte == UInt8(ascii: " ")
        || (self == .any && byte == UInt8(ascii: "="))
    }
  }

  /// The name up to the next of `stops`, without its escapes. Copied only where it has one.
  mutating func name(until stops: Specials) -> Point.Bytes {
    let start = index
    var unescaped: [UInt8]?
    while let byte = peek, !stops.contains(byte) {
      index += 1
      if byte == UInt8(ascii: "\\"), let next = peek, stops.contains(next) {
        if unescaped == nil { unescaped = Array(line[start..<index - 1]) }
        unescaped?.append(next)
        index += 1
      } else {
        unescaped?.append(byte)
      }
    }
    return unescaped.map { $0[...] } ?? line[start..<index]
  }

  /// `name=value`.
  mutating func field() throws(LineFault) -> Point.Field {
    let name = self.name(until: .any)
    guard take(UInt8(ascii: "=")) else { throw LineFault("invalid field format") }
    guard !name.isEmpty else { throw LineFault("missing field key") }
    return Point.Field(name: name, value: try value())
  }

  private mutating func value() throws(LineFault) -> FieldValue {
    if take(UInt8(ascii: "\"")) { return .string(try string()) }
    let start = index
    while let byte = peek, !Specials.commaOrBlank.contains(byte) { index += 1 }
    guard index > start else { throw LineFault("missing field value") }
    return try FieldValue(word: line[start..<index])
  }

  /// What follows a quote, up to the next one.
  private mutating func string() throws(LineFault) -> Point.Bytes {
    let start = index
    var unescaped: [UInt8]?
    while let byte = peek, byte != UInt8(ascii: "\"") {
      index += 1
      if byte == UInt8(ascii: "\\"), let next = peek, next == byte || next == UInt8(ascii: "\"") {
        if unescaped == nil { unescaped = Array(line[start..<index - 1]) }
        unescaped?.append(next)
        index += 1
      } else {
        unescaped?.append(byte)
      }
    }
    let value = unescaped.map { $0[...] } ?? line[start..<index]
    guard take(UInt8(ascii: "\"")) else { throw LineFault("unbalanced quotes") }
    guard value.count <= LineParser.maxStringBytes else {
      throw LineFault("string of \(value.count) bytes is over \(LineParser.maxStringBytes)")
    }
    if let next = peek, !Specials.commaOrBlank.contains(next) {
      throw LineFault("invalid field format")
    }
    return value
  }
}
