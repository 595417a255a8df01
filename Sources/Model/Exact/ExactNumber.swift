/// A number as exact sums take it. Which of the two forms a number has is decided by its value alone, so that neither
/// its spelling nor what stands beside it changes a sum: 1.5, 1.50 and 15e-1 are one number.
///
/// - A **short decimal** is `k / 10^s` with `s` at most 9 and `k` below 2^63, trailing zeros dropped, or an integer below
///   2^64. It is counted in units of 10^-9, in integers.
/// - Any other number is the double nearest to it, taken exactly.
///
/// A double is a short decimal when it is an integer below 2^64, or the double nearest to a decimal of at most 15
/// digits, 9 of them at most after the point: there is at most one.
@frozen
public enum ExactNumber: Sendable, Hashable {
  /// In units of 10^-9.
  case decimal(Int128)
  case binary(Double)

  /// Decimals of a unit.
  public static let scale = 9
  /// 10^9.
  public static let unitsOfOne: UInt64 = 1_000_000_000

  /// An integer is a short decimal. O(1).
  @inlinable
  public init(_ value: Int64) { self = .decimal(Int128(value) * Int128(Self.unitsOfOne)) }

  /// An integer is a short decimal. O(1).
  @inlinable
  public init(_ value: UInt64) { self = .decimal(Int128(value) * Int128(Self.unitsOfOne)) }

  /// The number must be finite, as that of a JSON document is. O(1).
  public init(_ number: Number) {
    switch number.form {
    case .signed(let value): self.init(value)
    case .unsigned(let value): self.init(value)
    case .real(let value): self.init(value)
    }
  }

  /// Of a finite double.
  public init(_ value: Double) {
    if value.magnitude < 0x1p64, value == value.rounded(.towardZero) {
      let units = Int128(UInt64(value.magnitude)) * Int128(Self.unitsOfOne)
      self = .decimal(value < 0 ? -units : units)
      return
    }
    // As many decimals as 15 digits leave room for; with them a decimal of fewer is found as well.
    var scale = Self.scale
    while scale > 0, value.magnitude * Self.doublePowers[scale] > 1e15 { scale -= 1 }
    let digits = (value * Self.doublePowers[scale]).rounded()
    if scale > 0, digits.magnitude <= 1e15, digits / Self.doublePowers[scale] == value {
      self = .decimal(Int128(Int64(digits)) * Int128(Self.powers[Self.scale - scale]))
    } else {
      self = .binary(value)
    }
  }

  /// The number `mantissa / 10^scale`; `nearest` is the double nearest to it.
  @inlinable
  public init(mantissa: Int64, scale: Int, nearest: @autoclosure () -> Double) {
    if scale <= Self.scale {
      self = .decimal(Int128(mantissa) * Int128(Self.powers[Self.scale - scale]))
      return
    }
    var (digits, places) = (mantissa, scale)
    while places > Self.scale, digits % 10 == 0 {
      digits /= 10
      places -= 1
    }
    self =
      places > Self.scale
      ? ExactNumber(nearest())
      : .decimal(Int128(digits) * Int128(Self.powers[Self.scale - places]))
  }

  /// 10^0 to 10^9, by exponent.
  public static let powers: [Int64] = (0...9).map { exponent in
    (0..<exponent).reduce(1) { power, _ in power * 10 }
  }
  private static let doublePowers: [Double] = powers.map { Double($0) }
}
