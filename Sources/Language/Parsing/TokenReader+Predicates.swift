import Bytes

extension TokenReader {
  // MARK: Logic

  mutating func predicate() throws(Issue) -> Grown<Predicate> {
    var left = try conjunction()
    while accept(.keyword(.or)) {
      let right = try conjunction()
      left = Grown(
        node: .or(left.node, right.node), height: try height(over: left.height, right.height))
    }
    return left
  }

  func expectEndOfPredicate() throws(Issue) {
    if token.kind == .end { return }
    throw unexpected("AND, OR or the end", hint: endOfPredicateHint)
  }

  /// For a token that cannot follow a condition.
  var endOfPredicateHint: String? {
    switch token.kind {
    case .rightParenthesis: "there is no open '('"
    case .comparison: "join two comparisons with AND"
    case .comma: "conditions are joined with AND or OR"
    case .plus, .minus, .star, .slash:
      "a condition has no arithmetic" + (arithmeticHint.map { "; \($0)" } ?? "")
    default: keywordHint(["AND", "OR"])
    }
  }

  /// Where one may test what is computed.
  private var arithmeticHint: String? {
    isDefinition
      ? nil : "name it as an item, and test that in HAVING: SELECT a - b AS d ... HAVING d > 3"
  }

  private mutating func conjunction() throws(Issue) -> Grown<Predicate> {
    var left = try negation()
    while accept(.keyword(.and)) {
      let right = try negation()
      left = Grown(
        node: .and(left.node, right.node), height: try height(over: left.height, right.height))
    }
    return left
  }

  private mutating func negation() throws(Issue) -> Grown<Predicate> {
    guard accept(.keyword(.not)) else { return try condition() }
    try enter()
    let operand = try negation()
    leave()
    return Grown(node: .not(operand.node), height: try height(over: operand.height))
  }

  private mutating func condition() throws(Issue) -> Grown<Predicate> {
    switch token.kind {
    case .leftParenthesis:
      advance()
      try enter()
      let inner = try predicate()
      try expect(.rightParenthesis, "AND, OR or ')'")
      leave()
      return inner
    case .word, .quotedName:
      let field = try fieldPath()
      return Grown(node: try test(of: field), height: 1)
    case .number, .string, .minus, .keyword(.true), .keyword(.false),
      .parameter where !isDefinition:
      return Grown(node: try literalFirst(), height: 1)
    case .keyword(.null):
      throw unexpected("a condition", hint: "to test for NULL, write field IS NULL")
    case .keyword(.and), .keyword(.or):
      throw unexpected("a condition")
    default:
      throw unexpected("a condition", hint: quotedNameHint)
    }
  }

  /// Reads `literal comparison field`, or a constant.
  private mutating func literalFirst() throws(Issue) -> Predicate {
    let start = token.span
    let literal = try literal(for: nil)
    let literalSpan = span(from: start)
    if case .comparison(let comparison) = token.kind {
      advance()
      guard token.isName else {
        throw unexpected("a field", hint: "a comparison is of a field with a value")
      }
      return .compare(try fieldPath(), comparison.turnedRound, literal)
    }
    if case .bool(let value) = literal { return .constant(value) }
    throw tokenIssue
      ?? Issue(
        literalSpan, "a value alone is not a condition",
        hint: "compare a field with it, for example status = 'down'")
  }

  // MARK: Tests of a field

  private mutating func test(of field: FieldPath) throws(Issue) -> Predicate {
    switch token.kind {
    case .comparison(let comparison):
      advance()
      return .compare(field, comparison, try literal(for: field))
    case .matches, .matchesNot:
      let isNegated = token.kind == .matchesNot
      advance()
      return .matches(field, pattern: try pattern("a regular expression"), isNegated: isNegated)
    case .keyword(.is):
      advance()
      let isNegated = accept(.keyword(.not))
      try expect(
        .keyword(.null), isNegated ? "NULL" : "NULL or NOT NULL",
        hint: "other values are compared with = or !=")
      return .isNull(field, isNegated: isNegated)
    case .keyword(.not):
      advance()
      guard let test = try worded(field, isNegated: true) else {
        throw unexpected(
          "IN, BETWEEN or LIKE", hint: keywordHint(["IN", "BETWEEN", "LIKE"]))
      }
      return test
    default:
      if let test = try worded(field, isNegated: false) { return test }
      throw noTest(of: field)
    }
  }

  /// Reads a test that may have NOT before it; nil when there is none.
  private mutating func worded(_ field: FieldPath, isNegated: Bool) throws(Issue) -> Predicate? {
    if accept(.keyword(.in)) {
      return .in(field, try literals(for: field), isNegated: isNegated)
    }
    if accept(.keyword(.between)) {
      let low = try literal(for: field)
      try expect(.keyword(.and), "AND between the two bounds")
      return .between(field, low, try literal(for: field), isNegated: isNegated)
    }
    if accept(.keyword(.like)) {
      return .like(field, pattern: try pattern("a pattern").value, isNegated: isNegated)
    }
    return nil
  }

  private func noTest(of field: FieldPath) -> Issue {
    let name = brief(field.canonicalText)
    switch token.kind {
    case .leftParenthesis:
      return Issue(
        field.span,
        CallShape(name: field.path.string) == nil
          ? "there are no functions in conditions" : "an aggregate cannot stand in a condition",
        hint: isDefinition
          ? "a condition looks at the fields of one fact"
          : "WHERE looks at the fields of one fact; conditions on what is computed from many"
            + " stand in HAVING")
    case .end, .rightParenthesis, .keyword(.and), .keyword(.or):
      return Issue(
        field.span, "the field \(name) alone is not a condition", hint: "write \(name) = TRUE")
    case .plus, .star, .slash:
      return Issue(token.span, "a condition has no arithmetic", hint: arithmeticHint)
    case .minus where !isDefinition:
      return unexpected(
        "a comparison after \(name)",
        hint: (hyphenHint.map { $0 + "; " } ?? "") + "a condition has no arithmetic")
    default:
      return unexpected(
        "a comparison after \(name)",
        hint: hyphenHint ?? keywordHint(["IN", "BETWEEN", "LIKE", "IS", "NOT"]))
    }
  }

  // MARK: Values

  private mutating func literals(for field: FieldPath) throws(Issue) -> [Literal] {
    try expect(.leftParenthesis, "'(' after IN", hint: "for example IN ('up', 'down')")
    if token.kind == .keyword(.select), isOfStatements { throw noSubquery() }
    var literals: [Literal] = []
    repeat { literals.append(try literal(for: field)) } while accept(.comma)
    try expect(.rightParenthesis, "',' or ')'")
    return literals
  }

  private mutating func pattern(_ expected: String) throws(Issue) -> Spanned<Text> {
    let pattern = token
    guard accept(.string) else {
      throw unexpected("\(expected) in single quotes")
    }
    return Spanned(Text(pattern.text), span: pattern.span)
  }

  /// Reads the value that `field` is compared with; nil when no field has been read.
  private mutating func literal(for field: FieldPath?) throws(Issue) -> Literal {
    let text = token.text
    switch token.kind {
    case .string:
      advance()
      return .string(Text(text))
    case .keyword(.true), .keyword(.false):
      let value = token.kind == .keyword(.true)
      advance()
      return .bool(value)
    case .minus:
      advance()
      guard token.kind == .number else { throw unexpected("a number after '-'") }
      let (value, digits) = try number()
      return .number(-value, text: "-" + digits)
    case .number:
      let (value, digits) = try number()
      return .number(value, text: digits)
    case .parameter where !isDefinition:
      let parameter = Parameter(Text(text), span: token.span)
      advance()
      return .parameter(parameter)
    default:
      throw noLiteral(for: field)
    }
  }

  private func noLiteral(for field: FieldPath?) -> Issue {
    var hint: String?
    switch token.kind {
    case .quotedName:
      let text = doubling("'", in: token.text)
      hint = "double quotes are for names; a string is written '\(brief(text))'"
    case .word where isOfStatements && [.now, .today, .yesterday].contains(token.word):
      hint = "a range of time is given with SINCE and UNTIL, for example SINCE 1h ago"
    case .word:
      hint = "a string is written '\(brief(token.text))'; fields are compared with values only"
    case .keyword(.null):
      let name = field.map { brief($0.canonicalText) } ?? "field"
      hint = "NULL equals nothing; write \(name) IS NULL or \(name) IS NOT NULL"
    default: break
    }
    return unexpected("a value", hint: hint)
  }
}
