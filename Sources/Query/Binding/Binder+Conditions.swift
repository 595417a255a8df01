import Language

/// HAVING.
extension Binder {
  mutating func condition(_ condition: Condition) throws(Issue) -> RowCondition {
    switch condition {
    case .compare(let left, let comparison, let right):
      let (left, right) = try pair(left, right)
      return .compare(left, comparison, right)
    case .in(let left, let list, let isNegated):
      var values: [RowExpression] = []
      var first = try value(left).0
      for element in list {
        let (left, right) = try pair(left, element)
        first = left
        values.append(right)
      }
      return .in(first, values, isNegated: isNegated)
    case .between(let left, let low, let high, let isNegated):
      let (value, low) = try pair(left, low)
      let high = try pair(left, high).1
      return .between(value, low, high, isNegated: isNegated)
    case .like(let left, let pattern, let isNegated):
      return .like(try text(left), pattern: pattern, isNegated: isNegated)
    case .matches(let left, let pattern, let isNegated):
      try Self.checkPattern(pattern)
      return .matches(try text(left), pattern: pattern, isNegated: isNegated)
    case .isNull(let left, let isNegated):
      return .isNull(try value(left).0, isNegated: isNegated)
    case .and(let left, let right):
      return .and(try self.condition(left), try self.condition(right))
    case .or(let left, let right):
      return .or(try self.condition(left), try self.condition(right))
    case .not(let inner): return .not(try self.condition(inner))
    case .constant(let value): return .constant(value)
    }
  }

  /// Two values that can be compared. A string beside a time is a time, and a
  /// quoted number beside a number is a number.
  private mutating func pair(
    _ left: Expression, _ right: Expression
  ) throws(Issue) -> (RowExpression, RowExpression) {
    var (first, firstKind) = try value(left)
    var (second, secondKind) = try value(right)
    if firstKind == .time, case .text(let text) = second {
      (second, secondKind) = (.time(try time(text.string, right)), .time)
    }
    if secondKind == .time, case .text(let text) = first {
      (first, firstKind) = (.time(try time(text.string, left)), .time)
    }
    if firstKind.isNumber, case .text(let text) = second,
      let number = Literal.number(in: text.string)
    {
      (second, secondKind) = (.number(number), .number)
    }
    if secondKind.isNumber, case .text(let text) = first,
      let number = Literal.number(in: text.string)
    {
      (first, firstKind) = (.number(number), .number)
    }
    guard firstKind.joined(secondKind) != nil, firstKind != .list, secondKind != .list else {
      throw Issue(
        right.span ?? left.span ?? .none,
        "\(left.canonicalText) is \(firstKind.name) and \(right.canonicalText) \(secondKind.name)",
        hint: "only values of one kind are compared")
    }
    return (first, second)
  }

  private func time(_ text: String, _ expression: Expression) throws(Issue) -> Int64 {
    if let ns = TimeResolver.parse(text, in: query.zone) { return ns }
    throw TimeResolver.issue(text, expression.span ?? .none)
  }

  private mutating func text(_ expression: Expression) throws(Issue) -> RowExpression {
    let (value, kind) = try value(expression)
    if kind == .text || kind == .mixed || kind == .state || kind == .null { return value }
    throw Issue(
      expression.span ?? .none, "\(expression.canonicalText) is \(kind.name), and no text")
  }
}
