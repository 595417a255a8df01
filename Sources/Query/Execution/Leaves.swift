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
