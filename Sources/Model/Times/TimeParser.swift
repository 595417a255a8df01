import Bytes

/// Reads times from bytes: ISO 8601 texts and epoch numbers, or what a ``TimeReading`` says. It remembers the
/// last date seen, since neighbouring events are mostly of the same day.
public struct TimeParser: Sendable {
  public let reading: TimeReading
  /// No date's bytes at first.
  private var cachedDate: (UInt64, UInt64) = (.max, .max)
  private var cachedDayNs: Int64 = 0

  /// Reads times as `reading` says; without it, only those that say all themselves.
  public init(_ reading: TimeReading = TimeReading()) { self.reading = reading }

  static let dayNs: Int64 = 86_400_000_000_000
  /// A longer text is no time, however many digits its fraction has.
  static let maxTextBytes = 64
  static let powersOfTen: [Int64] = [
    1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
  ]

  /// Reads the time that fills `range`; nil when it is none, or outside of the years 1678 to 2261 that
  /// nanoseconds in 64 bits can hold. A leap second counts as the second after it. O(1).
  ///
  /// It is a date, `T`, `t` or a space, a time of day with any fraction, and `Z` or an offset, in any form of
  /// ISO 8601 that is a calendar date; or what ``reading`` says.
  @inline(__always)
  public mutating func parse(_ bytes: RawSpan, _ range: Range<Int>) -> ParsedTime? {
    if reading.pattern == nil, let time = rfc3339(bytes, range) { return time }
    return parseOther(bytes, range)
  }

  @inline(never)
  private func parseOther(_ bytes: RawSpan, _ range: Range<Int>) -> ParsedTime? {
    if let pattern = reading.pattern,
      let ns = pattern.read(bytes, range).flatMap(instant(of:))
    {
      return ParsedTime(ns: ns, format: .irreproducible)
    }
    // Before dates: "20240601" is a number where numbers have a unit.
    if reading.unit != nil, let time = epoch(bytes, range) { return time }
    return reading.pattern == nil ? iso8601(bytes, range) : nil
  }

  /// Reads the number that fills `range`, as JSON writes it with any digits and exponent; nil when it is out of
  /// range. Digits beyond nanoseconds are cut off. O(bytes).
  public mutating func parse(number bytes: RawSpan, _ range: Range<Int>) -> ParsedTime? {
    readsNumbersByPattern ? parse(bytes, range) : epoch(bytes, range)
  }

  /// Reads the number `mantissa / 10^scale`. Nil when it is out of range, or its text has to be looked at:
  /// ``parse(number:_:)`` does. O(1).
  public func parse(mantissa: Int64, scale: Int) -> ParsedTime? {
    if readsNumbersByPattern { return nil }
    return Self.epoch(mantissa: mantissa, scale: scale, unit: reading.unit)?.ofWholeYear
  }

  var readsNumbersByPattern: Bool { reading.pattern != nil && reading.unit == nil }

  private func epoch(_ bytes: RawSpan, _ range: Range<Int>) -> ParsedTime? {
    EpochText(bytes, range)?.ns(in: reading.unit).flatMap {
      ParsedTime(ns: $0, format: .irreproducible).ofWholeYear
    }
  }

  /// Reads RFC 3339, the form of nearly all texts, a word at a time.
  @inline(__always)
  private mutating func rfc3339(_ bytes: RawSpan, _ range: Range<Int>) -> ParsedTime? {
    guard range.count >= 20, range.count <= Self.maxTextBytes,
      let dayNs = date(bytes, at: range.lowerBound)
    else { return nil }
    let separator = bytes.byte(at: range.lowerBound + 10)
    guard
      separator == UInt8(ascii: "T") || separator == UInt8(ascii: " ")
        || separator == UInt8(ascii: "t")
    else { return nil }
    guard let (seconds, isLeap) = timeOfDay(bytes.word(at: range.lowerBound + 11)) else {
      return nil
    }
    var cursor = range.lowerBound + 19
    guard let (fractionNs, digits) = fraction(bytes, &cursor, range.upperBound),
      let (zone, minutes) = zone(bytes, &cursor, range.upperBound), cursor == range.upperBound
    else { return nil }
    let offsetNs = Int64(zone == .minus ? -minutes : minutes) * 60_000_000_000
    let (ns, overflow) = dayNs.addingReportingOverflow(
      Int64(seconds) * 1_000_000_000 + fractionNs - offsetNs)
    if overflow { return nil }
    let isExact = digits <= 9 && !isLeap
    return ParsedTime(
      ns: ns,
      format: isExact
        ? .rfc3339(
          separator: separator, fractionDigits: digits, zone: zone, offsetMinutes: minutes)
        : .irreproducible)
  }

  /// The nanoseconds of midnight UTC of the date `YYYY-MM-DD` at `offset`.
  private mutating func date(_ bytes: RawSpan, at offset: Int) -> Int64? {
    let words = (bytes.word(at: offset), bytes.word(at: offset + 8) & 0xFFFF)
    if words == cachedDate { return cachedDayNs }
    // "YYYY-MM-" and "DD": digits become 0...9, the hyphens 0.
    let high = words.0 ^ 0x2D30_302D_3030_3030
    let low = words.1 ^ 0x3030
    guard (high | (high &+ 0x0006_0600_0606_0606)) & 0xFFF0_F0FF_F0F0_F0F0 == 0,
      (low | (low &+ 0x0606)) & 0xF0F0 == 0
    else { return nil }
    func digit(_ word: UInt64, _ index: UInt64) -> Int { Int(word >> (8 * index) & 15) }
    let year =
      digit(high, 0) * 1000 + digit(high, 1) * 100 + digit(high, 2) * 10 + digit(high, 3)
    let month = digit(high, 5) * 10 + digit(high, 6)
    let day = digit(low, 0) * 10 + digit(low, 1)
    guard CivilTime.years.contains(year), (1...12).contains(month), day >= 1,
      day <= CivilDate.dayCount(year: year, month: month)
    else { return nil }
    cachedDayNs =
      Int64(CivilDate(year: year, month: month, day: day).daysSinceEpoch) * Self.dayNs
    cachedDate = words
    return cachedDayNs
  }

  /// Reads "HH:MM:SS" from one word.
  @inline(__always)
  private func timeOfDay(_ word: UInt64) -> (seconds: Int, isLeap: Bool)? {
    let digits = word ^ 0x3030_3A30_303A_3030
    guard (digits | (digits &+ 0x0606_0006_0600_0606)) & 0xF0F0_FFF0_F0FF_F0F0 == 0 else {
      return nil
    }
    let hour = Int(digits & 15) * 10 + Int(digits >> 8 & 15)
    let minute = Int(digits >> 24 & 15) * 10 + Int(digits >> 32 & 15)
    let second = Int(digits >> 48 & 15) * 10 + Int(digits >> 56 & 15)
    guard hour < 24, minute < 60, second <= 60 else { return nil }
    return (hour * 3600 + minute * 60 + second, second == 60)
  }

  @inline(__always)
  private func fraction(
    _ bytes: RawSpan, _ cursor: inout Int, _ end: Int
  ) -> (ns: Int64, digits: Int)? {
    guard cursor < end, bytes.byte(at: cursor) == UInt8(ascii: ".") else { return (0, 0) }
    cursor += 1
    var value: Int64 = 0
    var digits = 0
    while cursor < end {
      let digit = bytes.byte(at: cursor) &- UInt8(ascii: "0")
      if digit > 9 { break }
      if digits < 9 { value = value * 10 + Int64(digit) }
      digits += 1
      cursor += 1
    }
    if digits == 0 { return nil }
    return (digits < 9 ? value * Self.powersOfTen[9 - digits] : value, digits)
  }

  @inline(__always)
  private func zone(
    _ bytes: RawSpan, _ cursor: inout Int, _ end: Int
  ) -> (TimeFormat.Zone, minutes: Int)? {
    guard cursor < end else { return nil }
    let sign = bytes.byte(at: cursor)
    cursor += 1
    if sign == UInt8(ascii: "Z") { return (.z, 0) }
    if sign == UInt8(ascii: "z") { return (.lowercaseZ, 0) }
    guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), cursor + 5 <= end else {
      return nil
    }
    let digits = (bytes.word(at: cursor) & 0xFF_FFFF_FFFF) ^ 0x30_303A_3030
    guard (digits | (digits &+ 0x06_0600_0606)) & 0xF0_F0FF_F0F0 == 0 else { return nil }
    let hours = Int(digits & 15) * 10 + Int(digits >> 8 & 15)
    let minutes = Int(digits >> 24 & 15) * 10 + Int(digits >> 32 & 15)
    guard hours < 24, minutes < 60 else { return nil }
    cursor += 5
    return (sign == UInt8(ascii: "+") ? .plus : .minus, hours * 60 + minutes)
  }

  /// Reads an epoch number, `mantissa / 10^scale`, of `unit` or of the unit that its size tells: seconds below
  /// 10^11 in magnitude, milliseconds below 10^14, microseconds below 10^17, else nanoseconds. Nil when out of
  /// range. O(1).
  public static func epoch(
    mantissa: Int64, scale: Int, unit: TimeFormat.EpochUnit? = nil
  ) -> ParsedTime? {
    guard scale <= 18 else { return nil }
    var divisor: Int64 = 1
    for _ in 0..<scale { divisor *= 10 }
    let unit = unit ?? TimeFormat.EpochUnit(of: mantissa.magnitude / divisor.magnitude)
    let product = mantissa.magnitude.multipliedFullWidth(by: unit.nanoseconds.magnitude)
    guard product.high < divisor.magnitude else { return nil }
    let (magnitude, rest) = divisor.magnitude.dividingFullWidth(product)
    guard magnitude <= Int64.max.magnitude + (mantissa < 0 ? 1 : 0) else { return nil }
    let ns = Int64(truncatingIfNeeded: mantissa < 0 ? 0 &- magnitude : magnitude)
    let isExact = rest == 0 && scale <= 9
    return ParsedTime(
      ns: ns, format: isExact ? .epoch(unit, fractionDigits: scale) : .irreproducible)
  }
}

extension ParsedTime {
  /// Nil beyond the years that texts can name: what is stored can be asked for.
  @inline(__always)
  fileprivate var ofWholeYear: ParsedTime? { Timestamp.wholeYears.contains(ns) ? self : nil }
}

extension TimeFormat.EpochUnit {
  @inline(__always)
  fileprivate init(of magnitude: UInt64) {
    self =
      switch magnitude {
      case ..<100_000_000_000: .seconds
      case ..<100_000_000_000_000: .milliseconds
      case ..<100_000_000_000_000_000: .microseconds
      default: .nanoseconds
      }
  }
}
