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
        TextSpan(name.span.start, token.span.start), "\(function) needs a field",
        hint: shape == .field(.count) ? "to count facts, write count(*)" : nil)
    default: break
    }
    guard token.isName else {
      let isCount = shape == .field(.count) && token.kind == .number
      throw unexpected(
        "a field",
        hint: isCount ? "to count facts, write count(*)" : quotedNameHint ?? example(of: shape))
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
  ) throws(Issue) -> (AggregateFunction, PercentileSpelling) {
    if case .field(let function) = shape {
      guard token.kind == .comma else {
        return (function, asciiLowercased(name.text) == "median" ? .median : .short)
      }
      throw Issue(token.span, "\(asciiLowercased(name.text)) takes one field and no more")
    }
    guard token.kind == .comma else {
      throw tokenIssue ?? Issue(token.span, wanted(by: shape), hint: example(of: shape))
    }
    advance()
    let start = token.span
    let isNegative = accept(.minus)
    guard token.kind == .number else {
      throw tokenIssue ?? Issue(token.span, wanted(by: shape), hint: example(of: shape))
    }
    let number = try number()
    guard !isNegative, let function = numbered(shape, number) else {
      throw Issue(span(from: start), wanted(by: shape), hint: hint(shape, number))
    }
    if token.kind == .comma { throw Issue(token.span, "\(name.text) takes no more than that") }
    return (function, shape == .quantile ? .share : .long)
  }

  /// Nil when the number is not one that the function takes.
  private func numbered(
    _ shape: CallShape, _ number: (value: Double, text: String)
  ) -> AggregateFunction? {
    let value = number.value
    switch shape {
    case .field: return nil
    case .top:
      let isLegal = value >= 1 && value <= Double(LanguageLimits.maxTop)
      return isLegal && value == value.rounded() ? .top(Int(value)) : nil
    case .percentile: return value == 0 || value >= 1 && value <= 100 ? .percentile(value) : nil
    case .quantile:
      // Shifted as text: 0.57 * 100 is not 57.
      guard value <= 1 else { return nil }
      return Double(DecimalPoint.shifted(number.text, by: 2)).map { .percentile($0) }
    }
  }

  private func wanted(by shape: CallShape) -> String {
    switch shape {
    case .field: "a field"
    case .top: "top takes a whole number from 1 to \(LanguageLimits.maxTop) after the field"
    case .percentile: "percentile takes 0 or a number from 1 to 100 after the field"
    case .quantile: "quantile takes a number from 0 to 1 after the field"
    }
  }

  /// Who knows another language writes shares for percentiles, and the other way round.
  private func hint(
    _ shape: CallShape, _ number: (value: Double, text: String)
  ) -> String? {
    switch shape {
    case .percentile where number.value > 0 && number.value < 1:
      let percent = DecimalPoint.shifted(number.text, by: 2)
      let isEnough = number.value >= 0.01
      return "write \(isEnough ? "percentile(x, \(percent)) or " : "")quantile(x, \(number.text))"
    case .quantile where number.value > 1 && number.value <= 100:
      return "write percentile(x, \(number.text))"
    default: return nil
    }
  }

  private func example(of shape: CallShape) -> String? {
    switch shape {
    case .field: nil
    case .percentile: "for example percentile(temperature, 95)"
    case .quantile: "for example quantile(temperature, 0.95)"
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
