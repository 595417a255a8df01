import Language
import Model

/// Lengths on the clock of a time zone. Hours and shorter ones are elapsed time; days and longer ones follow the
/// calendar, and keep the time of the day.
extension TimeLength {
  /// The time that is so much later, or earlier with `times` of -1. Of a month without the day it is the last day; of a
  /// time that the clock skipped, the end of the gap; of one that it showed twice, the first.
  func added(to ns: Int64, times sign: Int64, in zone: ZoneRules) -> Int64 {
    if let seconds = elapsedSeconds { return Self.saturating(ns, amount * sign, seconds) }
    let local = moved(local: zone.localNs(at: ns), times: sign)
    return local == .min || local == .max ? local : zone.timeNs(showing: local)
  }

  /// The time at which the clock showed what it shows at `ns`, so much earlier. Nil where the clock skipped it, and
  /// before all times.
  func before(_ ns: Int64, in zone: ZoneRules) -> Int64? {
    let found = added(to: ns, times: -1, in: zone)
    if found == .min { return nil }
    if elapsedSeconds != nil { return found }
    return zone.localNs(at: found) == moved(local: zone.localNs(at: ns), times: -1) ? found : nil
  }

  /// The earliest of the times that are so much before those from `ns` to `end`. They do not always rise: from the 28th
  /// of March at 18:00 to the 29th at 00:00 those a month earlier fall by most of a day, and so they do where clocks are
  /// set back. O(changes of the zone).
  func earliest(from ns: Int64, until end: Int64, in zone: ZoneRules) -> Int64 {
    let found = added(to: ns, times: -1, in: zone)
    if elapsedSeconds != nil { return found }
    var places = zone.changesNs.filter {
      $0 > ns && $0 < end && zone.offsetNs(at: $0) < zone.offsetNs(at: $0 - 1)
    }
    // The 29th, 30th and 31st may be near.
    let days = Buckets(length: .days(1), zone: zone)
    var day = days.end(ofBucketStarting: days.start(of: ns))
    for _ in 0..<3 where day < end {
      places.append(day)
      day = days.end(ofBucketStarting: day)
    }
    return places.reduce(found) { min($0, added(to: $1, times: -1, in: zone)) }
  }

  /// Seconds of the unit, when it is one of elapsed time.
  var elapsedSeconds: Int64? {
    switch unit {
    case .second: 1
    case .minute: 60
    case .hour: 3_600
    case .day, .week, .month, .quarter, .year: nil
    }
  }

  /// What a clock shows so much later, for a unit of the calendar; saturates.
  private func moved(local: Int64, times sign: Int64) -> Int64 {
    let count = amount * sign
    return switch unit {
    case .second, .minute, .hour, .day: Self.saturating(local, count, elapsedSeconds ?? 86_400)
    case .week: Self.saturating(local, count * 7, 86_400)
    case .month: Self.months(local, count)
    case .quarter: Self.months(local, count * 3)
    case .year: Self.months(local, count * 12)
    }
  }

  private static func saturating(_ ns: Int64, _ count: Int64, _ unitSeconds: Int64) -> Int64 {
    let (length, overflow) = (count * unitSeconds).multipliedReportingOverflow(by: -1_000_000_000)
    return ns.saturatingSubtracting(overflow ? (count < 0 ? .max : .min) : length)
  }

  private static func months(_ local: Int64, _ count: Int64) -> Int64 {
    let dayNs: Int64 = 86_400_000_000_000
    let date = CivilDate(daysSinceEpoch: Int(local.flooredQuotient(dayNs)))
    let month = Int64(date.year) * 12 + Int64(date.month - 1) + count
    let year = Int(month.flooredQuotient(12))
    guard 1600...2300 ~= year else { return count < 0 ? .min : .max }
    var moved = CivilDate(year: year, month: Int(month.flooredRemainder(12)) + 1, day: 1)
    moved.day = min(date.day, CivilDate.dayCount(year: year, month: moved.month))
    let (start, overflow) = Int64(moved.daysSinceEpoch).multipliedReportingOverflow(by: dayNs)
    if overflow { return count < 0 ? .min : .max }
    return start.saturatingSubtracting(-local.flooredRemainder(dayNs))
  }

  /// As a length of buckets.
  func bucketLength() throws(LanguageError.Issue) -> BucketLength {
    do throws(BucketLengthError) {
      return try BucketLength(parsing: canonicalText)
    } catch {
      throw LanguageError.Issue(span, error.description)
    }
  }
}
