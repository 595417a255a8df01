extension BucketLength: CustomStringConvertible {
  /// Reads a count and a unit: "30s", "15 minutes", "1h", "1 day", "1w", "1mo", "1q", "1y".
  ///
  /// Clock units that make whole days are days of the calendar ("24h" is "1d"), twelve months are a year.
  /// Letters are lowercase: "1M" could mean a minute or a month.
  public init(parsing text: String) throws(BucketLengthError) {
    try self.init(parsing: text, isWindow: false)
  }

  /// Reads the length of a window, which counts buckets: it may be "42h", which is no length of a bucket.
  public init(parsingWindow text: String) throws(BucketLengthError) {
    try self.init(parsing: text, isWindow: true)
  }

  private init(parsing text: String, isWindow: Bool) throws(BucketLengthError) {
    let bytes = Array(text.utf8)
    let digits = bytes.prefix { 48...57 ~= $0 }
    guard !digits.isEmpty else { throw BucketLengthError(text: text, reason: .noCount) }
    // Few enough digits that no product below overflows.
    let significant = digits.drop { $0 == 48 }
    guard significant.count <= 8 else { throw BucketLengthError(text: text, reason: .tooLong) }
    let count = significant.reduce(0) { $0 * 10 + Int($1) - 48 }
    let unit = String(
      decoding: bytes[digits.endIndex...].drop { $0 == UInt8(ascii: " ") }, as: UTF8.self)
    guard let length = try Self.length(count, unit, text, isWindow) else {
      throw BucketLengthError(text: text, reason: unit.isEmpty ? .noUnit : .unknownUnit(unit))
    }
    guard count > 0 else { throw BucketLengthError(text: text, reason: .zero) }
    guard length.isValid || isWindow && length.isFixedUpToYear else {
      throw BucketLengthError(text: text, reason: .tooLong)
    }
    self = length
  }

  private var isFixedUpToYear: Bool {
    if case .fixed(let ns) = self { ns <= 366 * Self.dayNs } else { false }
  }

  /// Nil if there is no such unit.
  private static func length(
    _ count: Int, _ unit: String, _ text: String, _ isWindow: Bool
  ) throws(BucketLengthError) -> BucketLength? {
    switch unit {
    case "s", "sec", "secs", "second", "seconds": try clock(count, 1, text, isWindow)
    case "m", "min", "mins", "minute", "minutes": try clock(count, 60, text, isWindow)
    case "h", "hr", "hrs", "hour", "hours": try clock(count, 3_600, text, isWindow)
    case "d", "day", "days": .days(count)
    case "w", "week", "weeks": .weeks(count)
    case "mo", "month", "months": canonical(months: count)
    case "q", "quarter", "quarters": canonical(months: 3 * count)
    case "y", "yr", "year", "years": .years(count)
    default: nil
    }
  }

  private static func canonical(months count: Int) -> BucketLength {
    count == 12 ? .years(1) : .months(count)
  }

  private static func clock(
    _ count: Int, _ unitSeconds: Int, _ text: String, _ isWindow: Bool
  ) throws(BucketLengthError) -> BucketLength {
    let (days, rest) = (count * unitSeconds).quotientAndRemainder(dividingBy: 86_400)
    if days == 0 || isWindow && rest != 0 {
      return .fixed(ns: Int64(count * unitSeconds) * secondNs)
    }
    guard rest == 0 else { throw BucketLengthError(text: text, reason: .notWholeDays) }
    return .days(days)
  }

  /// The shortest text of it: "15m", "1h", "1d", "1w", "3mo", "1y". Parsing it gives the same length.
  public var description: String {
    switch self {
    case .fixed(let ns):
      let seconds = ns / Self.secondNs
      if seconds % 3_600 == 0 { return "\(seconds / 3_600)h" }
      return seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
    case .days(let count): return "\(count)d"
    case .weeks(let count): return "\(count)w"
    case .months(let count): return "\(count)mo"
    case .years(let count): return "\(count)y"
    }
  }
}

/// A text is no bucket length.
public struct BucketLengthError: Error, Equatable, CustomStringConvertible {
  /// Why a text is no length: it begins with no digit, ends after the digits, has a unit that there is none of, counts
  /// zero, is longer than any length may be, or has hours, minutes or seconds of more than a day that make no whole
  /// days.
  public enum Reason: Sendable, Equatable {
    case noCount
    case noUnit
    case unknownUnit(String)
    case zero
    case tooLong
    case notWholeDays
  }

  public var text: String
  public var reason: Reason

  public var description: String {
    let shown = String(text.prefix(40)).debugDescription
    let advice =
      switch reason {
      case .noCount: "write a whole number and a unit, such as \"15m\" or \"1 day\""
      case .noUnit: "it has no unit: write s, m, h, d, w, mo, q or y after the number"
      case .unknownUnit("M"): "write \"m\" for minutes or \"mo\" for months"
      case .unknownUnit(let unit):
        "there is no unit \(String(unit.prefix(40)).debugDescription): write s, m, h, d, w, mo, q or y"
      case .zero: "the shortest is \"1s\""
      case .tooLong: "the longest is \"1y\""
      case .notWholeDays:
        "over a day, hours, minutes and seconds must make whole days, such as \"48h\""
      }
    return "bad bucket length \(shown): \(advice)"
  }
}
