extension UInt8 {
  @inline(__always)
  var isDigit: Bool { self &- UInt8(ascii: "0") <= 9 }

  @inline(__always)
  var isContinuation: Bool { self & 0xC0 == 0x80 }
}

/// Small letters for ASCII only. Unicode's rules would make `like` of a word with a Kelvin sign in
/// it.
func asciiLowercased(_ text: String) -> String {
  String(
    decoding: text.utf8.map { $0 &- UInt8(ascii: "A") < 26 ? $0 | 0x20 : $0 }, as: UTF8.self)
}

/// Whether a name may begin (`isFirst`) or go on with a character, without quotes: letters, digits
/// and the underscore, in the sense of Unicode Annex 31.
func isNameScalar(_ scalar: Unicode.Scalar, isFirst: Bool) -> Bool {
  if scalar.isASCII {
    let byte = UInt8(truncatingIfNeeded: scalar.value)
    return (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_")
      || (!isFirst && byte.isDigit)
  }
  return isFirst ? scalar.properties.isXIDStart : scalar.properties.isXIDContinue
}

/// The character at a byte of UTF-8, and its length in bytes. What is not UTF-8 is one U+FFFD.
func scalar(at offset: Int, of bytes: [UInt8]) -> (scalar: Unicode.Scalar, length: Int) {
  if bytes[offset] < 0x80 { return (Unicode.Scalar(bytes[offset]), 1) }
  var end = offset + 1
  while end < bytes.count, end < offset + 4, bytes[end].isContinuation { end += 1 }
  let first = String(decoding: bytes[offset..<end], as: UTF8.self).unicodeScalars.first
  return (first ?? "\u{FFFD}", end - offset)
}

/// A piece of the text fit for a message: at most `limit` characters, none that moves the cursor of
/// a terminal.
func shown(_ bytes: ArraySlice<UInt8>, limit: Int) -> String {
  // A character has up to four bytes.
  let scalars = String(decoding: bytes.prefix(4 * limit + 4), as: UTF8.self).unicodeScalars
  var text = String.UnicodeScalarView()
  for scalar in scalars.prefix(limit) {
    switch scalar.properties.generalCategory {
    case .control where scalar == "\t": text.append(" ")
    case .control, .format, .lineSeparator, .paragraphSeparator: text.append("\u{FFFD}")
    default: text.append(scalar)
    }
  }
  if scalars.count > limit { text.append("…") }
  return String(text)
}
