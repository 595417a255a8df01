import Language
import Model

/// An item's arithmetic, with the places of the states that it is computed from.
indirect enum ItemProgram: Sendable {
  case number(Double)
  /// An integer that no double holds.
  case integer(Number)
  case aggregate(AggregateFunction, measure: Int)
  case negate(ItemProgram)
  case binary(BinaryOperator, ItemProgram, ItemProgram)

  init(_ expression: Expression, _ plan: FoldPlan) throws {
    switch expression {
    case .number(let number): self = .number(number)
    case .integer(let integer): self = .integer(Number(integer))
    case .negate(let inner): self = .negate(try ItemProgram(inner, plan))
    case .binary(let operation, let left, let right):
      self = .binary(operation, try ItemProgram(left, plan), try ItemProgram(right, plan))
    case .aggregate(let aggregate):
      guard let measure = plan.index(of: aggregate) else {
        throw KpiError("\(aggregate.function.name) is not part of the plan")
      }
      self = .aggregate(aggregate.function, measure: measure)
    default: throw KpiError("\(expression.canonicalText) is not there in a KPI")
    }
  }
}
