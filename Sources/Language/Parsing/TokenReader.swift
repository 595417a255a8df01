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
  private(set) var previousKind = Token.Kind.semicolon
  private var openParentheses = 0
  private var nesting = 0
  var issues: [Issue] = []
  /// Functions that there are not: they are told like ``issues``, and reading goes on as if there were.
  var unknownFunctions: [Issue] = []
  /// Whether the text is of statements, which end at a `;`, and not a piece of a definition.
  let isOfStatements: Bool
  /// Whether it is a KPI that is read, which has no fields apart from aggregates, and no
  /// parameters.
  var isDefinition: Bool
  /// Whether parentheses may have a condition in them: in HAVING, outside of calls.
  var allowsConditions = false

  init(_ text: String, isOfStatements: Bool = false) {
    lexer = Lexer(Array(text.utf8))
    self.isOfStatements = isOfStatements
    isDefinition = !isOfStatements
    token = lexer.next()
  }

  // MARK: Tokens

  mutating func advance() {
    if token.kind == .leftParenthesis { openParentheses += 1 }
    if token.kind == .rightParenthesis { openParentheses = max(0, openParentheses - 1) }
    previousEnd = token.span.end
    previousKind = token.kind
    token = lexer.next()
  }

  /// Takes the token if it is of that kind.
  mutating func accept(_ kind: Token.Kind) -> Bool {
    guard token.kind == kind else { return false }
    advance()
    return true
  }

  mutating func accept(_ word: Word) -> Bool {
    guard token.word == word else { return false }
    advance()
    return true
  }

  /// The token after this one.
  var tokenAhead: Token {
    var lexer = lexer
    return lexer.next()
  }

  /// The word after the token, if it is one.
  var wordAhead: Word? { tokenAhead.word }

  mutating func expect(_ word: Word, hint: String? = nil) throws(Issue) {
    let written = word.written
    guard accept(word) else { throw unexpected(written, hint: hint ?? keywordHint([written])) }
  }

  mutating func expect(
    _ kind: Token.Kind, _ expected: String, hint: String? = nil
  ) throws(Issue) {
    guard accept(kind) else { throw unexpected(expected, hint: hint) }
  }

  func span(from start: TextSpan) -> TextSpan {
    TextSpan(start.start, max(start.start, previousEnd))
  }

  /// The token as it was written, for a message.
  var found: String {
    if token.kind == .end { return "the end" }
    let text = shown(lexer.bytes[token.span.start..<token.span.end], limit: 40)
    return token.kind == .string ? text : "'\(text)'"
  }

  /// The text that was read from a span.
  func text(_ span: TextSpan) -> String {
    String(decoding: lexer.bytes[span.start..<span.end], as: UTF8.self)
  }

  /// What is wrong with the token wherever it stands.
  var tokenIssue: Issue? {
    switch token.kind {
    case .semicolon, .length, .milliseconds: isOfStatements ? nil : token.issue
    case .parameter: isDefinition ? token.issue : nil
    default: token.issue
    }
  }

  var isAtStatementEnd: Bool { token.kind == .end || token.kind == .semicolon }

  /// Takes a misspelt word for the one that it was meant to be, so that what follows can be read.
  mutating func correct(to kind: Token.Kind, _ text: String) {
    token.kind = kind
    token.text = text
  }

  /// What to say when the token is not what has to stand here.
  func unexpected(_ expected: String, hint: String? = nil) -> Issue {
    tokenIssue ?? Issue(token.span, "expected \(expected), found \(found)", hint: hint)
  }

  // MARK: Nesting

  /// Has to be called before a production calls itself, with ``leave()`` after it.
  mutating func enter() throws(Issue) {
    nesting += 1
    if nesting > LanguageLimits.maxNesting { throw tooDeep() }
  }

  mutating func leave() { nesting -= 1 }

  /// The height of a node over the ones given.
  func height(over heights: Int...) throws(Issue) -> Int { try height(over: heights) }

  func height(over heights: [Int]) throws(Issue) -> Int {
    let height = 1 + (heights.max() ?? 0)
    if height > LanguageLimits.maxNesting { throw tooDeep() }
    return height
  }

  private func tooDeep() -> Issue {
    Issue(
      TextSpan(max(0, previousEnd - 1), previousEnd),
      "nested too deep, or a chain of too many operators: the limit is"
        + " \(LanguageLimits.maxNesting) levels",
      hint: "many values of one field are best tested with IN (...)")
  }

  /// Forgets what was begun before an error.
  private mutating func reset() {
    nesting = 0
    allowsConditions = false
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
        skip { $0.token.kind == .comma && $0.openParentheses == 0 }
      }
      if isFull || !accept(.comma) { return elements }
    }
  }

  /// Whether as many issues have been found as are reported.
  var isFull: Bool { issues.count + unknownFunctions.count >= LanguageLimits.maxIssues }

  /// Goes on, after an error, to the token that `isWanted`, or to the end of the text.
  mutating func skip(to isWanted: (inout TokenReader) -> Bool) {
    reset()
    while token.kind != .end, !isWanted(&self) { advance() }
  }

  var isInParentheses: Bool { openParentheses > 0 }

  /// Takes all that is open for closed: where a clause begins, nothing can be open.
  mutating func closeParentheses() { openParentheses = 0 }
}
