import Glibc

/// Numbers made of many, as Prometheus defines them.
enum Statistics {
  /// Compensated, so that small numbers beside large ones count (Neumaier, 1974).
  static func sum(_ values: some Sequence<Double>) -> Double {
    var (sum, lost) = (0.0, 0.0)
    for value in values {
      let next = sum + value
      if next.isInfinite || next.isNaN {
        lost = 0
      } else {
        lost += abs(sum) >= abs(value) ? (sum - next) + value : (value - next) + sum
      }
      sum = next
    }
    return sum + lost
  }

  static func average(_ values: some Collection<Double>) -> Double {
    let sum = sum(values)
    if !sum.isInfinite { return sum / Double(values.count) }
    // The sum is beyond doubles though no value is.
    return Self.sum(values.lazy.map { $0 / Double(values.count) })
  }

  /// The variance of all, not of a sample of them.
  static func variance(_ values: some Collection<Double>) -> Double {
    let mean = average(values)
    return average(values.map { ($0 - mean) * ($0 - mean) })
  }

  /// The value below which a share lies, on the line between the two nearest ranks. Beyond 0 and 1 it is infinite.
  static func quantile(_ share: Double, _ values: some Collection<Double>) -> Double {
    if values.isEmpty || share.isNaN { return .nan }
    if share < 0 { return -.infinity }
    if share > 1 { return .infinity }
    let sorted = values.sorted(by: isBefore)
    let rank = share * Double(sorted.count - 1)
    let (low, high) = (Int(rank.rounded(.down)), Int(rank.rounded(.up)))
    let weight = rank - rank.rounded(.down)
    return sorted[low] * (1 - weight) + sorted[high] * weight
  }

  /// Ascending, NaN first.
  static func isBefore(_ left: Double, _ right: Double) -> Bool {
    left.isNaN ? !right.isNaN : left < right
  }

  /// The least value; NaN only where there is nothing else.
  static func min(_ values: some Sequence<Double>) -> Double {
    values.reduce(.nan) { $0 < $1 || $1.isNaN ? $0 : $1 }
  }

  /// The greatest value; NaN only where there is nothing else.
  static func max(_ values: some Sequence<Double>) -> Double {
    values.reduce(.nan) { $0 > $1 || $1.isNaN ? $0 : $1 }
  }
}
