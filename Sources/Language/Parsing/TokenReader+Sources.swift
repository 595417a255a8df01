/// Statements of sources that the server fetches from.
extension TokenReader {
  /// Reads a source from its name on.
  mutating func defineSource() throws(Issue) -> Statement.Body {
    let name = try name("the name of the source")
    try expect(.keyword(.from), "FROM and the kind of source", hint: Self.sourceHint)
    let kind = token
    guard kind.kind == .word else { throw unexpected("a kind of source", hint: Self.sourceHint) }
    advance()
    try expect(.leftParenthesis, "'(' after \(brief(kind.text))", hint: Self.sourceHint)
    let options = try options()
    try expect(.into, hint: Self.targetHint)
    return .defineSource(
      DefineSource(
        name, from: Spanned(asciiLowercased(kind.text), span: kind.span), options,
        into: try sourceTarget()))
  }

  private static let sourceHint =
    "for example DEFINE SOURCE plant FROM kafka(brokers 'localhost:9092', topics 'readings') INTO readings"
  private static let targetHint =
    "its events go somewhere: INTO and the name of a stream, INTO FIELD and the field that names it, or INTO TOPIC"

  /// Reads options and the parenthesis after them. No name stands twice.
  mutating func options() throws(Issue) -> [SourceOption] {
    var options: [SourceOption] = []
    repeat {
      let option = try option()
      if options.contains(where: { $0.name.path == option.name.path }) {
        throw Issue(option.name.span, "option \(option.name.canonicalText) stands twice")
      }
      options.append(option)
    } while accept(.comma)
    try expect(.rightParenthesis, "',' or ')'")
    return options
  }

  /// Reads `name value`.
  private mutating func option() throws(Issue) -> SourceOption {
    guard token.isName else {
      throw unexpected("the name of an option", hint: quotedNameHint)
    }
    let name = try fieldPath()
    if case .comparison = token.kind {
      throw unexpected(
        "the value of \(brief(name.canonicalText))",
        hint: "the value follows its name without a sign: brokers 'localhost:9092'")
    }
    let start = token.span
    let value = try optionValue(of: name)
    return SourceOption(name, value, span: span(from: start))
  }

  private mutating func optionValue(of name: FieldPath) throws(Issue) -> OptionValue {
    guard accept(.leftParenthesis) else { return try oneValue(of: name) }
    var values: [OptionValue] = []
    repeat { values.append(try oneValue(of: name)) } while accept(.comma)
    try expect(.rightParenthesis, "',' or ')'")
    return .list(values)
  }

  private mutating func oneValue(of name: FieldPath) throws(Issue) -> OptionValue {
    switch token.kind {
    case .string:
      return .text(try string("a text").value)
    case .keyword(.true), .keyword(.false):
      let value = token.kind == .keyword(.true)
      advance()
      return .bool(value)
    case .length: return .length(try timeLength())
    case .milliseconds: return .milliseconds(try milliseconds())
    case .number:
      if tokenAhead.kind == .word {
        return TimeUnit.isMillisecond(tokenAhead.text)
          ? .milliseconds(try milliseconds()) : .length(try timeLength())
      }
      let (value, digits) = try number()
      return .number(value, text: digits)
    case .minus:
      advance()
      guard token.kind == .number else { throw unexpected("a number after '-'") }
      let (value, digits) = try number()
      return .number(-value, text: "-" + digits)
    case .word where tokenAhead.kind == .leftParenthesis: return try reference()
    default:
      let text = brief(doubling("'", in: token.text))
      throw unexpected(
        "the value of \(brief(name.canonicalText))",
        hint: token.isName ? "a text is written in single quotes: '\(text)'" : nil)
    }
  }

  /// Reads `kind('text')`.
  private mutating func reference() throws(Issue) -> OptionValue {
    let kind = asciiLowercased(token.text)
    advance()
    try expect(.leftParenthesis, "'('")
    let argument = try string("a text in single quotes")
    try expect(.rightParenthesis, "')'")
    return .reference(kind: kind, argument: argument.value)
  }

  /// Reads what follows INTO. A stream may be called like the words that may stand here.
  private mutating func sourceTarget() throws(Issue) -> SourceTarget {
    if token.word == .topic, tokenAhead.kind != .dot {
      advance()
      return .topic
    }
    if token.word == .field, tokenAhead.isName {
      advance()
      return .field(try fieldPath())
    }
    guard token.isName else { throw unexpected("the name of a stream", hint: Self.targetHint) }
    return .stream(try self.name("the name of a stream"))
  }
}
