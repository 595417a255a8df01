import Language
import Model

/// Functions of a row and of those before it in its group.
extension Evaluator {
  func window(
    _ function: WindowFunction, _ values: [Double], _ length: TimeLength?
  ) throws -> [Double] {
    // The rows of each group, the moments of those in a window, and the result.
    let rowBytes = 16 + (function == .zscore ? MemoryLayout<SlidingMoments.Moments>.stride : 0)
    return try budget.passing {
      try budget.take(values.count * rowBytes, for: "functions that look back")
      var result = [Double](repeating: .nan, count: values.count)
      for rows in table.rowsByGroup {
        try Cancellation.check()
        switch (function, length) {
        case (.zscore, let length?): try scores(rows, values, length, into: &result)
        case (.percentChange, let length?): try changes(rows, values, length, into: &result)
        case (_, nil): try changes(rows, values, into: &result)
        }
      }
      return result
    }
  }

  /// The distance from the mean of the rows in the time `[t - length, t)`, in standard deviations of that sample. NULL
  /// for fewer than two rows, and where all are equal.
  private func scores(
    _ rows: [Int], _ values: [Double], _ length: TimeLength, into result: inout [Double]
  ) throws {
    var window = SlidingMoments()
    // Rows from `first` to before `next` are within the window. Its begin may go back: a month before the 29th, 30th
    // and 31st of March is the same last day of February, and clocks are set back.
    var (first, next) = (0, 0)
    // There may be many groups of few rows.
    try Cancellation.check()
    for (count, row) in rows.enumerated() {
      try Cancellation.check(at: count)
      let end = table.timesNs[row]
      let start = length.added(to: end, times: -1, in: zone)
      while next < rows.count, table.timesNs[rows[next]] < end {
        window.push(values[rows[next]])
        next += 1
      }
      while first < next, table.timesNs[rows[first]] < start {
        window.pop()
        first += 1
      }
      while first > 0, table.timesNs[rows[first - 1]] >= start {
        first -= 1
        window.putBack(values[rows[first]])
      }
      guard let moments = window.moments, moments.count >= 2 else { continue }
      let deviation = (moments.deviations / (moments.count - 1)).squareRoot()
      let score = (values[row] - moments.mean) / deviation
      if score.isFinite { result[row] = score }
    }
  }

  private func changes(_ rows: [Int], _ values: [Double], into result: inout [Double]) throws {
    try Cancellation.check()
    for (count, (last, row)) in zip(rows, rows.dropFirst()).enumerated() {
      try Cancellation.check(at: count)
      result[row] = Self.change(from: values[last], to: values[row])
    }
  }

  /// Since the row of exactly so much earlier on the zone's clock. Of several facts of that time it is the first one.
  /// O(rows log rows): times so much earlier do not always rise.
  private func changes(
    _ rows: [Int], _ values: [Double], _ length: TimeLength, into result: inout [Double]
  ) throws {
    try Cancellation.check()
    for (count, row) in rows.enumerated() {
      try Cancellation.check(at: count)
      guard let wanted = length.before(table.timesNs[row], in: zone) else { continue }
      let place = rows.firstPlace { table.timesNs[$0] >= wanted }
      if place < rows.count, table.timesNs[rows[place]] == wanted {
        result[row] = Self.change(from: values[rows[place]], to: values[row])
      }
    }
  }

  /// In percent; a rise is positive, also of what is below 0.
  static func change(from old: Double, to new: Double) -> Double {
    let change = 100 * ((new - old) / old.magnitude)
    return change.isFinite ? change : .nan
  }
}

/// Count, mean and squared deviations of the values in a window that slides. Nothing is ever subtracted, so rounding
/// does not grow: two stacks of running moments (Tangwongsan and others, "General Incremental Sliding-Window
/// Aggregation", 2015), merged after Chan and others (1979). Amortised O(1).
struct SlidingMoments {
  struct Moments {
    var count = 0.0
    var mean = 0.0
    /// The sum of squared distances from the mean.
    var deviations = 0.0

    init() {}

    /// Of one value; NaN counts for nothing.
    init(_ value: Double) { if !value.isNaN { (count, mean) = (1, value) } }

    func merged(_ other: Moments) -> Moments {
      if other.count == 0 { return self }
      if count == 0 { return other }
      var sum = Moments()
      sum.count = count + other.count
      let distance = other.mean - mean
      sum.mean = mean + distance * (other.count / sum.count)
      sum.deviations =
        deviations + other.deviations + distance * distance * (count * other.count / sum.count)
      return sum
    }
  }

  /// The older values; each entry is the sum of itself and all after it. The oldest is the last.
  private var front: [Moments] = []
  /// The newer values, and their sum.
  private var back: [Double] = []
  private var backSum = Moments()

  mutating func push(_ value: Double) {
    back.append(value)
    backSum = backSum.merged(Moments(value))
  }

  /// Adds a value before the oldest one.
  mutating func putBack(_ value: Double) {
    front.append(Moments(value).merged(front.last ?? Moments()))
  }

  /// Takes the oldest value out.
  mutating func pop() {
    if front.isEmpty {
      var sum = Moments()
      for value in back.reversed() {
        sum = Moments(value).merged(sum)
        front.append(sum)
      }
      back.removeAll(keepingCapacity: true)
      backSum = Moments()
    }
    front.removeLast()
  }

  var moments: Moments? { (front.last ?? Moments()).merged(backSum) }
}

extension [Int] {
  /// The first place whose element passes a test that all behind it pass as well; the count if none does. O(log n).
  func firstPlace(where test: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if test(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
