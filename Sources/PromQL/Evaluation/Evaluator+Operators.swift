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
    var partners: [Labels: [Int]] = [:]
    for (index, one) in right.enumerated() {
      partners[binary.signature(one.labels), default: []].append(index)
    }
    var result: [VectorSeries] = []
    // The left series that has taken a partner at a time.
    var lefts: [Labels: [Int]] = [:]
    for (index, one) in left.enumerated() {
      lefts[binary.signature(one.labels), default: []].append(index)
    }
    for (signature, indices) in lefts.sorted(by: { $0.value[0] < $1.value[0] }) {
      guard let others = partners[signature] else { continue }
      for index in indices {
        let labels = binary.resultLabels(left[index].labels)
        var values = [Double?](repeating: nil, count: grid.count)
        for time in 0..<grid.count {
          let found = others.lazy.compactMap { right[$0].values[time] }.prefix(2)
          guard let value = left[index].values[time], let other = found.first else { continue }
          if found.count > 1 { throw Self.duplicates(signature, "right") }
          if indices.count { left[$0].values[time] != nil } > 1 {
            throw Self.duplicates(signature, "left")
          }
          values[time] = binary.value(value, other, kept: value)
        }
        result.append(VectorSeries(labels: labels, values: values))
      }
    }
    return try Self.merged(result)
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
