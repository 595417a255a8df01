/// Columns of a terminal that text takes.
///
/// A grapheme cluster is the sum of its scalars, but an emoji sequence takes two columns however
/// many scalars it has. Control characters and those that would reorder the line count as they are
/// shown by ``DisplayText/printable(_:)``, escaped.
enum DisplayWidth {
  /// O(scalars).
  static func of(_ character: Character) -> Int {
    if let ascii = character.asciiValue, 0x20..<0x7F ~= ascii, character != "\r\n" { return 1 }
    let scalars = character.unicodeScalars
    if scalars.contains(where: Escaping.isNeeded) {
      return scalars.reduce(0) { $0 + Escaping.width(of: $1) }
    }
    let sum = scalars.reduce(0) { $0 + of($1) }
    return scalars.count > 1 && isEmojiSequence(scalars) ? 2 : sum
  }

  /// 0, 1 or 2: of a scalar by itself.
  static func of(_ scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return 1 }
    // Vowels and final consonants of Hangul join the leading consonant's block.
    if 0x1160...0x11FF ~= scalar.value || 0xD7B0...0xD7FF ~= scalar.value { return 0 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return 0
    case .format: return isVisibleFormat(scalar) ? 1 : 0
    default: return WideRanges.contains(scalar) ? 2 : 1
    }
  }

  /// Signs of Arabic, Syriac, Kaithi that are written before or around a number, and take room.
  private static func isVisibleFormat(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x600...0x605, 0x6DD, 0x70F, 0x890...0x891, 0x8E2, 0x110BD, 0x110CD: true
    default: false
    }
  }

  /// Whether the cluster is shown as one picture: a flag, a keycap, an emoji with a modifier or a
  /// variation selector, or several that are joined.
  private static func isEmojiSequence(_ scalars: Character.UnicodeScalarView) -> Bool {
    guard let first = scalars.first else { return false }
    if 0x1F1E6...0x1F1FF ~= first.value { return true }
    if !first.properties.isEmoji { return false }
    return WideRanges.contains(first) || scalars.dropFirst().contains { $0.value == 0xFE0F }
  }
}

/// Characters that would steer a terminal or reorder what it shows, as text that does neither.
enum Escaping {
  static func isNeeded(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20..<0x7F: false
    case 0..<0x20, 0x7F..<0xA0: true
    // Direction marks, embeddings, overrides and isolates; line and paragraph separators.
    case 0x61C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  /// `\n`, `\r`, `\t`, or the code point as `\u{1b}`.
  static func text(of scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    default: "\\u{\(String(scalar.value, radix: 16))}"
    }
  }

  static func width(of scalar: Unicode.Scalar) -> Int {
    isNeeded(scalar) ? text(of: scalar).utf8.count : DisplayWidth.of(scalar)
  }
}
