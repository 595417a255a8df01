/// The words that are no names unless quoted. All others are told from names by their place.
enum Keyword: String, CaseIterable {
  case select, from, `where`, group, by, having, order, limit, `as`
  case and, or, not, `in`, between, like, `is`, null, `true`, `false`

  init?(word: String) { self.init(rawValue: asciiLowercased(word)) }
}

/// One token and the bytes it stands in.
struct Token {
  enum Kind: Equatable {
    case word, quotedName, string, number
    case keyword(Keyword)
    case leftParenthesis, rightParenthesis, comma, dot
    case star, plus, minus, slash
    case comparison(Comparison)
    case matches, matchesNot
    /// Bytes that are no token; ``Token/issue`` says why.
    case invalid
    case end
  }

  var kind: Kind
  var span: SourceSpan
  /// A word, number or keyword as written; a string or quoted name without its quotes; else empty.
  var text = ""
  var issue: LanguageError.Issue?

  var isName: Bool { kind == .word || kind == .quotedName }
}
