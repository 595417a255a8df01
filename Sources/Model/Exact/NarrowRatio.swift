/// A rational number that is not negative, `numerator / denominator * 2^exponent`, of a size that takes no wide arithmetic:
/// what a variance of a cell mostly is. It is rounded to the same doubles as an ``ExactRatio``.
struct NarrowRatio {
  let numerator: UInt128
  let denominator: UInt64
  let exponent: Int

  /// 5^0, 5^2 and so on to 5^18.
  private static let powersOf25: [UInt64] = (0...9).map { exponent in
    (0..<exponent).reduce(1) { power, _ in power * 25 }
  }

  /// `numerator / (factor * 10^18)`; nil when the denominator, in lowest terms of 2 and 25, has more than 64 bits. O(1).
  init?(_ numerator: UInt128, overBillionSquaredTimes factor: UInt64) {
    let twos = factor.trailingZeroBitCount
    exponent = -18 - twos
    // Numbers with few decimals leave a numerator that is a multiple of a power of ten.
    for power in (0...9).reversed() {
      let (odd, isOver) = (factor >> UInt64(twos))
        .multipliedReportingOverflow(by: Self.powersOf25[power])
      if isOver { continue }
      let divisor = UInt128(Self.powersOf25[9 - power])
      let (quotient, rest) =
        divisor == 1 ? (numerator, 0) : numerator.quotientAndRemainder(dividingBy: divisor)
      if rest != 0 { continue }
      (self.numerator, denominator) = (quotient, odd)
      return
    }
    return nil
  }

  /// The nearest double, ties to even.
  var double: Double {
    if numerator == 0 { return 0 }
    let (bits, hasRest, exponent) = quotient
    let isCut = UInt64(truncatingIfNeeded: bits) != 0
    return Double.rounding(
      UInt64(truncatingIfNeeded: bits >> 64), hasRest: hasRest || isCut, exponent: exponent + 64)
  }

  /// The double nearest to the square root.
  var squareRoot: Double {
    if numerator == 0 { return 0 }
    var (bits, hasRest, exponent) = quotient
    // The root halves the exponent.
    if exponent & 1 != 0 {
      hasRest = hasRest || bits & 1 == 1
      (bits, exponent) = (bits >> 1, exponent + 1)
    }
    let root = ExactRatio.root(bits)
    let isCut = UInt128(root) * UInt128(root) != bits
    return Double.rounding(root, hasRest: hasRest || isCut, exponent: exponent / 2)
  }

  /// The quotient, rounded down to 127 or 128 bits: `bits * 2^exponent`.
  private var quotient: (bits: UInt128, hasRest: Bool, exponent: Int) {
    let shift = numerator.leadingZeroBitCount
    let divisorShift = denominator.leadingZeroBitCount
    let (aligned, divisor) = (numerator << UInt128(shift), denominator << UInt64(divisorShift))
    // Half of the one is less than the other, so that each step has a quotient of 64 bits.
    let (high, rest) = divisor.dividingFullWidth(
      (UInt64(truncatingIfNeeded: aligned >> 65), UInt64(truncatingIfNeeded: aligned >> 1)))
    let (low, last) = divisor.dividingFullWidth((rest, UInt64(truncatingIfNeeded: aligned << 63)))
    return (
      UInt128(high) << 64 | UInt128(low), last > 0,
      // aligned * 2^63 was divided.
      exponent - shift + divisorShift - 63
    )
  }
}
