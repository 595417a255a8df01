import Bytes
import Model

/// Series put together in groups.
extension Evaluator {
  mutating func vector(of aggregation: Aggregation) throws -> [VectorSeries] {
    let grouping = aggregation.grouping ?? Grouping(isWithout: false, labels: [])
    if aggregation.operation == .avg,
      let averages = try averages(of: aggregation.argument, by: grouping)
    {
      return averages
    }
    try warnOfAverages(aggregation)
    let parameter = try aggregation.parameter.map { try scalar($0) }
    let series = try vector(aggregation.argument)
    var members: [Labels: [Int]] = [:]
    var groups: [Labels] = []
    for (index, one) in series.enumerated() {
      let group = grouping.group(one.labels)
      if members[group] == nil { groups.append(group) }
      members[group, default: []].append(index)
    }
    if let isTop = aggregation.operation.picksTop, let parameter {
      return try picked(isTop, parameter, series, groups.map { members[$0] ?? [] })
    }
    return try groups.map { group in
      try Cancellation.check()
      let indices = members[group] ?? []
      let values = (0..<grid.count).map { time -> Double? in
        let values = indices.compactMap { series[$0].values[time] }
        return values.isEmpty ? nil : aggregation.operation.value(of: values, parameter?[time] ?? 0)
      }
      return VectorSeries(labels: group, values: values)
    }
  }

  /// The greatest or least of each group, by value where there is one time.
  private func picked(
    _ isTop: Bool, _ parameter: [Double], _ series: [VectorSeries], _ groups: [[Int]]
  ) throws -> [VectorSeries] {
    var kept = series.map { one in
      VectorSeries(labels: one.labels, values: Array(repeating: nil, count: one.values.count))
    }
    var order: [Int] = []
    for time in 0..<grid.count {
      let count = parameter[time]
      guard count.isFinite else {
        throw EvaluationError("the number of series to pick is \(PromQLNumber.text(count))")
      }
      for indices in groups {
        try Cancellation.check()
        let present = indices.compactMap { index in
          series[index].values[time].map { (index: index, value: $0) }
        }
        // NaN comes last in both.
        let sorted = present.sorted {
          if $0.value.isNaN || $1.value.isNaN { return !$0.value.isNaN && $1.value.isNaN }
          return isTop ? $0.value > $1.value : $0.value < $1.value
        }
        let picked = sorted.prefix(Int(max(0, min(count, Double(sorted.count)))))
        for one in picked { kept[one.index].values[time] = one.value }
        if grid.count == 1 { order += picked.map(\.index) }
      }
    }
    return grid.count == 1 ? order.map { kept[$0] } : kept
  }
}

extension Aggregation.Operator {
  /// Whether it picks the greatest or the least; nil for those that compute.
  fileprivate var picksTop: Bool? {
    switch self {
    case .topk: true
    case .bottomk: false
    default: nil
    }
  }

  /// What the values of a group come to, of which there is one at least.
  fileprivate func value(of values: [Double], _ parameter: Double) -> Double {
    switch self {
    case .sum: Statistics.sum(values)
    case .avg: Statistics.average(values)
    case .min: Statistics.min(values)
    case .max: Statistics.max(values)
    case .count: Double(values.count)
    case .quantile: Statistics.quantile(parameter, values)
    case .stddev: Statistics.variance(values).squareRoot()
    case .topk, .bottomk: .nan
    }
  }
}
