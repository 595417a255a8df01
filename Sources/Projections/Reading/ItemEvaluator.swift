import Language

/// A value of a KPI's row.
public enum KpiValue: Sendable, Equatable {
  /// Nothing to compute from: a gap is never 0.
  case null
  case integer(Int64)
  case number(Double)
  /// The most frequent values, with how often they occur.
  case top([TopEntry])

  public struct TopEntry: Sendable, Equatable {
    public var value: String
    public var count: UInt64
    /// The count may be this much too high.
    public var error: UInt64
  }

  var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .null, .top: nil
    }
  }
}

/// Computes the items of a KPI from a cell: ratios from sums, never averages from averages.
extension CompiledKpi {
  func values(_ cell: Cell) -> [KpiValue] {
    items.map { item in
      let value = value(item, cell)
      // What is beyond a double's range, as a sum can be, has no value.
      if case .number(let number) = value, !number.isFinite { return .null }
      return value
    }
  }

  private func value(_ program: ItemProgram, _ cell: Cell) -> KpiValue {
    switch program {
    case .number(let number): return .number(number)
    case .aggregate(let function, let measure): return value(function, measure, cell)
    case .negate(let inner):
      guard let number = value(inner, cell).double else { return .null }
      return .number(-number)
    case .binary(let operation, let left, let right):
      guard let left = value(left, cell).double, let right = value(right, cell).double else {
        return .null
      }
      let result: Double =
        switch operation {
        case .add: left + right
        case .subtract: left - right
        case .multiply: left * right
        case .divide: left / right
        }
      // What is divided by zero has no value.
      return result.isFinite ? .number(result) : .null
    }
  }

  private func value(
    _ function: AggregateFunction, _ measure: Int, _ cell: borrowing Cell
  ) -> KpiValue {
    switch function {
    case .count: return .integer(Int64(cell.measures[measure].count))
    case .distinct: return .integer(Int64(cell.measures[measure].distinct?.estimate() ?? 0))
    case .top(let count):
      return .top(
        (cell.measures[measure].top?.top(count) ?? []).map {
          KpiValue.TopEntry(
            value: String(decoding: $0.key, as: UTF8.self), count: $0.count, error: $0.error)
        })
    default: break
    }
    let moments = cell.measures[measure].moments
    if moments.count == 0 { return .null }
    switch function {
    case .sum: return .number(moments.total)
    case .avg: return .number(moments.mean)
    case .min: return .number(moments.min)
    case .max: return .number(moments.max)
    case .first: return .number(moments.first)
    case .last: return .number(moments.last)
    case .delta: return .number(moments.last - moments.first)
    case .variance: return Self.variance(moments).map(KpiValue.number) ?? .null
    case .stddev: return Self.variance(moments).map { .number($0.squareRoot()) } ?? .null
    case .percentile(let percent):
      guard let estimate = cell.measures[measure].quantiles.quantile(percent / 100) else {
        return .null
      }
      return .number(Swift.min(Swift.max(estimate, moments.min), moments.max))
    default: return .null
    }
  }

  /// The variance of the sample; one number has none.
  private static func variance(_ moments: Moments) -> Double? {
    moments.count < 2 ? nil : moments.deviations / Double(moments.count - 1)
  }
}
