/// A rational number, `±numerator / denominator * 2^exponent`, from which a double is rounded once.
struct ExactRatio {
  var isNegative = false
  var numerator: BigInteger
  var denominator: BigInteger
  var exponent = 0

  /// The nearest double, ties to even; infinite beyond the range of doubles.
  var double: Double {
    if numerator.isZero { return 0 }
    // The quotient has 63 or 64 bits: enough to round 53 of them by.
    let (bits, rest, shift) = quotient(bits: 63)
    let magnitude = Double.rounding(bits.low, hasRest: rest, exponent: exponent - shift)
    return isNegative ? -magnitude : magnitude
  }

  /// The nearest integer, ties to even, if it is one of 64 bits.
  var integer: Number? {
    // One more bit says whether half of the integer's last is left.
    let (halves, hasRest) =
      exponent < 0
      ? (numerator << 1).quotient(by: denominator << -exponent)
      : (numerator << (exponent + 1)).quotient(by: denominator)
    guard halves.bitWidth <= 66 else { return nil }
    let whole = halves.low128 >> 1
    let isUp = halves.low & 1 == 1 && (hasRest || whole & 1 == 1)
    let magnitude = Int128(whole) + (isUp ? 1 : 0)
    let value = isNegative ? -magnitude : magnitude
    return Int64(exactly: value).map { Number($0) } ?? UInt64(exactly: value).map { Number($0) }
  }

  /// The double nearest to the square root of a number that is not negative.
  var squareRoot: Double {
    precondition(!isNegative || numerator.isZero, "a negative number has no square root")
    if numerator.isZero { return 0 }
    var (bits, rest, shift) = quotient(bits: 126)
    // The root halves the exponent.
    if (exponent - shift) & 1 != 0 { (bits, rest, shift) = quotient(bits: 127) }
    let root = Self.root(bits.low128)
    let hasRest = rest || UInt128(root) * UInt128(root) != bits.low128
    return Double.rounding(root, hasRest: hasRest, exponent: (exponent - shift) / 2)
  }

  /// `numerator * 2^shift / denominator` with `bits` or one more bits. The parity of the shift is that of `bits` and
  /// the widths of both.
  private func quotient(bits: Int) -> (BigInteger, hasRest: Bool, shift: Int) {
    let shift = bits - (numerator.bitWidth - denominator.bitWidth)
    let (quotient, hasRest) =
      shift >= 0
      ? (numerator << shift).quotient(by: denominator)
      : numerator.quotient(by: denominator << -shift)
    return (quotient, hasRest, shift)
  }

  /// The whole part of the square root of a number of at least 2^124. O(1).
  static func root(_ square: UInt128) -> UInt64 {
    var root = UInt64(
      min((Double(UInt64(square >> 64)) * 0x1p64).squareRoot(), 0x1.fffffffffffffp63))
    // Newton's step, and then one by one.
    root = UInt64(min((UInt128(root) + square / UInt128(root)) / 2, UInt128(UInt64.max)))
    while UInt128(root) * UInt128(root) > square { root -= 1 }
    while root < .max, UInt128(root + 1) * UInt128(root + 1) <= square { root += 1 }
    return root
  }
}

extension Double {
  /// The double nearest to `bits * 2^exponent`, ties to even, also among those below the normal ones. `hasRest` says
  /// that the number is a little more than that. `bits` has 54 bits at least, unless there is no rest.
  static func rounding(_ bits: UInt64, hasRest: Bool, exponent: Int) -> Double {
    if bits == 0 { return 0 }
    let shift = bits.leadingZeroBitCount
    let aligned = bits << UInt64(shift)
    let top = exponent - shift + 63
    if top > 1023 { return .infinity }
    // The lowest bit of a double counts 2^-1074.
    let kept = Swift.min(53, top + 1075)
    if kept < 0 { return 0 }
    let dropped = UInt64(64 - kept)
    let whole = dropped == 64 ? 0 : aligned >> dropped
    let rest = aligned & (dropped == 64 ? .max : (1 << dropped) - 1)
    let half = UInt64(1) << (dropped - 1)
    let isUp = rest > half || (rest == half && (hasRest || whole & 1 == 1))
    return Double(
      sign: .plus, exponent: top - kept + 1, significand: Double(whole + (isUp ? 1 : 0)))
  }

  /// The double nearest to `magnitude / divisor`. O(1).
  static func quotient(_ magnitude: UInt128, _ divisor: UInt64) -> Double {
    if magnitude == 0 { return 0 }
    if magnitude <= 1 << 53, divisor <= 1 << 53 {
      // From 64 bits: a conversion of wider integers is not one instruction.
      return Double(UInt64(truncatingIfNeeded: magnitude)) / Double(divisor)
    }
    // Both are shifted until their top bits are set; the quotient then has 63 or 64 bits.
    let shift = magnitude.leadingZeroBitCount
    let aligned = (magnitude << UInt128(shift)) >> 1
    let isCut = shift == 0 && magnitude & 1 == 1
    let divisorShift = divisor.leadingZeroBitCount
    let (quotient, rest) = (divisor << UInt64(divisorShift)).dividingFullWidth(
      (UInt64(truncatingIfNeeded: aligned >> 64), UInt64(truncatingIfNeeded: aligned)))
    // aligned = magnitude * 2^(shift - 1), divided by divisor * 2^divisorShift.
    return rounding(quotient, hasRest: rest > 0 || isCut, exponent: 1 - shift + divisorShift)
  }
}
