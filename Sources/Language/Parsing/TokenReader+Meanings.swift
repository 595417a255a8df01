/// What the columns of a KPI mean.
extension TokenReader {
  /// Reads an item of a definition, with what it means.
  mutating func kpiItem() throws(Issue) -> (item: Item, meaning: ColumnMeaning) {
    let item = try item()
    var clauses = Clauses()
    while let clause, Clause.meaning.contains(clause) {
      let start = token.span
      let previous = clauses.spans[clause]
      try read(clause, &clauses, .kpi)
      clauses.spans[clause] = span(from: start)
      if let previous { throw twice(clause, span(from: start), previous) }
    }
    return (item, clauses.meaning)
  }

  /// The clauses at the end of a definition are those of its first item, which then has none of the same.
  func checkOnce(_ clauses: Clauses, _ meaning: ColumnMeaning) throws(Issue) {
    let saysSo: [(Clause, Bool)] = [
      (.unit, meaning.unit != nil), (.target, meaning.target != nil),
      (.better, meaning.better != nil),
    ]
    for (clause, isSaid) in saysSo where isSaid {
      guard let span = clauses.spans[clause] else { continue }
      throw Issue(
        span, "\(clause.title) stands twice",
        hint: "at the end of a definition it is that of the first item, which has one already")
    }
  }

  mutating func unit() throws(Issue) -> Spanned<String> {
    let unit = try string("a unit in single quotes")
    if unit.value.isEmpty { throw Issue(unit.span, "the unit is empty") }
    if unit.value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      throw Issue(unit.span, "a unit has no line breaks and no other control characters")
    }
    if unit.value.utf8.count > LanguageLimits.maxUnitBytes {
      throw Issue(unit.span, "a unit has at most \(LanguageLimits.maxUnitBytes) bytes")
    }
    return unit
  }

  /// Reads `20 [BETWEEN 18 AND 24]`.
  mutating func kpiTarget() throws(Issue) -> ColumnTarget {
    let start = token.span
    let value = try signedNumber("the number that it should be")
    guard accept(.keyword(.between)) else { return ColumnTarget(value) }
    let low = try signedNumber("the lower bound")
    try expect(.keyword(.and), "AND and the upper bound")
    let high = try signedNumber("the upper bound")
    guard low <= high else {
      throw Issue(
        span(from: start), "the band ends before it begins",
        hint: "the lower bound comes first: BETWEEN 18 AND 24")
    }
    guard low <= value, value <= high else {
      throw Issue(span(from: start), "the target is outside of its band")
    }
    return ColumnTarget(value, band: low...high)
  }

  mutating func better(_ start: Token) throws(Issue) -> Spanned<ColumnMeaning.Better> {
    let better: ColumnMeaning.Better = start.word == .higher ? .higher : .lower
    try expect(.keyword(.is), "IS BETTER")
    try expect(.better, hint: "write \(better.rawValue.uppercased()) IS BETTER")
    return Spanned(better, span: span(from: start.span))
  }

  private mutating func signedNumber(_ expected: String) throws(Issue) -> Double {
    let isNegative = accept(.minus)
    guard token.kind == .number else { throw unexpected(expected) }
    let (value, _) = try number()
    return isNegative ? -value : value
  }

  /// Reads `ALTER KPI` from its name on.
  mutating func alterKpi() throws(Issue) -> Statement.Body? {
    let name = try name("the name of a KPI")
    let column = accept(.column) ? try self.name("the name of a column") : nil
    if isAtStatementEnd {
      let of = column.map { " COLUMN \($0.canonicalText)" } ?? ""
      throw unexpected(
        "what is to change", hint: "for example ALTER KPI \(name.canonicalText)\(of) UNIT 'kWh'")
    }
    let issuesBefore = issues.count
    let clauses = clauses(.alteredKpi)
    if issues.count > issuesBefore { return nil }
    return .alterKpi(
      AlterKpi(name, column: column, clauses.meaning, absent: clauses.meaningless))
  }

  /// Reads what a column is to have no longer.
  mutating func meaningless() throws(Issue) -> [AlterKpi.Part] {
    var parts: [AlterKpi.Part] = []
    repeat {
      if accept(.unit) {
        parts.append(.unit)
      } else if accept(.target) {
        parts.append(.target)
      } else if accept(.better) {
        parts.append(.better)
      } else {
        let issue = unexpected(
          "UNIT, TARGET or BETTER", hint: keywordHint(AlterKpi.Part.allCases.map(\.rawValue)))
        // Else it would be read as a clause, and be a second error.
        if clause != nil { advance() }
        throw issue
      }
    } while accept(.comma)
    return parts
  }
}
