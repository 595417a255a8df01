import Model

/// The number of a predicate, which may say more than a double can.
struct WantedNumber {
  /// Of an integer.
  private let digits: Digits?
  private let value: DecimalValue?
  /// The number, if it is one that a double holds.
  let exactDouble: Double?

  /// `text` is a literal's.
  init(_ text: String) {
    digits = DecimalValue.plainDigits(text).flatMap { Digits(Array($0.utf8)[...]) }
    value = DecimalValue(text)
    if case .number(let number) = value, !number.isBeyondDoubles {
      exactDouble = number.double
    } else {
      exactDouble = nil
    }
  }

  /// How a number stands to it: below 0, 0, or above.
  func order(of number: Number) -> Int {
    switch value {
    case .number(let wanted)?: return number < wanted ? -1 : number == wanted ? 0 : 1
    case .beyond(let nearest, let isAbove)?:
      if number.isInteger { return nearest > 0 ? -1 : 1 }
      if number.double != nearest { return number.double < nearest ? -1 : 1 }
      return isAbove ? -1 : 1
    // The parser takes no number that a double cannot hold.
    case nil: return -1
    }
  }

  /// How an integer that neither 64 bits nor a double give back stands to it; nil when the text is none. O(length).
  func order(ofDigits text: ArraySlice<UInt8>) -> Int? {
    // Those of fewer digits have 64 bits.
    guard text.count >= 20, let found = Digits(text) else { return nil }
    guard
      case .beyond(let nearest, let isAbove)? = DecimalValue(String(decoding: text, as: UTF8.self))
    else { return nil }
    switch value {
    case .number(let wanted)?:
      if wanted.isInteger { return nearest > 0 ? 1 : -1 }
      if nearest != wanted.double { return nearest < wanted.double ? -1 : 1 }
      return isAbove ? 1 : -1
    case .beyond(let other, _)?:
      return digits.map(found.order) ?? (nearest < other ? -1 : 1)
    case nil: return -1
    }
  }

  private struct Digits {
    var isNegative: Bool
    var digits: ArraySlice<UInt8>

    init?(_ text: ArraySlice<UInt8>) {
      isNegative = text.first == UInt8(ascii: "-")
      digits = text.dropFirst(isNegative ? 1 : 0).drop { $0 == UInt8(ascii: "0") }
      guard !digits.isEmpty, digits.allSatisfy({ $0 &- 48 <= 9 }) else { return nil }
    }

    func order(_ other: Digits) -> Int {
      if isNegative != other.isNegative { return isNegative ? -1 : 1 }
      let order =
        digits.count != other.digits.count
        ? digits.count - other.digits.count
        : digits.elementsEqual(other.digits)
          ? 0 : digits.lexicographicallyPrecedes(other.digits) ? -1 : 1
      return isNegative ? -order : order
    }
  }
}
