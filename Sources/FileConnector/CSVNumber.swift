/// What stands between the whole part and the decimals of a number.
public enum DecimalMark: String, Sendable, CaseIterable {
  case point, comma

  var byte: UInt8 { self == .point ? Byte.point : Byte.comma }
}

/// A number as CSV files spell it: a JSON number that may also have a plus, and may lack the digits on
/// one side of its decimal mark. Leading zeros make an id, not a number.
struct CSVNumber {
  private let range: Range<Int>
  private var isNegative = false
  private var whole: Range<Int>
  private var decimals: Range<Int>
  /// The exponent with its letter.
  private var exponent: Range<Int>
  /// It is spelled as JSON spells numbers.
  private let isJSON: Bool

  /// Nil when `range` is anything else. O(bytes).
  @inline(__always)
  init?(_ bytes: Span<UInt8>, _ range: Range<Int>, _ mark: DecimalMark) {
    self.range = range
    var index = range.lowerBound
    let end = range.upperBound
    func digits() -> Range<Int> {
      let start = index
      while index < end && Byte.isDigit(bytes[index]) { index += 1 }
      return start..<index
    }
    // Most fields that are no number are so from their first byte on.
    guard index < end, bytes[index] <= UInt8(ascii: "9") else { return nil }
    isNegative = bytes[index] == Byte.minus
    let hasPlus = bytes[index] == Byte.plus
    if isNegative || hasPlus { index += 1 }
    whole = digits()
    let hasMark = index < end && bytes[index] == mark.byte
    if hasMark { index += 1 }
    decimals = hasMark ? digits() : index..<index
    guard !whole.isEmpty || !decimals.isEmpty else { return nil }
    guard whole.count < 2 || bytes[whole.lowerBound] != Byte.zero else { return nil }
    exponent = index..<end
    if index < end {
      guard bytes[index] | 0x20 == UInt8(ascii: "e") else { return nil }
      index += 1
      if index < end && (bytes[index] == Byte.plus || bytes[index] == Byte.minus) { index += 1 }
      guard !digits().isEmpty, index == end else { return nil }
    }
    isJSON =
      !hasPlus && !whole.isEmpty && (!hasMark || (mark == .point && !decimals.isEmpty))
  }

  /// Appends the same number as JSON, digit by digit; at most two bytes longer.
  @inline(__always)
  func append(_ bytes: Span<UInt8>, to out: inout OutputSpan<UInt8>) {
    if isJSON { return ByteSearch.append(bytes, range, to: &out) }
    if isNegative { out.append(Byte.minus) }
    if whole.isEmpty { out.append(Byte.zero) }
    ByteSearch.append(bytes, whole, to: &out)
    if !decimals.isEmpty {
      out.append(Byte.point)
      ByteSearch.append(bytes, decimals, to: &out)
    }
    ByteSearch.append(bytes, exponent, to: &out)
  }
}
