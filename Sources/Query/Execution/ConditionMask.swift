import Bytes
import Language
import Model
import RE2

/// Which rows a condition holds for, with the three truths of SQL.
struct ConditionMask {
  let evaluator: Evaluator

  private var count: Int { evaluator.table.count }

  func truths(_ condition: RowCondition) throws -> [Truth] {
    switch condition {
    case .compare(let left, let comparison, let right):
      return try compare(evaluator.column(left), comparison, evaluator.column(right))
    case .in(let left, let list, let isNegated):
      let value = try evaluator.column(left)
      var found = [Truth](repeating: .no, count: count)
      if let texts = Self.texts(list), case .texts(let values) = value {
        found = values.map { $0.map { Truth(texts.contains($0)) } ?? .unknown }
        return isNegated ? found.map(\.negated) : found
      }
      for element in list {
        try Cancellation.check()
        found = zip(found, try compare(value, .eq, evaluator.column(element))).map { $0.or($1) }
      }
      return isNegated ? found.map(\.negated) : found
    case .between(let left, let low, let high, let isNegated):
      let value = try evaluator.column(left)
      let within = zip(
        try compare(value, .ge, evaluator.column(low)),
        try compare(value, .le, evaluator.column(high))
      ).map { $0.and($1) }
      return isNegated ? within.map(\.negated) : within
    case .like(let left, let pattern, let isNegated):
      let like = LikePattern(pattern)
      return try test(left, isNegated) {
        try like.matches($0.rawSpan, Cancellation.check)
      }
    case .matches(let left, let pattern, let isNegated):
      let expression = try RegularExpression(pattern.value.string)
      return try test(left, isNegated) { expression.matches($0.string) }
    case .isNull(let left, let isNegated):
      let column = try evaluator.column(left)
      return (0..<count).map { Truth(column[$0].isNull != isNegated) }
    case .and(let left, let right):
      return zip(try truths(left), try truths(right)).map { $0.and($1) }
    case .or(let left, let right): return zip(try truths(left), try truths(right)).map { $0.or($1) }
    case .not(let inner): return try truths(inner).map(\.negated)
    case .constant(let value): return Array(repeating: Truth(value), count: count)
    }
  }

  /// The texts of a list that has nothing else, to look values up in.
  private static func texts(_ list: [RowExpression]) -> Set<Text>? {
    var texts: Set<Text> = []
    for case .text(let text) in list { texts.insert(text) }
    return list.allSatisfy { if case .text = $0 { true } else { false } } ? texts : nil
  }

  private func test(
    _ value: RowExpression, _ isNegated: Bool, _ holds: (Text) throws -> Bool
  ) throws -> [Truth] {
    try evaluator.column(value).texts.enumerated().map { row, text in
      try Cancellation.check(at: row)
      guard let text else { return .unknown }
      return Truth(try holds(text) != isNegated)
    }
  }

  private func compare(
    _ left: ValueColumn, _ comparison: Comparison, _ right: ValueColumn
  ) throws -> [Truth] {
    if left.isOfNumbers && right.isOfNumbers {
      if left.isBeyondDoubles || right.isBeyondDoubles {
        let (a, b) = (left.exact, right.exact)
        return try polledRows(count) { Self.truth(comparison, ValueOrder.compare(a[$0], b[$0])) }
      }
      let (a, b) = (left.doubles, right.doubles)
      return try polledRows(count) { Self.truth(comparison, ValueOrder.compare(a[$0], b[$0])) }
    }
    if case .texts(let a) = left, case .texts(let b) = right {
      return try polledRows(count) { row in
        guard let x = a[row], let y = b[row] else { return .unknown }
        return Self.truth(comparison, ValueOrder.compare(x, y))
      }
    }
    return try polledRows(count) {
      Self.truth(comparison, ValueOrder.compare(left[$0], right[$0]))
    }
  }

  private static func truth(_ comparison: Comparison, _ order: ValueOrder) -> Truth {
    switch order {
    case .unknown: .unknown
    case .less: Truth(comparison.holds(-1))
    case .equal: Truth(comparison.holds(0))
    case .more: Truth(comparison.holds(1))
    }
  }
}
