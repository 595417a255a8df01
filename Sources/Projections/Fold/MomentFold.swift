import Bytes
import EventLog
import Model

/// Folds the numbers of a block into moments of its cells. A column of decimals of one scale is summed up in its own
/// integers, and scaled once for each cell.
struct MomentFold {
  private let places: FactPlaces
  private let times: [Int64]
  private let areTimesAscending: Bool
  private let runs: FactRuns
  private let hasSquares: Bool
  private let numbers: FactExacts

  /// The moments of each run. O(facts).
  static func moments(
    _ numbers: FactExacts, _ path: Text, _ columns: FactColumns, _ runs: FactRuns,
    hasSquares: Bool
  ) throws -> MomentColumns {
    let fold = MomentFold(
      places: columns.places, times: try columns.times(),
      areTimesAscending: try columns.areTimesAscending(), runs: runs, hasSquares: hasSquares,
      numbers: numbers)
    return switch numbers.values {
    case .fixed(let mantissas, let scale): fold.moments(mantissas, scale)
    case .each(let values): fold.moments(values, try columns.numbers(path))
    }
  }

  /// A row for each cell; `row` makes those of cells that have numbers.
  private func rows(_ row: (Range<Int>, inout MomentColumns) -> Void) -> MomentColumns {
    var moments = MomentColumns(hasSquares: hasSquares)
    for cell in 0..<runs.cellCount {
      let run = runs.range(cell)
      if run.isEmpty { moments.appendRow() } else { row(run, &moments) }
    }
    return moments
  }

  /// A row but for sum and extremes.
  private func ends(_ run: Range<Int>) -> Moments {
    let (times, facts) = (times.span, runs.facts.span)
    // Facts of one time stand in the order of the log.
    var (first, last) = (Int(facts[run.lowerBound]), Int(facts[run.upperBound - 1]))
    if !areTimesAscending {
      last = first
      var (firstNs, lastNs) = (times[first], times[first])
      for index in run {
        let fact = Int(facts[index])
        let timeNs = times[fact]
        if timeNs < firstNs { (first, firstNs) = (fact, timeNs) }
        if timeNs >= lastNs { (last, lastNs) = (fact, timeNs) }
      }
    }
    var row = Moments()
    row.count = UInt64(run.count)
    (row.first, row.last) = (numbers.kept(first), numbers.kept(last))
    row.firstAt = places.place(first, times[first])
    row.lastAt = places.place(last, times[last])
    return row
  }

  // MARK: Decimals of one scale

  private func moments(_ mantissas: [Int64], _ scale: Int) -> MomentColumns {
    let bits = Self.bits(mantissas)
    let factor = ExactNumber.powers[ExactNumber.scale - scale]
    return rows { run, moments in
      let countBits = Int.bitWidth - run.count.leadingZeroBitCount
      var row = ends(run)
      let (sum, low, high) = sums(mantissas.span, run)
      row.min = FactExacts.number(mantissa: low, scale: scale)
      row.max = FactExacts.number(mantissa: high, scale: scale)
      let total = bits + countBits <= 63 ? Int128(sum) : wideSum(mantissas.span, run)
      var squares = Int256.zero
      if hasSquares {
        squares =
          switch 2 * bits + countBits {
          case ...64: narrowSquares(mantissas.span, run)
          case ...128: self.squares(mantissas.span, run)
          default: wideSquares(mantissas.span, run)
          }
        squares = squares.multiplied(by: UInt64(factor * factor))
      }
      moments.append(row, decimals: Int256(total * Int128(factor)), squares: squares, nil)
    }
  }

  /// How many bits the greatest magnitude has. O(values).
  private static func bits(_ mantissas: [Int64]) -> Int {
    var (low, high): (Int64, Int64) = (0, 0)
    let mantissas = mantissas.span
    for index in mantissas.indices {
      low = min(low, mantissas[index])
      high = max(high, mantissas[index])
    }
    return 64 - max(low.magnitude, high.magnitude).leadingZeroBitCount
  }

  /// The sum is modulo 2^64.
  private func sums(
    _ mantissas: Span<Int64>, _ run: Range<Int>
  ) -> (sum: Int64, low: Int64, high: Int64) {
    let facts = runs.facts.span
    var (sum, low, high): (Int64, Int64, Int64) = (0, .max, .min)
    for index in run {
      let mantissa = mantissas[Int(facts[index])]
      sum &+= mantissa
      low = min(low, mantissa)
      high = max(high, mantissa)
    }
    return (sum, low, high)
  }

  private func wideSum(_ mantissas: Span<Int64>, _ run: Range<Int>) -> Int128 {
    let facts = runs.facts.span
    var sum: Int128 = 0
    for index in run { sum &+= Int128(mantissas[Int(facts[index])]) }
    return sum
  }

  private func narrowSquares(_ mantissas: Span<Int64>, _ run: Range<Int>) -> Int256 {
    let facts = runs.facts.span
    var sum: UInt64 = 0
    for index in run {
      let mantissa = mantissas[Int(facts[index])]
      sum &+= UInt64(bitPattern: mantissa &* mantissa)
    }
    return Int256(low: UInt128(sum), high: 0)
  }

  private func squares(_ mantissas: Span<Int64>, _ run: Range<Int>) -> Int256 {
    let facts = runs.facts.span
    var sum: UInt128 = 0
    for index in run {
      let magnitude = UInt128(mantissas[Int(facts[index])].magnitude)
      sum &+= magnitude &* magnitude
    }
    return Int256(low: sum, high: 0)
  }

  private func wideSquares(_ mantissas: Span<Int64>, _ run: Range<Int>) -> Int256 {
    let facts = runs.facts.span
    var sum = Int256.zero
    for index in run { sum += .square(Int128(mantissas[Int(facts[index])])) }
    return sum
  }

  // MARK: Numbers of any kind

  private func moments(_ values: [ExactNumber], _ numbers: FactNumbers) -> MomentColumns {
    rows { run, moments in
      var row = ends(run)
      (row.min, row.max) = extremes(numbers, run)
      var (sum, squares) = (ExactSum(), ExactSum())
      let (facts, values) = (runs.facts.span, values.span)
      for index in run {
        let fact = Int(facts[index])
        sum.add(values[fact])
        if hasSquares { squares.addSquare(values[fact]) }
      }
      let others = BinaryMoments(sum: sum.binary, squares: squares.binary)
      moments.append(
        row, decimals: sum.decimals, squares: squares.decimals,
        others == BinaryMoments() ? nil : others)
    }
  }

  private func extremes(_ numbers: FactNumbers, _ run: Range<Int>) -> (Number, Number) {
    let facts = runs.facts.span
    if numbers.numbers.isEmpty {
      let values = numbers.values.span
      var (low, high) = (Double.infinity, -Double.infinity)
      for index in run {
        low = min(low, values[Int(facts[index])])
        high = max(high, values[Int(facts[index])])
      }
      return (Number(low) ?? .zero, Number(high) ?? .zero)
    }
    var low = numbers.number(Int(facts[run.lowerBound]))
    var high = low
    for index in run {
      let number = numbers.number(Int(facts[index]))
      if number < low { low = number }
      if number > high { high = number }
    }
    return (low, high)
  }
}
