import Bytes

/// A condition on the rows of an answer, as HAVING has it.
public indirect enum Condition: Sendable, Equatable {
  case compare(Expression, Comparison, Expression)
  /// The list has at least one expression.
  case `in`(Expression, [Expression], isNegated: Bool)
  /// Both bounds belong to it.
  case between(Expression, Expression, Expression, isNegated: Bool)
  case like(Expression, pattern: Text, isNegated: Bool)
  /// The pattern is a regular expression, here not looked into.
  case matches(Expression, pattern: Spanned<Text>, isNegated: Bool)
  case isNull(Expression, isNegated: Bool)
  case and(Condition, Condition)
  case or(Condition, Condition)
  case not(Condition)
  case constant(Bool)
}
