import Bytes

/// A word of an expression.
struct PromQLToken {
  enum Kind: Equatable {
    /// A name or a keyword: letters, digits, `_` and `:`.
    case name
    case number(Double)
    case duration(ms: Int64)
    case text(Text)
    /// An operator or a bracket.
    case symbol
    case end
  }

  var kind: Kind
  /// As it is written.
  var text: String
  var span: Range<Int>
}

/// Cuts a text into words. Each step takes at least one byte.
struct PromQLLexer {
  let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private static let symbols = [
    "==", "!=", "<=", ">=", "=~", "!~", "+", "-", "*", "/", "%", "^", "<", ">", "=", "(", ")", "{",
    "}", "[", "]", ",", "@", ":",
  ].map { Array($0.utf8) }

  mutating func next() throws(PromQLError) -> PromQLToken {
    skipBlanks()
    let start = position
    guard start < bytes.count else {
      return PromQLToken(kind: .end, text: "end of input", span: start..<start)
    }
    switch bytes[start] {
    case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
      let text = try quoted()
      return token(.text(text), from: start)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return try numberOrDuration()
    case UInt8(ascii: ".") where start + 1 < bytes.count && bytes[start + 1].isDigit:
      return try numberOrDuration()
    case let byte where byte.isNameStart:
      position = bytes[start...].firstIndex { !$0.isNameStart && !$0.isDigit } ?? bytes.count
      return token(.name, from: start)
    default:
      for symbol in Self.symbols where bytes[start...].starts(with: symbol) {
        position += symbol.count
        return token(.symbol, from: start)
      }
      let shown = String(decoding: bytes[start...], as: UTF8.self).first.map { "\($0)" } ?? ""
      throw error("unexpected character \(shown.debugDescription)", at: start)
    }
  }

  func error(_ message: String, at offset: Int) -> PromQLError {
    PromQLError(message, at: offset, of: bytes)
  }

  private func token(_ kind: PromQLToken.Kind, from start: Int) -> PromQLToken {
    PromQLToken(
      kind: kind, text: String(decoding: bytes[start..<position], as: UTF8.self),
      span: start..<position)
  }

  /// Blanks, and comments from `#` to the end of their line.
  private mutating func skipBlanks() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      case UInt8(ascii: "#"):
        position = bytes[position...].firstIndex(of: 0x0A) ?? bytes.count
      default: return
      }
    }
  }

  // MARK: Numbers

  private mutating func numberOrDuration() throws(PromQLError) -> PromQLToken {
    let start = position
    if bytes[start...].starts(with: "0x".utf8) || bytes[start...].starts(with: "0X".utf8) {
      position += 2
      takeDigits { $0.isHexDigit }
      let digits = String(decoding: bytes[(start + 2)..<position], as: UTF8.self)
      guard let value = UInt64(digits, radix: 16) else { throw badNumber(from: start) }
      return token(.number(Double(value)), from: start)
    }
    takeDigits { $0.isDigit }
    if let duration = try duration(from: start) { return duration }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      takeDigits { $0.isDigit }
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      if position < bytes.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[position]) {
        position += 1
      }
      takeDigits { $0.isDigit }
    }
    guard let value = Double(String(decoding: bytes[start..<position], as: UTF8.self)),
      position == bytes.count || !bytes[position].isNameStart
    else { throw badNumber(from: start) }
    return token(.number(value), from: start)
  }

  private mutating func takeDigits(_ isDigit: (UInt8) -> Bool) {
    position = bytes[position...].firstIndex { !isDigit($0) } ?? bytes.count
  }

  /// Digits and a unit, and more of them: `1h30m`. Nil where no unit follows the digits.
  private mutating func duration(from start: Int) throws(PromQLError) -> PromQLToken? {
    guard position < bytes.count, "smhdwy".utf8.contains(bytes[position]) else { return nil }
    position =
      bytes[start...].firstIndex { !$0.isNameStart && !$0.isDigit || $0 == UInt8(ascii: ":") }
      ?? bytes.count
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let ms = PromQLDuration.ms(text) else {
      throw error(
        "\(text) is no duration: whole numbers with the units y, w, d, h, m, s, ms, in this order",
        at: start)
    }
    return token(.duration(ms: ms), from: start)
  }

  private mutating func badNumber(from start: Int) -> PromQLError {
    position = bytes[start...].firstIndex { !$0.isNameStart && !$0.isDigit } ?? bytes.count
    return error(
      "bad number \(String(decoding: bytes[start..<position], as: UTF8.self).debugDescription)",
      at: start)
  }

  // MARK: Texts

  /// In double or single quotes with the escapes of Go, in backticks without.
  private mutating func quoted() throws(PromQLError) -> Text {
    let start = position
    let quote = bytes[start]
    var text: [UInt8] = []
    position += 1
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == quote { return Text(decoding: text) }
      if byte == 0x0A, quote != UInt8(ascii: "`") { break }
      if byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "`") {
        try text.append(contentsOf: escape(quote))
      } else {
        text.append(byte)
      }
    }
    throw error("the text has no end: its quote is missing", at: start)
  }

  private mutating func escape(_ quote: UInt8) throws(PromQLError) -> [UInt8] {
    let start = position - 1
    guard position < bytes.count else { throw error("an escape ends the text", at: start) }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "a"): return [0x07]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "v"): return [0x0B]
    case UInt8(ascii: "\\"), quote: return [byte]
    case UInt8(ascii: "x"): return [UInt8(truncatingIfNeeded: try code(2, 16, from: start))]
    case UInt8(ascii: "u"): return try scalar(4, from: start)
    case UInt8(ascii: "U"): return try scalar(8, from: start)
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
      position -= 1
      let code = try code(3, 8, from: start)
      guard code < 256 else { throw error("an octal escape is beyond a byte", at: start) }
      return [UInt8(code)]
    default: throw error("unknown escape in a text; a backslash is \\\\", at: start)
    }
  }

  private mutating func code(
    _ count: Int, _ radix: Int, from start: Int
  ) throws(PromQLError) -> UInt32 {
    let end = position + count
    guard end <= bytes.count,
      let value = UInt32(String(decoding: bytes[position..<end], as: UTF8.self), radix: radix)
    else { throw error("an escape has too few digits", at: start) }
    position = end
    return value
  }

  private mutating func scalar(_ count: Int, from start: Int) throws(PromQLError) -> [UInt8] {
    guard let scalar = Unicode.Scalar(try code(count, 16, from: start)) else {
      throw error("an escape is no Unicode scalar", at: start)
    }
    return Array(String(Character(scalar)).utf8)
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
  fileprivate var isHexDigit: Bool {
    isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self | 0x20)
  }
  fileprivate var isNameStart: Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) || self == UInt8(ascii: "_")
      || self == UInt8(ascii: ":")
  }
}
