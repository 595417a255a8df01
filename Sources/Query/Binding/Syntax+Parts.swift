import Language

extension Expression {
  var children: [Expression] {
    switch self {
    case .negate(let inner): [inner]
    case .binary(_, let left, let right): [left, right]
    case .scalar(let call): call.arguments
    case .window(let call): [call.argument]
    case .unknown(let call): call.arguments
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

  var hasUnknown: Bool {
    if case .unknown = self { return true }
    return children.contains(where: \.hasUnknown)
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

  /// All that it computes, in the order of the text.
  var expressions: [Expression] {
    listedItems.map(\.expression) + (having?.expressions ?? []) + orderBy.map(\.expression)
  }

  /// Whether its rows are computed from several facts each.
  var hasAggregate: Bool { expressions.contains(where: \.hasAggregate) }

  /// Whether it has a function that there is not.
  var hasUnknown: Bool { expressions.contains(where: \.hasUnknown) }
}

extension Predicate {
  /// Both of them; nil is TRUE.
  static func both(_ left: Predicate?, _ right: Predicate?) -> Predicate? {
    guard let left, let right else { return left ?? right }
    return .and(left, right)
  }
}
