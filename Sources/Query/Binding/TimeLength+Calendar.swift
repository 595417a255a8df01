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

  /// All times from which `before` finds `ns`, ascending: none, one, or several at the end of months and where clocks
  /// are set back. O(log n) in the changes of the zone.
  func after(_ ns: Int64, in zone: ZoneRules) -> [Int64] {
    if elapsedSeconds != nil {
      let found = added(to: ns, times: 1, in: zone)
      return found == .max ? [] : [found]
    }
    let local = moved(local: zone.localNs(at: ns), times: 1)
    if local == .min || local == .max { return [] }
    // A month before the 28th of March, and the 29th, 30th and 31st, is the same day.
    let locals = grain.isOfMonths ? (0...3).map { local + $0 * 86_400_000_000_000 } : [local]
    return locals.flatMap { zone.times(showing: $0) }.filter { before($0, in: zone) == ns }.sorted()
  }

  /// The same range so much earlier.
  func earlier(_ range: Range<Int64>, in zone: ZoneRules) -> Range<Int64> {
    let low = added(to: range.lowerBound, times: -1, in: zone)
    return low..<max(low, added(to: range.upperBound, times: -1, in: zone))
  }

  /// From the earliest to the latest of the times that are so much before those of a range, which is not empty. They do
  /// not always rise: from the 28th of March at 18:00 to the 29th at 00:00 those a month earlier fall by most of a day,
  /// and so they do where clocks are set back. O(changes of the zone).
  func range(before range: Range<Int64>, in zone: ZoneRules) -> ClosedRange<Int64> {
    var places = [range.lowerBound, range.upperBound - 1]
    if elapsedSeconds == nil {
      for change in zone.changesNs where zone.offsetNs(at: change) < zone.offsetNs(at: change - 1) {
        places += [change - 1, change]
      }
      // The 29th, 30th and 31st may be near either end.
      let days = Buckets(length: .days(1), zone: zone)
      for end in [range.lowerBound, range.upperBound] where end > .min && end < .max {
        var day = days.start(of: end.saturatingSubtracting(3 * 86_400_000_000_000))
        for _ in 0..<8 {
          places += [day.saturatingSubtracting(1), day]
          day = days.end(ofBucketStarting: day)
        }
      }
    }
    let times = places.filter { range.contains($0) }.map { added(to: $0, times: -1, in: zone) }
    return (times.min() ?? range.lowerBound)...(times.max() ?? range.lowerBound)
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
  func bucketLength(ofWindow isWindow: Bool = false) throws(LanguageError.Issue) -> BucketLength {
    do throws(BucketLengthError) {
      return isWindow
        ? try BucketLength(parsingWindow: canonicalText) : try BucketLength(parsing: canonicalText)
    } catch {
      throw LanguageError.Issue(span, error.description)
    }
  }
}
