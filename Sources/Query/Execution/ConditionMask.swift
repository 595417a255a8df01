import Bytes
import Language
import Model
import RE2

/// Which rows a condition holds for, with the three truths of SQL.
struct ConditionMask {
  /// What holds is 1, what does not 0, and what is unknown 2.
  typealias Truths = [UInt8]

  let evaluator: Evaluator

  private var count: Int { evaluator.table.count }

  func truths(_ condition: RowCondition) throws -> Truths {
    switch condition {
    case .compare(let left, let comparison, let right):
      return try compare(evaluator.column(left), comparison, evaluator.column(right))
    case .in(let left, let list, let isNegated):
      let value = try evaluator.column(left)
      var found = Truths(repeating: 0, count: count)
      if let texts = Self.texts(list), case .texts(let values) = value {
        found = values.map { $0.map { texts.contains($0) ? 1 : 0 } ?? 2 }
        return isNegated ? Self.not(found) : found
      }
      for element in list {
        try Cancellation.check()
        found = Self.or(found, try compare(value, .eq, evaluator.column(element)))
      }
      return isNegated ? Self.not(found) : found
    case .between(let left, let low, let high, let isNegated):
      let value = try evaluator.column(left)
      let within = Self.and(
        try compare(value, .ge, evaluator.column(low)),
        try compare(value, .le, evaluator.column(high)))
      return isNegated ? Self.not(within) : within
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
      return (0..<count).map { column[$0].isNull != isNegated ? 1 : 0 }
    case .and(let left, let right): return Self.and(try truths(left), try truths(right))
    case .or(let left, let right): return Self.or(try truths(left), try truths(right))
    case .not(let inner): return Self.not(try truths(inner))
    case .constant(let value): return Truths(repeating: value ? 1 : 0, count: count)
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
  ) throws -> Truths {
    try evaluator.column(value).texts.enumerated().map { row, text in
      try Cancellation.check(at: row)
      guard let text else { return 2 }
      return try holds(text) != isNegated ? 1 : 0
    }
  }

  private static func not(_ values: Truths) -> Truths { values.map { $0 == 2 ? 2 : 1 - $0 } }

  private static func and(_ left: Truths, _ right: Truths) -> Truths {
    left.indices.map { row in
      let (a, b) = (left[row], right[row])
      return a == 0 || b == 0 ? 0 : a == 1 && b == 1 ? 1 : 2
    }
  }

  private static func or(_ left: Truths, _ right: Truths) -> Truths {
    left.indices.map { row in
      let (a, b) = (left[row], right[row])
      return a == 1 || b == 1 ? 1 : a == 0 && b == 0 ? 0 : 2
    }
  }

  private func compare(
    _ left: ValueColumn, _ comparison: Comparison, _ right: ValueColumn
  ) throws -> Truths {
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
        guard let x = a[row], let y = b[row] else { return 2 }
        return Self.truth(comparison, ValueOrder.compare(x, y))
      }
    }
    return try polledRows(count) {
      Self.truth(comparison, ValueOrder.compare(left[$0], right[$0]))
    }
  }

  private static func truth(_ comparison: Comparison, _ order: ValueOrder) -> UInt8 {
    let holds: Bool
    switch order {
    case .unknown: return 2
    case .less: holds = comparison == .lt || comparison == .le || comparison == .ne
    case .equal: holds = comparison == .eq || comparison == .le || comparison == .ge
    case .more: holds = comparison == .gt || comparison == .ge || comparison == .ne
    }
    return holds ? 1 : 0
  }
}
