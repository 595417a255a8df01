/// The times that five fields of cron name, on the clocks of a zone: `30 6 * * mon-fri`.
///
/// Minute, hour, day of the month, month, day of the week; each is `*` or a list of numbers and ranges, with a step where
/// wanted: `*/15`, `8-18/2`, `1,15`. Months and days of the week may be named, by three letters; Sunday is 0 and 7. As in
/// POSIX, when both days are restricted a date that is either of them counts.
///
/// A local time that clocks skip is taken at the first moment after the gap, together with others of the gap once. One that
/// clocks show twice is taken the first time.
public struct CronTimes: Sendable, Equatable {
  private let minutes: Field
  private let hours: Field
  private let days: Field
  private let months: Field
  private let weekdays: Field
  private let zone: ZoneRules

  /// Reads the five fields. Throws ``CronError``, also when no date is ever one of theirs, such as `30 2`.
  public init(_ text: String, zone: ZoneRules) throws(CronError) {
    let parts = text.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
    guard parts.count == 5 else {
      throw CronError(
        "'\(text)' has \(parts.count) fields; there are five: minute, hour, day, month, day of the week"
      )
    }
    minutes = try Field(parts[0], "minute", 0...59)
    hours = try Field(parts[1], "hour", 0...23)
    days = try Field(parts[2], "day", 1...31)
    months = try Field(
      parts[3], "month", 1...12,
      names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
    var weekdays = try Field(
      parts[4], "day of the week", 0...7,
      names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"], firstNamed: 0)
    if weekdays.contains(7) { weekdays.insert(0) }
    self.weekdays = weekdays
    self.zone = zone
    // The calendar of a leap year has all dates that there are.
    let hasDate = (1...12).contains { month in
      months.contains(month)
        && (1...CivilDate.dayCount(year: 2024, month: month)).contains(where: days.contains)
    }
    guard hasDate || weekdays.isRestricted else {
      throw CronError("no month that '\(text)' names has such a day")
    }
  }

  /// The first of the times after `timeNs`; nil when there is none up to the end of what times there are. O(days until
  /// then): the next 29 February is eight years away at most.
  public func next(after timeNs: Int64) -> Int64? {
    let dayNs: Int64 = 86_400_000_000_000
    // Clocks may have been set back over midnight: the times of the day before are looked at again.
    var day = Int(zone.localNs(at: timeNs).flooredQuotient(dayNs)) - 1
    let lastDay = min(Int(Int64.max / dayNs) - 1, day + Self.maxDays)
    while day <= lastDay {
      if matches(day) {
        var earliest: Int64?
        for minute in minutesOfDay {
          let found = zone.timeNs(showing: Int64(day) * dayNs + Int64(minute) * 60_000_000_000)
          // Times of a day come in order, but for those that a gap moves behind others.
          if found > timeNs { earliest = min(earliest ?? found, found) }
        }
        if let earliest { return earliest }
      }
      day += 1
    }
    return nil
  }

  /// From a 29 February to the next there are eight years at most, and a day of the week that both fields restrict comes
  /// sooner.
  private static let maxDays = 9 * 366

  /// The minutes of a day that count, ascending.
  private var minutesOfDay: [Int] {
    hours.values.flatMap { hour in minutes.values.map { 60 * hour + $0 } }
  }

  /// Whether a date, counted from 1970-01-01, is one of theirs.
  private func matches(_ day: Int) -> Bool {
    let date = CivilDate(daysSinceEpoch: day)
    guard months.contains(date.month) else { return false }
    let isDay = days.contains(date.day)
    // 1970-01-01 was a Thursday.
    let isWeekday = weekdays.contains(((day + 4) % 7 + 7) % 7)
    return days.isRestricted && weekdays.isRestricted ? isDay || isWeekday : isDay && isWeekday
  }
}

/// What five fields of cron cannot be.
public struct CronError: Error, Equatable, CustomStringConvertible {
  public var description: String
  init(_ description: String) { self.description = description }
}

/// One of the fields: numbers up to 63.
private struct Field: Equatable {
  private var bits: UInt64 = 0
  /// Whether it is anything but `*`: as cron has it, `*/2` is not restricted.
  let isRestricted: Bool

  /// Throws ``CronError``. `names` stand for numbers from `firstNamed` on, or from the least.
  init(
    _ text: String, _ what: String, _ range: ClosedRange<Int>, names: [String] = [],
    firstNamed: Int? = nil
  ) throws(CronError) {
    isRestricted = !text.hasPrefix("*")
    func number(_ text: Substring) throws(CronError) -> Int {
      if let place = names.firstIndex(of: text.lowercased()) {
        return place + (firstNamed ?? range.lowerBound)
      }
      guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int(text),
        range.contains(value)
      else {
        let named = names.isEmpty ? "" : ", or \(names[0]) to \(names[names.count - 1])"
        throw CronError(
          "'\(text)' is no \(what): it is from \(range.lowerBound) to \(range.upperBound)\(named)")
      }
      return value
    }
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let pieces = part.split(separator: "/", omittingEmptySubsequences: false)
      guard pieces.count <= 2, let ends = pieces.first else {
        throw CronError("'\(part)' is no \(what): a range has one step")
      }
      var step = 1
      if pieces.count == 2 {
        guard let value = Int(pieces[1]), value > 0, value <= range.upperBound else {
          throw CronError("'\(pieces[1])' is no step of a \(what): it is a whole number from 1 on")
        }
        step = value
      }
      var (low, high) = (range.lowerBound, range.upperBound)
      if ends != "*" {
        let bounds = ends.split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count <= 2, let first = bounds.first else {
          throw CronError("'\(ends)' is no \(what): a range has two ends")
        }
        low = try number(first)
        // `5/10` is from 5 on.
        high = bounds.count == 2 ? try number(bounds[1]) : step > 1 ? range.upperBound : low
      } else if names.count == 7 {
        high = 6
      }
      guard low <= high else {
        throw CronError("'\(ends)' is no \(what): the range ends before it begins")
      }
      for value in stride(from: low, through: high, by: step) { insert(value) }
    }
  }

  func contains(_ value: Int) -> Bool { bits & 1 << UInt64(value) != 0 }
  mutating func insert(_ value: Int) { bits |= 1 << UInt64(value) }
  /// Ascending.
  var values: [Int] { (0..<64).filter(contains) }
}
