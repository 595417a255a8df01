import Bytes

/// What has been read where HAVING may have a value or a condition: a parenthesis tells only at its
/// end which of them it is.
enum Term {
  case value(Expression)
  case condition(Condition)
}

/// Arithmetic. What the productions return is a value unless ``allowsConditions``.
extension TokenReader {
  mutating func expression() throws(Issue) -> Expression { try grownExpression().node }

  mutating func grownExpression() throws(Issue) -> Grown<Expression> {
    let start = token.span
    let sum = try sum()
    return try value(sum, from: start)
  }

  /// The value of a term that began at `start`.
  func value(_ term: Grown<Term>, from start: TextSpan) throws(Issue) -> Grown<Expression> {
    switch term.node {
    case .value(let expression): return Grown(node: expression, height: term.height)
    case .condition:
      throw Issue(
        span(from: start), "a condition is no value", hint: "join conditions with AND or OR")
    }
  }

  mutating func sum() throws(Issue) -> Grown<Term> {
    let start = token.span
    var left = try product()
    while true {
      let op: BinaryOperator
      switch token.kind {
      case .plus: op = .add
      case .minus: op = .subtract
      default: return left
      }
      left = try binary(op, left, from: start) { reader throws(Issue) in try reader.product() }
    }
  }

  private mutating func product() throws(Issue) -> Grown<Term> {
    let start = token.span
    var left = try unary()
    while true {
      let op: BinaryOperator
      switch token.kind {
      case .star: op = .multiply
      case .slash: op = .divide
      default: return left
      }
      left = try binary(op, left, from: start) { reader throws(Issue) in try reader.unary() }
    }
  }

  /// Takes the operator, and reads what stands to the right of it.
  private mutating func binary(
    _ op: BinaryOperator, _ left: Grown<Term>, from start: TextSpan,
    _ right: (inout TokenReader) throws(Issue) -> Grown<Term>
  ) throws(Issue) -> Grown<Term> {
    let left = try value(left, from: start)
    advance()
    let rightStart = token.span
    let rightTerm = try right(&self)
    let right = try value(rightTerm, from: rightStart)
    return Grown(
      node: .value(.binary(op, left.node, right.node)),
      height: try height(over: left.height, right.height))
  }

  private mutating func unary() throws(Issue) -> Grown<Term> {
    guard accept(.minus) else { return try operand() }
    let start = token.span
    try enter()
    let term = try unary()
    let operand = try value(term, from: start)
    leave()
    return Grown(
      node: .value(.negate(operand.node)), height: try height(over: operand.height))
  }

  private mutating func operand() throws(Issue) -> Grown<Term> {
    let expression: Expression
    switch token.kind {
    case .number: expression = try numberExpression()
    case .leftParenthesis: return try parenthesis()
    case .word, .quotedName:
      let operand = try callOrField()
      return Grown(node: .value(operand.node), height: operand.height)
    case .string where !isDefinition: expression = .string(try quotedText("a string"))
    case .parameter where !isDefinition:
      expression = .parameter(Parameter(Text(token.text), span: token.span))
      advance()
    case .keyword(.true) where !isDefinition, .keyword(.false) where !isDefinition:
      expression = .bool(Spanned(token.kind == .keyword(.true), span: token.span))
      advance()
    case .keyword(.null) where !isDefinition:
      expression = .null(token.span)
      advance()
    default: throw noOperand()
    }
    return Grown(node: .value(expression), height: 1)
  }

  private mutating func numberExpression() throws(Issue) -> Expression {
    let (value, text) = try number()
    if let whole = UInt64(text), UInt64(exactly: value) != whole { return .integer(whole) }
    return .number(value)
  }

  private mutating func parenthesis() throws(Issue) -> Grown<Term> {
    advance()
    try enter()
    let inner = allowsConditions ? try disjunction() : try sum()
    try expect(
      .rightParenthesis, allowsConditions ? "')', AND, OR or an operator" : "')' or an operator")
    leave()
    return inner
  }

  private func noOperand() -> Issue {
    let expected = isDefinition ? "an aggregate or a number" : "a field, a function or a number"
    switch token.kind {
    case .keyword(.select) where isOfStatements: return noSubquery()
    case .keyword(.from) where isOfStatements:
      return unexpected(
        expected, hint: "what is asked for stands before FROM: count(*), for example")
    case .star: return unexpected(expected, hint: "to count facts, write count(*)")
    case .string: return unexpected(expected, hint: "strings stand only in conditions")
    case .keyword: return unexpected(expected, hint: isOfStatements ? quotedNameHint : nil)
    default: return unexpected(expected)
    }
  }
}
