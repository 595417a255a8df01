/// Decimal fractions `mantissa / 10^scale`, as JSON writes numbers.
enum Decimal {
  static let powers: [Int64] = (0...18).map { exponent in
    (0..<exponent).reduce(1) { power, _ in power * 10 }
  }

  /// The double nearest to `mantissa / 10^scale`, ties to even; `scale` is at most 18. O(1).
  ///
  /// Up to 2^53 both operands are exact, so one IEEE division rounds correctly (Clinger, "How to Read
  /// Floating Point Numbers Accurately", 1990). Above it the quotient is taken in 128 bits.
  static func double(mantissa: Int64, scale: Int) -> Double {
    if mantissa.magnitude <= 1 << 53 { return Double(mantissa) / Double(powers[scale]) }
    return wideQuotient(mantissa, powers[scale].magnitude)
  }

  private static func wideQuotient(_ mantissa: Int64, _ divisor: UInt64) -> Double {
    // Both operands are shifted until their top bits are set; the quotient then has 64 bits, far more
    // than 53, and the remainder is folded into its lowest bit, so that the one rounding to come sees on
    // which side of a tie the true value lies.
    let shift = mantissa.magnitude.leadingZeroBitCount
    let dividend = mantissa.magnitude << UInt64(shift)
    let divisorShift = divisor.leadingZeroBitCount
    let aligned = divisor << UInt64(divisorShift)
    let isHalved = dividend >= aligned
    let (quotient, rest) = aligned.dividingFullWidth(
      isHalved ? (dividend >> 1, dividend << 63) : (dividend, 0))
    let exponent = (isHalved ? 1 : 0) - shift + divisorShift - 64
    return scaled(quotient | (rest == 0 ? 0 : 1), by: exponent, mantissa)
  }

  private static func scaled(_ quotient: UInt64, by exponent: Int, _ signed: Int64) -> Double {
    let magnitude = Double(sign: .plus, exponent: exponent, significand: Double(quotient))
    return signed < 0 ? -magnitude : magnitude
  }
}
