import Bytes

/// The exact sum of numbers: what is asked of it is rounded once. Adding has no order; equal sums of equal kinds of
/// numbers have the same bits.
public struct ExactSum: Sendable, Equatable {
  /// The short decimals, in units of 10^-9, or of 10^-18 when it is a sum of squares. 2^64 of either fit.
  public var decimals = Int256.zero
  /// The other numbers.
  public var binary = BinarySum()

  /// Zero, unless it is said what the parts are.
  public init(decimals: Int256 = .zero, binary: BinarySum = BinarySum()) {
    (self.decimals, self.binary) = (decimals, binary)
  }

  /// O(1).
  public mutating func add(_ number: ExactNumber) {
    switch number {
    case .decimal(let units): decimals += Int256(units)
    case .binary(let value): binary.add(value)
    }
  }

  /// Takes a number out again, whether or not it was ever added. O(1).
  public mutating func subtract(_ number: ExactNumber) {
    switch number {
    case .decimal(let units): decimals += Int256(-units)
    case .binary(let value): binary.add(-value)
    }
  }

  /// Adds a number's square, for a sum of squares.
  public mutating func addSquare(_ number: ExactNumber) {
    switch number {
    case .decimal(let units): decimals += .square(units)
    case .binary(let value): binary.addProduct(value, value)
    }
  }

  /// Adds `number * factor`.
  public mutating func add(_ number: ExactNumber, times factor: Int64) {
    switch number {
    case .decimal(let units): decimals += .product(units, Int128(factor))
    case .binary(let value): binary.addProduct(value, factor)
    }
  }

  /// Adds another sum. O(digits of the binary part).
  public mutating func add(_ other: ExactSum) {
    decimals += other.decimals
    binary.add(other.binary)
  }

  // MARK: Answers

  /// Whether the sum, that of short decimals in units of 10^-9, is below zero.
  public var isNegative: Bool {
    let ratio = ratio(scale: ExactNumber.scale)
    return ratio.isNegative && !ratio.numerator.isZero
  }

  /// The double nearest to the sum; infinite beyond the range of doubles.
  public var double: Double { double(dividedBy: 1) }

  /// The double nearest to `sum / divisor`.
  public func double(dividedBy divisor: UInt128) -> Double {
    let one = UInt128(ExactNumber.unitsOfOne)
    let (wide, overflow) = divisor.multipliedReportingOverflow(by: one)
    if !overflow, let quotient = quotient(UInt64(exactly: wide)) { return quotient }
    var ratio = ratio(scale: ExactNumber.scale)
    ratio.denominator = ratio.denominator * BigInteger(divisor)
    return ratio.double
  }

  /// The double nearest to `sum * 10^9 / divisor`: what is per second, of a time in nanoseconds.
  public func double(perSecondOf ns: UInt64) -> Double {
    // The units of decimals are a billionth as well.
    if let quotient = quotient(ns) { return quotient }
    var ratio = ratio(scale: ExactNumber.scale)
    ratio.numerator = ratio.numerator * BigInteger(ExactNumber.unitsOfOne)
    ratio.denominator = ratio.denominator * BigInteger(ns)
    return ratio.double
  }

  /// Units of decimals divided, if that is all there is and it takes no wide arithmetic.
  private func quotient(_ divisor: UInt64?) -> Double? {
    guard let divisor, binary.isZero, let units = decimals.int128 else { return nil }
    let magnitude = Double.quotient(units.magnitude, divisor)
    return units < 0 ? -magnitude : magnitude
  }

  /// The number nearest to `sum / divisor`, ties to even: an integer where doubles have no fractions, but integers of 64
  /// bits are closer together; else a double, infinite beyond their range.
  public func number(dividedBy divisor: UInt128 = 1) -> Number {
    let double = double(dividedBy: divisor)
    var number = Number(double)
    if Number.isWide(double) {
      var ratio = ratio(scale: ExactNumber.scale)
      ratio.denominator = ratio.denominator * BigInteger(divisor)
      number = ratio.integer ?? number
    }
    return number ?? .zero
  }

  /// The same of short decimals alone, in units of 10^-9; nil when it takes wide arithmetic. O(1).
  public static func number(ofUnits units: Int128, dividedBy divisor: UInt64 = 1) -> Number? {
    let (wide, isOver) = divisor.multipliedReportingOverflow(by: ExactNumber.unitsOfOne)
    if isOver { return nil }
    let magnitude = Double.quotient(units.magnitude, wide)
    if Number.isWide(magnitude) { return nil }
    return Number(units < 0 ? -magnitude : magnitude)
  }

  /// The variance of a sample of at least two numbers from their sum and the sum of their squares.
  public static func variance(count: UInt64, sum: ExactSum, squares: ExactSum) -> Double {
    narrowVariance(count, sum, squares)?.double ?? varianceRatio(count, sum, squares).double
  }

  /// Its square root, rounded once.
  public static func standardDeviation(
    count: UInt64, sum: ExactSum, squares: ExactSum
  ) -> Double {
    narrowVariance(count, sum, squares)?.squareRoot
      ?? varianceRatio(count, sum, squares).squareRoot
  }

  /// The same as ``varianceRatio(_:_:_:)``, if short decimals are all there is and it takes no wide arithmetic. O(1).
  private static func narrowVariance(
    _ count: UInt64, _ sum: ExactSum, _ squares: ExactSum
  ) -> NarrowRatio? {
    guard sum.binary.isZero, squares.binary.isZero, squares.decimals.high == 0,
      let total = sum.decimals.int128, let units = UInt64(exactly: total.magnitude)
    else { return nil }
    let (product, isOver) = squares.decimals.low.multipliedReportingOverflow(by: UInt128(count))
    let (pairs, isPairsOver) = count.multipliedReportingOverflow(by: count &- 1)
    let square = UInt128(units) * UInt128(units)
    guard count > 1, !isOver, !isPairsOver, product >= square else { return nil }
    return NarrowRatio(product - square, overBillionSquaredTimes: pairs)
  }

  /// `(count * squares - sum^2) / (count * (count - 1))`
  private static func varianceRatio(
    _ count: UInt64, _ sum: ExactSum, _ squares: ExactSum
  ) -> ExactRatio {
    precondition(count > 1, "one number has no variance")
    var sum = sum.ratio(scale: ExactNumber.scale)
    var squares = squares.ratio(scale: 2 * ExactNumber.scale)
    // Both over 10^18, with the lower of the two powers of two.
    sum.numerator = sum.numerator * sum.numerator
    sum.exponent *= 2
    squares.numerator = squares.numerator * BigInteger(count)
    let exponent = min(sum.exponent, squares.exponent)
    let numerator =
      (squares.numerator << (squares.exponent - exponent))
      - (sum.numerator << (sum.exponent - exponent))
    let pairs = BigInteger(UInt128(count) * UInt128(count - 1))
    return ExactRatio(
      numerator: numerator, denominator: squares.denominator * pairs, exponent: exponent)
  }

  private func ratio(scale: Int) -> ExactRatio {
    let one = BigInteger(ExactNumber.unitsOfOne)
    let denominator = scale == ExactNumber.scale ? one : one * one
    let magnitude = decimals.magnitude
    let decimal = BigInteger(low: magnitude.low, high: UInt128(bitPattern: magnitude.high))
    if binary.isZero {
      return ExactRatio(
        isNegative: decimals.isNegative, numerator: decimal, denominator: denominator)
    }
    let (isNegative, bits, power) = binary.parts
    let exponent = min(power, 0)
    let left = decimal << -exponent
    let right = (bits * denominator) << (power - exponent)
    if decimals.isNegative == isNegative || decimal.isZero {
      return ExactRatio(
        isNegative: isNegative, numerator: left + right, denominator: denominator,
        exponent: exponent)
    }
    let isLess = left < right
    return ExactRatio(
      isNegative: isLess ? isNegative : decimals.isNegative,
      numerator: isLess ? right - left : left - right, denominator: denominator,
      exponent: exponent)
  }
}

extension BigInteger {
  fileprivate init(low: UInt128, high: UInt128) {
    self.init(
      words: [low, low >> 64, high, high >> 64].map { UInt64(truncatingIfNeeded: $0) })
  }
}

// MARK: Bytes

extension ExactSum {
  public func encode(into bytes: inout [UInt8]) {
    decimals.encode(into: &bytes)
    binary.encode(into: &bytes)
  }

  /// Reads what ``encode(into:)`` wrote.
  public init(_ reader: inout ByteReader) throws(MalformedBytes) {
    decimals = try Int256(&reader)
    binary = try BinarySum(&reader)
  }
}
