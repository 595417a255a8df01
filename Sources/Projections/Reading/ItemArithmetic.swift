import Language
import Model

/// Arithmetic of items: in doubles as long as these hold all integers that occur, else by the numbers themselves. What
/// is computed from an infinity is one, since it stands for a number beyond the range of doubles; what is divided by
/// zero has no value.
enum ItemArithmetic {
  static func negate(_ column: ItemColumn) -> ItemColumn {
    if column.isBeyondDoubles { return .exact(column.exact.map { $0?.negated }) }
    return .numbers(column.doubles.map { -$0 })
  }

  static func apply(
    _ operation: BinaryOperator, _ left: ItemColumn, _ right: ItemColumn
  ) -> ItemColumn {
    if !left.isBeyondDoubles && !right.isBeyondDoubles {
      let (a, b) = (left.doubles, right.doubles)
      let results = a.indices.map { apply(operation, a[$0], b[$0]) }
      if !results.contains(where: { Number.isWide($0) }) { return .numbers(results) }
    }
    let (a, b) = (left.exact, right.exact)
    return .exact(
      a.indices.map { row in
        guard let x = a[row], let y = b[row] else { return nil }
        return apply(operation, x, y)
      })
  }

  private static func apply(_ operation: BinaryOperator, _ left: Double, _ right: Double) -> Double
  {
    if left.isNaN || right.isNaN { return .nan }
    if left.isInfinite || right.isInfinite { return .infinity }
    return switch operation {
    case .add: left + right
    case .subtract: left - right
    case .multiply: left * right
    case .divide: right == 0 ? .nan : left / right
    }
  }

  private static func apply(
    _ operation: BinaryOperator, _ left: Number, _ right: Number
  ) -> Number? {
    let overflow = Number(.infinity)
    if left.double.isInfinite || right.double.isInfinite { return overflow }
    switch operation {
    case .add: return left.adding(right) ?? overflow
    case .subtract: return left.subtracting(right) ?? overflow
    case .multiply: return left.multiplied(by: right) ?? overflow
    case .divide: return right == .zero ? nil : left.divided(by: right) ?? overflow
    }
  }
}
