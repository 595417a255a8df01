/// One token and the bytes it stands in.
struct Token {
  enum Kind: Equatable {
    case word, quotedName, string, number
    case keyword(Keyword)
    /// A count and a unit in one: `5m`.
    case length
    /// The same in milliseconds: `250ms`.
    case milliseconds
    /// `$name`.
    case parameter
    case leftParenthesis, rightParenthesis, comma, dot, semicolon
    case star, plus, minus, slash
    case comparison(Comparison)
    case matches, matchesNot
    /// Bytes that are no token; ``Token/issue`` says why.
    case invalid
    case end
  }

  var kind: Kind
  var span: TextSpan
  /// A word, number, length or keyword as written; a string, quoted name or parameter without its
  /// marks; else empty.
  var text = ""
  /// What is wrong with it; of a length, parameter or semicolon, where there is no place for one.
  var issue: LanguageError.Issue?

  var isName: Bool { kind == .word || kind == .quotedName }

  /// What the token means where a word of the language may stand.
  var word: Word? { kind == .word ? Word(word: text) : nil }
}
