/// A piece of text that stays together in a line, one to four columns wide, with its style.
struct Glyph: Equatable {
  var text: String
  var width: Int
  var style: TextStyle?
}

/// How the editor shows characters: each takes at least one column, so that a cursor can stand on
/// it.
extension Glyph {
  /// Columns that a tab takes, wherever it stands.
  static let tabWidth = 4

  /// The pieces of `character`, appended to `glyphs`. Long escapes are cut into single columns.
  static func append(_ character: Character, _ style: TextStyle?, to glyphs: inout [Glyph]) {
    if let ascii = character.asciiValue, 0x20..<0x7F ~= ascii {
      return glyphs.append(Glyph(text: String(character), width: 1, style: style))
    }
    let width = DisplayWidth.of(character)
    let scalars = character.unicodeScalars
    if character == "\t" {
      glyphs += Array(repeating: Glyph(text: " ", width: 1, style: style), count: tabWidth)
    } else if width == 0, scalars.allSatisfy({ $0.properties.generalCategory != .format }) {
      // A mark that has no letter to stand on.
      glyphs.append(Glyph(text: "\u{25CC}" + String(character), width: 1, style: style))
    } else if 1...4 ~= width, !scalars.contains(where: Escaping.isNeeded) {
      glyphs.append(Glyph(text: String(character), width: width, style: style))
    } else {
      for scalar in scalars { append(escaped: scalar, style, to: &glyphs) }
    }
  }

  private static func append(
    escaped scalar: Unicode.Scalar, _ style: TextStyle?, to glyphs: inout [Glyph]
  ) {
    let width = DisplayWidth.of(scalar)
    if width > 0 && !Escaping.isNeeded(scalar) {
      glyphs.append(Glyph(text: String(scalar), width: width, style: style))
    } else {
      for piece in Escaping.text(of: scalar) {
        glyphs.append(Glyph(text: String(piece), width: 1, style: style))
      }
    }
  }

  /// The pieces of a text in one style.
  static func all(_ text: String, _ style: TextStyle? = nil) -> [Glyph] {
    var glyphs: [Glyph] = []
    for character in text { append(character, style, to: &glyphs) }
    return glyphs
  }
}

extension DisplayWidth {
  /// Columns of a character in the editor.
  static func shown(_ character: Character) -> Int {
    if let ascii = character.asciiValue, 0x20..<0x7F ~= ascii { return 1 }
    var glyphs: [Glyph] = []
    Glyph.append(character, nil, to: &glyphs)
    return glyphs.reduce(0) { $0 + $1.width }
  }

  static func shown(_ text: Substring) -> Int { text.reduce(0) { $0 + shown($1) } }
}
