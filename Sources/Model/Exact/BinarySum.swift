import Bytes

/// An exact sum of doubles, and of their products: a wide fixed-point number.
///
/// It is what R. M. Neal calls a small superaccumulator ("Fast exact summation using small and large superaccumulators",
/// 2015): digits of 32 bits in integers of 64, so that carries wait in the upper halves. Only the digits between the
/// lowest and the highest that were ever in use are kept. The sum does not depend on the order of adding.
public struct BinarySum: Sendable {
  /// Digit `i` counts `2^(32 * (lowest + i))`.
  private var digits: [Int64] = []
  private var lowest = 0
  /// No digit's magnitude is above this times 2^32.
  private var bound = 1

  private static let maxBound = 1 << 30

  /// Zero.
  public init() {}

  /// Adds a finite number. O(1).
  public mutating func add(_ value: Double) {
    let (significand, exponent) = Self.parts(value)
    add(significand, exponent, isNegative: value.sign == .minus)
  }

  /// Adds the product of two finite numbers. O(1).
  public mutating func addProduct(_ left: Double, _ right: Double) {
    let (one, oneExponent) = Self.parts(left)
    let (other, otherExponent) = Self.parts(right)
    add(
      UInt128(one) * UInt128(other), oneExponent + otherExponent,
      isNegative: left.sign != right.sign)
  }

  /// Adds the product of a finite number and an integer. O(1).
  public mutating func addProduct(_ left: Double, _ right: Int64) {
    let (significand, exponent) = Self.parts(left)
    add(
      UInt128(significand) * UInt128(right.magnitude), exponent,
      isNegative: (left.sign == .minus) != (right < 0))
  }

  private static func parts(_ value: Double) -> (significand: UInt64, exponent: Int) {
    let biased = Int(value.exponentBitPattern)
    assert(biased < 2047, "only finite numbers are added")
    return biased == 0
      ? (value.significandBitPattern, -1074)
      : (value.significandBitPattern | 1 << 52, biased - 1075)
  }

  private mutating func add(_ magnitude: UInt128, _ exponent: Int, isNegative: Bool) {
    add(UInt64(truncatingIfNeeded: magnitude), exponent, isNegative: isNegative)
    add(UInt64(truncatingIfNeeded: magnitude >> 64), exponent + 64, isNegative: isNegative)
  }

  private mutating func add(_ magnitude: UInt64, _ exponent: Int, isNegative: Bool) {
    if magnitude == 0 { return }
    let place = exponent >> 5
    reserve(place, place + 3)
    if bound >= Self.maxBound { settle() }
    bound += 1
    let wide = UInt128(magnitude) << UInt128(exponent & 31)
    let first = place - lowest
    for index in 0..<3 {
      let digit = Int64(truncatingIfNeeded: wide >> UInt128(32 * index)) & 0xFFFF_FFFF
      digits[first + index] += isNegative ? -digit : digit
    }
  }

  /// Adds another sum. O(digits).
  public mutating func add(_ other: BinarySum) {
    if other.digits.isEmpty { return }
    if digits.isEmpty {
      self = other
      return
    }
    var other = other
    if bound + other.bound > Self.maxBound {
      settle()
      other.settle()
    }
    if other.digits.isEmpty { return }
    reserve(other.lowest, other.lowest + other.digits.count)
    let first = other.lowest - lowest
    for index in other.digits.indices { digits[first + index] += other.digits[index] }
    bound += other.bound
  }

  /// Turns the sign round. O(digits).
  public mutating func negate() {
    for index in digits.indices { digits[index] = -digits[index] }
  }

  /// Makes room for the digits of these places.
  private mutating func reserve(_ from: Int, _ to: Int) {
    if digits.isEmpty { lowest = from }
    if from < lowest {
      digits.insert(contentsOf: repeatElement(0, count: lowest - from), at: 0)
      lowest = from
    }
    let missing = to - lowest - digits.count
    if missing > 0 { digits.append(contentsOf: repeatElement(0, count: missing)) }
  }

  /// Gives the sum its one form: two's complement without a digit too many; the highest digit bears the sign.
  private mutating func settle() {
    var carry: Int64 = 0
    for index in digits.indices {
      let digit = digits[index] + carry
      digits[index] = digit & 0xFFFF_FFFF
      carry = digit >> 32
    }
    while carry != 0, carry != -1 {
      digits.append(carry & 0xFFFF_FFFF)
      carry >>= 32
    }
    // One more digit of signs, and then as few as will do.
    digits.append(carry)
    while let top = digits.last, top == 0 || top == -1 {
      guard digits.count > 1 else {
        if top == 0 { digits = [] }
        break
      }
      let next = Int64(Int32(truncatingIfNeeded: digits[digits.count - 2]))
      guard next < 0 ? top == -1 : top == 0 else { break }
      digits.removeLast()
      digits[digits.count - 1] = next
    }
    let zeros = digits.prefix { $0 == 0 }.count
    digits.removeFirst(zeros)
    lowest = digits.isEmpty ? 0 : lowest + zeros
    bound = 1
  }

  private var settled: BinarySum {
    var sum = self
    sum.settle()
    return sum
  }

  /// Whether what was added comes to nothing. O(digits).
  public var isZero: Bool { digits.isEmpty || settled.digits.isEmpty }

  /// The sum as `±magnitude * 2^exponent`.
  var parts: (isNegative: Bool, magnitude: BigInteger, exponent: Int) {
    var sum = settled
    let isNegative = sum.digits.last.map { $0 < 0 } ?? false
    if isNegative {
      sum.negate()
      sum.settle()
    }
    var words: [UInt64] = []
    for index in sum.digits.indices {
      let digit = UInt64(bitPattern: sum.digits[index]) & 0xFFFF_FFFF
      if index & 1 == 0 { words.append(digit) } else { words[words.count - 1] |= digit << 32 }
    }
    return (isNegative, BigInteger(words: words), 32 * sum.lowest)
  }
}

extension BinarySum: Equatable {
  public static func == (left: BinarySum, right: BinarySum) -> Bool {
    let (left, right) = (left.settled, right.settled)
    return left.lowest == right.lowest && left.digits == right.digits
  }
}

// MARK: Bytes

extension BinarySum {
  /// Products of two doubles reach from 2^-2148 to 2^2048.
  private static let places = -70...70

  /// Appends how many digits there are, and, if there are any, the place of the lowest and the digits.
  public func encode(into bytes: inout [UInt8]) {
    let sum = settled
    bytes.append(UInt8(sum.digits.count))
    if sum.digits.isEmpty { return }
    bytes.append(UInt8(bitPattern: Int8(sum.lowest)))
    for digit in sum.digits { bytes.append(littleEndian: UInt32(truncatingIfNeeded: digit)) }
  }

  /// Reads what ``encode(into:)`` wrote.
  public init(_ reader: inout ByteReader) throws(MalformedBytes) {
    let start = reader.offset
    let count = Int(try reader.integer(UInt8.self))
    if count == 0 { return }
    lowest = Int(Int8(bitPattern: try reader.integer(UInt8.self)))
    guard Self.places.contains(lowest), Self.places.contains(lowest + count - 1) else {
      throw MalformedBytes(offset: start)
    }
    for _ in 0..<count { digits.append(Int64(try reader.integer(UInt32.self))) }
    digits[count - 1] = Int64(Int32(truncatingIfNeeded: digits[count - 1]))
    guard settled.digits == digits else { throw MalformedBytes(offset: start) }
  }
}
