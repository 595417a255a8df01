/// Reads texts of the query language. Linear time, at most ``LanguageLimits/maxTextBytes`` of text
/// and ``LanguageLimits/maxNesting`` levels.
public enum Parser {
  /// Reads statements with `;` between them. A text of blanks and comments has none.
  public static func statements(_ text: String) throws(LanguageError) -> [Statement] {
    try checkLength(text)
    var reader = TokenReader(text, isOfStatements: true)
    let statements = reader.statements()
    if reader.issues.isEmpty, reader.unknownFunctions.isEmpty { return statements }
    var error = LanguageError(issues: reader.issues, text: text)
    error.add(reader.unknownFunctions, most: LanguageLimits.maxIssues)
    if reader.issues.isEmpty { error.statements = statements }
    throw error
  }

  /// Reads a select list, `item [AS name], ...`: at least one item.
  public static func items(_ text: String) throws(LanguageError) -> [Item] {
    try list(text) { reader throws(LanguageError.Issue) in
      let item = try reader.item()
      try reader.expectEndOfItem()
      return item
    }
  }

  /// Reads what may stand after WHERE.
  public static func predicate(_ text: String) throws(LanguageError) -> Predicate {
    try checkLength(text)
    var reader = TokenReader(text)
    do throws(LanguageError.Issue) {
      let predicate = try reader.predicate().node
      try reader.expectEndOfPredicate()
      return predicate
    } catch {
      throw LanguageError(issues: [error], text: text)
    }
  }

  /// Reads what may stand after GROUP BY in a definition, `field [AS name], ...`: at least one.
  public static func dimensions(_ text: String) throws(LanguageError) -> [GroupField] {
    try list(text) { reader throws(LanguageError.Issue) in
      let field = try reader.dimension()
      guard reader.token.kind == .comma || reader.token.kind == .end else {
        throw reader.unexpected("',' or the end", hint: reader.hyphenHint)
      }
      return field
    }
  }

  /// Reads a length of time: `90s`, `5 minutes`.
  public static func length(_ text: String) throws(LanguageError) -> TimeLength {
    try single(text) { reader throws(LanguageError.Issue) in try reader.timeLength() }
  }

  /// Reads a time, as it may stand after SINCE: `yesterday`, `3 hours ago`, `'2024-06-01' + 6h`.
  public static func time(_ text: String) throws(LanguageError) -> TimeExpression {
    try single(text) { reader throws(LanguageError.Issue) in try reader.time() }
  }

  /// Reads one node, and nothing after it.
  private static func single<Node>(
    _ text: String, _ node: (inout TokenReader) throws(LanguageError.Issue) -> Node
  ) throws(LanguageError) -> Node {
    try checkLength(text)
    var reader = TokenReader(text)
    do throws(LanguageError.Issue) {
      let node = try node(&reader)
      guard reader.token.kind == .end else { throw reader.unexpected("the end") }
      return node
    } catch {
      throw LanguageError(issues: [error], text: text)
    }
  }

  private static func list<Element>(
    _ text: String, _ element: (inout TokenReader) throws(LanguageError.Issue) -> Element
  ) throws(LanguageError) -> [Element] {
    try checkLength(text)
    var reader = TokenReader(text)
    let elements = reader.list(element)
    if !reader.issues.isEmpty { throw LanguageError(issues: reader.issues, text: text) }
    return elements
  }

  private static func checkLength(_ text: String) throws(LanguageError) {
    let count = text.utf8.count
    if count <= LanguageLimits.maxTextBytes { return }
    throw LanguageError(
      issues: [
        LanguageError.Issue(
          .none,
          "the text has \(count) bytes; the limit is \(LanguageLimits.maxTextBytes)")
      ],
      text: text)
  }
}
