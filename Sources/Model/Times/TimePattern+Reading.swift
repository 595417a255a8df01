import Bytes

extension TimePattern {
  /// Reads the text that fills `range`; nil when it has not this form, or names no day that there is.
  /// O(length).
  func read(_ bytes: RawSpan, _ range: Range<Int>) -> CivilTime? {
    var text = TimeTextCursor(bytes, range)
    var found = Found()
    for item in items {
      switch item {
      case .literal(let byte):
        guard text.take() == byte else { return nil }
      case .blanks:
        guard text.take(" ") else { return nil }
        while text.take(" ") {}
      case .field(let field):
        guard found.take(field, &text) else { return nil }
      }
    }
    return text.isAtEnd ? found.time : nil
  }
}

/// What the fields of a pattern gave so far.
private struct Found {
  private var year = 0
  private var month = 1
  private var day = 1
  private var dayOfYear: Int?
  private var hour = 0
  private var isAfternoon: Bool?
  private var minute = 0
  private var second = 0
  private var fractionNs: Int64 = 0
  private var offsetMinutes: Int?
  private var weekday: Int?

  mutating func take(_ field: TimePattern.Field, _ text: inout TimeTextCursor) -> Bool {
    switch field {
    case .year: return set(\.year, text.number(4...4), CivilTime.years)
    case .shortYear:
      guard let year = text.number(2...2) else { return false }
      self.year = year < 69 ? 2000 + year : 1900 + year
      return true
    case .month: return set(\.month, text.number(1...2), 1...12)
    case .monthName: return set(\.month, text.word(of: monthNames).map { $0 % 12 + 1 }, 1...12)
    case .day:
      // A day that is padded by a blank, as ctime(3) has it.
      _ = text.take(" ")
      return set(\.day, text.number(1...2), 1...31)
    case .hour: return set(\.hour, text.number(1...2), 0...23)
    case .halfDayHour: return set(\.hour, text.number(1...2), 1...12)
    case .minute: return set(\.minute, text.number(1...2), 0...59)
    case .second: return set(\.second, text.number(1...2), 0...60)
    default: return takeRare(field, &text)
    }
  }

  private mutating func takeRare(
    _ field: TimePattern.Field, _ text: inout TimeTextCursor
  ) -> Bool {
    switch field {
    case .dayOfYear:
      dayOfYear = text.number(1...3)
      return dayOfYear != nil
    case .halfDay:
      isAfternoon = text.word(of: halfDays).map { $0 == 1 }
      return isAfternoon != nil
    case .weekday:
      weekday = text.word(of: weekdayNames).map { $0 % 7 }
      return weekday != nil
    case .offset:
      guard let offset = text.offset() else { return false }
      offsetMinutes = offset.zone == .minus ? -offset.minutes : offset.minutes
      return true
    default:
      guard let fraction = text.fraction() else { return false }
      fractionNs = fraction.ns
      return true
    }
  }

  private mutating func set(
    _ field: WritableKeyPath<Found, Int>, _ value: Int?, _ range: ClosedRange<Int>
  ) -> Bool {
    guard let value, range ~= value else { return false }
    self[keyPath: field] = value
    return true
  }

  var time: CivilTime? {
    guard var time = CivilTime(year: year, month: month, day: day) else { return nil }
    if let dayOfYear {
      let dayCount = CivilDate.dayCount(year: year, month: 2) == 29 ? 366 : 365
      guard 1...dayCount ~= dayOfYear else { return nil }
      time.day += dayOfYear - 1
    }
    // 1970-01-01 was a Thursday, which is 3 where Monday is 0.
    if let weekday, Int64(time.day + 3).flooredRemainder(7) != weekday { return nil }
    let hour = isAfternoon.map { self.hour % 12 + ($0 ? 12 : 0) } ?? self.hour
    time.secondOfDay = hour * 3_600 + minute * 60 + second
    time.fractionNs = fractionNs
    time.offsetMinutes = offsetMinutes
    return time
  }
}

private func words(_ text: String) -> [[UInt8]] {
  text.split(separator: " ").map { Array($0.utf8) }
}

private let monthNames = words(
  "january february march april may june july august september october november december "
    + "jan feb mar apr may jun jul aug sep oct nov dec")
private let weekdayNames = words(
  "monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun")
private let halfDays = words("am pm")
