extension TokenReader {
  /// Reads statements to the end of the text. After an error within a statement it goes on in it
  /// where it can, else behind the next `;`.
  mutating func statements() -> [Statement] {
    var statements: [Statement] = []
    while !isFull {
      while accept(.semicolon) {}
      if token.kind == .end { break }
      if let statement = statement() { statements.append(statement) }
    }
    return statements
  }

  private mutating func statement() -> Statement? {
    let start = token.span
    let issuesBefore = issues.count
    var body: Statement.Body?
    do throws(Issue) {
      body = try self.body()
      if issues.count == issuesBefore, !isAtStatementEnd {
        throw unexpected("';' or the end", hint: habitHint ?? hyphenHint)
      }
    } catch {
      issues.append(error)
    }
    isDefinition = false
    closeParentheses()
    if issues.count > issuesBefore {
      skip { $0.token.kind == .semicolon }
      closeParentheses()
      return nil
    }
    let span = span(from: start)
    return body.map { Statement($0, span: span, text: text(span)) }
  }

  /// Reads one statement; nil when it has issues, which are then among ``issues``.
  private mutating func body() throws(Issue) -> Statement.Body? {
    if token.kind == .keyword(.select) { return select(Self.query).map { .select($0) } }
    guard let word = token.word, Self.openings.contains(word) else { return try correctedBody() }
    advance()
    switch word {
    case .explain: return try explain()
    case .events: return try eventsFor()
    case .prove: return try prove()
    case .verify: return try verify()
    case .define: return try define()
    case .redefine:
      try expectKpi()
      return defineKpi().map { .redefineKpi($0) }
    case .compare: return try compareKpi()
    case .switch: return try switchKpi()
    case .alter: return try alter()
    case .drop: return try drop()
    case .rebuild: return try rebuild()
    case .backfill: return try backfill()
    case .pause:
      try expect(.source)
      return .pauseSource(try name("the name of a source"))
    case .resume:
      try expect(.source)
      return .resumeSource(try name("the name of a source"))
    case .show: return try show()
    default: return .describe(try bareName(after: "DESCRIBE"))
    }
  }

  static let openings: [Word] = [
    .explain, .events, .prove, .verify, .define, .alter, .redefine, .compare, .switch, .drop,
    .rebuild, .backfill, .pause, .resume, .show, .describe,
  ]

  /// Those of them that are read and not done yet: nobody is advised to write them.
  static let planned: Set<Word> = [.prove, .verify, .backfill]

  static let query = ClauseRules(owner: "a query", allowed: ClauseRules.query)

  /// Takes a misspelt first word for the right one, so that more errors are found.
  private mutating func correctedBody() throws(Issue) -> Statement.Body? {
    let word = asciiLowercased(token.text)
    let offered = Self.openings.filter { !Self.planned.contains($0) }
    let names = ["SELECT"] + offered.map(\.written)
    let habit =
      token.kind == .word || token.kind == .keyword(.from)
      ? Self.statementHabits[word] : nil
    let near = token.kind == .word && habit == nil ? Spelling.nearest(token.text, names) : nil
    issues.append(
      unexpected(
        "a statement",
        hint: habit ?? near.map { "did you mean \($0)?" }
          ?? "a statement begins with \(names.joined(separator: ", "))"))
    guard let near, near.utf8.count > 3 else { return nil }
    let text = asciiLowercased(near)
    correct(to: Keyword(word: text).map { .keyword($0) } ?? .word, text)
    return try body()
  }

  // MARK: Questions about answers

  private mutating func explain() throws(Issue) -> Statement.Body? {
    if accept(.change) { return try explainChange() }
    let explanation: Statement.Explanation =
      accept(.analyze) ? .analyze : accept(.value) ? .value : .plan
    guard token.kind == .keyword(.select) else {
      throw unexpected(
        explanation == .plan ? "SELECT, ANALYZE or VALUE" : "SELECT",
        hint: keywordHint(["SELECT", "ANALYZE", "VALUE"]))
    }
    return select(Self.query).map { .explain(explanation, $0) }
  }

  /// Reads `SELECT ... FROM AS OF a TO AS OF b`.
  private mutating func explainChange() throws(Issue) -> Statement.Body? {
    let rules = ClauseRules(
      owner: "EXPLAIN CHANGE", allowed: ClauseRules.query.filter { $0 != .asOf },
      terminator: .keyword(.from))
    let select = select(rules)
    let hint = "it ends with FROM AS OF 'time' TO AS OF 'time'"
    guard select != nil || token.kind == .keyword(.from) else { return nil }
    try expect(.keyword(.from), "a clause or FROM AS OF", hint: hint)
    let from = try state(hint)
    try expect(.to, hint: hint)
    let to = try state(hint)
    return select.map { .explainChange($0, from: from, to: to) }
  }

  private mutating func state(_ hint: String) throws(Issue) -> AsOf {
    try expect(.keyword(.as), "AS OF", hint: hint)
    try expect(.of, hint: hint)
    return try asOf()
  }

  private mutating func eventsFor() throws(Issue) -> Statement.Body? {
    try expect(.for, hint: "write EVENTS FOR SELECT ...")
    return select(Self.query).map { .eventsFor($0) }
  }

  private mutating func prove() throws(Issue) -> Statement.Body? {
    var rules = Self.query
    rules.closingWord = .into
    let select = select(rules)
    guard select != nil || token.word == .into else { return nil }
    try expect(.into, hint: "a proof is written to a file: INTO 'file'")
    let file = try string("the name of a file in single quotes")
    return select.map { .prove($0, into: file) }
  }

  private mutating func verify() throws(Issue) -> Statement.Body {
    if accept(.log) { return .verifyLog }
    if token.word == .kpi {
      throw unexpected(
        "LOG or the name of a file in single quotes",
        hint: "cells are compared with the log by a command of the shell: nilo rebuild --verify")
    }
    return .verifyFile(try string("LOG or the name of a file in single quotes"))
  }

  // MARK: Lists

  private mutating func show() throws(Issue) -> Statement.Body? {
    let names = Show.Subject.allCases.map { $0.rawValue.uppercased() }
    guard token.kind == .word,
      let subject = Show.Subject(rawValue: asciiLowercased(token.text))
    else {
      let foreign = ["tables": "STREAMS", "measurements": "STREAMS", "columns": "FIELDS"]
      let hint =
        oneThingHint
        ?? (foreign[asciiLowercased(token.text)] ?? Spelling.nearest(token.text, names))
        .map { "did you mean \($0)?" }
      throw unexpected("one of \(names.joined(separator: ", "))", hint: hint)
    }
    advance()
    let title = "SHOW \(subject.rawValue.uppercased())"
    let from = try name(of: subject)
    let issuesBefore = issues.count
    guard subject.isList else {
      if isAtStatementEnd { return .show(Show(subject, from: from)) }
      throw unexpected(
        "';' or the end", hint: clause.map { "\(title) has no \($0.title)" } ?? hyphenHint)
    }
    if !isAtStatementEnd, clause == nil {
      let word = from != nil || !subject.hasFrom ? "" : subject == .history ? "OF, " : "FROM, "
      throw unexpected("\(word)a clause or the end", hint: hyphenHint)
    }
    let range = subject.hasRange ? ClauseRules.range : []
    let arrival: [Clause] = subject.isOfLedger ? [.byArrival] : []
    let allowed = [.filter] + range + arrival + [.orderBy, .limit]
    let clauses = clauses(ClauseRules(owner: title, allowed: allowed))
    if issues.count > issuesBefore { return nil }
    return .show(
      Show(
        subject, from: from, filter: clauses.filter, range: clauses.range,
        isByArrival: clauses.isByArrival, orderBy: clauses.orderBy, limit: clauses.limit))
  }

  /// For SHOW STREAM and SHOW KPI with a name, which other languages have.
  private var oneThingHint: String? {
    guard [.stream, .kpi].contains(token.word), tokenAhead.isName else { return nil }
    return "write DESCRIBE \(brief(Printer.name(tokenAhead.text, isFirst: true)))"
  }

  /// Reads the name of a stream or KPI, which is told without STREAM or KPI before it.
  private mutating func bareName(after verb: String) throws(Issue) -> Name {
    let first = token
    let name = try name("the name of a stream or KPI")
    if [.stream, .kpi].contains(first.word), token.isName {
      let text = brief(Printer.name(token.text, isFirst: true))
      throw unexpected("';' or the end", hint: "write \(verb) \(text)")
    }
    return name
  }

  /// The stream or KPI that a list is of, behind FROM or OF, or without a word.
  private mutating func name(of subject: Show.Subject) throws(Issue) -> Name? {
    if subject == .create { return try bareName(after: "SHOW CREATE") }
    let isNamed =
      switch subject {
      case .history: accept(.of)
      default: subject.hasFrom && accept(.keyword(.from))
      }
    return isNamed ? try name("the name of a stream or KPI") : nil
  }
}
