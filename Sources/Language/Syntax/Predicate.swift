import Bytes

/// A comparison of two values: `=`, `!=`, `<`, `<=`, `>`, `>=`.
public enum Comparison: Sendable, Equatable, CaseIterable {
  case eq, ne, lt, le, gt, ge

  /// Whether it holds for two values of which the first one is less (below 0), equal (0) or more.
  @inlinable public func holds(_ order: Int) -> Bool {
    switch self {
    case .eq: order == 0
    case .ne: order != 0
    case .lt: order < 0
    case .le: order <= 0
    case .gt: order > 0
    case .ge: order >= 0
    }
  }

  /// The comparison that holds when both sides change places.
  var turnedRound: Comparison {
    switch self {
    case .eq: .eq
    case .ne: .ne
    case .lt: .gt
    case .le: .ge
    case .gt: .lt
    case .ge: .le
    }
  }
}

/// A value written in a text. A number keeps its digits, which may say more than a Double can.
public enum Literal: Sendable, Equatable {
  /// `text` has a sign only when it is a minus, no needless zeros in front, and a small `e`.
  case number(Double, text: String)
  case string(Text)
  case bool(Bool)
  /// Only in a query.
  case parameter(Parameter)
}

/// A condition on the fields of one fact.
public indirect enum Predicate: Sendable, Equatable {
  case compare(FieldPath, Comparison, Literal)
  /// The list has at least one literal.
  case `in`(FieldPath, [Literal], isNegated: Bool)
  /// Both bounds belong to it.
  case between(FieldPath, Literal, Literal, isNegated: Bool)
  case like(FieldPath, pattern: Text, isNegated: Bool)
  /// The pattern is a regular expression, here not looked into.
  case matches(FieldPath, pattern: Spanned<Text>, isNegated: Bool)
  case isNull(FieldPath, isNegated: Bool)
  case and(Predicate, Predicate)
  case or(Predicate, Predicate)
  case not(Predicate)
  case constant(Bool)
}
