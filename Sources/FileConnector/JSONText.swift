/// Writes and recognises the scalars of JSON (RFC 8259).
enum JSONText {
  /// The most bytes that a string of so many bytes takes.
  @inline(__always)
  static func stringBound(_ byteCount: Int) -> Int { 6 * byteCount + 2 }

  /// Appends a JSON string of `bytes` in `range`, which must be UTF-8.
  /// - Parameter hasDoubledQuotes: two quotes stand for one, as in a quoted CSV field.
  static func appendString(
    _ bytes: Span<UInt8>, _ range: Range<Int>, hasDoubledQuotes: Bool,
    to out: inout OutputSpan<UInt8>
  ) {
    out.append(Byte.quote)
    var (index, copied) = (range.lowerBound, range.lowerBound)
    while index < range.upperBound {
      let byte = bytes[index]
      if byte < 0x20 || byte == Byte.quote || byte == Byte.backslash {
        ByteSearch.append(bytes, copied..<index, to: &out)
        appendEscape(byte, to: &out)
        if byte == Byte.quote && hasDoubledQuotes { index += 1 }
        copied = index + 1
      }
      index += 1
    }
    ByteSearch.append(bytes, copied..<range.upperBound, to: &out)
    out.append(Byte.quote)
  }

  private static func appendEscape(_ byte: UInt8, to out: inout OutputSpan<UInt8>) {
    out.append(Byte.backslash)
    switch byte {
    case Byte.quote, Byte.backslash: out.append(byte)
    case Byte.newline: out.append(UInt8(ascii: "n"))
    case Byte.carriageReturn: out.append(UInt8(ascii: "r"))
    case Byte.tab: out.append(UInt8(ascii: "t"))
    case 0x08: out.append(UInt8(ascii: "b"))
    case 0x0C: out.append(UInt8(ascii: "f"))
    default:
      out.append(UInt8(ascii: "u"))
      out.append(UInt8(ascii: "0"))
      out.append(UInt8(ascii: "0"))
      out.append(hexDigit(byte >> 4))
      out.append(hexDigit(byte & 0xF))
    }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  /// Whether `bytes` in `range` are `true` or `false`.
  static func isBoolean(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    switch range.count {
    case 4: matches(bytes, range, trueLetters)
    case 5: matches(bytes, range, falseLetters)
    default: false
    }
  }

  private static let trueLetters = Array("true".utf8)
  private static let falseLetters = Array("false".utf8)

  private static func matches(_ bytes: Span<UInt8>, _ range: Range<Int>, _ word: [UInt8]) -> Bool {
    for index in 0..<range.count where bytes[range.lowerBound + index] != word[index] {
      return false
    }
    return true
  }
}
