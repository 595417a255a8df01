import Bytes
import Model

/// Functions of vectors.
extension Evaluator {
  mutating func vector(of function: Function, _ arguments: [Node]) throws -> [VectorSeries] {
    switch function {
    case .abs: return try renamed(try vector(arguments[0])) { $0.mapPresent { Swift.abs($0) } }
    case .round: return try round(arguments)
    case .clampMin: return try clamped(arguments) { Swift.max($0, $1) }
    case .clampMax: return try clamped(arguments) { Swift.min($0, $1) }
    case .labelReplace: return try replaced(arguments)
    case .vector:
      return [VectorSeries(labels: Labels(), values: try scalar(arguments[0]))]
    case .absent:
      return [absent(arguments[0], isPresent: try presence(of: try vector(arguments[0])))]
    case .sort: return sorted(try vector(arguments[0]))
    case .absentOverTime:
      let present = try overTime(.presentOverTime, arguments[0], parameter: nil)
      return [absent(arguments[0], isPresent: try presence(of: present))]
    case .avgOverTime:
      if let averages = try averages(of: arguments[0], by: nil) { return averages }
      return try overTime(function, arguments[0], parameter: nil)
    case .quantileOverTime:
      try warnOfBuckets(function.rawValue, arguments[1])
      return try overTime(function, arguments[1], parameter: try scalar(arguments[0]))
    case .stddevOverTime, .stdvarOverTime:
      try warnOfBuckets(function.rawValue, arguments[0])
      return try overTime(function, arguments[0], parameter: nil)
    case .rate, .increase, .delta, .minOverTime, .maxOverTime, .sumOverTime, .countOverTime,
      .lastOverTime, .presentOverTime:
      return try overTime(function, arguments[0], parameter: nil)
    case .time, .scalar: throw EvaluationError("\(function.rawValue) is no vector")
    }
  }

  private mutating func round(_ arguments: [Node]) throws -> [VectorSeries] {
    let series = try vector(arguments[0])
    let units =
      arguments.count > 1
      ? try scalar(arguments[1]) : [Double](repeating: 1, count: grid.count)
    return try renamed(series) { values in
      values.enumerated().map { index, value in
        // Halves go up. The inverse is exact for 0.1 and the like, where the unit is not.
        let inverse = 1 / units[index]
        return value.map { ($0 * inverse + 0.5).rounded(.down) / inverse }
      }
    }
  }

  private mutating func clamped(
    _ arguments: [Node], _ body: (Double, Double) -> Double
  ) throws -> [VectorSeries] {
    let (series, bounds) = (try vector(arguments[0]), try scalar(arguments[1]))
    return try renamed(series) { values in
      values.enumerated().map { index, value in
        value.map { $0.isNaN || bounds[index].isNaN ? .nan : body($0, bounds[index]) }
      }
    }
  }

  /// By value where there is one time, NaN last.
  private func sorted(_ series: [VectorSeries]) -> [VectorSeries] {
    guard grid.count == 1 else { return series }
    return series.filter { $0.values[0] != nil }.sorted { left, right in
      let (one, other) = (left.values[0] ?? .nan, right.values[0] ?? .nan)
      if one.isNaN || other.isNaN { return !one.isNaN && other.isNaN }
      return one < other
    }
  }

  // MARK: Absence

  private func presence(of series: [VectorSeries]) throws -> [Bool] {
    var isPresent = [Bool](repeating: false, count: grid.count)
    for one in series {
      try Cancellation.check()
      for (index, value) in one.values.enumerated() where value != nil { isPresent[index] = true }
    }
    return isPresent
  }

  /// 1 where nothing is there, with the labels that a selector asks for by `=`, each once.
  private func absent(_ argument: Node, isPresent: [Bool]) -> VectorSeries {
    var labels = Labels()
    if case .selector(let selector) = argument.unwrapped.form {
      for matcher in selector.matchers where matcher.name != Labels.metricName {
        let isOnly = selector.matchers.count { $0.name == matcher.name } == 1
        if isOnly, matcher.comparison == .equal { labels[matcher.name] = matcher.value }
      }
    }
    return VectorSeries(labels: labels, values: isPresent.map { $0 ? nil : 1 })
  }

  // MARK: Labels

  private mutating func replaced(_ arguments: [Node]) throws -> [VectorSeries] {
    let texts = arguments.dropFirst().map { node -> Text in
      if case .text(let text) = node.unwrapped.form { text } else { "" }
    }
    let replacement = try LabelReplacement(
      target: texts[0], template: texts[1], source: texts[2], pattern: texts[3])
    let series = try vector(arguments[0]).map { one in
      VectorSeries(labels: try replacement.applied(to: one.labels), values: one.values)
    }
    return try Self.merged(series)
  }
}
