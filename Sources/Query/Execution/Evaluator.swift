import Bytes
import Glibc
import Language
import Model

/// Computes values for all rows of a table at once.
struct Evaluator {
  let table: RowTable
  let groupKinds: [ValueKind]
  let zone: ZoneRules
  /// What the columns may take.
  var budget = MemoryBudget()

  /// The values of an expression. Throws ``QueryLimitError`` where columns take more than the budget has, and
  /// `CancellationError` within 65,536 values. O(rows) for each part of it, and what functions that look back take.
  func column(_ expression: RowExpression) throws -> ValueColumn {
    switch expression {
    // What the table has is counted with it.
    case .input(let index): return table.inputs[index]
    case .leaf(let index): return table.leaves[index]
    case .timeOfRow: return .times(table.timesNs)
    default:
      return try budget.keeping(\.bytes, for: expression.purpose) { try made(expression) }
    }
  }

  private func made(_ expression: RowExpression) throws -> ValueColumn {
    switch expression {
    case .number(let number): return .numbers(Array(repeating: number, count: table.count))
    case .integer(let number): return .exact(Array(repeating: number, count: table.count))
    case .text(let text): return .texts(Array(repeating: text, count: table.count))
    case .bool(let value): return .values(Array(repeating: .bool(value), count: table.count))
    case .time(let ns): return .times(Array(repeating: ns, count: table.count))
    case .null: return .values(Array(repeating: .null, count: table.count))
    case .input, .leaf, .timeOfRow: return try column(expression)
    case .group(let index): return table.labels(index, groupKinds[index])
    case .state: return .texts(table.states.map { Text($0.rawValue) })
    case .facts: return .integers(table.facts.map { Int64(clamping: $0) })
    case .revision: return .numbers(table.revisions.map { $0.map(Double.init) ?? .nan })
    case .negate(let inner):
      let column = try column(inner)
      if column.isBeyondDoubles {
        let numbers = column.exact
        return .exact(try polledRows(table.count) { numbers[$0]?.negated })
      }
      let numbers = column.doubles
      return .numbers(try polledRows(table.count) { -numbers[$0] })
    case .binary(let operation, let left, let right):
      return try Self.binary(operation, column(left), column(right))
    case .scalar(let function, let arguments): return try scalar(function, arguments)
    case .change(let old, let new):
      let (old, new) = (try doubles(old), try doubles(new))
      return .numbers(try polledRows(table.count) { Self.change(from: old[$0], to: new[$0]) })
    case .window(let function, let inner, let length):
      return .numbers(try window(function, doubles(inner), length))
    }
  }

  func doubles(_ expression: RowExpression) throws -> [Double] { try column(expression).doubles }

  /// What is beyond a double's range, or divided by zero, has no value.
  private static func finite(_ value: Double) -> Double { value.isFinite ? value : .nan }

  /// In doubles as long as these hold all integers that occur, else by the numbers themselves.
  private static func binary(
    _ operation: BinaryOperator, _ left: ValueColumn, _ right: ValueColumn
  ) throws -> ValueColumn {
    if !left.isBeyondDoubles && !right.isBeyondDoubles {
      let results = try binary(operation, left.doubles, right.doubles)
      if !results.contains(where: Number.isWide) { return .numbers(results) }
    }
    let (a, b) = (left.exact, right.exact)
    return ValueColumn(
      exact: try polledRows(a.count) { row in
        guard let x = a[row], let y = b[row] else { return nil }
        return binary(operation, x, y)
      })
  }

  private static func binary(
    _ operation: BinaryOperator, _ left: Number, _ right: Number
  ) -> Number? {
    switch operation {
    case .add: left.adding(right)
    case .subtract: left.subtracting(right)
    case .multiply: left.multiplied(by: right)
    case .divide: left.divided(by: right)
    }
  }

  private static func binary(
    _ operation: BinaryOperator, _ left: [Double], _ right: [Double]
  ) throws -> [Double] {
    func each(_ apply: (Double, Double) -> Double) throws -> [Double] {
      try polledRows(left.count) { finite(apply(left[$0], right[$0])) }
    }
    return switch operation {
    case .add: try each(+)
    case .subtract: try each(-)
    case .multiply: try each(*)
    case .divide: try each(/)
    }
  }

  // MARK: Functions of values

  private func scalar(_ function: ScalarFunction, _ arguments: [RowExpression]) throws
    -> ValueColumn
  {
    switch function {
    case .coalesce, .nullif, .greatest, .least:
      let columns = try arguments.map { try column($0) }
      if columns.allSatisfy(\.isOfNumbers) {
        if columns.contains(where: \.isBeyondDoubles) {
          return .exact(try Self.choose(function, columns.map(\.exact)))
        }
        return .numbers(try Self.choose(function, columns.map(\.doubles)))
      }
      return .values(
        try polledRows(table.count) { row in Self.choose(function, columns.map { $0[row] }) })
    default: break
    }
    if let whole = try wholeNumbers(function, arguments) { return whole }
    let first = try doubles(arguments[0])
    let second = arguments.count > 1 ? try doubles(arguments[1]) : []
    func each(_ apply: (Double) -> Double) throws -> ValueColumn {
      .numbers(try polledRows(first.count) { Self.finite(apply(first[$0])) })
    }
    switch function {
    case .abs: return try each { $0.magnitude }
    case .floor: return try each { $0.rounded(.down) }
    case .ceil: return try each { $0.rounded(.up) }
    case .sqrt: return try each { $0.squareRoot() }
    case .ln: return try each { log($0) }
    case .log10: return try each { Glibc.log10($0) }
    case .exp: return try each { Glibc.exp($0) }
    case .round where second.isEmpty: return try each { $0.rounded() }
    case .round:
      return .numbers(
        try polledRows(first.count) { Self.round(first[$0], digits: second[$0]) })
    default:
      return .numbers(try polledRows(first.count) { Self.power(first[$0], second[$0]) })
    }
  }

  /// C has 1 for NaN to the power of 0 and for 1 to the power of NaN; of NULL it is NULL.
  private static func power(_ base: Double, _ exponent: Double) -> Double {
    base.isNaN || exponent.isNaN ? .nan : finite(pow(base, exponent))
  }

  /// The functions that leave integers what they are, or take their sign, of integers that doubles do not hold.
  private func wholeNumbers(
    _ function: ScalarFunction, _ arguments: [RowExpression]
  ) throws -> ValueColumn? {
    switch function {
    case .abs, .floor, .ceil, .round: break
    default: return nil
    }
    let values = try column(arguments[0])
    guard values.isBeyondDoubles else { return nil }
    let digits = arguments.count > 1 ? try doubles(arguments[1]) : []
    let numbers = values.exact
    return ValueColumn(
      exact: try polledRows(numbers.count) { row in
        guard let number = numbers[row] else { return nil }
        if !digits.isEmpty, digits[row].isNaN { return nil }
        if number.isInteger, digits.isEmpty || digits[row] >= 0 {
          return function == .abs ? number.magnitude : number
        }
        let value = number.double
        return switch function {
        case .abs: Number(value.magnitude)
        case .floor: Number(value.rounded(.down))
        case .ceil: Number(value.rounded(.up))
        default: Number(digits.isEmpty ? value.rounded() : Self.round(value, digits: digits[row]))
        }
      })
  }

  private static func choose(_ function: ScalarFunction, _ columns: [[Number?]]) throws -> [Number?]
  {
    var result = columns[0]
    if function == .nullif {
      for row in result.indices where result[row] == columns[1][row] {
        try Cancellation.check(at: row)
        result[row] = nil
      }
      return result
    }
    for column in columns.dropFirst() {
      try Cancellation.check()
      for row in result.indices {
        guard let known = result[row] else {
          result[row] = column[row]
          continue
        }
        guard let other = column[row] else { continue }
        if function == .greatest ? other > known : function == .least && other < known {
          result[row] = other
        }
      }
    }
    return result
  }

  /// Halves go away from zero.
  private static func round(_ value: Double, digits: Double) -> Double {
    guard digits.magnitude <= 300, value.isFinite else { return digits.isNaN ? .nan : value }
    let digits = digits.rounded()
    let scale = pow(10, digits.magnitude)
    let rounded =
      digits < 0 ? (value / scale).rounded() * scale : (value * scale).rounded() / scale
    return rounded.isFinite ? rounded : value
  }

  private static func choose(_ function: ScalarFunction, _ columns: [[Double]]) throws -> [Double] {
    var result = columns[0]
    if function == .nullif {
      for row in result.indices where result[row] == columns[1][row] {
        try Cancellation.check(at: row)
        result[row] = .nan
      }
      return result
    }
    for column in columns.dropFirst() {
      try Cancellation.check()
      for row in result.indices {
        if result[row].isNaN {
          result[row] = column[row]
        } else if function == .greatest, column[row] > result[row] {
          result[row] = column[row]
        } else if function == .least, column[row] < result[row] {
          result[row] = column[row]
        }
      }
    }
    return result
  }

  private static func choose(_ function: ScalarFunction, _ values: [QueryValue]) -> QueryValue {
    var result = values[0]
    if function == .nullif {
      return ValueOrder.compare(result, values[1]) == .equal ? .null : result
    }
    for value in values.dropFirst() {
      if result.isNull {
        result = value
      } else if function == .greatest, ValueOrder.compare(value, result) == .more {
        result = value
      } else if function == .least, ValueOrder.compare(value, result) == .less {
        result = value
      }
    }
    return result
  }
}

extension RowExpression {
  /// What a column of it is for, in a message.
  fileprivate var purpose: String {
    switch self {
    case .window: "functions that look back"
    default: "items"
    }
  }
}

/// How values stand to each other.
enum ValueOrder {
  case less, equal, more
  /// One of them is NULL, or they are of kinds that cannot be compared.
  case unknown

  static func compare(_ left: QueryValue, _ right: QueryValue) -> ValueOrder {
    switch (left, right) {
    case (.time(let a), .time(let b)): return of(a, b)
    case (.number(let a), .number(let b)): return compare(a, b)
    case (.number, _), (.integer, _), (.unsigned, _):
      return compare(left.number, right.number)
    default:
      guard let a = left.text, let b = right.text else { return .unknown }
      return compare(a, b)
    }
  }

  static func compare(_ left: Double, _ right: Double) -> ValueOrder {
    left < right ? .less : left > right ? .more : left == right ? .equal : .unknown
  }

  /// By value; nil and NULL are not to be compared.
  static func compare(_ left: Number?, _ right: Number?) -> ValueOrder {
    guard let left, let right else { return .unknown }
    return left < right ? .less : left == right ? .equal : .more
  }

  /// Byte by byte.
  static func compare(_ left: Text, _ right: Text) -> ValueOrder {
    left == right ? .equal : left < right ? .less : .more
  }

  static func of(_ left: Int64, _ right: Int64) -> ValueOrder {
    left < right ? .less : left > right ? .more : .equal
  }
}
