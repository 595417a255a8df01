/// A natural number of any size, for the last step of a computation on exact sums: rare, so it is plain.
struct BigInteger: Equatable {
  /// From the lowest on; the highest is not 0.
  private(set) var words: [UInt64]

  init(words: [UInt64]) {
    self.words = words
    while self.words.last == 0 { self.words.removeLast() }
  }

  init(_ value: UInt64) { self.init(words: [value]) }

  init(_ value: UInt128) {
    self.init(words: [UInt64(truncatingIfNeeded: value), UInt64(truncatingIfNeeded: value >> 64)])
  }

  var isZero: Bool { words.isEmpty }
  var bitWidth: Int { 64 * words.count - (words.last?.leadingZeroBitCount ?? 0) }

  /// Modulo 2^64.
  var low: UInt64 { words.first ?? 0 }
  /// Modulo 2^128.
  var low128: UInt128 { UInt128(low) | (words.count > 1 ? UInt128(words[1]) << 64 : 0) }

  static func < (left: BigInteger, right: BigInteger) -> Bool {
    if left.words.count != right.words.count { return left.words.count < right.words.count }
    for index in left.words.indices.reversed() where left.words[index] != right.words[index] {
      return left.words[index] < right.words[index]
    }
    return false
  }

  /// O(words).
  static func + (left: BigInteger, right: BigInteger) -> BigInteger {
    let (long, short) =
      left.words.count >= right.words.count ? (left.words, right.words) : (right.words, left.words)
    var sum = long
    var carry = false
    for index in sum.indices {
      if index >= short.count && !carry { break }
      let (one, first) = sum[index].addingReportingOverflow(
        index < short.count ? short[index] : 0)
      let (both, second) = one.addingReportingOverflow(carry ? 1 : 0)
      (sum[index], carry) = (both, first || second)
    }
    if carry { sum.append(1) }
    return BigInteger(words: sum)
  }

  /// `right` is at most `left`. O(words).
  static func - (left: BigInteger, right: BigInteger) -> BigInteger {
    var rest = left.words
    var borrow = false
    for index in rest.indices {
      if index >= right.words.count && !borrow { break }
      let (one, first) = rest[index].subtractingReportingOverflow(
        index < right.words.count ? right.words[index] : 0)
      let (both, second) = one.subtractingReportingOverflow(borrow ? 1 : 0)
      (rest[index], borrow) = (both, first || second)
    }
    precondition(!borrow, "a natural number is not negative")
    return BigInteger(words: rest)
  }

  /// O(words of both, multiplied).
  static func * (left: BigInteger, right: BigInteger) -> BigInteger {
    var product = [UInt64](repeating: 0, count: left.words.count + right.words.count)
    for (place, factor) in left.words.enumerated() {
      var carry: UInt64 = 0
      for (index, word) in right.words.enumerated() {
        let full =
          UInt128(factor) * UInt128(word) + UInt128(product[place + index]) + UInt128(carry)
        product[place + index] = UInt64(truncatingIfNeeded: full)
        carry = UInt64(truncatingIfNeeded: full >> 64)
      }
      product[place + right.words.count] = carry
    }
    return BigInteger(words: product)
  }

  /// O(words).
  static func << (value: BigInteger, bits: Int) -> BigInteger {
    if value.isZero || bits == 0 { return value }
    let shift = bits & 63
    var shifted = [UInt64](repeating: 0, count: bits >> 6)
    guard shift > 0 else { return BigInteger(words: shifted + value.words) }
    var carry: UInt64 = 0
    for word in value.words {
      shifted.append(word << UInt64(shift) | carry)
      carry = word >> UInt64(64 - shift)
    }
    return BigInteger(words: shifted + [carry])
  }

  /// The whole quotient, and whether something is left. Knuth's algorithm D. O(words of the quotient x words).
  func quotient(by divisor: BigInteger) -> (BigInteger, hasRest: Bool) {
    precondition(!divisor.isZero, "division by zero")
    if self < divisor { return (BigInteger(words: []), !isZero) }
    // The divisor's highest bit is set, so that a digit's estimate is at most 2 too high.
    let shift = divisor.words[divisor.words.count - 1].leadingZeroBitCount
    let divisor = (divisor << shift).words
    var rest = (self << shift).words
    rest.append(0)
    var digits: [UInt64] = Array(repeating: 0, count: max(rest.count - divisor.count, 0))
    for place in digits.indices.reversed() {
      digits[place] = Self.digit(&rest, place, divisor)
    }
    return (BigInteger(words: digits), rest.contains { $0 > 0 })
  }

  /// The quotient's digit at a place, whose multiple of the divisor is taken from the rest.
  private static func digit(_ rest: inout [UInt64], _ place: Int, _ divisor: [UInt64]) -> UInt64 {
    let top = rest[place + divisor.count]
    let head = divisor[divisor.count - 1]
    let next = rest[place + divisor.count - 1]
    var digit =
      top >= head ? UInt64.max : head.dividingFullWidth((top, next)).quotient
    var borrow: UInt64 = 0
    var carry: UInt64 = 0
    for index in divisor.indices {
      let product = UInt128(digit) * UInt128(divisor[index]) + UInt128(carry)
      carry = UInt64(truncatingIfNeeded: product >> 64)
      borrow = subtract(UInt64(truncatingIfNeeded: product), borrow, from: &rest[place + index])
    }
    borrow = subtract(carry, borrow, from: &rest[place + divisor.count])
    // The estimate was too high: what was taken too much is given back.
    while borrow > 0 {
      digit -= 1
      var over = false
      for index in divisor.indices {
        let (one, first) = rest[place + index].addingReportingOverflow(divisor[index])
        let (both, second) = one.addingReportingOverflow(over ? 1 : 0)
        (rest[place + index], over) = (both, first || second)
      }
      let (sum, overflow) = rest[place + divisor.count].addingReportingOverflow(over ? 1 : 0)
      rest[place + divisor.count] = sum
      if overflow { borrow = 0 }
    }
    return digit
  }

  private static func subtract(
    _ value: UInt64, _ borrow: UInt64, from word: inout UInt64
  ) -> UInt64 {
    let (one, first) = word.subtractingReportingOverflow(value)
    let (both, second) = one.subtractingReportingOverflow(borrow)
    word = both
    return first || second ? 1 : 0
  }
}
