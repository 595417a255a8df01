/// A node and the height of the tree under it, which the parser keeps within the nesting limit:
/// what walks the tree later, even its release, goes as deep.
struct Grown<Node> {
  var node: Node
  var height: Int
}

/// The state of a parse: one token of lookahead, and the issues so far. The productions are in
/// extensions.
struct TokenReader {
  typealias Issue = LanguageError.Issue

  private var lexer: Lexer
  private(set) var token: Token
  /// Where the last token taken ended.
  private(set) var previousEnd = 0
  private var openParentheses = 0
  private var nesting = 0
  private(set) var issues: [Issue] = []

  init(_ text: String) {
    lexer = Lexer(Array(text.utf8))
    token = lexer.next()
  }

  // MARK: Tokens

  mutating func advance() {
    if token.kind == .leftParenthesis { openParentheses += 1 }
    if token.kind == .rightParenthesis { openParentheses = max(0, openParentheses - 1) }
    previousEnd = token.span.end
    token = lexer.next()
  }

  /// Takes the token if it is of that kind.
  mutating func accept(_ kind: Token.Kind) -> Bool {
    guard token.kind == kind else { return false }
    advance()
    return true
  }

  mutating func expect(
    _ kind: Token.Kind, _ expected: String, hint: String? = nil
  ) throws(Issue) {
    guard accept(kind) else { throw unexpected(expected, hint: hint) }
  }

  func span(from start: SourceSpan) -> SourceSpan {
    SourceSpan(start.start, max(start.start, previousEnd))
  }

  /// The token as it was written, for a message.
  var found: String {
    if token.kind == .end { return "the end" }
    let text = shown(lexer.bytes[token.span.start..<token.span.end], limit: 40)
    return token.kind == .string ? text : "'\(text)'"
  }

  /// What to say when the token is not what has to stand here.
  func unexpected(_ expected: String, hint: String? = nil) -> Issue {
    token.issue ?? Issue(token.span, "expected \(expected), found \(found)", hint: hint)
  }

  // MARK: Nesting

  /// Has to be called before a production calls itself, with ``leave()`` after it.
  mutating func enter() throws(Issue) {
    nesting += 1
    if nesting > LanguageLimits.maxNesting { throw tooDeep() }
  }

  mutating func leave() { nesting -= 1 }

  /// The height of a node over the ones given.
  func height(over heights: Int...) throws(Issue) -> Int {
    let height = 1 + (heights.max() ?? 0)
    if height > LanguageLimits.maxNesting { throw tooDeep() }
    return height
  }

  private func tooDeep() -> Issue {
    Issue(
      SourceSpan(max(0, previousEnd - 1), previousEnd),
      "nested too deep, or a chain of too many operators: the limit is"
        + " \(LanguageLimits.maxNesting) levels",
      hint: "many values of one field are best tested with IN (...)")
  }

  // MARK: Lists

  /// Reads `element, element, ...` to the end of the text. After an error it goes on behind the
  /// next comma outside of parentheses.
  mutating func list<Element>(
    _ element: (inout TokenReader) throws(Issue) -> Element
  ) -> [Element] {
    var elements: [Element] = []
    while true {
      do throws(Issue) {
        elements.append(try element(&self))
      } catch {
        issues.append(error)
        recover()
      }
      if issues.count == LanguageLimits.maxIssues || !accept(.comma) { return elements }
    }
  }

  private mutating func recover() {
    nesting = 0
    while token.kind != .end, token.kind != .comma || openParentheses > 0 { advance() }
  }
}
