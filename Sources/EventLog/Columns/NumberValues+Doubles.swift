extension NumberValues {
  /// Whether no number has a decimal point.
  var isInteger: Bool { style == .fixed && scale == 0 }

  /// The least and the greatest mantissa, at least those of 0.
  private var range: ClosedRange<Int64> {
    var low: Int64 = 0
    var high: Int64 = 0
    let mantissas = mantissas.span
    for index in mantissas.indices {
      low = min(low, mantissas[index])
      high = max(high, mantissas[index])
    }
    return low...high
  }

  private static let exactRange = -(1 << 53)...(1 << 53) as ClosedRange<Int64>

  /// Whether the doubles of all numbers that are integers are these integers. O(numbers).
  var fitsDoubles: Bool {
    if style == .each {
      return mantissas.indices.allSatisfy {
        mantissas[$0].magnitude <= 1 << 53 || !number($0).isBeyondDoubles
      }
    }
    let (bound, isOver) = Decimal.powers[scale].multipliedReportingOverflow(by: 1 << 53)
    if isOver { return true }
    let range = range
    return range.lowerBound >= -bound && range.upperBound <= bound
  }

  /// All numbers as the nearest doubles. O(numbers).
  var doubles: [Double] {
    let range = range
    let isExact =
      Self.exactRange.contains(range.lowerBound) && Self.exactRange.contains(range.upperBound)
    if style != .each && isExact {
      // What `Decimal.double` does, without looking at each number's size.
      let divisor = Double(Decimal.powers[scale])
      let mantissas = mantissas.span
      var doubles: [Double] = []
      doubles.append(addingCapacity: mantissas.count) { free in
        for index in mantissas.indices { free.append(Double(mantissas[index]) / divisor) }
      }
      return doubles
    }
    return mantissas.indices.map { double($0) }
  }
}
