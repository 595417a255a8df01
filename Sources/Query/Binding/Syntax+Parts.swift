import Language

extension Expression {
  var children: [Expression] {
    switch self {
    case .negate(let inner): [inner]
    case .binary(_, let left, let right): [left, right]
    case .scalar(let call): call.arguments
    case .window(let call): [call.argument]
    default: []
    }
  }

  /// The aggregates within, in the order of the text.
  var aggregates: [Aggregate] {
    if case .aggregate(let aggregate) = self { return [aggregate] }
    return children.flatMap(\.aggregates)
  }

  var hasAggregate: Bool {
    if case .aggregate = self { return true }
    return children.contains(where: \.hasAggregate)
  }
}

extension Condition {
  /// The values that it looks at.
  var expressions: [Expression] {
    switch self {
    case .compare(let left, _, let right): [left, right]
    case .in(let left, let list, _): [left] + list
    case .between(let left, let low, let high, _): [left, low, high]
    case .like(let left, _, _), .matches(let left, _, _), .isNull(let left, _): [left]
    case .and(let left, let right), .or(let left, let right): left.expressions + right.expressions
    case .not(let inner): inner.expressions
    case .constant: []
    }
  }
}

extension Select {
  var listedItems: [Item] {
    items.compactMap { if case .item(let item) = $0 { item } else { nil } }
  }

  /// Whether its rows are computed from several facts each.
  var hasAggregate: Bool {
    listedItems.contains { $0.expression.hasAggregate }
      || having?.expressions.contains(where: \.hasAggregate) ?? false
      || orderBy.contains { $0.expression.hasAggregate }
  }
}

extension Predicate {
  /// Both of them; nil is TRUE.
  static func both(_ left: Predicate?, _ right: Predicate?) -> Predicate? {
    guard let left, let right else { return left ?? right }
    return .and(left, right)
  }
}
