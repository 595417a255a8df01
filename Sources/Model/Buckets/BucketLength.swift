/// How long a time bucket is.
///
/// Lengths under a day are a count of nanoseconds; longer ones follow the calendar of a time zone, so that
/// a day there may have 23 or 25 hours.
public enum BucketLength: Sendable, Hashable {
  /// Whole seconds, from 1 s to under a day.
  case fixed(ns: Int64)
  case days(Int)
  /// ISO weeks, which begin on Monday.
  case weeks(Int)
  case months(Int)
  case years(Int)

  static let secondNs: Int64 = 1_000_000_000
  static let dayNs = 86_400 * secondNs
  /// A mean year of the Gregorian calendar: 365.2425 days.
  static let yearNs = 31_556_952 * secondNs

  /// Whether it is from one second to one year, and one that `Buckets` takes.
  public var isValid: Bool {
    switch self {
    case .fixed(let ns):
      ns >= Self.secondNs && ns < Self.dayNs && ns % Self.secondNs == 0
    case .days(let count): 1...366 ~= count
    case .weeks(let count): 1...52 ~= count
    case .months(let count): 1...12 ~= count
    case .years(let count): count == 1
    }
  }

  /// The mean length: what a rate per bucket divides by. Saturates for lengths that are not valid.
  public var nominalNs: Int64 {
    func times(_ count: Int, _ unit: Int64) -> Int64 {
      let (product, overflow) = Int64(count).multipliedReportingOverflow(by: unit)
      return overflow ? (count < 0 ? .min : .max) : product
    }
    switch self {
    case .fixed(let ns): return ns
    case .days(let count): return times(count, Self.dayNs)
    case .weeks(let count): return times(count, 7 * Self.dayNs)
    case .months(let count): return times(count, Self.yearNs / 12)
    case .years(let count): return times(count, Self.yearNs)
    }
  }
}
