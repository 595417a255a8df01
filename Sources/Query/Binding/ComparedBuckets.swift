import Language
import Model

/// Which bucket of an earlier time is compared with which: the one that begins when the clock and the calendar of the
/// zone showed the same, so much earlier. Where clocks were changed there may be none.
struct ComparedBuckets {
  let buckets: Buckets
  let length: TimeLength

  private var zone: ZoneRules { buckets.zone }

  /// The start of the earlier bucket; nil when none begins then. O(log n) in the changes of the zone.
  func earlier(of start: Int64) -> Int64? {
    guard let found = length.before(start, in: zone), buckets.start(of: found) == found else {
      return nil
    }
    return found
  }

  /// Whether so much earlier is before all times.
  func isBeyondTimes(_ start: Int64) -> Bool {
    length.added(to: start, times: -1, in: zone) == .min
  }

  /// The starts of all buckets that an earlier one is compared with, ascending: of several at the end of months, and
  /// where clocks are set back.
  func later(of start: Int64) -> [Int64] {
    length.after(start, in: zone).filter { buckets.start(of: $0) == $0 }
  }

  // MARK: What has to be read

  /// A part of the earlier time.
  struct Piece: Equatable {
    var range: Range<Int64>
    /// The later bucket that it is compared with, which the range cuts as it does this one; nil when all are whole.
    var cutBucket: Int64?
  }

  /// What is compared with the buckets of `times`. `asked` is the part of them that is asked for; it may cut the first
  /// one, unless `isRolling`, and the last one.
  func pieces(
    of times: Range<Int64>, asked: Range<Int64>, isRolling: Bool
  ) -> [Piece] {
    guard !asked.isEmpty else { return [] }
    let cut = buckets.cut(by: asked, isRolling: isRolling)
    let first = buckets.range(of: asked.lowerBound)
    let lastNs = buckets.start(of: asked.upperBound - 1)
    var (low, high) = (times.lowerBound, asked.upperBound)
    if cut.first == low { low = first.upperBound }
    if cut.last == lastNs { high = lastNs }
    var pieces: [Piece] = []
    if low < high {
      let earlier = length.range(before: low..<high, in: zone)
      pieces.append(
        Piece(
          range: buckets.start(
            of: earlier.lowerBound)..<buckets.range(of: earlier.upperBound).upperBound))
    }
    return pieces + cut.compactMap { piece(cut: $0, by: asked) }
  }

  /// The same part of the earlier bucket as the range takes of the later one.
  private func piece(cut start: Int64, by asked: Range<Int64>) -> Piece? {
    guard let found = earlier(of: start) else { return nil }
    let (later, whole) = (buckets.range(of: start), buckets.range(of: found))
    func moved(_ bound: Int64) -> Int64 {
      min(max(length.added(to: bound, times: -1, in: zone), whole.lowerBound), whole.upperBound)
    }
    let low = later.lowerBound < asked.lowerBound ? moved(asked.lowerBound) : whole.lowerBound
    let high = later.upperBound > asked.upperBound ? moved(asked.upperBound) : whole.upperBound
    return low < high ? Piece(range: low..<high, cutBucket: start) : nil
  }

  // MARK: Lengths that do not do

  /// What to write instead of a length that does not bring buckets to buckets; nil when it does, but where clocks were
  /// changed.
  static func refusal(_ length: TimeLength, _ every: BucketLength) -> String? {
    let bucket = every.grain
    let fits =
      switch (bucket, length.grain) {
      case (.seconds(let bucket), .seconds(let all)): all % bucket == 0
      case (.seconds(let bucket), .days(let all)): all * 86_400 % bucket == 0
      case (.seconds(let bucket), .months): 86_400 % bucket == 0
      case (.days(let bucket), .seconds(let all)): all % (86_400 * bucket) == 0
      case (.days(let bucket), .days(let all)): all % bucket == 0
      case (.days(let bucket), .months): bucket == 1
      case (.months, .seconds), (.months, .days): false
      case (.months(let bucket), .months(let all)): all % bucket == 0
      }
    if fits { return nil }
    let count = Int64((length.grain.seconds / bucket.seconds).rounded(.down))
    let near = [count, count + 1].filter { $0 > 0 }.map { "\(every.text(times: $0)) AGO" }
    return "write COMPARE WITH \(near.joined(separator: " or "))"
  }
}

/// What a length is a multiple of: no number of one is always one of another.
enum LengthGrain {
  case seconds(Int64)
  case days(Int64)
  case months(Int64)

  var isOfMonths: Bool { if case .months = self { true } else { false } }

  /// The mean length.
  var seconds: Double {
    switch self {
    case .seconds(let count): Double(count)
    case .days(let count): Double(count) * 86_400
    case .months(let count): Double(count) * 31_556_952 / 12
    }
  }
}

extension TimeLength {
  var grain: LengthGrain {
    switch unit {
    case .second: .seconds(amount)
    case .minute: .seconds(amount * 60)
    case .hour: .seconds(amount * 3_600)
    case .day: .days(amount)
    case .week: .days(amount * 7)
    case .month: .months(amount)
    case .quarter: .months(amount * 3)
    case .year: .months(amount * 12)
    }
  }
}

extension BucketLength {
  fileprivate var grain: LengthGrain {
    switch self {
    case .fixed(let ns): .seconds(ns / 1_000_000_000)
    case .days(let count): .days(Int64(count))
    case .weeks(let count): .days(Int64(count) * 7)
    case .months(let count): .months(Int64(count))
    case .years(let count): .months(Int64(count) * 12)
    }
  }

  /// So many of it, in its own unit.
  fileprivate func text(times count: Int64) -> String {
    switch self {
    case .fixed(let ns):
      let seconds = ns / 1_000_000_000 * count
      if seconds % 3_600 == 0 { return "\(seconds / 3_600)h" }
      return seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
    case .days(let days): return "\(Int64(days) * count)d"
    case .weeks(let weeks): return "\(Int64(weeks) * count)w"
    case .months(let months): return "\(Int64(months) * count)mo"
    case .years(let years): return "\(Int64(years) * count)y"
    }
  }
}
