/// A share of values from 0 to 1 as the decimal that it is written as, so that ranks are exact: 29 % of 100 is 29.
public struct Share: Sendable, Equatable {
  /// The share is `digits / divisor`; nil when it is too small for any rank but the first.
  private let digits: UInt64
  private let divisor: UInt128?

  /// Nil outside of 0 to 1. The decimal is the shortest one that reads back as the same double.
  public init?(_ share: Double) { self.init(share, places: 0) }

  /// Nil outside of 0 to 100.
  public init?(percent: Double) { self.init(percent, places: 2) }

  private init?(_ number: Double, places: Int) {
    guard number >= 0, number <= (places == 0 ? 1 : 100) else { return nil }
    // As Swift writes it: 99.9, 1e-05, 5.0.
    let parts = number.description.split(separator: "e")
    let decimal = parts[0].split(separator: ".")
    let fraction = decimal.count > 1 && decimal[1] != "0" ? decimal[1] : ""
    guard let digits = UInt64(decimal[0] + fraction) else { return nil }
    let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    self.digits = digits
    let scale = places + fraction.count - exponent
    // Digits of 17 places and counts of 64 bits have a product below 10^37.
    divisor = scale < 38 ? (0..<scale).reduce(1) { power, _ in power * 10 } : nil
  }

  /// The rank of the value that has this share of `count` others and itself below or at it, from 0:
  /// `floor(share * (count - 1))`. O(1).
  public func rank(of count: UInt64) -> UInt64 {
    guard count > 1, let divisor else { return 0 }
    return UInt64(UInt128(digits) * UInt128(count - 1) / divisor)
  }
}
