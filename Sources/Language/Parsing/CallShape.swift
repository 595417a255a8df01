/// What a call has to look like, by the name of its function.
enum CallShape: Equatable {
  /// One field.
  case field(AggregateFunction)
  /// A field and the percentile, from 0 to 100.
  case percentile
  /// A field and the same as a share, from 0 to 1.
  case quantile
  /// A field and how many values.
  case top

  /// Nil when there is no function of that name.
  init?(name: String) {
    let name = asciiLowercased(name)
    switch name {
    case "median": self = .field(.percentile(50))
    case "percentile": self = .percentile
    case "quantile": self = .quantile
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
    AggregateFunction.ofOneField.map(\.name) + [
      "median", "percentile", "quantile", "top", "p50", "p95", "p99",
    ]

  /// What other languages call our functions.
  static let foreignNames: [String: String] = [
    "mean": "avg", "average": "avg", "std": "stddev", "stdev": "stddev", "stddev_pop": "stddev",
    "stddev_samp": "stddev", "var": "variance", "uniq": "distinct",
    "percentile_cont": "quantile", "percentile_disc": "quantile", "unique": "distinct",
    "uniques": "distinct",
    "count_distinct": "distinct", "uniquecount": "distinct", "cardinality": "distinct",
    "derivative": "rate", "latest": "last", "earliest": "first", "difference": "delta",
    "twa": "time_avg", "topk": "top", "pow": "power", "ceiling": "ceil", "log": "ln",
    "ifnull": "coalesce", "nvl": "coalesce", "z_score": "zscore", "percent_change": "pct_change",
    "log2": "ln", "trunc": "floor", "truncate": "floor",
  ]

  /// The names that only a query has.
  static let queryNames =
    ScalarFunction.allCases.map(\.name) + WindowFunction.allCases.map(\.name)

  /// What to write in place of functions that other languages have.
  static let habits: [String: String] = {
    let buckets = "buckets of time are made with EVERY, for example EVERY 1h"
    let times = "times stand in SINCE, UNTIL and AT, for example SINCE 1h ago"
    let rows = "zscore and pct_change look at the rows before"
    return [
      "time": buckets, "time_bucket": buckets, "date_trunc": buckets, "date_bin": buckets,
      "histogram": buckets, "tostartofhour": buckets, "tostartofinterval": buckets,
      "now": times, "current_timestamp": times, "today": times, "ago": times,
      "lag": rows, "lead": rows, "moving_average": "EVERY 1h ROLLING 1d averages over a day",
      "cast": "there are no casts; numbers and strings are told by the function",
      "if": "there is no IF; an aggregate may have a condition: count(* WHERE x > 3)",
    ]
  }()
}
