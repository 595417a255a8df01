import Language
import Terminal

/// Colours for what is being typed.
enum ReplHighlighting {
  static func styles(of text: String) -> [(range: Range<Int>, style: TextStyle)] {
    let blanks = text.utf8.prefix { $0 == 0x20 || 0x09...0x0D ~= $0 }.count
    if text.utf8.dropFirst(blanks).first == UInt8(ascii: "\\") {
      let name = text.utf8.dropFirst(blanks).prefix { $0 > 0x20 && $0 != UInt8(ascii: ";") }
      return [(blanks..<blanks + name.count, .keyword)]
    }
    return TextToken.all(of: text).compactMap { token in
      style(of: token.kind).map { (token.range, $0) }
    }
  }

  private static func style(of kind: TextToken.Kind) -> TextStyle? {
    switch kind {
    case .keyword: .keyword
    case .function: .function
    case .string: .string
    case .number, .parameter: .number
    case .comment: .comment
    case .invalid: .error
    case .name, .operator, .semicolon: nil
    }
  }
}
