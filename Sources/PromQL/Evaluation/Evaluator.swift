import Bytes
import Model

/// What an expression came to.
public enum PromQLResult: Sendable {
  /// One number for each time.
  case scalar([Double])
  case text(Text)
  /// In the order in which they are to be shown.
  case vector([VectorSeries])
  case range([SampledSeries])
}

/// Evaluates expressions at all times of a grid at once, each series as a column of values.
public struct Evaluator<Source: SampleSource> {
  let source: Source
  let grid: TimeGrid
  /// Values that all parts of the expression may have together.
  private let maxValues: Int
  private var valueCount = 0
  /// What has to be known of the values, each once.
  public private(set) var warnings: [String] = []

  /// `maxValues` bounds the memory: some 16 bytes a value.
  public init(_ source: Source, _ grid: TimeGrid, maxValues: Int) {
    (self.source, self.grid, self.maxValues) = (source, grid, maxValues)
  }

  /// Throws ``EvaluationError``, what the source throws, and `CancellationError`. O(nodes x series x times), and with a
  /// range O(samples in it) for each of them.
  public mutating func evaluate(_ node: Node) throws -> PromQLResult {
    if case .selector(let selector) = node.unwrapped.form, let rangeMs = selector.rangeMs {
      return .range(try bareRange(selector, rangeMs))
    }
    switch node.type {
    case .scalar: return .scalar(try scalar(node))
    case .text:
      guard case .text(let text) = node.unwrapped.form else { return .text("") }
      return .text(text)
    case .vector, .range:
      return .vector(try vector(node).filter { $0.values.contains { $0 != nil } })
    }
  }

  /// The samples of a range that is asked for by itself, at one time.
  private mutating func bareRange(_ selector: Selector, _ rangeMs: Int64) throws -> [SampledSeries]
  {
    let endMs = time(selector, 0)
    let series = try samples(of: selector)
    return series.compactMap { one in
      var kept = SampledSeries(labels: one.labels)
      for (index, timeMs) in one.timesMs.enumerated()
      where timeMs > endMs - rangeMs && timeMs <= endMs {
        kept.append(one.values[index], atMs: timeMs, untilMs: one.untilMs[index])
      }
      return kept.timesMs.isEmpty ? nil : kept
    }
  }

  // MARK: Scalars

  mutating func scalar(_ node: Node) throws -> [Double] {
    switch node.form {
    case .number(let value): return Array(repeating: value, count: grid.count)
    case .parenthesized(let inner): return try scalar(inner)
    case .negated(let inner): return try scalar(inner).map { -$0 }
    case .binary(let binary):
      let (left, right) = (try scalar(binary.left), try scalar(binary.right))
      return zip(left, right).map { binary.operation.number($0, $1) }
    case .call(.time, _): return (0..<grid.count).map { Double(grid[$0]) / 1_000 }
    case .call(.scalar, let arguments):
      let series = try vector(arguments[0])
      return (0..<grid.count).map { index in
        let values = series.lazy.compactMap { $0.values[index] }.prefix(2)
        return values.count == 1 ? values.first ?? .nan : .nan
      }
    default: throw EvaluationError("\(node.canonicalText) is no scalar")
    }
  }

  // MARK: Vectors

  mutating func vector(_ node: Node) throws -> [VectorSeries] {
    try Cancellation.check()
    let series: [VectorSeries] =
      switch node.form {
      case .selector(let selector): try instant(selector)
      case .parenthesized(let inner): try vector(inner)
      case .negated(let inner): try renamed(try vector(inner)) { $0.mapPresent { -$0 } }
      case .binary(let binary): try vector(of: binary)
      case .aggregation(let aggregation): try vector(of: aggregation)
      case .call(let function, let arguments): try vector(of: function, arguments)
      case .number, .text: throw EvaluationError("\(node.canonicalText) is no vector")
      }
    try count(series.count)
    return series
  }

  /// Takes note of series that an expression has.
  func checked(_ count: Int) throws -> Int {
    let (values, isBeyond) = count.multipliedReportingOverflow(by: max(1, grid.count))
    if isBeyond || values > maxValues - valueCount {
      throw EvaluationError(
        "the query has more than \(maxValues) values, all parts of it together; ask for fewer series, a shorter range or a longer step"
      )
    }
    return values
  }

  private mutating func count(_ seriesCount: Int) throws { valueCount += try checked(seriesCount) }

  mutating func warn(_ text: String) {
    if !warnings.contains(text) { warnings.append(text) }
  }

  // MARK: Selectors

  /// The time that a selector looks at, at time `index` of the grid.
  func time(_ selector: Selector, _ index: Int) -> Int64 {
    let timeMs =
      switch selector.at {
      case .ms(let ms): ms
      case .start: grid.startMs
      case .end: grid.endMs
      case nil: grid[index]
      }
    return Self.bounded(timeMs, minus: selector.offsetMs)
  }

  private static func bounded(_ timeMs: Int64, minus ms: Int64) -> Int64 {
    min(max(timeMs - ms, -2 * PromQLTime.limitMs), 2 * PromQLTime.limitMs)
  }

  func samples(of selector: Selector) throws -> [SampledSeries] {
    if grid.count == 0 { return [] }
    let firstMs = time(selector, 0)
    let fromMs = Self.bounded(firstMs, minus: selector.rangeMs ?? 0)
    let series = try source.samples(
      selector.matchers, fromMs: fromMs, throughMs: time(selector, grid.count - 1))
    // As large as what is made of it, at least.
    _ = try checked(series.count)
    return series
  }

  private func instant(_ selector: Selector) throws -> [VectorSeries] {
    try samples(of: selector).map { one in
      try Cancellation.check()
      var next = 0
      let values = (0..<grid.count).map { index -> Double? in
        let timeMs = time(selector, index)
        while next < one.timesMs.count, one.timesMs[next] <= timeMs { next += 1 }
        guard next > 0, timeMs < one.untilMs[next - 1] else { return nil }
        return one.values[next - 1]
      }
      return VectorSeries(labels: one.labels, values: values)
    }
  }

  // MARK: Names

  /// What `body` makes of the values of each series, as series without the metric's name.
  func renamed(
    _ series: [VectorSeries], _ body: ([Double?]) -> [Double?]
  ) throws -> [VectorSeries] {
    try Self.merged(
      series.map { VectorSeries(labels: $0.labels.withoutName, values: body($0.values)) })
  }

  /// One series for each set of labels. Throws where two of them have a value at one time.
  static func merged(_ series: [VectorSeries]) throws -> [VectorSeries] {
    var places: [Labels: Int] = [:]
    var merged: [VectorSeries] = []
    merged.reserveCapacity(series.count)
    for one in series {
      guard let place = places[one.labels] else {
        places[one.labels] = merged.count
        merged.append(one)
        continue
      }
      for (index, value) in one.values.enumerated() where value != nil {
        guard merged[place].values[index] == nil else {
          throw EvaluationError(
            "vector cannot contain metrics with the same labelset: \(one.labels.text) stands for two series without their metric's name"
          )
        }
        merged[place].values[index] = value
      }
    }
    return merged
  }
}

extension [Double?] {
  /// The same of each value that is there.
  func mapPresent(_ body: (Double) -> Double) -> [Double?] {
    map { value in value.map(body) }
  }
}

extension Labels {
  /// As messages show them.
  var text: String {
    "{\(pairs.map { "\($0.name)=\($0.value.debugDescription)" }.joined(separator: ", "))}"
  }
}
