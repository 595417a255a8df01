import Bytes

/// A decimal number of any length, with any exponent, as its first significant digits and the place of its
/// point: what numbers since the epoch need that no integer of 64 bits holds.
struct EpochText {
  private var isNegative = false
  /// Without leading zeros; no more than a time can use.
  private var digits: [UInt8] = []
  /// How many digits stand before the point; negative where zeros follow it.
  private var point = 0

  /// Nanoseconds in 64 bits have 19 digits.
  private static let maxDigits = 19
  /// Beyond it, a number is out of range, or zero, whatever its digits are.
  private static let maxExponent = 1_000_000_000

  /// Reads the JSON number that fills `range`; nil when it is anything else. O(bytes).
  init?(_ bytes: RawSpan, _ range: Range<Int>) {
    var text = TimeTextCursor(bytes, range)
    isNegative = text.take("-")
    guard take(&text, isFraction: false), !text.take(".") || take(&text, isFraction: true) else {
      return nil
    }
    if text.take("e") || text.take("E") {
      let isDown = text.take("-")
      if !isDown { _ = text.take("+") }
      guard let exponent = Self.exponent(&text) else { return nil }
      point += isDown ? -exponent : exponent
    }
    guard text.isAtEnd else { return nil }
  }

  /// Takes the digits before or after the point, at least one.
  private mutating func take(_ text: inout TimeTextCursor, isFraction: Bool) -> Bool {
    guard text.isAtDigit else { return false }
    while text.isAtDigit, let byte = text.take() {
      let isLeadingZero = digits.isEmpty && byte == UInt8(ascii: "0")
      if isLeadingZero { point -= isFraction ? 1 : 0 } else { point += isFraction ? 0 : 1 }
      if !isLeadingZero && digits.count < Self.maxDigits { digits.append(byte &- 48) }
    }
    return true
  }

  private static func exponent(_ text: inout TimeTextCursor) -> Int? {
    guard text.isAtDigit else { return nil }
    var value = 0
    while text.isAtDigit, let byte = text.take() {
      value = min(value * 10 + Int(byte &- 48), maxExponent)
    }
    return value
  }

  /// The unit that the size tells.
  var unitBySize: TimeFormat.EpochUnit { TimeFormat.EpochUnit(integerDigits: point) }

  /// The instant in `unit`, or in the unit that the size tells; digits beyond nanoseconds are cut off. Nil
  /// when 64 bits do not hold it. O(1).
  func ns(in unit: TimeFormat.EpochUnit?) -> Int64? {
    let unit = unit ?? unitBySize
    if digits.isEmpty { return 0 }
    let count = point + unit.decimals
    guard count <= Self.maxDigits else { return nil }
    var value: UInt64 = 0
    for index in 0..<max(count, 0) {
      value = value * 10 + UInt64(index < digits.count ? digits[index] : 0)
    }
    guard isNegative else { return Int64(exactly: value) }
    return value <= Int64.min.magnitude ? Int64(truncatingIfNeeded: 0 &- value) : nil
  }
}

extension TimeFormat.EpochUnit {
  /// How many decimals of the unit are nanoseconds.
  var decimals: Int {
    switch self {
    case .seconds: 9
    case .milliseconds: 6
    case .microseconds: 3
    case .nanoseconds: 0
    }
  }

  /// The unit that the size of a number tells: seconds below 10^11 in magnitude, milliseconds below 10^14,
  /// microseconds below 10^17, else nanoseconds.
  init(integerDigits count: Int) {
    self =
      switch count {
      case ...11: .seconds
      case ...14: .milliseconds
      case ...17: .microseconds
      default: .nanoseconds
      }
  }
}
