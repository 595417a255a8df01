/// The buckets of ``QuantileSketch``: logarithmic, each within 1 % of its representative value.
///
/// This is the cubically interpolated mapping of Masson, Rim, Lee: "DDSketch" (VLDB 2019): with `s`
/// the significand less one, `m (exponent + 6/35 s^3 - 3/5 s^2 + 10/7 s)` grows with the logarithm,
/// and a bucket is a unit step of it. An error of 1 % needs `m >= 7 / (10 ln(1.01 / 0.99))`, that
/// is 34.9988; `m` is 35 here. Then an octave has exactly 35 buckets, the polynomial times 35 has
/// the whole coefficients 6, -21 and 50, and integers compute it: the same keys on every machine,
/// exact edges.
public enum LogBuckets {
  /// The most by which ``value(ofKey:)`` is off, relative to any value of the bucket.
  public static let relativeError = 0.01

  /// The keys of the greatest finite values are this and its negation.
  public static let maxFiniteKey: Int32 = 75_839

  /// The keys of the smallest normal values, of magnitude 2^-1022, are this and its negation.
  static let minNormalKey: Int32 = 4_230

  @usableFromInline static let bucketsPerOctave: Int32 = 35
  /// Makes 40 000 the key of 1, whose biased exponent is 1023, so that positive values have
  /// positive keys.
  @usableFromInline static let bias: Int32 = 40_000 - 35 * 1023

  /// The bucket of `value`: grows with it (never falls), and `key(-x) == -key(x)`.
  ///
  /// Zero has the key 0, and so have subnormal values (of magnitude below 2^-1022), which lose
  /// their relative accuracy. Infinities and NaNs have keys beyond ``maxFiniteKey``. O(1).
  @inlinable @inline(__always)
  public static func key(_ value: Double) -> Int32 {
    let bits = value.bitPattern
    let magnitude = bits & 0x7FFF_FFFF_FFFF_FFFF
    if magnitude < 0x0010_0000_0000_0000 { return 0 }
    let octave = Int32(truncatingIfNeeded: magnitude >> 52)
    let step = Int32(truncatingIfNeeded: step((magnitude >> 24) & 0xFFF_FFFF))
    let key = octave &* bucketsPerOctave &+ step &+ bias
    let sign = Int32(truncatingIfNeeded: Int64(bitPattern: bits) >> 63)
    return (key ^ sign) &- sign
  }

  /// The bucket within its octave, 0 to 34, of the significand `1 + n / 2^28`; for `n = 2^28` it is
  /// 35.
  ///
  /// With 28 bits nothing overflows. Rounding the inner product down changes the result by less
  /// than `n` growing by one does, so this never falls as `n` grows.
  @inlinable @inline(__always)
  static func step(_ n: UInt64) -> UInt64 {
    let inner = (50 << 56) &- ((21 << 28) &- 6 &* n) &* n
    return ((inner >> 28) &* n) >> 56
  }

  /// The value that stands for the bucket `key`: `2LU / (L + U)` of its bounds, at most
  /// ``relativeError`` away from each value of the bucket, relative to that value.
  ///
  /// 0 for the key 0. A key that no normal value has gives the nearer of 0 and infinity, with the
  /// key's sign. O(1).
  public static func value(ofKey key: Int32) -> Double {
    let magnitude = key.magnitude
    guard magnitude >= minNormalKey else { return 0 }
    let sign: FloatingPointSign = key < 0 ? .minus : .plus
    guard magnitude <= maxFiniteKey else { return sign == .minus ? -.infinity : .infinity }
    let (octave, step) = (Int32(magnitude) - bias)
      .quotientAndRemainder(dividingBy: bucketsPerOctave)
    return Double(
      sign: sign, exponentBitPattern: UInt(octave),
      significandBitPattern: representatives[Int(step)].significandBitPattern)
  }

  /// The representatives of the octave from 1 to 2; those of the others are these times a power of
  /// two.
  private static let representatives: [Double] = (0..<35 as Range<UInt64>).map { step in
    let lower = lowerBound(ofStep: step)
    let upper = lowerBound(ofStep: step + 1)
    return 2 * lower * upper / (lower + upper)
  }

  /// The least significand of the bucket `step`, by bisection; exact.
  static func lowerBound(ofStep step: UInt64) -> Double {
    var low: UInt64 = 0
    var high: UInt64 = 1 << 28
    while low < high {
      let middle = (low + high) / 2
      if self.step(middle) >= step { high = middle } else { low = middle + 1 }
    }
    return 1 + Double(low) / 0x1p28
  }
}
