import Bytes

/// A date and a time of day as written down, before it is known which instant it names.
struct CivilTime {
  /// Days since 1970-01-01.
  var day: Int
  var secondOfDay = 0
  var fractionNs: Int64 = 0
  /// East of UTC; nil when the text names no zone.
  var offsetMinutes: Int?

  /// Nanoseconds from the epoch's local midnight. Dates are within ``years``, so that it is held.
  var localNs: Int64 {
    (Int64(day) * 86_400 + Int64(secondOfDay)) * 1_000_000_000 + fractionNs
  }

  /// The years that nanoseconds in 64 bits hold wholly.
  static let years = 1678...2261

  /// Nil for a date that is none, or out of ``years``.
  init?(year: Int, month: Int, day: Int) {
    guard Self.years ~= year, 1...12 ~= month, day >= 1,
      day <= CivilDate.dayCount(year: year, month: month)
    else { return nil }
    self.day = CivilDate(year: year, month: month, day: day).daysSinceEpoch
  }
}

extension TimeParser {
  /// Reads the forms of ISO 8601 that RFC 3339 leaves out: offsets as `+hhmm` and `+hh`, no seconds, a comma
  /// before the fraction, the basic form without hyphens and colons, and, where a zone was given, no offset
  /// or a date alone. O(1).
  @inline(never)
  func iso8601(_ bytes: RawSpan, _ range: Range<Int>) -> ParsedTime? {
    guard range.count <= Self.maxTextBytes else { return nil }
    var text = TimeTextCursor(bytes, range)
    var spelling = TimeFormat.Spelling()
    guard var time = Self.date(&text, &spelling) else { return nil }
    var isExact = true
    if text.isAtEnd {
      spelling.separator = 0
    } else {
      guard Self.timeOfDay(&text, &time, &spelling, &isExact) else { return nil }
    }
    return finish(time, &spelling, isExact: isExact)
  }

  private static func date(
    _ text: inout TimeTextCursor, _ spelling: inout TimeFormat.Spelling
  ) -> CivilTime? {
    guard let year = text.number(4...4) else { return nil }
    spelling.isBasic = !text.take("-")
    guard let month = text.number(2...2), spelling.isBasic || text.take("-"),
      let day = text.number(2...2)
    else { return nil }
    return CivilTime(year: year, month: month, day: day)
  }

  private static func timeOfDay(
    _ text: inout TimeTextCursor, _ time: inout CivilTime, _ spelling: inout TimeFormat.Spelling,
    _ isExact: inout Bool
  ) -> Bool {
    guard let separator = text.take(), "Tt ".utf8.contains(separator),
      let hour = text.pair(0...23)
    else { return false }
    spelling.separator = separator
    let hasColons = text.take(":")
    guard let minute = text.pair(0...59) else { return false }
    spelling.hasSeconds = hasColons ? text.take(":") : text.isAtDigit
    time.secondOfDay = hour * 3_600 + minute * 60
    // ISO 8601 does not mix the two forms. A mix is still clear, but cannot be written again.
    if hasColons == spelling.isBasic { isExact = false }
    if spelling.hasSeconds {
      guard let second = text.pair(0...60) else { return false }
      if second == 60 { isExact = false }
      time.secondOfDay += second
      spelling.hasComma = text.take(",")
      if spelling.hasComma || text.take(".") {
        guard let fraction = text.fraction() else { return false }
        time.fractionNs = fraction.ns
        spelling.fractionDigits = min(fraction.digits, 9)
        if fraction.digits > 9 { isExact = false }
      }
    }
    if text.isAtEnd { return true }
    guard let offset = text.offset(), text.isAtEnd else { return false }
    spelling.zone = offset.zone
    spelling.offsetMinutes = offset.minutes
    spelling.offsetStyle = offset.style
    time.offsetMinutes = offset.zone == .minus ? -offset.minutes : offset.minutes
    return true
  }

  private func finish(
    _ time: CivilTime, _ spelling: inout TimeFormat.Spelling, isExact: Bool
  ) -> ParsedTime? {
    guard let ns = instant(of: time) else { return nil }
    var isExact = isExact
    if time.offsetMinutes == nil {
      let (minutes, seconds) = ((time.localNs - ns) / 1_000_000_000).quotientAndRemainder(
        dividingBy: 60)
      spelling.offsetStyle = .absent
      spelling.zone = minutes < 0 ? .minus : .plus
      spelling.offsetMinutes = Int(minutes.magnitude)
      // Local mean times of the nineteenth century.
      if seconds != 0 { isExact = false }
    }
    return ParsedTime(ns: ns, format: isExact ? .iso8601(spelling) : .irreproducible)
  }

  /// The instant that `time` names, by its own offset or by the zone that was given; nil when there is not
  /// exactly one.
  func instant(of time: CivilTime) -> Int64? {
    if let minutes = time.offsetMinutes {
      return time.localNs - Int64(minutes) * 60_000_000_000
    }
    guard let zone = reading.zone, case .once(let ns) = zone.instants(showing: time.localNs) else {
      return nil
    }
    return ns
  }
}
