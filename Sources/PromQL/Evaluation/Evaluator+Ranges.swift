import Bytes
import Model

/// Functions of the samples of a stretch of time. It has its end and not its start, so that stretches beside one another
/// have each sample once.
extension Evaluator {
  mutating func overTime(
    _ function: Function, _ argument: Node, parameter: [Double]?
  ) throws -> [VectorSeries] {
    guard case .selector(let selector) = argument.unwrapped.form, let rangeMs = selector.rangeMs
    else { throw EvaluationError("\(argument.canonicalText) is no range of samples") }
    let series = try samples(of: selector).map { one in
      try Cancellation.check()
      var (low, high) = (0, 0)
      var work = 0
      let values = try (0..<grid.count).map { index -> Double? in
        let endMs = time(selector, index)
        let startMs = endMs - rangeMs
        while high < one.timesMs.count, one.timesMs[high] <= endMs { high += 1 }
        while low < high, one.timesMs[low] <= startMs { low += 1 }
        if low == high { return nil }
        work += high - low
        if work > 100_000 {
          work = 0
          try Cancellation.check()
        }
        let samples = one.values[low..<high]
        if let rate = RateKind(function) {
          return rate.value(one.timesMs[low..<high], samples, fromMs: startMs, throughMs: endMs)
        }
        return function.value(of: samples, parameter?[index] ?? 0)
      }
      let labels = function == .lastOverTime ? one.labels : one.labels.withoutName
      return VectorSeries(labels: labels, values: values)
    }
    return try Self.merged(series)
  }
}

extension Function {
  /// What samples come to, of which there is one at least.
  fileprivate func value(of samples: ArraySlice<Double>, _ parameter: Double) -> Double {
    switch self {
    case .avgOverTime: Statistics.average(samples)
    case .minOverTime: Statistics.min(samples)
    case .maxOverTime: Statistics.max(samples)
    case .sumOverTime: Statistics.sum(samples)
    case .countOverTime: Double(samples.count)
    case .quantileOverTime: Statistics.quantile(parameter, samples)
    case .stddevOverTime: Statistics.variance(samples).squareRoot()
    case .stdvarOverTime: Statistics.variance(samples)
    case .lastOverTime: samples[samples.endIndex - 1]
    case .presentOverTime: 1
    default: .nan
    }
  }
}

/// The functions that look at how samples change, and carry that on to both ends of the stretch.
private enum RateKind {
  case rate, increase, delta

  init?(_ function: Function) {
    switch function {
    case .rate: self = .rate
    case .increase: self = .increase
    case .delta: self = .delta
    default: return nil
    }
  }

  /// Nil for fewer than two samples. The change between the first and the last one is carried on to an end that is nearer
  /// than 1.1 times the mean distance of samples, else by half of that distance; a counter is not carried on to where
  /// it would be below 0.
  func value(
    _ timesMs: ArraySlice<Int64>, _ values: ArraySlice<Double>, fromMs: Int64, throughMs: Int64
  ) -> Double? {
    guard values.count > 1, let first = values.first, let last = values.last,
      let firstMs = timesMs.first, let lastMs = timesMs.last
    else { return nil }
    var change = last - first
    if self != .delta {
      // A fall is a reset: what was counted before it is added.
      for (before, after) in zip(values, values.dropFirst()) where after < before {
        change += before
      }
    }
    let covered = Double(lastMs - firstMs) / 1_000
    let mean = covered / Double(values.count - 1)
    var toStart = Double(firstMs - fromMs) / 1_000
    let toEnd = Double(throughMs - lastMs) / 1_000
    if self != .delta, change > 0, first >= 0 {
      toStart = min(toStart, covered * (first / change))
    }
    let limit = mean * 1.1
    let extended =
      covered + (toStart < limit ? toStart : mean / 2) + (toEnd < limit ? toEnd : mean / 2)
    let whole = change * (extended / covered)
    return self == .rate ? whole / (Double(throughMs - fromMs) / 1_000) : whole
  }
}
