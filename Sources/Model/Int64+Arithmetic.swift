extension Int64 {
  /// The difference, or the outermost number in its direction where it cannot be held.
  @inlinable
  public func saturatingSubtracting(_ other: Int64) -> Int64 {
    let (difference, overflow) = subtractingReportingOverflow(other)
    if !overflow { return difference }
    return other > 0 ? .min : .max
  }

  /// The sum, or the outermost number in its direction where it cannot be held.
  @inlinable
  public func saturatingAdding(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    if !overflow { return sum }
    return other < 0 ? .min : .max
  }

  /// The quotient, rounded down: -1 / 2 is -1. `divisor` is positive. O(1).
  @inlinable
  public func flooredQuotient(_ divisor: Int64) -> Int64 {
    let (quotient, rest) = quotientAndRemainder(dividingBy: divisor)
    return rest < 0 ? quotient - 1 : quotient
  }

  /// What ``flooredQuotient(_:)`` leaves: from 0 to before `divisor`, which is positive. O(1).
  @inlinable
  public func flooredRemainder(_ divisor: Int64) -> Int64 {
    let rest = self % divisor
    return rest < 0 ? rest + divisor : rest
  }
}
