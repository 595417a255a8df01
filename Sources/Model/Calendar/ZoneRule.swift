/// The yearly rule of a time zone, as in the variable TZ of POSIX with the extensions of RFC 8536,
/// section 3.3.1: "CET-1CEST,M3.5.0,M10.5.0/3".
struct ZoneRule {
  /// A day of any year and the local second at which clocks change, from that day's midnight.
  struct YearDay {
    enum Day {
      /// Of 1...365, never February 29.
      case julian(Int)
      /// Of 0...365, leap days counted.
      case ordinal(Int)
      /// The nth (5: the last) of a weekday (0: Sunday) in a month.
      case weekday(month: Int, week: Int, weekday: Int)
    }
    var day: Day
    var second: Int64
  }

  var standardOffset: Int64
  var daylight: (offset: Int64, from: YearDay, until: YearDay)?

  /// The changes after `second`, to the end of the time that is represented.
  func changes(after second: Int64) -> [OffsetChange] {
    guard let daylight else { return [] }
    let first = CivilDate(daysSinceEpoch: Int(second.flooredQuotient(86_400))).year - 1
    let last = CivilDate(
      daysSinceEpoch: Int(ZoneRules.seconds.upperBound.flooredQuotient(86_400))
    ).year
    guard first <= last else { return [] }
    var changes: [OffsetChange] = []
    for year in first...last + 1 {
      let from = daylight.from.localSecond(in: year) - standardOffset
      let until = daylight.until.localSecond(in: year) - daylight.offset
      let both = [
        OffsetChange(seconds: from, offset: daylight.offset),
        OffsetChange(seconds: until, offset: standardOffset),
      ]
      changes += from < until ? both : both.reversed()
    }
    return changes.filter { $0.seconds > second }
  }
}

extension ZoneRule.YearDay {
  func localSecond(in year: Int) -> Int64 {
    let newYear = CivilDate(year: year, month: 1, day: 1).daysSinceEpoch
    let date: Int
    switch day {
    case .julian(let number):
      let isAfterLeapDay = number > 59 && CivilDate.dayCount(year: year, month: 2) == 29
      date = newYear + number - (isAfterLeapDay ? 0 : 1)
    case .ordinal(let number):
      date = newYear + number
    case .weekday(let month, let week, let weekday):
      let first = CivilDate(year: year, month: month, day: 1).daysSinceEpoch
      // 1970-01-01 was a Thursday, weekday 4.
      let ahead = (weekday - (first + 4)) % 7
      var day = (ahead < 0 ? ahead + 7 : ahead) + (week - 1) * 7
      if day >= CivilDate.dayCount(year: year, month: month) { day -= 7 }
      date = first + day
    }
    return Int64(date) * 86_400 + second
  }
}

extension ZoneRule {
  /// Nil if the text is no such rule.
  init?(_ text: [UInt8]) {
    var scanner = RuleScanner(text: text)
    guard scanner.skipName(), let behind = scanner.time(maxHours: 24) else { return nil }
    standardOffset = -behind
    if scanner.isAtEnd { return }
    guard scanner.skipName() else { return nil }
    var offset = standardOffset + 3_600
    if scanner.peek != UInt8(ascii: ",") {
      guard let behind = scanner.time(maxHours: 24) else { return nil }
      offset = -behind
    }
    guard scanner.take(","), let from = scanner.yearDay(), scanner.take(","),
      let until = scanner.yearDay(), scanner.isAtEnd
    else { return nil }
    daylight = (offset, from, until)
  }
}

private struct RuleScanner {
  let text: [UInt8]
  var offset = 0

  var isAtEnd: Bool { offset == text.count }
  var peek: UInt8? { offset < text.count ? text[offset] : nil }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  /// Skips "CET" or "<+0530>".
  mutating func skipName() -> Bool {
    let isQuoted = take("<")
    let start = offset
    while let byte = peek {
      let isLetter = 65...90 ~= byte || 97...122 ~= byte
      guard isLetter || isQuoted && byte != UInt8(ascii: ">") else { break }
      offset += 1
    }
    return offset - start >= 3 && (!isQuoted || take(">"))
  }

  mutating func number(_ range: ClosedRange<Int>) -> Int? {
    var value = 0
    let start = offset
    while let byte = peek, 48...57 ~= byte, value <= range.upperBound {
      value = value * 10 + Int(byte) - 48
      offset += 1
    }
    return offset > start && range ~= value ? value : nil
  }

  /// The seconds of "[+-]hh[:mm[:ss]]".
  mutating func time(maxHours: Int) -> Int64? {
    let isNegative = take("-")
    if !isNegative { _ = take("+") }
    guard let hours = number(0...maxHours) else { return nil }
    var seconds = hours * 3_600
    for unit in [60, 1] where take(":") {
      guard let value = number(0...59) else { return nil }
      seconds += value * unit
    }
    return Int64(isNegative ? -seconds : seconds)
  }

  mutating func yearDay() -> ZoneRule.YearDay? {
    let day: ZoneRule.YearDay.Day
    if take("M") {
      guard let month = number(1...12), take("."), let week = number(1...5), take("."),
        let weekday = number(0...6)
      else { return nil }
      day = .weekday(month: month, week: week, weekday: weekday)
    } else if take("J") {
      guard let number = number(1...365) else { return nil }
      day = .julian(number)
    } else {
      guard let number = number(0...365) else { return nil }
      day = .ordinal(number)
    }
    guard take("/") else { return ZoneRule.YearDay(day: day, second: 7_200) }
    guard let second = time(maxHours: 167) else { return nil }
    return ZoneRule.YearDay(day: day, second: second)
  }
}
