import Bytes
import Language
import Model

/// Cells from which rows are computed.
struct CellRows {
  var cells: CellColumns
  /// For each row of the answer its place in `cells`.
  var places: [Int32] = []
  var timesNs: [Int64] = []
  var groupOfRow: [Int32] = []
  /// The time that each row covers, as far as event time has got; empty unless an aggregate asks for it.
  var spans: [Range<Int64>] = []
}

/// Computes the items of a KPI from cells: ratios from sums, never averages from averages.
struct ItemEvaluator {
  let rows: CellRows

  func column(_ program: ItemProgram) -> ItemColumn {
    // What is beyond a double's range, as a sum can be, has no value.
    guard case .numbers(let numbers) = value(program) else { return value(program) }
    return .numbers(numbers.map { $0.isFinite ? $0 : .nan })
  }

  private func value(_ program: ItemProgram) -> ItemColumn {
    switch program {
    case .number(let number): return .numbers(Array(repeating: number, count: rows.places.count))
    case .integer(let number): return .exact(Array(repeating: number, count: rows.places.count))
    case .aggregate(let function, let measure):
      return value(function, rows.cells.measures[measure])
    case .negate(let inner):
      let column = value(inner)
      if column.isBeyondDoubles { return .exact(column.exact.map { $0?.negated }) }
      return .numbers(column.doubles.map { -$0 })
    case .binary(let operation, let left, let right):
      return Self.binary(operation, value(left), value(right))
    }
  }

  /// In doubles as long as these hold all integers that occur, else by the numbers themselves.
  private static func binary(
    _ operation: BinaryOperator, _ left: ItemColumn, _ right: ItemColumn
  ) -> ItemColumn {
    if !left.isBeyondDoubles && !right.isBeyondDoubles {
      let (a, b) = (left.doubles, right.doubles)
      let results = a.indices.map { apply(operation, a[$0], b[$0]) }
      if !results.contains(where: { Number.isWide($0) }) {
        // What is divided by zero has no value.
        return .numbers(results.map { $0.isFinite ? $0 : .nan })
      }
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
    switch operation {
    case .add: left + right
    case .subtract: left - right
    case .multiply: left * right
    case .divide: left / right
    }
  }

  private static func apply(
    _ operation: BinaryOperator, _ left: Number, _ right: Number
  ) -> Number? {
    switch operation {
    case .add: left.adding(right)
    case .subtract: left.subtracting(right)
    case .multiply: left.multiplied(by: right)
    case .divide: left.divided(by: right)
    }
  }

  private func value(_ function: AggregateFunction, _ measure: MeasureColumns) -> ItemColumn {
    switch function {
    case .count: .integers(rows.places.map { Int64(measure.counts[Int($0)]) })
    case .distinct: .integers(rows.places.map { Int64(measure.distinct[Int($0)].estimate()) })
    case .top(let count): .values(rows.places.map { .top(top(measure, Int($0), count)) })
    case .sum: .numbers(rows.places.map { measure.moments.total(Int($0)) })
    case .avg: .numbers(rows.places.map { measure.moments.mean(Int($0)) })
    case .min: moments(measure) { $0.min }
    case .max: moments(measure) { $0.max }
    case .delta: moments(measure) { $0.last - $0.first }
    case .variance: .numbers(rows.places.map { measure.moments.variance(Int($0)) })
    case .stddev: .numbers(rows.places.map { measure.moments.standardDeviation(Int($0)) })
    case .first: firsts(measure)
    case .last: lasts(measure)
    case .percentile(let percent): percentiles(measure, percent / 100)
    case .increase: summaries(measure) { $0.increase }
    case .rate: summaries(measure) { $0.rate }
    case .timeAverage:
      .numbers(
        rows.places.indices.map {
          measure.summaries[Int(rows.places[$0])].timeAverage(rows.spans[$0]) ?? .nan
        })
    }
  }

  private func moments(_ measure: MeasureColumns, _ number: (Moments) -> Double) -> ItemColumn {
    .numbers(
      rows.places.map { place in
        let state = measure.moments.rows[Int(place)]
        return state.count == 0 ? .nan : number(state)
      })
  }

  private func summaries(
    _ measure: MeasureColumns, _ number: (SeriesSummaries) -> Double?
  ) -> ItemColumn {
    .numbers(rows.places.map { number(measure.summaries[Int($0)]) ?? .nan })
  }

  private func percentiles(_ measure: MeasureColumns, _ share: Double) -> ItemColumn {
    .numbers(
      rows.places.map { place in
        let state = measure.moments.rows[Int(place)]
        guard let estimate = measure.quantiles.quantile(share, Int(place)) else { return .nan }
        return min(max(estimate, state.min), state.max)
      })
  }

  private func top(_ measure: MeasureColumns, _ place: Int, _ count: Int) -> [KpiValue.TopEntry] {
    measure.top[place].top(count).map {
      KpiValue.TopEntry(
        value: Text(decoding: $0.key), count: $0.count, error: $0.error)
    }
  }

  /// Numbers, unless there are texts.
  private func firsts(_ measure: MeasureColumns) -> ItemColumn {
    guard rows.places.contains(where: { !measure.texts[Int($0)].isEmpty }) else {
      return moments(measure) { $0.first }
    }
    return .values(
      rows.places.map { place in
        let (numbers, texts) = (measure.moments.rows[Int(place)], measure.texts[Int(place)])
        if numbers.count > 0, numbers.firstAt < texts.firstAt { return .number(numbers.first) }
        return texts.isEmpty ? .null : .text(Text(decoding: texts.first))
      })
  }

  private func lasts(_ measure: MeasureColumns) -> ItemColumn {
    guard rows.places.contains(where: { !measure.texts[Int($0)].isEmpty }) else {
      return moments(measure) { $0.last }
    }
    return .values(
      rows.places.map { place in
        let (numbers, texts) = (measure.moments.rows[Int(place)], measure.texts[Int(place)])
        if !texts.isEmpty, numbers.count == 0 || texts.lastAt > numbers.lastAt {
          return .text(Text(decoding: texts.last))
        }
        return numbers.count == 0 ? .null : .number(numbers.last)
      })
  }
}
