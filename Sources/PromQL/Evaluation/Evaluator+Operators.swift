import Bytes
import Glibc

/// Arithmetic and comparisons.
extension Evaluator {
  mutating func vector(of binary: BinaryOperation) throws -> [VectorSeries] {
    switch (binary.left.type, binary.right.type) {
    case (.vector, .scalar):
      let (left, right) = (try vector(binary.left), try scalar(binary.right))
      return try combined(left, binary) { binary.value($0, right[$1], kept: $0) }
    case (.scalar, _):
      let (left, right) = (try scalar(binary.left), try vector(binary.right))
      // It is the vector's value that a comparison keeps.
      return try combined(right, binary) { binary.value(left[$1], $0, kept: $0) }
    default:
      return try matched(try vector(binary.left), try vector(binary.right), binary)
    }
  }

  private func combined(
    _ series: [VectorSeries], _ binary: BinaryOperation, _ body: (Double, Int) -> Double?
  ) throws -> [VectorSeries] {
    let computed = series.map { one in
      let values = one.values.enumerated().map { index, value in
        value.flatMap { body($0, index) }
      }
      return VectorSeries(
        labels: binary.dropsName ? one.labels.withoutName : one.labels, values: values)
    }
    return try Self.merged(computed)
  }

  // MARK: Vectors matched one to one

  private func matched(
    _ left: [VectorSeries], _ right: [VectorSeries], _ binary: BinaryOperation
  ) throws -> [VectorSeries] {
    let partners = Dictionary(grouping: right) { binary.signature($0.labels) }
    try checkPartners(partners, of: left)
    var result: [VectorSeries] = []
    // The times at which a left series of a group has a result.
    var isTaken: [Labels: [Bool]] = [:]
    for one in left {
      let signature = binary.signature(one.labels)
      guard let others = partners[signature] else { continue }
      var taken = isTaken[signature] ?? Array(repeating: false, count: grid.count)
      var values = [Double?](repeating: nil, count: grid.count)
      for time in 0..<grid.count {
        guard let value = one.values[time],
          let other = others.lazy.compactMap({ $0.values[time] }).first,
          let computed = binary.value(value, other, kept: value)
        else { continue }
        if taken[time] { throw Self.duplicates(signature, "left") }
        taken[time] = true
        values[time] = computed
      }
      isTaken[signature] = taken
      result.append(VectorSeries(labels: binary.resultLabels(one.labels), values: values))
    }
    return try Self.merged(result)
  }

  /// Throws where two series of the right side belong together at a time at which there is something to match.
  private func checkPartners(
    _ partners: [Labels: [VectorSeries]], of left: [VectorSeries]
  ) throws {
    let isAsked = (0..<grid.count).map { time in left.contains { $0.values[time] != nil } }
    for (signature, others) in partners where others.count > 1 {
      for time in 0..<grid.count where isAsked[time] {
        if others.lazy.filter({ $0.values[time] != nil }).prefix(2).count > 1 {
          throw Self.duplicates(signature, "right")
        }
      }
    }
  }

  private static func duplicates(_ signature: Labels, _ side: String) -> EvaluationError {
    EvaluationError(
      "found duplicate series for the match group \(signature.text) on the \(side) hand-side of the operation: "
        + "matching labels must be unique on both sides; name them by on or ignoring")
  }
}

extension BinaryOperation {
  /// What the two numbers come to; nil where a comparison drops `kept`.
  fileprivate func value(_ left: Double, _ right: Double, kept: Double) -> Double? {
    let number = operation.number(left, right)
    if !operation.isComparison || isBool { return number }
    return number == 1 ? kept : nil
  }

  /// Whether the result is another metric than the operand.
  fileprivate var dropsName: Bool { !operation.isComparison || isBool }

  /// By what series of both sides are matched.
  fileprivate func signature(_ labels: Labels) -> Labels {
    guard let matching else { return labels.withoutName }
    return matching.isOn
      ? labels.keeping(matching.labels) : labels.withoutName.dropping(matching.labels)
  }

  fileprivate func resultLabels(_ labels: Labels) -> Labels {
    let named = dropsName ? labels.withoutName : labels
    guard let matching else { return named }
    return matching.isOn ? named.keeping(matching.labels) : named.dropping(matching.labels)
  }
}

extension BinaryOperation.Operator {
  /// What two numbers come to; 1 and 0 for a comparison that holds or does not.
  func number(_ left: Double, _ right: Double) -> Double {
    switch self {
    case .power: pow(left, right)
    case .multiply: left * right
    case .divide: left / right
    case .modulo: fmod(left, right)
    case .add: left + right
    case .subtract: left - right
    case .equal: left == right ? 1 : 0
    case .notEqual: left != right ? 1 : 0
    case .less: left < right ? 1 : 0
    case .lessOrEqual: left <= right ? 1 : 0
    case .greater: left > right ? 1 : 0
    case .greaterOrEqual: left >= right ? 1 : 0
    }
  }
}
