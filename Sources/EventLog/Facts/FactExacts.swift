import Bytes
import Model

/// Numbers of facts as exact sums take them.
package struct FactExacts: Sendable {
  /// The numbers, in one of two forms.
  package enum Values: Sendable {
    /// All are decimals of one scale, at most that of ``ExactNumber``: mantissas, one for each fact.
    case fixed([Int64], scale: Int)
    /// One for each fact.
    case each([ExactNumber])
  }

  /// What stands where there is no number means nothing. Empty when no fact has one.
  package var values: Values
  /// Which facts have a number.
  package var presence: Presence

  package init(values: Values, presence: Presence) {
    (self.values, self.presence) = (values, presence)
  }

  /// The number of a fact that has one, with all that sums take of it.
  package func kept(_ fact: Int) -> KeptNumber {
    switch values {
    case .fixed(let mantissas, let scale): KeptNumber(mantissa: mantissas[fact], scale: scale)
    case .each(let numbers): KeptNumber(numbers[fact])
    }
  }

  /// The number `mantissa / 10^scale`: exactly when it is an integer, else the nearest double.
  package static func number(mantissa: Int64, scale: Int) -> Number {
    if scale == 0 { return Number(mantissa) }
    let (whole, rest) = mantissa.quotientAndRemainder(dividingBy: Decimal.powers[scale])
    if rest == 0 { return Number(whole) }
    return Number(Decimal.double(mantissa: mantissa, scale: scale)) ?? .zero
  }
}

extension BlockFacts {
  /// The numbers at `path`, exactly. O(facts).
  package func exacts(_ path: Text) throws -> FactExacts {
    let columns = try physical(path, where: \.isNumber)
    guard let first = columns.first else {
      return FactExacts(values: .fixed([], scale: 0), presence: .none)
    }
    if columns.count == 1, first.kind == .number, first.numbers.style != .each,
      first.numbers.scale <= ExactNumber.scale
    {
      let mantissas =
        first.presence == .all
        ? first.numbers.mantissas : spread(columns, 0) { $0.numbers.mantissas[$1] }
      return FactExacts(
        values: .fixed(mantissas, scale: first.numbers.scale), presence: first.presence)
    }
    let presence = Presence.union(of: columns.map(\.presence))
    let values = spread(columns, ExactNumber.decimal(0)) { $0.exact($1) }
    return FactExacts(values: .each(values), presence: presence)
  }

  /// The values of columns at their facts.
  private func spread<Value>(
    _ columns: [ColumnValues], _ blank: Value, _ value: (ColumnValues, Int) -> Value
  ) -> [Value] {
    if columns.count == 1, columns[0].presence == .all {
      return (0..<columns[0].count).map { value(columns[0], $0) }
    }
    var values = [Value](repeating: blank, count: factCount)
    for column in columns {
      var next = 0
      column.presence.forEachRow(below: factCount) { fact in
        values[fact] = value(column, next)
        next += 1
      }
    }
    return values
  }
}

extension ColumnValues {
  fileprivate func exact(_ index: Int) -> ExactNumber {
    guard kind == .number else {
      return ExactNumber(number(index))
    }
    let (mantissa, scale) = (numbers.mantissas[index], numbers.scale(index))
    return ExactNumber(
      mantissa: mantissa, scale: scale,
      nearest: Decimal.double(mantissa: mantissa, scale: scale))
  }
}
