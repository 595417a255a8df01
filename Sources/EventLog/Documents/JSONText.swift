import Bytes

/// The lexical grammar of JSON strings and numbers (RFC 8259), read eight bytes at a time.
enum JSONText {
  static let quote = UInt8(ascii: "\"")
  static let backslash = UInt8(ascii: "\\")

  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highs: UInt64 = 0x8080_8080_8080_8080

  /// The offset of the quote that ends the string whose content begins at `start`, or -1 when the
  /// content is not a legal JSON string that ends before `limit`: a control character, a malformed
  /// escape, half of a surrogate pair, invalid UTF-8. O(length).
  @inline(__always)
  static func stringEnd(
    _ bytes: RawSpan, from start: Int, limit: Int, hasEscapes: inout Bool
  ) -> Int {
    var cursor = start
    while cursor < limit {
      let word = bytes.word(at: cursor)
      // A byte's high bit is set where the byte ends a plain run: a quote, a backslash, a control
      // character or a non-ASCII byte. Borrows can set it falsely only above a true one, and only
      // the lowest is used.
      let quotes = word ^ (ones &* 0x22)
      let slashes = word ^ (ones &* 0x5C)
      let special =
        ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes)
        | ((word &- (ones &* 0x20)) & ~word) | word
      let marks = special & highs
      if marks == 0 {
        cursor += 8
        continue
      }
      cursor += marks.trailingZeroBitCount >> 3
      guard cursor < limit else { return -1 }
      let byte = bytes.byte(at: cursor)
      if byte == quote { return cursor }
      let next =
        byte == backslash
        ? escapeEnd(bytes, from: cursor, limit: limit)
        : scalarEnd(bytes, from: cursor, limit: limit)
      if next < 0 { return -1 }
      if byte == backslash { hasEscapes = true }
      cursor = next
    }
    return -1
  }

  /// The offset after the escape sequence at `start`, or -1.
  @inline(never)
  static func escapeEnd(_ bytes: RawSpan, from start: Int, limit: Int) -> Int {
    guard start + 1 < limit else { return -1 }
    switch bytes.byte(at: start + 1) {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return start + 2
    case UInt8(ascii: "u"):
      guard let unit = hexUnit(bytes, at: start + 2, limit: limit) else { return -1 }
      if unit & 0xFC00 == 0xDC00 { return -1 }
      if unit & 0xFC00 != 0xD800 { return start + 6 }
      guard start + 8 <= limit, bytes.byte(at: start + 6) == backslash,
        bytes.byte(at: start + 7) == UInt8(ascii: "u"),
        let low = hexUnit(bytes, at: start + 8, limit: limit), low & 0xFC00 == 0xDC00
      else { return -1 }
      return start + 12
    default:
      return -1
    }
  }

  static func hexUnit(_ bytes: RawSpan, at start: Int, limit: Int) -> UInt16? {
    guard start + 4 <= limit else { return nil }
    var unit: UInt16 = 0
    for offset in start..<start + 4 {
      guard let digit = bytes.byte(at: offset).hexDigitValue else { return nil }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }

  /// The offset after the multi-byte UTF-8 scalar at `start`, or -1 (RFC 3629, table 3-7 of Unicode).
  @inline(never)
  static func scalarEnd(_ bytes: RawSpan, from start: Int, limit: Int) -> Int {
    func continuation(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
      offset < limit && range.contains(bytes.byte(at: offset))
    }
    let lead = bytes.byte(at: start)
    switch lead {
    case 0xC2...0xDF:
      return continuation(start + 1) ? start + 2 : -1
    case 0xE0...0xEF:
      let second: ClosedRange<UInt8> =
        lead == 0xE0 ? 0xA0...0xBF : lead == 0xED ? 0x80...0x9F : 0x80...0xBF
      return continuation(start + 1, second) && continuation(start + 2) ? start + 3 : -1
    case 0xF0...0xF4:
      let second: ClosedRange<UInt8> =
        lead == 0xF0 ? 0x90...0xBF : lead == 0xF4 ? 0x80...0x8F : 0x80...0xBF
      return continuation(start + 1, second) && continuation(start + 2)
        && continuation(start + 3) ? start + 4 : -1
    default:
      return -1
    }
  }

  /// A number token.
  struct Number {
    /// The offset after the last character, or -1 when there is no legal number.
    var end: Int
    /// The value is `mantissa / 10^scale`, unless `isHard`.
    var mantissa: Int64
    var scale: Int
    /// The text has an exponent, more digits than 63 bits hold, or is a negative zero: it cannot be written again
    /// from mantissa and scale.
    var isHard: Bool

    static let invalid = Number(end: -1, mantissa: 0, scale: 0, isHard: false)
  }

  /// Reads the number at `start`. O(length).
  @inline(__always)
  static func number(_ bytes: RawSpan, from start: Int, limit: Int) -> Number {
    var cursor = start
    func peek(_ offset: Int) -> UInt8 { offset < limit ? bytes.byte(at: offset) : 0 }
    let isNegative = peek(cursor) == UInt8(ascii: "-")
    if isNegative { cursor += 1 }
    let firstDigit = cursor
    var mantissa: UInt64 = 0
    while true {
      let digit = peek(cursor) &- 48
      if digit > 9 { break }
      mantissa = mantissa &* 10 &+ UInt64(digit)
      cursor += 1
    }
    var digits = cursor - firstDigit
    if digits == 0 || (digits > 1 && bytes.byte(at: firstDigit) == 48) { return .invalid }
    var scale = 0
    if peek(cursor) == UInt8(ascii: ".") {
      cursor += 1
      let firstFraction = cursor
      while true {
        let digit = peek(cursor) &- 48
        if digit > 9 { break }
        mantissa = mantissa &* 10 &+ UInt64(digit)
        cursor += 1
      }
      scale = cursor - firstFraction
      if scale == 0 { return .invalid }
      digits += scale
    }
    // Nineteen digits cannot overflow the unsigned word, but may not fit the signed one.
    var isHard = digits > 19 || mantissa > Int64.max || (isNegative && mantissa == 0)
    if peek(cursor) | 0x20 == UInt8(ascii: "e") {
      cursor = exponentEnd(bytes, from: cursor, limit: limit)
      if cursor < 0 { return .invalid }
      isHard = true
    }
    let magnitude = Int64(truncatingIfNeeded: mantissa)
    return Number(
      end: cursor, mantissa: isNegative ? 0 &- magnitude : magnitude, scale: scale, isHard: isHard)
  }

  @inline(never)
  private static func exponentEnd(_ bytes: RawSpan, from start: Int, limit: Int) -> Int {
    var cursor = start + 1
    func peek() -> UInt8 { cursor < limit ? bytes.byte(at: cursor) : 0 }
    if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { cursor += 1 }
    let firstDigit = cursor
    while peek() &- 48 <= 9 { cursor += 1 }
    return cursor > firstDigit ? cursor : -1
  }

  /// Appends the string content in `range`, escapes resolved. The content must be legal. O(length).
  static func unescape(_ bytes: RawSpan, _ range: Range<Int>, into output: inout [UInt8]) {
    var cursor = range.lowerBound
    while cursor < range.upperBound {
      let byte = bytes.byte(at: cursor)
      guard byte == backslash else {
        output.append(byte)
        cursor += 1
        continue
      }
      let kind = bytes.byte(at: cursor + 1)
      cursor += 2
      switch kind {
      case UInt8(ascii: "b"): output.append(0x08)
      case UInt8(ascii: "f"): output.append(0x0C)
      case UInt8(ascii: "n"): output.append(0x0A)
      case UInt8(ascii: "r"): output.append(0x0D)
      case UInt8(ascii: "t"): output.append(0x09)
      case UInt8(ascii: "u"): cursor = unescapeScalar(bytes, cursor, range.upperBound, &output)
      default: output.append(kind)
      }
    }
  }

  private static func unescapeScalar(
    _ bytes: RawSpan, _ start: Int, _ limit: Int, _ output: inout [UInt8]
  ) -> Int {
    guard let unit = hexUnit(bytes, at: start, limit: limit) else { return limit }
    var scalar = UInt32(unit)
    var end = start + 4
    if unit & 0xFC00 == 0xD800, let low = hexUnit(bytes, at: start + 6, limit: limit) {
      scalar = 0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(low & 0x3FF))
      end = start + 10
    }
    if let scalar = Unicode.Scalar(scalar) {
      output.append(contentsOf: String(Character(scalar)).utf8)
    }
    return end
  }
}

extension UInt8 {
  /// The value of an ASCII hexadecimal digit of either case.
  var hexDigitValue: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
