/// What a decimal text stands for, as JSON and the query language write numbers.
public enum DecimalValue: Sendable, Equatable {
  /// An integer of 64 bits exactly; any other number as the nearest double.
  case number(Number)
  /// An integer beyond 64 bits that the nearest double does not give back: two of them can have one double.
  /// `isAbove` says whether it is above what that double counts as, or else below: the shortest decimal, or -2^63.
  case beyond(Double, isAbove: Bool)

  /// Reads an optional `-`, digits with an optional fraction, and an optional exponent. Nil when the text is none, and
  /// when no double can hold the number. O(length), and O(length^2) of the double's own parser at worst.
  public init?(_ text: some StringProtocol) {
    guard let digits = DecimalDigits(text.utf8) else { return nil }
    if let whole = digits.integer {
      self = .number(whole)
      return
    }
    guard let double = Double(text), double.isFinite, let number = Number(double) else {
      return nil
    }
    // A fraction is rounded; 1e25 and 10000000000000000905969664 are one double, and the first is its text.
    guard digits.exponent >= 0 else {
      self = .number(number)
      return
    }
    // Those just below -2^63 have its double, which is the integer of 64 bits and none of them.
    if number.isInteger {
      self = .beyond(double, isAbove: double > 0)
      return
    }
    guard let shortest = DecimalDigits(double.description.utf8), shortest != digits else {
      self = .number(number)
      return
    }
    self = .beyond(double, isAbove: shortest.isMagnitudeBelow(digits) != digits.isNegative)
  }

  /// The digits of a decimal text that stands for an integer, without a fraction and an exponent; nil when it stands for
  /// none that a double can hold. O(length).
  public static func plainDigits(_ text: some StringProtocol) -> String? {
    guard let digits = DecimalDigits(text.utf8), digits.exponent >= 0,
      digits.digits.count + digits.exponent <= 309
    else { return nil }
    let whole = digits.digits + Array(repeating: 0, count: digits.exponent)
    let sign = digits.isNegative ? "-" : ""
    return whole.isEmpty ? "0" : sign + String(decoding: whole.map { $0 + 48 }, as: UTF8.self)
  }

  /// The nearest double.
  public var double: Double {
    switch self {
    case .number(let number): number.double
    case .beyond(let double, _): double
    }
  }
}

extension Number {
  /// The number that a decimal text stands for, the nearest double where it is beyond 64 bits. Nil when it is no
  /// decimal, or no double can hold it.
  public init?(decimal text: some StringProtocol) {
    switch DecimalValue(text) {
    case .number(let number)?: self = number
    case .beyond(let double, _)?:
      guard let number = Number(double) else { return nil }
      self = number
    case nil: return nil
    }
  }
}

/// The significant digits of a decimal: neither the first nor the last is 0, and zero has none.
private struct DecimalDigits: Equatable {
  var isNegative = false
  var digits: [UInt8] = []
  /// Powers of ten that the digits are multiplied with.
  var exponent = 0

  /// Exponents are cut off here; no document has so many digits that they could make up for it.
  private static let maxExponent = 1 << 40

  init?(_ text: some Collection<UInt8>) {
    let bytes = Array(text)
    var cursor = 0
    if bytes.first == UInt8(ascii: "-") { (isNegative, cursor) = (true, 1) }
    let whole = cursor
    appendDigits(bytes, &cursor)
    var count = cursor - whole
    if cursor < bytes.count, bytes[cursor] == UInt8(ascii: ".") {
      cursor += 1
      let fraction = cursor
      appendDigits(bytes, &cursor)
      exponent = fraction - cursor
      count += cursor - fraction
    }
    if count == 0 { return nil }
    if cursor < bytes.count {
      let isExponent = bytes[cursor] | 0x20 == UInt8(ascii: "e")
      guard isExponent, let power = Self.power(bytes[(cursor + 1)...]) else { return nil }
      exponent += power
    }
    strip()
  }

  private mutating func appendDigits(_ bytes: [UInt8], _ cursor: inout Int) {
    while cursor < bytes.count, bytes[cursor] &- 48 <= 9 {
      digits.append(bytes[cursor] - 48)
      cursor += 1
    }
  }

  /// What stands behind the `e`.
  private static func power(_ text: ArraySlice<UInt8>) -> Int? {
    let sign = text.first
    let isSigned = sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+")
    let digits = isSigned ? text.dropFirst() : text
    guard !digits.isEmpty, digits.allSatisfy({ $0 &- 48 <= 9 }) else { return nil }
    let power = digits.reduce(0) { min($0 * 10 + Int($1 - 48), maxExponent) }
    return sign == UInt8(ascii: "-") ? -power : power
  }

  private mutating func strip() {
    digits.removeFirst(digits.prefix { $0 == 0 }.count)
    while digits.last == 0 {
      digits.removeLast()
      exponent += 1
    }
    if digits.isEmpty { (isNegative, exponent) = (false, 0) }
  }

  /// The number, if it is an integer of 64 bits.
  var integer: Number? {
    guard exponent >= 0, digits.count + exponent <= 20 else { return nil }
    var magnitude: UInt64 = 0
    for place in 0..<digits.count + exponent {
      let (shifted, isOver) = magnitude.multipliedReportingOverflow(by: 10)
      let digit = place < digits.count ? UInt64(digits[place]) : 0
      let (sum, isCarried) = shifted.addingReportingOverflow(digit)
      if isOver || isCarried { return nil }
      magnitude = sum
    }
    guard isNegative else { return Number(magnitude) }
    return Int64(exactly: -Int128(magnitude)).map { Number($0) }
  }

  /// Whether the magnitude is below that of another integer.
  func isMagnitudeBelow(_ other: DecimalDigits) -> Bool {
    let (count, otherCount) = (digits.count + exponent, other.digits.count + other.exponent)
    return count != otherCount
      ? count < otherCount : digits.lexicographicallyPrecedes(other.digits)
  }
}
