/// A decimal number: `digits / 10^decimals`.
public struct ShortDecimal: Sendable, Equatable {
  public var digits: UInt64
  /// From 1 to 6.
  public var decimals: Int

  @inlinable
  init(digits: UInt64, decimals: Int) { (self.digits, self.decimals) = (digits, decimals) }
}

extension Double {
  /// The magnitude as the decimal number with the fewest digits that has this double, where that has one to six decimals and 15
  /// digits at most, as most numbers have that were measured; nil for any other, and for whole ones. O(1).
  ///
  /// No two decimal numbers of 15 digits have one double. So the one that is found is the shortest, which `description` finds in
  /// several times as long.
  @inlinable
  public var shortDecimal: ShortDecimal? {
    guard magnitude >= 1e-3, magnitude < 1e9 else { return nil }
    return decimal(3, scale: 1e3) ?? decimal(6, scale: 1e6)
  }

  /// The same with at most so many decimals.
  @inlinable
  func decimal(_ decimals: Int, scale: Double) -> ShortDecimal? {
    let scaled = (magnitude * scale).rounded()
    guard scaled / scale == magnitude else { return nil }
    var short = ShortDecimal(digits: UInt64(scaled), decimals: decimals)
    while short.digits % 10 == 0 {
      short.digits /= 10
      short.decimals -= 1
      if short.decimals == 0 { return nil }
    }
    return short
  }
}
