/// A word of InfluxQL.
struct InfluxQLToken: Equatable {
  enum Kind: Equatable {
    /// A keyword, or a name without quotes.
    case word
    /// A name in double quotes.
    case name
    /// In single quotes.
    case text
    /// Between slashes.
    case pattern
    /// With a unit, if it has one: `15m`.
    case number
    case symbol
  }

  var kind: Kind
  /// Without quotes.
  var text: String

  /// Whether it is a keyword; case does not matter.
  func isWord(_ word: String) -> Bool { kind == .word && text.uppercased() == word }
  func isSymbol(_ symbol: String) -> Bool { kind == .symbol && text == symbol }

  /// The words of a text. A quote without its end goes on to the end of the text. O(bytes).
  static func all(_ text: String) -> [InfluxQLToken] {
    var lexer = Lexer(rest: text[...])
    var tokens: [InfluxQLToken] = []
    while let token = lexer.next(isAfterMatch: tokens.last?.isMatch ?? false) {
      tokens.append(token)
    }
    return tokens
  }

  private var isMatch: Bool { isSymbol("=~") || isSymbol("!~") }

  private struct Lexer {
    var rest: Substring

    private static let symbols = [
      "=~", "!~", "!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ",", ".", ";", "+", "-", "*",
      "/",
    ]

    /// The next word; a slash begins a pattern only after an operator that takes one.
    mutating func next(isAfterMatch: Bool) -> InfluxQLToken? {
      rest = rest.drop { $0.isWhitespace }
      guard let first = rest.first else { return nil }
      switch first {
      case "\"": return InfluxQLToken(kind: .name, text: quoted("\""))
      case "'": return InfluxQLToken(kind: .text, text: quoted("'"))
      case "/" where isAfterMatch: return InfluxQLToken(kind: .pattern, text: pattern())
      case "0"..."9":
        return InfluxQLToken(kind: .number, text: take { $0.isLetter || $0.isNumber || $0 == "." })
      case _ where first.isLetter || first == "_":
        return InfluxQLToken(kind: .word, text: take { $0.isLetter || $0.isNumber || $0 == "_" })
      default:
        let symbol = Self.symbols.first { rest.hasPrefix($0) } ?? String(first)
        rest = rest.dropFirst(symbol.count)
        return InfluxQLToken(kind: .symbol, text: symbol)
      }
    }

    private mutating func take(_ belongs: (Character) -> Bool) -> String {
      let word = rest.prefix(while: belongs)
      rest = rest[word.endIndex...]
      return String(word)
    }

    private mutating func quoted(_ quote: Character) -> String {
      var text = ""
      rest = rest.dropFirst()
      while let next = rest.popFirst() {
        if next == quote { break }
        if next == "\\", let escaped = rest.popFirst() {
          text.append(escaped == "n" ? "\n" : escaped)
        } else {
          text.append(next)
        }
      }
      return text
    }

    /// A backslash is the pattern's own, but before a slash.
    private mutating func pattern() -> String {
      var text = ""
      rest = rest.dropFirst()
      while let next = rest.popFirst() {
        if next == "/" { break }
        if next == "\\", rest.first == "/" {
          text.append(rest.removeFirst())
        } else {
          text.append(next)
          if next == "\\", let escaped = rest.popFirst() { text.append(escaped) }
        }
      }
      return text
    }
  }
}
