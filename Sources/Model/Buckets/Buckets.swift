/// Half-open stretches of time of one length, aligned to the clocks and the calendar of a time zone.
///
/// They partition the time line: each begins where the one before it ends. All boundaries are whole
/// seconds, except that the first begins at `Int64.min` and the last ends at `Int64.max`.
///
/// - Calendar lengths go from local midnight to local midnight: a bucket begins when local clocks first
///   show its first date or a later one. Dates that a zone skipped have no bucket of their own; an hour
///   that a clock change puts back to the day before stays in the day that had begun.
/// - Fixed lengths count from local midnight of 1970-01-01 by the wall clock. Where the zone's offset
///   changes by a multiple of the length, buckets go on unchanged: 25 of an hour in a day of 25 hours.
///   Otherwise adjacent times whose wall clock falls in the same stretch are one bucket, which is
///   then shorter or longer than the others.
public struct Buckets: Sendable, Equatable {
  public let length: BucketLength
  public let zone: ZoneRules
  private let step: Step

  private enum Step: Equatable {
    case fixed(seconds: Int64)
    case days(Int, from: Int)
    case months(Int)
    case whole(Range<Int64>)
  }

  /// `length` must be valid, as it is after parsing.
  public init(length: BucketLength, zone: ZoneRules) {
    precondition(length.isValid, "the bucket length \(length) is not valid")
    self.length = length
    self.zone = zone
    step =
      switch length {
      case .fixed(let ns): .fixed(seconds: ns / BucketLength.secondNs)
      case .days(let count): .days(count, from: 0)
      // 1969-12-29, the Monday of the epoch's week.
      case .weeks(let count): .days(7 * count, from: -3)
      case .months(let count): .months(count)
      case .years(let count): .months(12 * count)
      }
  }

  /// One bucket, which is `range`; there is no other.
  public init(whole range: Range<Int64>) {
    length = .days(1)
    zone = .utc
    step = .whole(range)
  }

  /// The bucket that holds a time. `Int64.max` is in the last bucket, though not in its range. O(log n) in
  /// the changes of the zone.
  public func range(of timeNs: Int64) -> Range<Int64> {
    if case .whole(let range) = step { return range }
    let second = timeNs.flooredQuotient(1_000_000_000)
    let seconds =
      switch step {
      case .fixed(let length):
        fixedStart(of: second, length)..<fixedEnd(of: second, length)
      case .days, .months: calendarRange(of: second)
      case .whole: Int64(0)..<0
      }
    return Self.saturatingNs(seconds.lowerBound)..<Self.saturatingNs(seconds.upperBound)
  }

  /// The start of the bucket that holds a time. O(log n); see `BucketCursor` for many times.
  public func start(of timeNs: Int64) -> Int64 { range(of: timeNs).lowerBound }

  /// The end of a bucket, which is the start of the next one.
  public func end(ofBucketStarting startNs: Int64) -> Int64 { range(of: startNs).upperBound }

  /// The starts of all buckets that hold some of `from..<until`, computed one by one: the first may be
  /// before `from`. None if that range is empty.
  public func starts(from: Int64, until: Int64) -> BucketStarts {
    BucketStarts(buckets: self, position: from, until: until)
  }

  /// Whether from the one that holds a time on all are of one length: the zone's offsets differ by multiples of it.
  /// O(changes of the zone since then).
  public func areOfOneLength(from timeNs: Int64) -> Bool {
    guard case .fixed(let seconds) = step else { return false }
    let offsets = zone.offsets[
      zone.stretch(at: start(of: timeNs).flooredQuotient(1_000_000_000))...]
    return offsets.allSatisfy { ($0 - offsets[offsets.startIndex]) % seconds == 0 }
  }

  private static func saturatingNs(_ seconds: Int64) -> Int64 {
    let (ns, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? (seconds < 0 ? .min : .max) : ns
  }
}

/// The starts of consecutive buckets.
public struct BucketStarts: Sequence, IteratorProtocol, Sendable {
  let buckets: Buckets
  /// A time of the bucket to come.
  var position: Int64
  let until: Int64

  /// The start of the next bucket; nil once that would hold nothing before the end. O(log n) in the changes of the
  /// zone.
  public mutating func next() -> Int64? {
    guard position < until else { return nil }
    let range = buckets.range(of: position)
    position = range.upperBound
    return range.lowerBound
  }
}

/// Fixed lengths. The boundaries are those multiples of the length on the wall clock that lie within a
/// stretch of constant offset, and those changes of the offset that do not join what is beside them.
extension Buckets {
  private func fixedStart(of second: Int64, _ length: Int64) -> Int64 {
    var second = second
    var index = zone.stretch(at: second)
    while true {
      let offset = zone.offsets[index]
      let label = (second + offset).flooredQuotient(length) * length - offset
      let change = zone.start(ofStretch: index)
      if label > change { return label }
      guard joins(index, length) else { return change }
      second = change - 1
      index -= 1
    }
  }

  private func fixedEnd(of second: Int64, _ length: Int64) -> Int64 {
    var second = second
    var index = zone.stretch(at: second)
    while true {
      let offset = zone.offsets[index]
      let label = ((second + offset).flooredQuotient(length) + 1) * length - offset
      let change = zone.end(ofStretch: index)
      if label < change { return label }
      guard index < zone.changes.count, joins(index + 1, length) else { return change }
      second = change
      index += 1
    }
  }

  /// Whether one bucket holds the times on both sides of the change that begins a stretch.
  private func joins(_ stretch: Int, _ length: Int64) -> Bool {
    guard stretch > 0 else { return false }
    let change = zone.start(ofStretch: stretch)
    let after = change + zone.offsets[stretch]
    let before = change + zone.offsets[stretch - 1]
    if (after - before) % length == 0 { return after % length != 0 }
    return after.flooredQuotient(length) == (before - 1).flooredQuotient(length)
  }
}

/// Calendar lengths. Periods of n days or months are numbered from 1970.
extension Buckets {
  private func calendarRange(of second: Int64) -> Range<Int64> {
    let local = second + zone.offsets[zone.stretch(at: second)]
    var number = period(holding: Int(local.flooredQuotient(86_400)))
    var end = start(ofPeriod: number + 1)
    // Clocks set back over midnight: the date they show has ended before.
    while end <= second {
      number += 1
      end = start(ofPeriod: number + 1)
    }
    return start(ofPeriod: number)..<end
  }

  private func start(ofPeriod number: Int) -> Int64 {
    zone.firstSecond(showing: Int64(firstDay(ofPeriod: number)) * 86_400)
  }

  private func period(holding day: Int) -> Int {
    switch step {
    case .fixed, .whole: return 0
    case .days(let count, let first): return Self.floored(day - first, count)
    case .months(let count):
      let date = CivilDate(daysSinceEpoch: day)
      return Self.floored((date.year - 1970) * 12 + date.month - 1, count)
    }
  }

  private func firstDay(ofPeriod number: Int) -> Int {
    switch step {
    case .fixed, .whole: return 0
    case .days(let count, let first): return number * count + first
    case .months(let count):
      let months = number * count
      let years = Self.floored(months, 12)
      return CivilDate(year: 1970 + years, month: months - years * 12 + 1, day: 1).daysSinceEpoch
    }
  }

  private static func floored(_ value: Int, _ divisor: Int) -> Int {
    Int(Int64(value).flooredQuotient(Int64(divisor)))
  }
}
