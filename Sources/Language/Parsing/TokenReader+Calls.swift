extension TokenReader {
  mutating func callOrField() throws(Issue) -> Grown<Expression> {
    let name = token
    if name.kind == .word {
      advance()
      if token.kind == .leftParenthesis { return try call(name) }
      let path = try path(after: name)
      return try field(path)
    }
    let path = try fieldPath()
    return try field(path)
  }

  private func field(_ field: FieldPath) throws(Issue) -> Grown<Expression> {
    if token.kind == .leftParenthesis {
      throw Issue(
        field.span,
        isDefinition ? "expected an aggregate or a number" : "there is no function of that name",
        hint: "the name of a function is written without quotes")
    }
    if !isDefinition { return Grown(node: .field(field), height: 1) }
    let text = field.canonicalText
    throw Issue(
      field.span, "an item needs an aggregate, and \(brief(text)) is a field",
      hint: "for example avg(\(brief(text))) or last(\(brief(text)))")
  }

  // MARK: Calls, read from the parenthesis on

  private mutating func call(_ name: Token) throws(Issue) -> Grown<Expression> {
    if let shape = CallShape(name: name.text) { return try aggregate(shape, name) }
    let text = asciiLowercased(name.text)
    let scalar = ScalarFunction(rawValue: text)
    let window = WindowFunction(rawValue: text)
    if isDefinition, scalar != nil || window != nil {
      throw Issue(
        name.span, "there is no \(text) in a KPI", hint: "use it in the query that reads the KPI")
    }
    let allowedConditions = allowsConditions
    allowsConditions = false
    defer { allowsConditions = allowedConditions }
    if let scalar { return try self.scalar(scalar, name) }
    if let window { return try self.window(window, name) }
    if isDefinition { throw unknownFunction(name) }
    return try unknownCall(name)
  }

  /// Takes note that there is no such function, and reads its arguments. Where these cannot be read, who knows what was meant
  /// by the call.
  private mutating func unknownCall(_ name: Token) throws(Issue) -> Grown<Expression> {
    let issue = unknownFunction(name)
    let (arguments, height): ([Expression], Int)
    do throws(Issue) {
      (arguments, height) = try self.arguments()
    } catch {
      throw issue
    }
    unknownFunctions.append(issue)
    return Grown(
      node: .unknown(UnknownCall(arguments, span: span(from: name.span))), height: height)
  }

  private mutating func scalar(
    _ function: ScalarFunction, _ name: Token
  ) throws(Issue) -> Grown<Expression> {
    let (arguments, height) = try arguments()
    let span = span(from: name.span)
    guard function.arity.contains(arguments.count) else {
      throw Issue(span, "\(function.name) takes \(function.arityText)")
    }
    return Grown(node: .scalar(ScalarCall(function, arguments, span: span)), height: height)
  }

  /// Reads `(argument, ...)`, and gives the height of a node over them.
  private mutating func arguments() throws(Issue) -> ([Expression], height: Int) {
    advance()
    try enter()
    var arguments: [Expression] = []
    var heights: [Int] = []
    if token.kind != .rightParenthesis {
      repeat {
        let argument = try grownExpression()
        arguments.append(argument.node)
        heights.append(argument.height)
      } while accept(.comma)
    }
    try expect(.rightParenthesis, "',', an operator or ')'")
    leave()
    return (arguments, try height(over: heights))
  }

  private mutating func window(
    _ function: WindowFunction, _ name: Token
  ) throws(Issue) -> Grown<Expression> {
    advance()
    try enter()
    let argument = try grownExpression()
    var length: TimeLength?
    let example = "for example \(function.name)(avg(temperature), 24 hours)"
    if function == .zscore || token.kind == .comma {
      try expect(.comma, "',' and how far to look back", hint: example)
      length = try timeLength(hint: example)
    }
    try expect(.rightParenthesis, "')'")
    leave()
    return Grown(
      node: .window(
        WindowCall(function, argument.node, length: length, span: span(from: name.span))),
      height: try height(over: argument.height))
  }

  private mutating func aggregate(
    _ shape: CallShape, _ name: Token
  ) throws(Issue) -> Grown<Expression> {
    if case .field(.percentile(let percent)) = shape, percent > 100 {
      throw Issue(name.span, "a percentile is from 0 to 100")
    }
    advance()
    try enter()
    let argument = try argument(of: shape, name)
    let (function, spelling) = try function(shape, name)
    var filter: Grown<Predicate>?
    if accept(.keyword(.where)) { filter = try predicate() }
    guard accept(.rightParenthesis) else { throw unclosedCall(argument, filter == nil) }
    leave()
    return Grown(
      node: .aggregate(
        Aggregate(
          function, argument, filter: filter?.node, spelling: spelling,
          span: span(from: name.span))),
      height: try height(over: filter?.height ?? 0))
  }

  private func unknownFunction(_ name: Token) -> Issue {
    let text = asciiLowercased(name.text)
    if isOfStatements, let hint = CallShape.habits[text] {
      return Issue(name.span, "there is no function \(brief(name.text))", hint: hint)
    }
    let names = isDefinition ? CallShape.names : CallShape.names + CallShape.queryNames
    let foreign = CallShape.foreignNames.filter { names.contains($0.value) }
    let near = Spelling.nearest(name.text, names + foreign.keys.sorted())
    let nearest = near.map { foreign[$0] ?? $0 }
    return Issue(
      name.span, "there is no function \(brief(name.text))",
      hint: nearest.map { "did you mean \($0)?" }
        ?? "there are \(names.joined(separator: ", ")) and other percentiles")
  }
}
