import Bytes
import Language
import Model

/// What the values of an expression are.
enum ValueKind: Equatable {
  case number, integer, text, boolean, time, list, state
  /// Numbers, texts and booleans.
  case mixed
  /// NULL itself.
  case null

  var isNumber: Bool { self == .number || self == .integer }
  /// Whether there may be numbers among them.
  var mayBeNumber: Bool { isNumber || self == .mixed || self == .null }

  /// In messages: `a number`.
  var name: String {
    switch self {
    case .number, .integer: "a number"
    case .text, .state: "a text"
    case .boolean: "TRUE or FALSE"
    case .time: "a time"
    case .list: "a list"
    case .mixed: "of several kinds"
    case .null: "NULL"
    }
  }

  var columnKind: Answer.Column.Kind {
    switch self {
    case .number: .number
    case .integer: .integer
    case .text, .mixed, .null: .text
    case .boolean: .boolean
    case .time: .time
    case .list: .list
    case .state: .state
    }
  }
}

/// A value of each row of a ``RowTable``.
indirect enum RowExpression: Equatable {
  case number(Double)
  /// An integer that no double holds.
  case integer(Number)
  case text(Text)
  case bool(Bool)
  case time(Int64)
  case null
  /// An aggregate, or a field of facts.
  case input(Int)
  /// A label of the row's group.
  case group(Int)
  case timeOfRow
  /// Final, provisional or partial.
  case state
  /// How many facts the row was computed from.
  case facts
  /// How often the row was corrected after it was final.
  case revision
  case negate(RowExpression)
  case binary(BinaryOperator, RowExpression, RowExpression)
  case scalar(ScalarFunction, [RowExpression])
  case window(WindowFunction, RowExpression, TimeLength?)
  /// From the first value to the second, in percent.
  case change(RowExpression, RowExpression)
  /// What was computed before gaps were filled.
  case leaf(Int)

  var children: [RowExpression] {
    switch self {
    case .negate(let inner), .window(_, let inner, _): [inner]
    case .binary(_, let left, let right), .change(let left, let right): [left, right]
    case .scalar(_, let arguments): arguments
    default: []
    }
  }

  /// Whether it or anything within is so.
  func contains(where test: (RowExpression) -> Bool) -> Bool {
    test(self) || children.contains { $0.contains(where: test) }
  }

  var hasWindow: Bool {
    contains { if case .window = $0 { true } else { false } }
  }

  /// Whether it is computed from values in which gaps have been filled.
  var isAboveLeaves: Bool {
    contains {
      switch $0 {
      case .window, .change: true
      default: false
      }
    }
  }

  /// Whether it is a property of the row, and not computed from its facts.
  var isPropertyOfRow: Bool { self == .facts || self == .revision }

  var hasInput: Bool {
    contains { if case .input = $0 { true } else { false } }
  }

  /// The same with each part replaced, from the leaves up.
  func mapped(_ transform: (RowExpression) -> RowExpression) -> RowExpression {
    switch self {
    case .negate(let inner): transform(.negate(inner.mapped(transform)))
    case .binary(let operation, let left, let right):
      transform(.binary(operation, left.mapped(transform), right.mapped(transform)))
    case .scalar(let function, let arguments):
      transform(.scalar(function, arguments.map { $0.mapped(transform) }))
    case .window(let function, let inner, let length):
      transform(.window(function, inner.mapped(transform), length))
    case .change(let old, let new):
      transform(.change(old.mapped(transform), new.mapped(transform)))
    default: transform(self)
    }
  }
}

/// A condition on each row of a ``RowTable``.
indirect enum RowCondition {
  case compare(RowExpression, Comparison, RowExpression)
  case `in`(RowExpression, [RowExpression], isNegated: Bool)
  case between(RowExpression, RowExpression, RowExpression, isNegated: Bool)
  case like(RowExpression, pattern: Text, isNegated: Bool)
  case matches(RowExpression, pattern: Spanned<Text>, isNegated: Bool)
  case isNull(RowExpression, isNegated: Bool)
  case and(RowCondition, RowCondition)
  case or(RowCondition, RowCondition)
  case not(RowCondition)
  case constant(Bool)

  /// The same with each value replaced.
  func mapped(_ value: (RowExpression) -> RowExpression) -> RowCondition {
    switch self {
    case .compare(let left, let comparison, let right):
      .compare(value(left), comparison, value(right))
    case .in(let left, let list, let isNegated):
      .in(value(left), list.map(value), isNegated: isNegated)
    case .between(let left, let low, let high, let isNegated):
      .between(value(left), value(low), value(high), isNegated: isNegated)
    case .like(let left, let pattern, let isNegated):
      .like(value(left), pattern: pattern, isNegated: isNegated)
    case .matches(let left, let pattern, let isNegated):
      .matches(value(left), pattern: pattern, isNegated: isNegated)
    case .isNull(let left, let isNegated): .isNull(value(left), isNegated: isNegated)
    case .and(let left, let right): .and(left.mapped(value), right.mapped(value))
    case .or(let left, let right): .or(left.mapped(value), right.mapped(value))
    case .not(let inner): .not(inner.mapped(value))
    case .constant(let value): .constant(value)
    }
  }
}
