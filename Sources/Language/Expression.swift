public enum BinaryOperator: Sendable, Equatable, CaseIterable {
  case add, subtract, multiply, divide
}

/// Arithmetic over aggregates. The parser makes a negative number a ``negate(_:)`` of a positive
/// one.
public indirect enum Expression: Sendable, Equatable {
  case number(Double)
  case aggregate(Aggregate)
  case negate(Expression)
  case binary(BinaryOperator, Expression, Expression)
}

/// One number over the facts of a group: `count(* WHERE status = 'down')`.
public struct Aggregate: Sendable, Equatable {
  public var function: AggregateFunction
  /// Nil for `count(*)`.
  public var argument: FieldPath?
  /// The facts that count; nil for all of them.
  public var filter: Predicate?
  public var span: SourceSpan

  public init(
    _ function: AggregateFunction, _ argument: FieldPath?, filter: Predicate? = nil,
    span: SourceSpan = .none
  ) {
    self.function = function
    self.argument = argument
    self.filter = filter
    self.span = span
  }
}

/// One column of an answer: an expression, and the name it is given with AS.
public struct Item: Sendable, Equatable {
  public var expression: Expression
  public var alias: String?
  public var span: SourceSpan

  public init(_ expression: Expression, alias: String? = nil, span: SourceSpan = .none) {
    self.expression = expression
    self.alias = alias
    self.span = span
  }

  /// The alias, or else the canonical text of the expression.
  public var name: String { alias ?? expression.canonicalText }
}
