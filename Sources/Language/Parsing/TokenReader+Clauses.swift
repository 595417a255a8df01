extension TokenReader {
  /// The clause that begins here, if one does.
  var clause: Clause? { Clause(token) }

  // MARK: All clauses of a statement

  /// Reads clauses up to the end of the statement or the terminator. After an error it goes on at
  /// the next clause. Time linear in the text.
  mutating func clauses(_ rules: ClauseRules) -> Clauses {
    var clauses = Clauses()
    while !isAtStatementEnd, !isFull, !isAtTerminator(rules) {
      let start = token.span.start
      do throws(Issue) {
        try clause(rules, &clauses)
      } catch {
        issues.append(error)
        skipToClause(from: start, rules)
      }
    }
    return clauses
  }

  private func isAtTerminator(_ rules: ClauseRules) -> Bool {
    if let kind = rules.terminator, token.kind == kind { return true }
    return rules.closingWord != nil && token.word == rules.closingWord
  }

  private mutating func clause(_ rules: ClauseRules, _ clauses: inout Clauses) throws(Issue) {
    if clause == nil { try correctClause(rules) }
    guard let clause = rules.read(clause, token) else { throw noClause(rules) }
    let start = token.span
    guard rules.allowed.contains(clause) else { throw misplaced(clause, rules) }
    let previous = clauses.spans[clause]
    let rival = clause.rivals.first { clauses.spans[$0] != nil }
    try read(clause, &clauses, rules)
    let span = span(from: start)
    clauses.spans[clause] = span
    if let previous { throw twice(clause, span, previous) }
    if let rival, let other = clauses.spans[rival] { throw atOdds(clause, span, rival, other) }
    try expectEnd(of: clause, rules)
  }

  /// Goes on at the next word that looks like the beginning of a clause.
  private mutating func skipToClause(from start: Int, _ rules: ClauseRules) {
    if token.span.start == start, !isAtStatementEnd { advance() }
    skip { reader in
      switch reader.token.kind {
      case .semicolon: return true
      case .keyword where reader.previousKind == .dot: return false
      case .keyword(.group), .keyword(.having), .keyword(.order), .keyword(.limit),
        .keyword(.from) where rules.terminator == .keyword(.from):
        reader.closeParentheses()
        return true
      case .keyword(.by): return false
      default:
        return !reader.isInParentheses && reader.previousEndsPhrase
          && (reader.clause != nil || reader.isAtTerminator(rules))
      }
    }
  }

  /// Whether a clause may begin after the last token, as after no comma or operator.
  private var previousEndsPhrase: Bool {
    switch previousKind {
    case .comma, .dot, .star, .plus, .minus, .slash, .comparison, .matches, .matchesNot,
      .leftParenthesis:
      false
    case .keyword(let keyword): [.null, .true, .false].contains(keyword)
    default: true
    }
  }

  // MARK: Errors

  /// Takes a word that is nearly that of a clause for it, after an issue that says so.
  private mutating func correctClause(_ rules: ClauseRules) throws(Issue) {
    guard token.kind == .word, token.text.utf8.count > 3,
      let near = Spelling.nearest(
        token.text, rules.allowed.map(\.opening) + ["FACET", "TIMESERIES"])
    else { return }
    let title = rules.allowed.first { $0.opening == near }?.title ?? near
    issues.append(unexpected("a clause", hint: "did you mean \(title)?"))
    let text = asciiLowercased(near)
    correct(to: Keyword(word: text).map { .keyword($0) } ?? .word, text)
  }

  private func noClause(_ rules: ClauseRules) -> Issue {
    if token.kind == .comma, rules.followsFrom {
      return unexpected("a clause or the end", hint: "a query reads one stream or KPI")
    }
    return unexpected(
      "a clause or the end",
      hint: habitHint(rules) ?? hyphenHint ?? keywordHint(rules.allowed.map(\.title))
        ?? (rules.followsFrom ? secondNameHint : allowedHint(rules)))
  }

  private func allowedHint(_ rules: ClauseRules) -> String {
    "it may have \(rules.allowed.map(\.title).joined(separator: ", "))"
  }

  /// For a name behind that of FROM, which other languages take for another name of it.
  private var secondNameHint: String? {
    token.isName && [.word, .quotedName].contains(previousKind)
      ? "a query reads one stream or KPI, by its own name"
      : nil
  }

  private func misplaced(_ clause: Clause, _ rules: ClauseRules) -> Issue {
    if [.time, .unit].contains(token.word), rules.followsTime {
      return unexpected("a clause or the end", hint: ClauseRules.timeHint)
    }
    var hint: String?
    switch clause {
    case .since, .until, .last, .at, .asOf:
      if rules.owner == ClauseRules.kpi.owner {
        hint = "a definition holds no range of time; the query that reads the KPI does"
      }
    case .lateness: hint = "the lateness is part of the definition of a KPI or a stream"
    default: break
    }
    if rules.allowed.isEmpty {
      return Issue(token.span, "\(rules.owner) has no \(clause.title)", hint: hint)
    }
    return Issue(
      token.span, "\(rules.owner) has no \(clause.title)", hint: hint ?? allowedHint(rules))
  }

  func twice(_ clause: Clause, _ span: TextSpan, _ previous: TextSpan) -> Issue {
    var issue = Issue(span, "\(clause.title) stands twice")
    issue.note = LanguageError.Note(previous, "the first one is here")
    return issue
  }

  private func atOdds(
    _ clause: Clause, _ span: TextSpan, _ rival: Clause, _ other: TextSpan
  ) -> Issue {
    var issue = Issue(
      span, "\(clause.title) and \(rival.title) cannot stand together",
      hint: "a range is given with SINCE and UNTIL, with LAST, or with AT")
    issue.note = LanguageError.Note(other, "\(rival.title) is here")
    return issue
  }

  /// Throws unless another clause, or what may follow all of them, comes next.
  private mutating func expectEnd(of clause: Clause, _ rules: ClauseRules) throws(Issue) {
    if isAtStatementEnd || self.clause != nil || isAtTerminator(rules) { return }
    let issuesBefore = issues.count
    try correctClause(rules)
    if issues.count > issuesBefore { return }
    let more: String
    var hint = habitHint(rules)
    switch clause {
    case .filter, .having:
      more = "AND, OR, "
      if token.kind == .comma { hint = nil }
      hint = hint ?? (clause == .filter ? endOfPredicateHint : endOfConditionHint)
    case .groupBy, .dimensions, .source, .absence:
      more = "',', "
      if token.kind == .leftParenthesis {
        hint = "buckets of time are made with EVERY, for example EVERY 1h"
      } else {
        hint = hint ?? hyphenHint
      }
    case .orderBy:
      more = "',', ASC, DESC, "
      hint = hint ?? keywordHint(["ASC", "DESC"])
    case .limit:
      more = ""
      if token.kind == .comma { hint = "LIMIT takes one number of rows; there is no offset" }
    default: more = ""
    }
    throw unexpected(more + "a clause or the end", hint: hint)
  }

  private var endOfConditionHint: String? {
    switch token.kind {
    case .rightParenthesis, .comparison, .comma, .word: endOfPredicateHint
    default: nil
    }
  }
}
