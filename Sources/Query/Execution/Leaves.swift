/// A part of an expression in which gaps are filled.
struct Leaf {
  /// How it is filled: the expression says so, and not the values that happen to be there.
  enum Kind: Equatable {
    /// Computed from counts alone, with what it is of no facts.
    case count(ofNothing: Double)
    case number
    /// Texts and lists, and what may be one.
    case other
  }

  let expression: RowExpression
  let kind: Kind
  /// Whether it is of the time that is compared with.
  let isEarlier: Bool

  init(_ expression: RowExpression, _ query: BoundQuery) {
    self.expression = expression
    isEarlier = expression.contains {
      if case .input(let index) = $0 { index >= query.aggregates.count } else { false }
    }
    let kind = query.kind(of: expression)
    guard kind.isNumber || kind == .null else {
      self.kind = .other
      return
    }
    let isOfCounts = !expression.contains {
      if case .input(let index) = $0 { query.kind(ofInput: index) != .integer } else { false }
    }
    let ofNothing = isOfCounts ? query.valueOfNothing(expression) : .nan
    self.kind = ofNothing.isNaN ? .number : .count(ofNothing: ofNothing)
  }
}

extension BoundQuery {
  /// What an input is. With COMPARE WITH those of the earlier time follow.
  func kind(ofInput index: Int) -> ValueKind {
    isOfFacts || aggregateKinds.isEmpty ? .mixed : aggregateKinds[index % aggregateKinds.count]
  }

  /// What the values of an expression are.
  func kind(of expression: RowExpression) -> ValueKind {
    switch expression {
    case .number, .integer, .negate, .binary, .window, .change: .number
    case .text: .text
    case .bool: .boolean
    case .time, .timeOfRow: .time
    case .null: .null
    case .state: .state
    case .facts, .revision: .integer
    case .input(let index): kind(ofInput: index)
    case .group(let index): groups[index].kind
    case .leaf: .mixed
    case .scalar(let function, let arguments):
      switch function {
      case .coalesce, .nullif, .greatest, .least:
        arguments.reduce(.null) { $0.joined(kind(of: $1)) ?? .mixed }
      default: .number
      }
    }
  }

  /// The number that an expression is in the row of no facts; NaN for NULL.
  fileprivate func valueOfNothing(_ expression: RowExpression) -> Double {
    let table = RowTable(ofNothing: self)
    let evaluator = Evaluator(table: table, groupKinds: groups.map(\.kind), zone: zone)
    // One row has room, and when it is not wanted any more, neither is the answer.
    return (try? evaluator.doubles(expression)[0]) ?? .nan
  }
}

/// The parts of expressions that are computed from inputs alone: as much as there is below the functions that look at
/// other rows. Gaps are filled in these.
struct Leaves {
  private(set) var expressions: [RowExpression] = []

  /// The expression over leaves.
  mutating func replace(_ expression: RowExpression) -> RowExpression {
    if !expression.hasInput { return expression }
    guard expression.isAboveLeaves else { return leaf(expression) }
    switch expression {
    case .negate(let inner): return .negate(replace(inner))
    case .binary(let operation, let left, let right):
      return .binary(operation, replace(left), replace(right))
    case .scalar(let function, let arguments):
      return .scalar(function, arguments.map { replace($0) })
    case .window(let function, let inner, let length):
      return .window(function, replace(inner), length)
    case .change(let old, let new): return .change(replace(old), replace(new))
    default: return expression
    }
  }

  private mutating func leaf(_ expression: RowExpression) -> RowExpression {
    if let index = expressions.firstIndex(of: expression) { return .leaf(index) }
    expressions.append(expression)
    return .leaf(expressions.count - 1)
  }

  /// All values of a query over leaves.
  static func replaceAll(of query: BoundQuery) -> (BoundQuery, Leaves) {
    var leaves = Leaves()
    var query = query
    for index in query.outputs.indices {
      query.outputs[index].expression = leaves.replace(query.outputs[index].expression)
    }
    for index in query.order.indices {
      query.order[index].expression = leaves.replace(query.order[index].expression)
    }
    query.having = query.having?.mapped { leaves.replace($0) }
    return (query, leaves)
  }
}
