import Bytes
import Language
import Model

/// What a KPI's cells have to hold, so that each of its items can be computed from them.
struct FoldPlan: Sendable, Equatable {
  /// States of one field under one filter; items that need the same share it.
  struct Measure: Sendable, Equatable {
    /// Nil counts facts.
    var path: Text?
    var filter: Predicate?
    var needs: Needs = []
  }

  struct Needs: OptionSet, Sendable, Equatable {
    var rawValue: UInt8
    /// Sum, extremes, first and last.
    static let moments = Needs(rawValue: 1)
    /// The sum of squares.
    static let variance = Needs(rawValue: 2)
    static let quantiles = Needs(rawValue: 4)
    static let distinct = Needs(rawValue: 8)
    static let top = Needs(rawValue: 16)
    /// First and last among the values that are no numbers.
    static let texts = Needs(rawValue: 32)
    /// All numbers of each series.
    static let series = Needs(rawValue: 64)
  }

  private(set) var measures: [Measure] = []

  var hasSeries: Bool { measures.contains { $0.needs.contains(.series) } }

  /// About what a cell takes in memory, in bytes; those of many percentiles, labels or samples take more.
  var cellBytes: Int {
    measures.reduce(64) { bytes, measure in
      var bytes = bytes + 8
      if measure.needs.contains(.moments) { bytes += MemoryLayout<Moments>.stride }
      if measure.needs.contains(.variance) { bytes += MemoryLayout<Int256>.stride }
      if measure.needs.contains(.quantiles) { bytes += 512 }
      if measure.needs.contains(.distinct) { bytes += 4_096 }
      if measure.needs.contains(.top) { bytes += 16_384 }
      if measure.needs.contains(.texts) { bytes += 128 }
      if measure.needs.contains(.series) { bytes += 1_024 }
      return bytes
    }
  }

  init(_ definition: KpiDefinition) throws {
    for item in definition.items { try add(item.expression) }
  }

  private mutating func add(_ expression: Expression) throws {
    switch expression {
    case .number, .integer: break
    case .negate(let inner): try add(inner)
    case .binary(_, let left, let right):
      try add(left)
      try add(right)
    case .aggregate(let aggregate):
      let needs = Self.needs(aggregate.function)
      if let index = index(of: aggregate) {
        measures[index].needs.formUnion(needs)
      } else {
        measures.append(
          Measure(path: aggregate.argument?.path, filter: aggregate.filter, needs: needs))
      }
    default: throw KpiError("\(expression.canonicalText) is not there in a KPI")
    }
  }

  static func needs(_ function: AggregateFunction) -> Needs {
    switch function {
    case .count: []
    case .sum, .avg, .min, .max, .delta: .moments
    case .first, .last: [.moments, .texts]
    case .stddev, .variance: [.moments, .variance]
    // The extremes bound what a sketch estimates.
    case .percentile: [.moments, .quantiles]
    case .distinct: .distinct
    case .top: .top
    case .rate, .increase, .timeAverage: .series
    }
  }

  /// The measure that holds what `aggregate` needs.
  func index(of aggregate: Aggregate) -> Int? {
    measures.firstIndex {
      $0.path == aggregate.argument?.path && $0.filter == aggregate.filter
    }
  }
}
