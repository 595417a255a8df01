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
