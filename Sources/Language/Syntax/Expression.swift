import Bytes

/// An operator between two expressions: `+`, `-`, `*`, `/`.
public enum BinaryOperator: Sendable, Equatable, CaseIterable {
  case add, subtract, multiply, divide
}

/// Arithmetic over aggregates, and in a query over what else it may name. The parser makes a
/// negative number a ``negate(_:)`` of a positive one.
public indirect enum Expression: Sendable, Equatable {
  case number(Double)
  /// A whole number that no double holds.
  case integer(UInt64)
  case aggregate(Aggregate)
  case negate(Expression)
  case binary(BinaryOperator, Expression, Expression)

  // What only a query has; items of a KPI are of the cases above.

  /// A field of the facts; in HAVING and ORDER BY also a column of the answer, by its name.
  case field(FieldPath)
  case string(Spanned<Text>)
  case bool(Spanned<Bool>)
  case null(TextSpan)
  case parameter(Parameter)
  case scalar(ScalarCall)
  case window(WindowCall)
  /// Of a function that there is not; only trees of ``LanguageError/statements`` have it.
  case unknown(UnknownCall)
}

/// A call of a function that there is not, of which the arguments can be looked at.
public struct UnknownCall: Sendable, Equatable {
  public var arguments: [Expression]
  public var span: TextSpan

  public init(_ arguments: [Expression], span: TextSpan) {
    (self.arguments, self.span) = (arguments, span)
  }
}

/// One number over the facts of a group: `count(* WHERE status = 'down')`.
public struct Aggregate: Sendable, Equatable {
  public var function: AggregateFunction
  /// Nil for `count(*)`.
  public var argument: FieldPath?
  /// The facts that count; nil for all of them.
  public var filter: Predicate?
  /// How a percentile is written; two spellings of one percentile are equal.
  public var spelling: PercentileSpelling
  public var span: TextSpan

  public init(
    _ function: AggregateFunction, _ argument: FieldPath?, filter: Predicate? = nil,
    spelling: PercentileSpelling = .short, span: TextSpan = .none
  ) {
    self.function = function
    self.argument = argument
    self.filter = filter
    self.spelling = spelling
    self.span = span
  }

  public static func == (left: Aggregate, right: Aggregate) -> Bool {
    left.function == right.function && left.argument == right.argument
      && left.filter == right.filter
  }
}

/// One column of an answer: an expression, and the name it is given with AS.
public struct Item: Sendable, Equatable {
  public var expression: Expression
  /// The name that AS gives; nil without AS.
  public var alias: Text?
  public var span: TextSpan

  public init(_ expression: Expression, alias: Text? = nil, span: TextSpan = .none) {
    self.expression = expression
    self.alias = alias
    self.span = span
  }
}

extension Expression {
  /// From the first to the last byte of the named things in it; nil when it has numbers only.
  /// O(size of the expression).
  public var span: TextSpan? {
    switch self {
    case .number, .integer: nil
    case .aggregate(let aggregate): aggregate.span
    case .negate(let operand): operand.span
    case .binary(_, let left, let right): Self.join(left.span, right.span)
    case .field(let field): field.span
    case .string(let text): text.span
    case .bool(let value): value.span
    case .null(let span): span
    case .parameter(let parameter): parameter.span
    case .scalar(let call): call.span
    case .window(let call): call.span
    case .unknown(let call): call.span
    }
  }

  private static func join(_ left: TextSpan?, _ right: TextSpan?) -> TextSpan? {
    guard let left, let right else { return left ?? right }
    return TextSpan(min(left.start, right.start), max(left.end, right.end))
  }
}
