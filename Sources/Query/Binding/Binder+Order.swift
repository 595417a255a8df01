import Language

/// ORDER BY.
extension Binder {
  /// What rows are sorted by: a number alone is the place of an item, as in SQL.
  mutating func order(_ key: OrderKey) throws(Issue) -> RowExpression {
    if case .number(let number) = key.expression {
      guard let place = Int(exactly: number), selected.indices.contains(place - 1) else {
        throw noPlace(key)
      }
      return selected[place - 1]
    }
    let issuesBefore = issues.count
    let (expression, _) = try value(key.expression)
    if case .field = key.expression { return expression }
    guard expression.isOfRow || issues.count > issuesBefore else { throw noPlace(key) }
    return expression
  }

  private func noPlace(_ key: OrderKey) -> Issue {
    let text = key.expression.canonicalText
    let count = selected.count == 1 ? "one item is" : "\(selected.count) items are"
    guard case .number = key.expression else {
      return Issue(
        key.span, "\(text) is the same in all rows, and sorts nothing",
        hint: "write the name of an item without quotes, or its place: ORDER BY 1")
    }
    return Issue(key.span, "ORDER BY \(text) is the place of no item: \(count) selected")
  }
}

extension RowExpression {
  /// Whether it may differ from row to row.
  fileprivate var isOfRow: Bool {
    contains {
      switch $0 {
      case .input, .group, .timeOfRow, .state, .facts, .revision, .leaf: true
      default: false
      }
    }
  }
}
