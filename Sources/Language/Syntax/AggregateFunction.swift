/// How a percentile is written: an item keeps the words that it was asked for with, for they name its
/// column.
public enum PercentileSpelling: Sendable, Equatable, CaseIterable {
  /// `p95(x)`
  case short
  /// `median(x)`
  case median
  /// `percentile(x, 95)`
  case long
  /// `quantile(x, 0.95)`
  case share
}

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
