extension Printer {
  private enum LogicBinding: Int {
    case or, and, not

    init(_ predicate: Predicate) {
      switch predicate {
      case .or: self = .or
      case .and: self = .and
      default: self = .not
      }
    }
  }

  mutating func predicate(_ predicate: Predicate) {
    switch predicate {
    case .or(let left, let right):
      self.predicate(left, atLeast: .or)
      text += " OR "
      self.predicate(right, atLeast: .and)
    case .and(let left, let right):
      self.predicate(left, atLeast: .and)
      text += " AND "
      self.predicate(right, atLeast: .not)
    case .not(let operand):
      text += "NOT "
      self.predicate(operand, atLeast: .not)
    case .constant(let value):
      text += value ? "TRUE" : "FALSE"
    default:
      text += Self.test(predicate)
    }
  }

  private mutating func predicate(_ predicate: Predicate, atLeast binding: LogicBinding) {
    parenthesized(LogicBinding(predicate).rawValue < binding.rawValue) {
      $0.predicate(predicate)
    }
  }

  /// The text of a predicate on one field.
  private static func test(_ predicate: Predicate) -> String {
    func not(_ isNegated: Bool) -> String { isNegated ? "NOT " : "" }
    switch predicate {
    case .compare(let field, let comparison, let literal):
      return "\(field.canonicalText) \(comparison.canonicalText) \(literal.canonicalText)"
    case .in(let field, let literals, let isNegated):
      let list = literals.map(\.canonicalText).joined(separator: ", ")
      return "\(field.canonicalText) \(not(isNegated))IN (\(list))"
    case .between(let field, let low, let high, let isNegated):
      return "\(field.canonicalText) \(not(isNegated))BETWEEN \(low.canonicalText)"
        + " AND \(high.canonicalText)"
    case .like(let field, let pattern, let isNegated):
      return "\(field.canonicalText) \(not(isNegated))LIKE \(string(pattern.string))"
    case .matches(let field, let pattern, let isNegated):
      return "\(field.canonicalText) \(isNegated ? "!~" : "~") \(string(pattern.value.string))"
    case .isNull(let field, let isNegated):
      return "\(field.canonicalText) IS \(not(isNegated))NULL"
    case .and, .or, .not, .constant:
      return ""
    }
  }
}
