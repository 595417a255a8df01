/// What an aggregate makes of the values of a field.
public enum AggregateFunction: Sendable, Equatable {
  case count, sum, avg, min, max, stddev, variance
  /// The share of values below, in percent: 0...100. `median` is 50.
  case percentile(Double)
  /// The number of different values.
  case distinct
  /// The k most frequent values.
  case top(Int)
  case first, last, delta, rate, increase
  /// The average weighted with how long each value held.
  case timeAverage

  /// The name that the language has for it.
  public var name: String {
    switch self {
    case .count: "count"
    case .sum: "sum"
    case .avg: "avg"
    case .min: "min"
    case .max: "max"
    case .stddev: "stddev"
    case .variance: "variance"
    case .percentile: "percentile"
    case .distinct: "distinct"
    case .top: "top"
    case .first: "first"
    case .last: "last"
    case .delta: "delta"
    case .rate: "rate"
    case .increase: "increase"
    case .timeAverage: "time_avg"
    }
  }

  /// The functions that take a field and nothing else.
  static let ofOneField: [AggregateFunction] = [
    .count, .sum, .avg, .min, .max, .stddev, .variance, .distinct, .first, .last, .delta, .rate,
    .increase, .timeAverage,
  ]
}

/// What a call has to look like, by the name of its function.
enum CallShape: Equatable {
  /// One field.
  case field(AggregateFunction)
  /// A field and the percentile.
  case percentile
  /// A field and how many values.
  case top

  /// Nil when there is no function of that name.
  init?(name: String) {
    let name = asciiLowercased(name)
    switch name {
    case "median": self = .field(.percentile(50))
    case "percentile": self = .percentile
    case "top": self = .top
    default:
      if let function = AggregateFunction.ofOneField.first(where: { $0.name == name }) {
        self = .field(function)
      } else if let percent = Self.percent(name) {
        self = .field(.percentile(percent))
      } else {
        return nil
      }
    }
  }

  /// The 99.9 of `p99.9`.
  private static func percent(_ name: String) -> Double? {
    let digits = name.utf8.dropFirst()
    guard name.utf8.first == UInt8(ascii: "p"), digits.first?.isDigit == true,
      digits.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: ".") }),
      digits.count <= LanguageLimits.maxNumberBytes
    else { return nil }
    return Double(String(name.dropFirst()))
  }

  /// All names, for suggestions.
  static let names =
    AggregateFunction.ofOneField.map(\.name) + ["median", "percentile", "top", "p50", "p95", "p99"]

  /// What other languages call our functions.
  static let foreignNames: [String: String] = [
    "mean": "avg", "average": "avg", "std": "stddev", "stdev": "stddev", "stddev_pop": "stddev",
    "stddev_samp": "stddev", "var": "variance", "quantile": "percentile", "uniq": "distinct",
    "percentile_cont": "percentile", "unique": "distinct", "uniques": "distinct",
    "count_distinct": "distinct", "uniquecount": "distinct", "cardinality": "distinct",
    "derivative": "rate", "latest": "last", "earliest": "first", "difference": "delta",
    "twa": "time_avg", "topk": "top",
  ]
}
