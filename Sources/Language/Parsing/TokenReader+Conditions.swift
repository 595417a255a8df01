/// Conditions on rows of the answer. What the productions return is a value when no test has been
/// read: the parenthesis around it decides.
extension TokenReader {
  mutating func condition() throws(Issue) -> Condition {
    allowsConditions = true
    let start = token.span
    let term = try disjunction()
    allowsConditions = false
    return try condition(term, from: start).node
  }

  /// The condition of a term that began at `start`.
  private func condition(
    _ term: Grown<Term>, from start: TextSpan
  ) throws(Issue) -> Grown<Condition> {
    switch term.node {
    case .condition(let condition): return Grown(node: condition, height: term.height)
    case .value(.bool(let value)): return Grown(node: .constant(value.value), height: term.height)
    case .value:
      throw tokenIssue
        ?? Issue(
          span(from: start), "a value alone is not a condition",
          hint: "compare it with another, for example avg(temperature) > 30")
    }
  }

  mutating func disjunction() throws(Issue) -> Grown<Term> {
    let start = token.span
    var left = try conjunction()
    while token.kind == .keyword(.or) {
      let first = try condition(left, from: start)
      advance()
      let secondStart = token.span
      let term = try conjunction()
      let second = try condition(term, from: secondStart)
      left = Grown(
        node: .condition(.or(first.node, second.node)),
        height: try height(over: first.height, second.height))
    }
    return left
  }

  private mutating func conjunction() throws(Issue) -> Grown<Term> {
    let start = token.span
    var left = try negation()
    while token.kind == .keyword(.and) {
      let first = try condition(left, from: start)
      advance()
      let secondStart = token.span
      let term = try negation()
      let second = try condition(term, from: secondStart)
      left = Grown(
        node: .condition(.and(first.node, second.node)),
        height: try height(over: first.height, second.height))
    }
    return left
  }

  private mutating func negation() throws(Issue) -> Grown<Term> {
    guard accept(.keyword(.not)) else { return try test() }
    let start = token.span
    try enter()
    let term = try negation()
    let operand = try condition(term, from: start)
    leave()
    return Grown(
      node: .condition(.not(operand.node)), height: try height(over: operand.height))
  }

  private mutating func test() throws(Issue) -> Grown<Term> {
    let start = token.span
    let term = try sum()
    switch token.kind {
    case .comparison(let comparison):
      let left = try value(term, from: start)
      advance()
      let right = try grownExpression()
      return Grown(
        node: .condition(.compare(left.node, comparison, right.node)),
        height: try height(over: left.height, right.height))
    case .matches, .matchesNot, .keyword(.is), .keyword(.not), .keyword(.in), .keyword(.between),
      .keyword(.like):
      let left = try value(term, from: start)
      return try test(of: left)
    default:
      return term
    }
  }

  /// Reads a test that begins with a word or `~`.
  private mutating func test(of left: Grown<Expression>) throws(Issue) -> Grown<Term> {
    let hasNot = accept(.keyword(.not))
    let isNegated = hasNot || token.kind == .matchesNot
    var heights = [left.height]
    let condition: Condition
    switch token.kind {
    case .matches where !hasNot, .matchesNot where !hasNot:
      advance()
      let pattern = try quotedText("a regular expression in single quotes")
      condition = .matches(left.node, pattern: pattern, isNegated: isNegated)
    case .keyword(.is) where !hasNot:
      condition = .isNull(left.node, isNegated: try isNot())
    case .keyword(.in):
      let list = try operands()
      heights += list.map(\.height)
      condition = .in(left.node, list.map(\.node), isNegated: isNegated)
    case .keyword(.between):
      advance()
      let low = try grownExpression()
      try expect(.keyword(.and), "AND between the two bounds")
      let high = try grownExpression()
      heights += [low.height, high.height]
      condition = .between(left.node, low.node, high.node, isNegated: isNegated)
    case .keyword(.like):
      advance()
      let pattern = try quotedText("a pattern in single quotes").value
      condition = .like(left.node, pattern: pattern, isNegated: isNegated)
    default:
      throw unexpected("IN, BETWEEN or LIKE", hint: keywordHint(["IN", "BETWEEN", "LIKE"]))
    }
    return Grown(node: .condition(condition), height: try height(over: heights))
  }

  /// Reads `IS [NOT] NULL`; returns whether it has the NOT.
  private mutating func isNot() throws(Issue) -> Bool {
    advance()
    let isNegated = accept(.keyword(.not))
    try expect(
      .keyword(.null), isNegated ? "NULL" : "NULL or NOT NULL",
      hint: "other values are compared with = or !=")
    return isNegated
  }

  /// Reads IN and its list.
  private mutating func operands() throws(Issue) -> [Grown<Expression>] {
    advance()
    try expect(.leftParenthesis, "'(' after IN", hint: "for example IN ('up', 'down')")
    var list: [Grown<Expression>] = []
    repeat { list.append(try grownExpression()) } while accept(.comma)
    try expect(.rightParenthesis, "',', an operator or ')'")
    return list
  }
}
