/// What stands within the parentheses of an aggregate.
extension TokenReader {
  /// The field of a call; nil for the star.
  mutating func argument(
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
  mutating func function(
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
      throw tokenIssue ?? Issue(token.span, wanted, hint: example(of: shape))
    }
    advance()
    let start = token.span
    let isNegative = accept(.minus)
    guard token.kind == .number else {
      throw tokenIssue ?? Issue(token.span, wanted, hint: example(of: shape))
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

  func unclosedCall(_ argument: FieldPath?, _ isBare: Bool) -> Issue {
    if let argument, isBare, token.isName {
      if asciiLowercased(argument.path.string) == "distinct" {
        return Issue(
          argument.span, "DISTINCT is a function here",
          hint: "write distinct(\(brief(token.text)))")
      }
      return unexpected("WHERE or ')'", hint: keywordHint(["WHERE"]))
    }
    return unexpected(isBare ? "WHERE or ')'" : "AND, OR or ')'")
  }
}
