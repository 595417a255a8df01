extension Printer {
  private enum LogicBinding: Int {
    case or, and, not

    init(_ condition: Condition) {
      switch condition {
      case .or: self = .or
      case .and: self = .and
      default: self = .not
      }
    }
  }

  mutating func condition(_ condition: Condition) {
    switch condition {
    case .or(let left, let right):
      self.condition(left, atLeast: .or)
      text += " OR "
      self.condition(right, atLeast: .and)
    case .and(let left, let right):
      self.condition(left, atLeast: .and)
      text += " AND "
      self.condition(right, atLeast: .not)
    case .not(let operand):
      text += "NOT "
      self.condition(operand, atLeast: .not)
    case .constant(let value):
      text += value ? "TRUE" : "FALSE"
    default:
      test(condition)
    }
  }

  private mutating func condition(_ condition: Condition, atLeast binding: LogicBinding) {
    parenthesized(LogicBinding(condition).rawValue < binding.rawValue) {
      $0.condition(condition)
    }
  }

  /// Writes a condition without AND, OR and NOT.
  private mutating func test(_ condition: Condition) {
    func not(_ isNegated: Bool) -> String { isNegated ? "NOT " : "" }
    switch condition {
    case .compare(let left, let comparison, let right):
      expression(left)
      text += " \(comparison.canonicalText) "
      expression(right)
    case .in(let left, let list, let isNegated):
      expression(left)
      text += " \(not(isNegated))IN ("
      self.list(list) { $0.expression($1) }
      text += ")"
    case .between(let left, let low, let high, let isNegated):
      expression(left)
      text += " \(not(isNegated))BETWEEN "
      expression(low)
      text += " AND "
      expression(high)
    case .like(let left, let pattern, let isNegated):
      expression(left)
      text += " \(not(isNegated))LIKE \(Self.string(pattern.string))"
    case .matches(let left, let pattern, let isNegated):
      expression(left)
      text += " \(isNegated ? "!~" : "~") \(Self.string(pattern.value.string))"
    case .isNull(let left, let isNegated):
      expression(left)
      text += " IS \(not(isNegated))NULL"
    case .and, .or, .not, .constant:
      break
    }
  }
}
