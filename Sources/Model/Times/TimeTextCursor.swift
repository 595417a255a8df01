import Bytes

/// Goes over the characters of a time's text.
struct TimeTextCursor: ~Escapable {
  private let bytes: RawSpan
  private var index: Int
  private let end: Int

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, _ range: Range<Int>) {
    self.bytes = bytes
    index = range.lowerBound
    end = range.upperBound
  }

  var isAtEnd: Bool { index == end }
  /// The next byte; nil at the end.
  var peek: UInt8? { index < end ? bytes.byte(at: index) : nil }
  var isAtDigit: Bool { peek.map { $0 &- 48 < 10 } ?? false }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    index += 1
    return true
  }

  /// Takes the next byte, whatever it is.
  mutating func take() -> UInt8? {
    guard let byte = peek else { return nil }
    index += 1
    return byte
  }

  /// The number of the digits that follow, as many as there are and `counts` allows.
  mutating func number(_ counts: ClosedRange<Int>) -> Int? {
    var value = 0
    var count = 0
    while count < counts.upperBound, let byte = peek, byte &- 48 < 10 {
      value = value * 10 + Int(byte &- 48)
      count += 1
      index += 1
    }
    return count >= counts.lowerBound ? value : nil
  }

  /// The number of the two digits that follow, if it lies in `range`.
  mutating func pair(_ range: ClosedRange<Int>) -> Int? {
    number(2...2).flatMap { range ~= $0 ? $0 : nil }
  }

  /// The digits of a fraction of a second, at least one; those beyond nanoseconds are cut off.
  mutating func fraction() -> (ns: Int64, digits: Int)? {
    var value: Int64 = 0
    var digits = 0
    while let byte = peek, byte &- 48 < 10 {
      if digits < 9 { value = value * 10 + Int64(byte &- 48) }
      digits += 1
      index += 1
    }
    if digits == 0 { return nil }
    return (digits < 9 ? value * TimeParser.powersOfTen[9 - digits] : value, digits)
  }

  /// `Z`, `z`, or an offset from UTC in one of its spellings.
  mutating func offset() -> (zone: TimeFormat.Zone, minutes: Int, style: TimeFormat.OffsetStyle)? {
    if take("Z") { return (.z, 0, .colon) }
    if take("z") { return (.lowercaseZ, 0, .colon) }
    let isNegative = take("-")
    guard isNegative || take("+"), let hours = pair(0...23) else { return nil }
    let zone = isNegative ? TimeFormat.Zone.minus : .plus
    let hasColon = take(":")
    guard hasColon || isAtDigit else { return (zone, hours * 60, .hours) }
    guard let minutes = pair(0...59) else { return nil }
    return (zone, hours * 60 + minutes, hasColon ? .colon : .compact)
  }

  /// The place among `words` of the longest of them that follows, in any case of letters.
  mutating func word(of words: [[UInt8]]) -> Int? {
    var found: Int?
    for (place, word) in words.enumerated()
    where word.count > found.map({ words[$0].count }) ?? 0 && follows(word) {
      found = place
    }
    if let found { index += words[found].count }
    return found
  }

  private func follows(_ word: [UInt8]) -> Bool {
    guard end - index >= word.count else { return false }
    return word.indices.allSatisfy { bytes.byte(at: index + $0) | 0x20 == word[$0] }
  }
}
