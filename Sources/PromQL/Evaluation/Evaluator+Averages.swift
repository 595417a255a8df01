import Bytes

/// Averages of metrics that are averages themselves, which the source computes of what these were computed from.
extension Evaluator {
  /// The average of an argument by groups, or with nil over time alone; nil where the values themselves may be averaged, or
  /// nothing else can be done, which a warning then says.
  mutating func averages(of argument: Node, by grouping: Grouping?) throws -> [VectorSeries]? {
    guard let selector = Self.averaged(argument, isOverTime: grouping == nil) else {
      try warn(ofAveragesIn: argument)
      return nil
    }
    let metrics = try source.metrics(selector.matchers)
    let isAverage = metrics.contains { metric in
      (grouping != nil && metric.averagesOverGroups)
        || (selector.rangeMs != nil && metric.averagesOverTime)
    }
    guard isAverage else { return nil }
    guard metrics.count == 1 else {
      warn(
        "an average of several metrics at once is one of averages, as \(metrics.first { $0.isAverage }?.name ?? "") is one; select one metric"
      )
      return nil
    }
    let windows = (0..<grid.count).map { index in
      let throughMs = time(selector, index)
      return AverageRequest.Window(
        afterMs: selector.rangeMs.map { throughMs - $0 }, throughMs: throughMs)
    }
    let request = AverageRequest(
      metric: metrics[0].name, matchers: selector.matchers, grouping: grouping, windows: windows)
    switch try source.averages(request) {
    case .series(let series): return series
    case .refused(let reason):
      warn("averages of \(metrics[0].name) are averages of averages here: \(reason)")
      return nil
    }
  }

  /// The selector of what is averaged, if that is one: over groups also one that is averaged over time before.
  private static func averaged(_ argument: Node, isOverTime: Bool) -> Selector? {
    switch argument.unwrapped.form {
    case .selector(let selector): selector
    case .call(.avgOverTime, let arguments) where !isOverTime:
      averaged(arguments[0], isOverTime: true)
    default: nil
    }
  }

  private mutating func warn(ofAveragesIn argument: Node) throws {
    for selector in argument.selectors {
      for metric in try source.metrics(selector.matchers) where metric.isAverage {
        warn(
          "an average of \(metric.name) is one of averages, as it is computed of other values; average the metric itself: avg(\(metric.name))"
        )
      }
    }
  }

  /// Says of which metrics a statistic is one of values of buckets, and not of what these were computed from.
  mutating func warnOfAverages(_ aggregation: Aggregation) throws {
    guard aggregation.operation == .quantile || aggregation.operation == .stddev else { return }
    try warnOfBuckets(aggregation.operation.rawValue, aggregation.argument)
  }

  /// The same of a function over time.
  mutating func warnOfBuckets(_ name: String, _ argument: Node) throws {
    guard case .selector(let selector) = argument.unwrapped.form else { return }
    for metric in try source.metrics(selector.matchers) where metric.isAverage {
      warn(
        "\(name) of \(metric.name) is of the values of buckets and groups, and not of the events; define a KPI with a percentile or a deviation for these"
      )
    }
  }
}
