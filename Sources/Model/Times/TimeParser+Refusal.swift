import Bytes

extension TimeParser {
  /// Why the text that fills `range`, which was not parsed, is no time. O(length).
  public func refusal(of bytes: RawSpan, _ range: Range<Int>) -> TimeRefusal {
    if let unit = reading.unit, EpochText(bytes, range) != nil { return .outOfRange(unit) }
    if let refusal = refusalByZone(of: bytes, range) { return refusal }
    if let pattern = reading.pattern { return .notOfPattern(pattern.text) }
    if EpochText(bytes, range) != nil { return .quotedNumber }
    return Self.refusalOfDate(bytes, range) ?? refusalOfYear(bytes, range)
      ?? (Self.isOfOtherForm(bytes, range) ? .otherForm : .unreadable)
  }

  /// Whether the text would be a time in another year.
  private func refusalOfYear(_ bytes: RawSpan, _ range: Range<Int>) -> TimeRefusal? {
    var text = TimeTextCursor(bytes, range)
    guard let year = text.number(4...4), year < 1679 || year > 2260, range.count >= 10 else {
      return nil
    }
    var other = range.map { bytes.byte(at: $0) }
    other.replaceSubrange(..<4, with: Array("2000".utf8))
    var inUTC = TimeReading()
    inUTC.zone = .utc
    var parser = TimeParser(inUTC)
    return parser.parse(other.rawSpan, 0..<other.count) == nil ? nil : .outOfYears
  }

  /// Whether there are as many digits as a date has at least, and not in the order of ISO 8601.
  private static func isOfOtherForm(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    var text = TimeTextCursor(bytes, range)
    if text.number(4...4) != nil, text.take("-") { return false }
    return range.count { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes.byte(at: $0)) } >= 4
  }

  /// Why the number that fills `range`, which was not parsed, is no time. O(length).
  public func refusal(ofNumber bytes: RawSpan, _ range: Range<Int>) -> TimeRefusal {
    if readsNumbersByPattern { return refusal(of: bytes, range) }
    if let unit = reading.unit { return .outOfRange(unit) }
    return .outOfYearsBySize(EpochText(bytes, range)?.unitBySize ?? .nanoseconds)
  }

  /// Whether the text would be a time if its zone were known, or had no change of its clocks.
  private func refusalByZone(of bytes: RawSpan, _ range: Range<Int>) -> TimeRefusal? {
    var inUTC = reading
    inUTC.zone = .utc
    inUTC.unit = nil
    var parser = TimeParser(inUTC)
    guard let time = parser.parse(bytes, range) else { return nil }
    guard let zone = reading.zone else { return .noZone }
    switch zone.instants(showing: time.ns) {
    case .once: return nil
    case .never: return .skipped(zone: zone.name)
    case .twice:
      return reading.pattern == nil
        ? .repeated(zone: zone.name) : .repeatedInPattern(zone: zone.name)
    }
  }

  /// ISO 8601 has dates by week (2024-W31-2) and by day of the year (2024-212), too.
  private static func refusalOfDate(_ bytes: RawSpan, _ range: Range<Int>) -> TimeRefusal? {
    var text = TimeTextCursor(bytes, range)
    guard text.number(4...4) != nil else { return nil }
    let hasHyphen = text.take("-")
    if text.take("W") { return text.isAtDigit ? .weekDate : nil }
    guard text.number(3...3) != nil, text.isAtEnd || text.take("T") else { return nil }
    return hasHyphen || !text.isAtEnd ? .ordinalDate : nil
  }
}
