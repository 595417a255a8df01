import Asking
import Bytes
import Language
import Model
import Sketches

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

/// An aggregate, and the place of the states that it is computed from.
struct CellItem {
  let function: AggregateFunction
  let measure: Int

  init(_ aggregate: Aggregate, _ plan: FoldPlan) throws {
    guard let measure = plan.index(of: aggregate) else {
      throw KpiError("\(aggregate.function.name) is not part of the plan")
    }
    (function, self.measure) = (aggregate.function, measure)
  }
}

/// Computes aggregates from cells: averages from sums, never from averages.
///
/// While it computes, an infinity stands for a number beyond the range of doubles, and NaN (or nil) for one that there is
/// nothing to compute from.
struct CellEvaluator {
  let rows: CellRows

  /// The values of an aggregate, and how many rows have none because a number is beyond the range of doubles.
  func column(_ item: CellItem) -> (ValueColumn, overflows: Int) {
    let column = value(item.function, rows.cells.measures[item.measure])
    switch column {
    case .numbers(var numbers):
      let overflows = numbers.count { $0.isInfinite }
      if overflows > 0 { numbers = numbers.map { $0.isFinite ? $0 : .nan } }
      return (.numbers(numbers), overflows)
    case .exact(var numbers):
      let overflows = numbers.count { $0?.double.isInfinite ?? false }
      if overflows > 0 { numbers = numbers.map { $0?.double.isFinite ?? false ? $0 : nil } }
      return (.exact(numbers), overflows)
    case .integers, .texts, .times, .values: return (column, 0)
    }
  }

  private func value(_ function: AggregateFunction, _ measure: MeasureColumns) -> ValueColumn {
    switch function {
    case .count: .integers(rows.places.map { Int64(measure.counts[Int($0)]) })
    case .distinct: .integers(rows.places.map { distinct(measure, Int($0)) })
    case .top(let count): .values(rows.places.map { .top(top(measure, Int($0), count)) })
    case .sum: numbers { measure.moments.total($0) }
    case .avg: numbers { measure.moments.mean($0) }
    case .min: moments(measure) { $0.min }
    case .max: moments(measure) { $0.max }
    case .delta: moments(measure) { $0.delta }
    case .variance: .numbers(rows.places.map { measure.moments.variance(Int($0)) })
    case .stddev: .numbers(rows.places.map { measure.moments.standardDeviation(Int($0)) })
    case .first: firsts(measure)
    case .last: lasts(measure)
    case .percentile(let percent): percentiles(measure, Share(percent: percent))
    case .increase: numbers { measure.summaries[$0].increase?.number() }
    case .rate: .numbers(rows.places.map { measure.summaries[Int($0)].rate })
    case .timeAverage:
      .numbers(
        rows.places.indices.map {
          measure.summaries[Int(rows.places[$0])].timeAverage(rows.spans[$0])
        })
    }
  }

  /// The number of each row's cell: as doubles, unless these would lose digits of an integer.
  private func numbers(_ number: (Int) -> Number?) -> ValueColumn {
    ValueColumn(exact: rows.places.map { number(Int($0)) })
  }

  private func moments(_ measure: MeasureColumns, _ number: (Moments) -> Number) -> ValueColumn {
    numbers { place in
      let state = measure.moments.rows[place]
      return state.count == 0 ? nil : number(state)
    }
  }

  /// An estimate may be above the number of values, of which no more can be different.
  private func distinct(_ measure: MeasureColumns, _ place: Int) -> Int64 {
    min(Int64(measure.distinct[place].estimate()), Int64(measure.counts[place]))
  }

  private func percentiles(_ measure: MeasureColumns, _ share: Share?) -> ValueColumn {
    numbers { place in
      let state = measure.moments.rows[place]
      guard let share, state.count > 0 else { return nil }
      // The first and the last in order are known.
      let rank = share.rank(of: state.count)
      if rank == 0 { return state.min }
      if rank == state.count - 1 { return state.max }
      let estimate = measure.quantile(share, place).flatMap { Number($0) }
      return estimate.map { min(max($0, state.min), state.max) }
    }
  }

  private func top(_ measure: MeasureColumns, _ place: Int, _ count: Int) -> [QueryValue.TopEntry] {
    measure.top[place].top(count).map {
      QueryValue.TopEntry(
        value: Text(decoding: $0.key), count: $0.count, error: $0.error)
    }
  }

  /// Numbers, unless there are texts.
  private func firsts(_ measure: MeasureColumns) -> ValueColumn {
    guard rows.places.contains(where: { !measure.texts[Int($0)].isEmpty }) else {
      return moments(measure) { $0.first.number }
    }
    return .values(
      rows.places.map { place in
        let (numbers, texts) = (measure.moments.rows[Int(place)], measure.texts[Int(place)])
        if numbers.count > 0, numbers.firstAt < texts.firstAt {
          return QueryValue(computed: numbers.first.number)
        }
        return texts.isEmpty ? .null : .text(Text(decoding: texts.first))
      })
  }

  private func lasts(_ measure: MeasureColumns) -> ValueColumn {
    guard rows.places.contains(where: { !measure.texts[Int($0)].isEmpty }) else {
      return moments(measure) { $0.last.number }
    }
    return .values(
      rows.places.map { place in
        let (numbers, texts) = (measure.moments.rows[Int(place)], measure.texts[Int(place)])
        if !texts.isEmpty, numbers.count == 0 || texts.lastAt > numbers.lastAt {
          return .text(Text(decoding: texts.last))
        }
        return numbers.count == 0 ? .null : QueryValue(computed: numbers.last.number)
      })
  }
}

extension QueryValue {
  /// A number that was computed: as an integer where no double holds it, whatever stands beside it.
  fileprivate init(computed number: Number) {
    self = number.isBeyondDoubles ? QueryValue(number) : .number(number.double)
  }
}
