/// The functions of the subset; the raw value is the name.
public enum Function: String, Sendable, CaseIterable {
  case rate, increase, delta
  case avgOverTime = "avg_over_time"
  case minOverTime = "min_over_time"
  case maxOverTime = "max_over_time"
  case sumOverTime = "sum_over_time"
  case countOverTime = "count_over_time"
  case quantileOverTime = "quantile_over_time"
  case stddevOverTime = "stddev_over_time"
  case stdvarOverTime = "stdvar_over_time"
  case lastOverTime = "last_over_time"
  case presentOverTime = "present_over_time"
  case absentOverTime = "absent_over_time"
  case abs, round
  case clampMin = "clamp_min"
  case clampMax = "clamp_max"
  case labelReplace = "label_replace"
  case time, vector, scalar, absent, sort

  /// What it takes, in this order.
  var parameters: [ValueType] {
    switch self {
    case .rate, .increase, .delta, .avgOverTime, .minOverTime, .maxOverTime, .sumOverTime,
      .countOverTime, .stddevOverTime, .stdvarOverTime, .lastOverTime, .presentOverTime,
      .absentOverTime:
      [.range]
    case .quantileOverTime: [.scalar, .range]
    case .abs, .scalar, .absent, .sort: [.vector]
    case .round, .clampMin, .clampMax: [.vector, .scalar]
    case .labelReplace: [.vector, .text, .text, .text, .text]
    case .time: []
    case .vector: [.scalar]
    }
  }

  /// How many of them there have to be.
  var minCount: Int { self == .round ? 1 : parameters.count }

  var result: ValueType { self == .time || self == .scalar ? .scalar : .vector }
}

extension Node {
  /// What it gives.
  public var type: ValueType {
    switch form {
    case .number: .scalar
    case .text: .text
    case .selector(let selector): selector.rangeMs == nil ? .vector : .range
    case .parenthesized(let inner), .negated(let inner): inner.type
    case .binary(let binary):
      binary.left.type == .scalar && binary.right.type == .scalar ? .scalar : .vector
    case .aggregation: .vector
    case .call(let function, _): function.result
    }
  }

  /// Itself, and all nodes below it. O(nodes).
  func forEach(_ body: (Node) throws -> Void) rethrows {
    try body(self)
    switch form {
    case .number, .text, .selector: break
    case .parenthesized(let inner), .negated(let inner): try inner.forEach(body)
    case .binary(let binary):
      try binary.left.forEach(body)
      try binary.right.forEach(body)
    case .aggregation(let aggregation):
      try aggregation.parameter?.forEach(body)
      try aggregation.argument.forEach(body)
    case .call(_, let arguments): for argument in arguments { try argument.forEach(body) }
    }
  }

  /// The selectors in it, in the order of the text.
  var selectors: [Selector] {
    var found: [Selector] = []
    forEach { node in
      if case .selector(let selector) = node.form { found.append(selector) }
    }
    return found
  }
}
