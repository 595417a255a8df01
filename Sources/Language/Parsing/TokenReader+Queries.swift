extension TokenReader {
  // MARK: Queries

  /// Reads a query from SELECT on; nil when it has issues, which are then among ``issues``.
  mutating func select(_ rules: ClauseRules) -> Select? {
    let start = token.span
    let issuesBefore = issues.count
    do throws(Issue) {
      try expect(.keyword(.select), "SELECT", hint: keywordHint(["SELECT"]))
    } catch {
      issues.append(error)
      return nil
    }
    let items = items { reader throws(Issue) in try reader.selectItem() }
    let from = from()
    let clauses = clauses(rules)
    guard issues.count == issuesBefore, let from else { return nil }
    let groupBy = fields(clauses.groupBy, of: items)
    guard issues.count == issuesBefore else { return nil }
    return Select(
      items, from: from, filter: clauses.filter, groupBy: groupBy,
      range: clauses.range, every: clauses.every, wholeBuckets: clauses.wholeBuckets,
      timeZone: clauses.timeZone, fill: clauses.fill, compareWith: clauses.compareWith,
      having: clauses.having,
      orderBy: clauses.orderBy, limit: clauses.limit, asOf: clauses.asOf,
      version: clauses.version, isOnlyFinal: clauses.isOnlyFinal, span: span(from: start))
  }

  /// The fields that GROUP BY names. `GROUP BY 1` names the first item, which has to be a field.
  private mutating func fields(_ keys: [GroupKey], of items: [SelectItem]) -> [GroupField] {
    var fields: [GroupField] = []
    for key in keys {
      switch key {
      case .field(let field): fields.append(field)
      case .place(let place):
        if place.value >= 1, place.value <= items.count,
          case .item(let item) = items[place.value - 1], case .field(let path) = item.expression
        {
          fields.append(GroupField(FieldPath(path.path, span: place.span)))
        } else {
          issues.append(noItem(place, items))
        }
      }
    }
    return fields
  }

  private func noItem(_ place: Spanned<Int>, _ items: [SelectItem]) -> Issue {
    guard place.value >= 1, place.value <= items.count else {
      return Issue(
        place.span,
        "GROUP BY \(place.value) names no field: the query has "
          + (items.count == 1 ? "one item" : "\(items.count) items"))
    }
    return Issue(
      place.span, "GROUP BY \(place.value) names no field: item \(place.value) is computed",
      hint: "write the names of the fields to group by")
  }

  private mutating func selectItem() throws(Issue) -> SelectItem {
    let start = token.span
    if accept(.star) {
      if token.kind == .comma || token.kind == .keyword(.from) { return .star(start) }
      throw unexpected("',' or FROM after *", hint: keywordHint(["FROM"]))
    }
    let item = try item()
    if item.alias == nil, case .field(let field) = item.expression,
      let issue = itemHabit(after: field)
    {
      throw issue
    }
    return .item(item)
  }

  /// Reads items up to FROM. After an error it goes on behind the next comma outside of
  /// parentheses, or at FROM.
  mutating func items<Element>(
    _ element: (inout TokenReader) throws(Issue) -> Element
  ) -> [Element] {
    var elements: [Element] = []
    while true {
      do throws(Issue) {
        elements.append(try element(&self))
        try expectEndOfItem()
      } catch {
        issues.append(error)
        takeNearlyFrom()
        skipToNextItem()
      }
      if isFull || !accept(.comma) { return elements }
    }
  }

  /// Takes FORM for FROM.
  private mutating func takeNearlyFrom() {
    if token.text.utf8.count > 3, keywordHint(["FROM"]) != nil {
      correct(to: .keyword(.from), "from")
    }
  }

  private mutating func skipToNextItem() {
    skip { reader in
      switch reader.token.kind {
      case .semicolon: return true
      case .comma: return !reader.isInParentheses
      case .keyword where reader.previousKind == .dot: return false
      case .keyword(.from), .keyword(.group), .keyword(.having), .keyword(.order),
        .keyword(.limit):
        reader.closeParentheses()
        return true
      default: return false
      }
    }
  }

  /// Reads FROM and a name; nil after an error, at a place where clauses can be read.
  mutating func from() -> Name? {
    guard accept(.keyword(.from)) else { return nil }
    do throws(Issue) {
      if token.kind == .leftParenthesis { throw noSubquery() }
      return try name("the name of a stream or KPI")
    } catch {
      issues.append(error)
      skip { $0.isAtStatementEnd || $0.clause != nil }
      return nil
    }
  }
}
