import Bytes

/// Reads expressions of the subset of PromQL that KPIs are asked by.
public struct PromQLParser {
  /// Bytes of a text at most.
  public static let maxTextBytes = 1 << 16
  /// Expressions within one another, and operators, at most: a chain of operators is a tree as deep as it is long.
  public static let maxDepth = 100
  public static let maxOperators = 500

  private var lexer: PromQLLexer
  /// The word that is looked at, and the one after it.
  var token: PromQLToken
  private var following: PromQLToken
  private var depth = 0
  private var operatorCount = 0

  /// The expression that a text is, whose types fit together. Throws ``PromQLError``. O(bytes).
  public static func parse(_ text: String) throws(PromQLError) -> Node {
    var parser = try PromQLParser(text)
    let node = try parser.expression()
    if parser.token.kind != .end { throw parser.unexpected("after the expression") }
    return node
  }

  /// The matchers of a text that is one selector, as `match[]` has it.
  public static func selector(_ text: String) throws(PromQLError) -> [Matcher] {
    var parser = try PromQLParser(text)
    let node = try parser.expression()
    guard case .selector(let selector) = node.form, parser.token.kind == .end,
      selector == Selector(selector.matchers)
    else {
      throw parser.error("it has to be a selector such as up{job=\"a\"}, and nothing else", node)
    }
    return selector.matchers
  }

  private init(_ text: String) throws(PromQLError) {
    let bytes = Array(text.utf8)
    lexer = PromQLLexer(bytes)
    guard bytes.count <= Self.maxTextBytes else {
      throw lexer.error("the text has more than \(Self.maxTextBytes) bytes", at: 0)
    }
    token = try lexer.next()
    if token.kind == .end { throw lexer.error("no expression found in input", at: 0) }
    following = try lexer.next()
  }

  // MARK: Words

  @discardableResult
  mutating func take() throws(PromQLError) -> PromQLToken {
    let taken = token
    (token, following) = (following, try lexer.next())
    return taken
  }

  func isAt(_ symbol: String) -> Bool { token.kind == .symbol && token.text == symbol }

  /// Whether a keyword stands here; case does not matter.
  func isAtWord(_ words: String...) -> Bool {
    token.kind == .name && words.contains(token.text.lowercased())
  }

  mutating func takeIf(_ symbol: String) throws(PromQLError) -> Bool {
    if !isAt(symbol) { return false }
    try take()
    return true
  }

  mutating func expect(_ symbol: String, _ place: String) throws(PromQLError) {
    if try !takeIf(symbol) { throw unexpected("\(place), expected \"\(symbol)\"") }
  }

  func unexpected(_ place: String) -> PromQLError {
    let what = token.kind == .end ? token.text : token.text.debugDescription
    return lexer.error("unexpected \(what) \(place)", at: token.span.lowerBound)
  }

  func error(_ message: String, _ node: Node) -> PromQLError {
    lexer.error(message, at: node.span.lowerBound)
  }

  func error(_ message: String, at place: Range<Int>) -> PromQLError {
    lexer.error(message, at: place.lowerBound)
  }

  // MARK: Operators

  /// An expression whose operators bind at least as close as `precedence`.
  mutating func expression(_ precedence: Int = 1) throws(PromQLError) -> Node {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maxDepth else {
      throw error("more than \(Self.maxDepth) expressions within one another", at: token.span)
    }
    var left = try signed()
    while true {
      if isAtWord("and", "or", "unless", "atan2") {
        throw error("the operator \(token.text) is not in the subset", at: token.span)
      }
      guard token.kind == .symbol, let operation = BinaryOperation.Operator(rawValue: token.text),
        operation.precedence >= precedence
      else { return left }
      operatorCount += 1
      guard operatorCount <= Self.maxOperators else {
        throw error("more than \(Self.maxOperators) operators", at: token.span)
      }
      try take()
      left = try binary(left, operation)
    }
  }

  private mutating func binary(
    _ left: Node, _ operation: BinaryOperation.Operator
  ) throws(PromQLError) -> Node {
    let isBool = isAtWord("bool")
    if isBool {
      if !operation.isComparison {
        throw error("bool modifier can only be used on comparison operators", at: token.span)
      }
      try take()
    }
    var matching: BinaryOperation.Matching?
    let place = token.span
    if isAtWord("on", "ignoring"), following.text == "(" {
      let isOn = try take().text.lowercased() == "on"
      matching = BinaryOperation.Matching(isOn: isOn, labels: try labelNames())
    }
    if isAtWord("group_left", "group_right") {
      throw error(
        "\(token.text) is not in the subset: vectors are matched one to one", at: token.span)
    }
    let isRightBound = operation == .power
    let right = try expression(operation.precedence + (isRightBound ? 0 : 1))
    for side in [left, right] where ![.scalar, .vector].contains(side.type) {
      throw error(
        "binary expression must contain only scalar and instant vector types, not \(side.type.rawValue)",
        side)
    }
    let hasScalars = (left.type == .scalar, right.type == .scalar)
    if hasScalars == (true, true), operation.isComparison, !isBool {
      throw error("comparisons between scalars must use BOOL modifier", left)
    }
    if matching != nil, hasScalars != (false, false) {
      throw error("vector matching only allowed between instant vectors", at: place)
    }
    let binary = BinaryOperation(
      operation: operation, isBool: isBool, matching: matching, left: left, right: right)
    return Node(form: .binary(binary), span: left.span.lowerBound..<right.span.upperBound)
  }

  /// An operand with its signs, which bind less than a power and closer than a product.
  private mutating func signed() throws(PromQLError) -> Node {
    guard isAt("-") || isAt("+") else { return try operand() }
    let sign = try take()
    let inner = try expression(BinaryOperation.Operator.power.precedence)
    guard [.scalar, .vector].contains(inner.type) else {
      throw error(
        "unary expression only allowed on expressions of type scalar or instant vector, got \(inner.type.rawValue)",
        inner)
    }
    let span = sign.span.lowerBound..<inner.span.upperBound
    return sign.text == "-" ? Node(form: .negated(inner), span: span) : inner
  }

  // MARK: Operands

  private mutating func operand() throws(PromQLError) -> Node {
    let start = token.span
    switch token.kind {
    case .number(let value):
      try take()
      return try unmodified(Node(form: .number(value), span: start))
    case .text(let text):
      try take()
      return try unmodified(Node(form: .text(text), span: start))
    case .symbol where isAt("("):
      try take()
      let inner = try expression()
      let end = token.span.upperBound
      try expect(")", "in a parenthesis")
      return try unmodified(
        Node(form: .parenthesized(inner), span: start.lowerBound..<end))
    case .symbol where isAt("{"): return try selector(named: nil)
    case .name: return try named()
    case .duration:
      throw error("a duration stands only in brackets and after offset", at: token.span)
    case .symbol, .end: throw unexpected("where an expression should begin")
    }
  }

  private mutating func named() throws(PromQLError) -> Node {
    let word = token.text.lowercased()
    let isCall = following.kind == .symbol && following.text == "("
    let isGrouped =
      following.kind == .name && ["by", "without"].contains(following.text.lowercased())
    if isCall || isGrouped, let operation = Aggregation.Operator(rawValue: word) {
      let node = try aggregation(operation)
      return try unmodified(node)
    }
    if isCall {
      let node = try call()
      return try unmodified(node)
    }
    if word == "inf" || word == "nan" {
      let span = try take().span
      return Node(form: .number(word == "inf" ? .infinity : .nan), span: span)
    }
    return try selector(named: try take())
  }

  /// A range, an offset and a time of its own belong to selectors alone.
  private func unmodified(_ node: Node) throws(PromQLError) -> Node {
    if isAt("[") {
      throw error(
        node.type == .vector
          ? "subqueries are not in the subset: a range stands after a selector"
          : "ranges only allowed for vector selectors", at: token.span)
    }
    if isAt("@") || isAtWord("offset") {
      throw error(
        "\(token.text) must be preceded by an instant vector selector or range vector selector",
        at: token.span)
    }
    return node
  }

  private mutating func aggregation(
    _ operation: Aggregation.Operator
  ) throws(PromQLError) -> Node {
    let start = try take().span.lowerBound
    var grouping = try self.grouping()
    let list = try arguments()
    var end = list.end
    if grouping == nil, isAtWord("by", "without") {
      grouping = try self.grouping()
      end = token.span.lowerBound
    }
    let wanted = operation.hasParameter ? 2 : 1
    let name = operation.rawValue
    guard list.nodes.count == wanted, let argument = list.nodes.last else {
      throw error(
        "wrong number of arguments for aggregate expression provided, expected \(wanted), got \(list.nodes.count)",
        at: start..<end)
    }
    try check(argument, .vector, in: "aggregation expression \(name)")
    let parameter = operation.hasParameter ? list.nodes[0] : nil
    if let parameter { try check(parameter, .scalar, in: "aggregation parameter of \(name)") }
    let aggregation = Aggregation(
      operation: operation, parameter: parameter, argument: argument, grouping: grouping)
    return Node(form: .aggregation(aggregation), span: start..<end)
  }

  private mutating func grouping() throws(PromQLError) -> Grouping? {
    guard isAtWord("by", "without") else { return nil }
    let isWithout = try take().text.lowercased() == "without"
    return Grouping(isWithout: isWithout, labels: try labelNames())
  }

  private mutating func call() throws(PromQLError) -> Node {
    let name = try take()
    guard let function = Function(rawValue: name.text) else {
      let known =
        (Function.allCases.map(\.rawValue) + Aggregation.Operator.allCases.map(\.rawValue)).sorted()
      throw error(
        "the function \(name.text) is not in the subset, which has \(known.joined(separator: ", "))",
        at: name.span)
    }
    let list = try arguments()
    let wanted = function.minCount...function.parameters.count
    guard wanted.contains(list.nodes.count) else {
      let count =
        wanted.count == 1 ? "\(wanted.lowerBound)" : "\(wanted.lowerBound) to \(wanted.upperBound)"
      throw error(
        "expected \(count) argument(s) in call to \"\(name.text)\", got \(list.nodes.count)",
        at: name.span)
    }
    for (node, type) in zip(list.nodes, function.parameters) {
      try check(node, type, in: "call to function \"\(name.text)\"")
    }
    return Node(form: .call(function, list.nodes), span: name.span.lowerBound..<list.end)
  }

  private func check(
    _ node: Node, _ type: ValueType, in place: String
  ) throws(PromQLError) {
    if node.type != type {
      throw error("expected type \(type.rawValue) in \(place), got \(node.type.rawValue)", node)
    }
  }

  private mutating func arguments() throws(PromQLError) -> (nodes: [Node], end: Int) {
    try expect("(", "before arguments")
    var nodes: [Node] = []
    while !isAt(")") {
      nodes.append(try expression())
      if try !takeIf(",") { break }
    }
    let end = token.span.upperBound
    try expect(")", "in arguments")
    return (nodes, end)
  }

  /// Names of labels in parentheses, also in quotes.
  private mutating func labelNames() throws(PromQLError) -> [Text] {
    try expect("(", "before names of labels")
    var names: [Text] = []
    while !isAt(")") {
      names.append(try labelName())
      if try !takeIf(",") { break }
    }
    try expect(")", "in names of labels")
    return names
  }

  mutating func labelName() throws(PromQLError) -> Text {
    switch token.kind {
    case .name where !token.text.contains(":"): return Text(try take().text)
    case .text(let text):
      if text.isEmpty { throw error("a label's name is empty", at: token.span) }
      try take()
      return text
    default: throw unexpected("where the name of a label should be")
    }
  }
}
