extension TokenReader {
  // MARK: Items

  mutating func item() throws(Issue) -> Item {
    let start = token.span
    let expression = try sum().node
    var alias: String?
    if accept(.keyword(.as)) { alias = try self.alias() }
    return Item(expression, alias: alias, span: span(from: start))
  }

  private mutating func alias() throws(Issue) -> String {
    guard token.isName else {
      throw unexpected("a name after AS", hint: quotedNameHint)
    }
    if token.text.isEmpty { throw Issue(token.span, "the name is empty") }
    let alias = token.text
    advance()
    return alias
  }

  func expectEndOfItem() throws(Issue) {
    if token.kind == .comma || token.kind == .end { return }
    var hint: String?
    switch token.kind {
    case .word, .quotedName: hint = "a name for an item is given with AS"
    case .dot: hint = "a name with '.' in it is written in double quotes"
    case .keyword(.where): hint = "a condition of one aggregate stands within its parentheses"
    case .rightParenthesis: hint = "there is no open '('"
    default: break
    }
    throw unexpected("',', an operator or the end", hint: hint)
  }

  // MARK: Arithmetic

  private mutating func sum() throws(Issue) -> Grown<Expression> {
    var left = try product()
    while true {
      let op: BinaryOperator
      switch token.kind {
      case .plus: op = .add
      case .minus: op = .subtract
      default: return left
      }
      advance()
      left = try binary(op, left, try product())
    }
  }

  private mutating func product() throws(Issue) -> Grown<Expression> {
    var left = try unary()
    while true {
      let op: BinaryOperator
      switch token.kind {
      case .star: op = .multiply
      case .slash: op = .divide
      default: return left
      }
      advance()
      left = try binary(op, left, try unary())
    }
  }

  private func binary(
    _ op: BinaryOperator, _ left: Grown<Expression>, _ right: Grown<Expression>
  ) throws(Issue) -> Grown<Expression> {
    Grown(
      node: .binary(op, left.node, right.node),
      height: try height(over: left.height, right.height))
  }

  private mutating func unary() throws(Issue) -> Grown<Expression> {
    guard accept(.minus) else { return try operand() }
    try enter()
    let operand = try unary()
    leave()
    return Grown(node: .negate(operand.node), height: try height(over: operand.height))
  }

  private mutating func operand() throws(Issue) -> Grown<Expression> {
    switch token.kind {
    case .number:
      return Grown(node: .number(try number().value), height: 1)
    case .leftParenthesis:
      advance()
      try enter()
      let inner = try sum()
      try expect(.rightParenthesis, "')' or an operator")
      leave()
      return inner
    case .word, .quotedName:
      return try aggregateOrField()
    case .star:
      throw unexpected("an aggregate or a number", hint: "to count facts, write count(*)")
    case .string:
      throw unexpected(
        "an aggregate or a number", hint: "strings stand only in conditions")
    default:
      throw unexpected("an aggregate or a number")
    }
  }

  // MARK: Aggregates

  private mutating func aggregateOrField() throws(Issue) -> Grown<Expression> {
    let name = token
    if name.kind == .word {
      advance()
      if token.kind == .leftParenthesis { return try aggregate(name) }
      return try fieldAsItem(try path(after: name))
    }
    return try fieldAsItem(try fieldPath())
  }

  private func fieldAsItem(_ field: FieldPath) throws(Issue) -> Grown<Expression> {
    if token.kind == .leftParenthesis {
      throw Issue(
        field.span, "expected an aggregate or a number",
        hint: "the name of a function is written without quotes")
    }
    let text = field.canonicalText
    throw Issue(
      field.span, "an item needs an aggregate, and \(brief(text)) is a field",
      hint: "for example avg(\(brief(text))) or last(\(brief(text)))")
  }

  /// Reads a call from its parenthesis on.
  private mutating func aggregate(_ name: Token) throws(Issue) -> Grown<Expression> {
    guard let shape = CallShape(name: name.text) else { throw unknownFunction(name) }
    if case .field(.percentile(let percent)) = shape, percent > 100 {
      throw Issue(name.span, "a percentile is from 0 to 100")
    }
    advance()
    try enter()
    let argument = try argument(of: shape, name)
    let function = try function(shape, name)
    var filter: Grown<Predicate>?
    if accept(.keyword(.where)) { filter = try predicate() }
    guard accept(.rightParenthesis) else { throw unclosedCall(argument, filter == nil) }
    leave()
    return Grown(
      node: .aggregate(
        Aggregate(function, argument, filter: filter?.node, span: span(from: name.span))),
      height: try height(over: filter?.height ?? 0))
  }

  private func unknownFunction(_ name: Token) -> Issue {
    let foreign = CallShape.foreignNames
    let near = Spelling.nearest(name.text, CallShape.names + foreign.keys.sorted())
    let nearest = near.map { foreign[$0] ?? $0 }
    return Issue(
      name.span, "there is no function \(brief(name.text))",
      hint: nearest.map { "did you mean \($0)?" }
        ?? "there are \(CallShape.names.joined(separator: ", ")) and other percentiles")
  }

  /// The field of a call; nil for the star.
  private mutating func argument(
    of shape: CallShape, _ name: Token
  ) throws(Issue) -> FieldPath? {
    let function = asciiLowercased(name.text)
    switch token.kind {
    case .star where shape == .field(.count):
      advance()
      return nil
    case .star:
      throw Issue(token.span, "only count takes *; \(function) needs a field")
    case .rightParenthesis, .keyword(.where):
      throw Issue(
        SourceSpan(name.span.start, token.span.start), "\(function) needs a field",
        hint: shape == .field(.count) ? "to count facts, write count(*)" : nil)
    default: break
    }
    guard token.isName else {
      throw unexpected("a field", hint: quotedNameHint ?? example(of: shape))
    }
    let field = try fieldPath()
    if token.kind == .leftParenthesis {
      throw Issue(field.span, "an aggregate cannot stand inside another")
    }
    if [.plus, .minus, .star, .slash].contains(token.kind) {
      throw Issue(
        token.span, "the argument of \(function) is one field, without arithmetic",
        hint: hyphenHint)
    }
    return field
  }

  /// The function of a call with the number, if it takes one, that stands after the field.
  private mutating func function(
    _ shape: CallShape, _ name: Token
  ) throws(Issue) -> AggregateFunction {
    if case .field(let function) = shape {
      guard token.kind == .comma else { return function }
      throw Issue(token.span, "\(asciiLowercased(name.text)) takes one field and no more")
    }
    let isTop = shape == .top
    let wanted =
      isTop
      ? "top takes a whole number from 1 to \(LanguageLimits.maxTop) after the field"
      : "percentile takes a number from 0 to 100 after the field"
    guard token.kind == .comma else {
      throw token.issue ?? Issue(token.span, wanted, hint: example(of: shape))
    }
    advance()
    let start = token.span
    let isNegative = accept(.minus)
    guard token.kind == .number else {
      throw token.issue ?? Issue(token.span, wanted, hint: example(of: shape))
    }
    let number = try number().value
    let range = isTop ? 1...Double(LanguageLimits.maxTop) : 0...100
    guard !isNegative, range.contains(number), !isTop || number == number.rounded() else {
      throw Issue(span(from: start), wanted)
    }
    if token.kind == .comma { throw Issue(token.span, "\(name.text) takes no more than that") }
    return isTop ? .top(Int(number)) : .percentile(number)
  }

  private func example(of shape: CallShape) -> String? {
    switch shape {
    case .field: nil
    case .percentile: "for example percentile(temperature, 95)"
    case .top: "for example top(status, 10)"
    }
  }

  private func unclosedCall(_ argument: FieldPath?, _ isBare: Bool) -> Issue {
    if let argument, isBare, token.isName {
      if asciiLowercased(argument.path) == "distinct" {
        return Issue(
          argument.span, "DISTINCT is a function here",
          hint: "write distinct(\(brief(token.text)))")
      }
      return unexpected("WHERE or ')'", hint: keywordHint(["WHERE"]))
    }
    return unexpected(isBare ? "WHERE or ')'" : "AND, OR or ')'")
  }
}
