import Bytes

/// An integer of 256 bits in two's complement: room for 2^64 squares of decimals, so that no sum of a cell overflows.
@frozen
public struct Int256: Sendable, Hashable {
  public var low: UInt128
  public var high: Int128

  /// The lower and the upper half of the two's complement.
  @inlinable
  public init(low: UInt128, high: Int128) { (self.low, self.high) = (low, high) }

  /// The same value, its sign kept.
  @inlinable
  public init(_ value: Int128) {
    (low, high) = (UInt128(truncatingIfNeeded: value), value < 0 ? -1 : 0)
  }

  public static let zero = Int256(0)

  @inlinable public var isZero: Bool { low == 0 && high == 0 }
  @inlinable public var isNegative: Bool { high < 0 }

  /// The value, if it fits.
  @inlinable
  public var int128: Int128? {
    let narrow = Int128(truncatingIfNeeded: low)
    return high == (narrow < 0 ? -1 : 0) ? narrow : nil
  }

  /// Wraps, as all that follows: who adds knows that there is room.
  @inlinable @inline(__always)
  public static func += (left: inout Int256, right: Int256) {
    let (sum, carry) = left.low.addingReportingOverflow(right.low)
    left.low = sum
    left.high &+= right.high &+ (carry ? 1 : 0)
  }

  /// The least number, which has no positive, stays what it is.
  @inlinable
  public static prefix func - (value: Int256) -> Int256 {
    var negated = Int256(low: ~value.low, high: ~value.high)
    negated += Int256(1)
    return negated
  }

  /// The least number, which has no positive, stays what it is.
  @inlinable public var magnitude: Int256 { isNegative ? -self : self }

  /// The product with a factor that is not negative.
  @inlinable
  public func multiplied(by factor: UInt64) -> Int256 {
    let product = low.multipliedFullWidth(by: UInt128(factor))
    return Int256(
      low: product.low,
      high: Int128(truncatingIfNeeded: product.high) &+ high &* Int128(factor))
  }

  /// The square of a number, exactly.
  @inlinable
  public static func square(_ value: Int128) -> Int256 {
    let product = value.magnitude.multipliedFullWidth(by: value.magnitude)
    return Int256(low: product.low, high: Int128(truncatingIfNeeded: product.high))
  }

  /// The product of two numbers, exactly.
  @inlinable
  public static func product(_ left: Int128, _ right: Int128) -> Int256 {
    let product = left.magnitude.multipliedFullWidth(by: right.magnitude)
    let magnitude = Int256(low: product.low, high: Int128(truncatingIfNeeded: product.high))
    return (left < 0) == (right < 0) ? magnitude : -magnitude
  }
}

// MARK: Bytes

extension Int256 {
  /// Appends a count and so many bytes of two's complement, the lowest first: as few as hold the number.
  public func encode(into bytes: inout [UInt8]) {
    if isZero { return bytes.append(0) }
    var count = 32
    let sign: UInt8 = isNegative ? 0xFF : 0
    while count > 1, byte(count - 1) == sign, byte(count - 2) >> 7 == sign & 1 { count -= 1 }
    bytes.append(UInt8(count))
    for index in 0..<count { bytes.append(byte(index)) }
  }

  private func byte(_ index: Int) -> UInt8 {
    index < 16
      ? UInt8(truncatingIfNeeded: low >> UInt128(8 * index))
      : UInt8(truncatingIfNeeded: high >> Int128(8 * (index - 16)))
  }

  /// Reads what ``encode(into:)`` wrote.
  public init(_ reader: inout ByteReader) throws(MalformedBytes) {
    let start = reader.offset
    let count = Int(try reader.integer(UInt8.self))
    guard count <= 32 else { throw MalformedBytes(offset: start) }
    self = .zero
    if count == 0 { return }
    let from = try reader.advance(by: count)
    let isNegative = reader.bytes.byte(at: from + count - 1) >> 7 == 1
    for index in 0..<32 {
      let byte = index < count ? reader.bytes.byte(at: from + index) : isNegative ? 0xFF : 0
      if index < 16 {
        low |= UInt128(byte) << UInt128(8 * index)
      } else {
        high |= Int128(truncatingIfNeeded: UInt128(byte) << UInt128(8 * (index - 16)))
      }
    }
  }
}
