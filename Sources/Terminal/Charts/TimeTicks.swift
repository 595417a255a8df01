/// Times at which an axis is labelled.
enum TimeTicks {
  private static let secondNs: Int64 = 1_000_000_000
  private static let dayNs = 86_400 * secondNs

  /// Distances that clocks and calendars suggest, then multiples of days.
  private static let steps: [Int64] =
    [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000]
    + [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200]
    .map { $0 * secondNs }
    + [1, 2, 7, 14, 28, 91, 182, 365, 730, 1_826, 3_652, 9_131, 18_262, 36_525].map { $0 * dayNs }

  /// Multiples of a round distance since 1970 within `first...last`, at most `count` of them, which
  /// must be 2 at least. The ends if there are fewer than two.
  static func between(_ first: Int64, _ last: Int64, count: Int) -> [Int64] {
    for step in steps {
      let (low, high) = (multiple(notBelow: first, of: step), multiple(notAbove: last, of: step))
      guard let low, let high, low < high else { continue }
      // Below 2^64 if taken as unsigned.
      let number = UInt64(bitPattern: high &- low) / UInt64(step) + 1
      if number > UInt64(count) { continue }
      return (0..<Int64(number)).map { low &+ $0 &* step }
    }
    return first == last ? [first] : [first, last]
  }

  private static func multiple(notBelow time: Int64, of step: Int64) -> Int64? {
    let rest = time % step
    if rest == 0 { return time }
    if rest < 0 { return time - rest }
    let (sum, isOver) = time.addingReportingOverflow(step - rest)
    return isOver ? nil : sum
  }

  private static func multiple(notAbove time: Int64, of step: Int64) -> Int64? {
    let rest = time % step
    if rest >= 0 { return time - rest }
    let (difference, isOver) = time.subtractingReportingOverflow(step + rest)
    return isOver ? nil : difference
  }
}
