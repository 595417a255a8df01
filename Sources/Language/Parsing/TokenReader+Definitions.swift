/// Statements that change what is defined, or compute cells anew.
extension TokenReader {
  mutating func expectKpi() throws(Issue) {
    if accept(.kpi) { return }
    let isStream = token.word == .stream
    throw unexpected("KPI", hint: isStream ? "that is for KPIs only" : keywordHint(["KPI"]))
  }

  // MARK: Definitions

  mutating func define() throws(Issue) -> Statement.Body? {
    if accept(.stream) { return try defineStream().map { .defineStream($0) } }
    if accept(.kpi) { return defineKpi().map { .defineKpi($0) } }
    if accept(.schedule) { return try defineSchedule() }
    if accept(.alert) { return try defineAlert() }
    if accept(.source) { return try defineSource() }
    if accept(.sink) { return .defineSink(try defineSink()) }
    throw unexpected(Self.definableText, hint: keywordHint(Self.definable))
  }

  private static let definable = ["STREAM", "KPI", "SCHEDULE", "ALERT", "SOURCE", "SINK"]
  private static let definableText = "STREAM, KPI, SCHEDULE, ALERT, SOURCE or SINK"

  private mutating func defineStream() throws(Issue) -> DefineStream? {
    let name = try name("the name of the stream")
    try expect(
      .time,
      hint: isAtTimeForm ? ClauseRules.timeHint : "write TIME and the field that has the time")
    let time = try timeField()
    let form = try timeForm()
    let issuesBefore = issues.count
    let clauses = clauses(.stream)
    if issues.count > issuesBefore { return nil }
    var stream = DefineStream(
      name, time: time, key: clauses.key, dedupBy: clauses.dedupBy, explode: clauses.explode,
      elementTime: clauses.elementTime, lateness: clauses.lateness,
      dimensions: clauses.dimensions, sources: clauses.sources)
    stream.timeForm = form
    return stream
  }

  /// Whether what may follow the field of the time comes next.
  private var isAtTimeForm: Bool { [.zone, .unit, .format].contains(token.word) }

  /// Reads the field of the time. A form of times and its text are no field, though their words may be names.
  private mutating func timeField() throws(Issue) -> FieldPath {
    if isAtTimeForm, tokenAhead.kind == .string {
      throw unexpected("the field that has the time", hint: ClauseRules.timeHint)
    }
    return try fieldPath()
  }

  private mutating func timeForm() throws(Issue) -> TimeForm {
    var form = TimeForm()
    if accept(.zone) { form.zone = try string("the name of a time zone") }
    if accept(.unit) { form.unit = try string("'s', 'ms', 'us' or 'ns'") }
    if accept(.format) { form.format = try string("the form of the times") }
    return form
  }

  mutating func alter() throws(Issue) -> Statement.Body? {
    if accept(.kpi) { return try alterKpi() }
    if accept(.stream) { return try alterStream() }
    throw unexpected("STREAM or KPI", hint: keywordHint(["STREAM", "KPI"]))
  }

  private mutating func alterStream() throws(Issue) -> Statement.Body? {
    let name = try name("the name of a stream")
    let time = accept(.time) ? try timeField() : nil
    let form = time == nil ? TimeForm() : try timeForm()
    if time == nil, isAtStatementEnd {
      throw unexpected(
        "what is to change", hint: "for example ALTER STREAM \(name.canonicalText) KEY device_id")
    }
    let issuesBefore = issues.count
    let clauses = clauses(.alteredStream)
    if issues.count > issuesBefore { return nil }
    var alteration = AlterStream(
      name, time: time, key: clauses.key, dedupBy: clauses.dedupBy, explode: clauses.explode,
      elementTime: clauses.elementTime, lateness: clauses.lateness, absent: clauses.absent)
    alteration.timeForm = form
    return .alterStream(alteration)
  }

  mutating func drop() throws(Issue) -> Statement.Body {
    if accept(.stream) { return .dropStream(try name("the name of a stream")) }
    if accept(.schedule) { return .dropSchedule(try name("the name of a schedule")) }
    if accept(.alert) { return .dropAlert(try name("the name of an alert")) }
    if accept(.source) { return .dropSource(try name("the name of a source")) }
    if accept(.sink) { return .dropSink(try name("the name of a sink")) }
    guard accept(.kpi) else {
      throw unexpected(Self.definableText, hint: keywordHint(Self.definable))
    }
    return .dropKpi(try name("the name of a KPI"))
  }

  /// Reads a KPI from its name on; nil when it has issues, which are then among ``issues``.
  mutating func defineKpi() -> DefineKpi? {
    let issuesBefore = issues.count
    do throws(Issue) {
      let name = try name("the name of the KPI")
      try expect(.keyword(.as), "AS and the items", hint: keywordHint(["AS"]))
      isDefinition = true
      if accept(.keyword(.select)) {
        throw Issue(
          TextSpan(previousEnd - 6, previousEnd), "the items stand without SELECT",
          hint: "for example DEFINE KPI heat AS avg(temperature) FROM weather EVERY 1d")
      }
      let items = items { reader throws(Issue) in try reader.kpiItem() }
      let from = from()
      let clauses = clauses(.kpi)
      guard issues.count == issuesBefore, let from else { return nil }
      guard let every = clauses.every else {
        throw unexpected("EVERY and the length of the buckets", hint: "for example EVERY 1h")
      }
      var kpi = DefineKpi(
        name, as: items.map(\.item), from: from, filter: clauses.filter,
        groupBy: clauses.groupBy.compactMap {
          if case .field(let field) = $0 { field } else { nil }
        },
        every: every, timeZone: clauses.timeZone, lateness: clauses.lateness)
      for (place, item) in items.enumerated() where !item.meaning.isEmpty {
        kpi.meanings[place] = item.meaning
      }
      if !clauses.meaning.isEmpty {
        try checkOnce(clauses, items[0].meaning)
        kpi.meanings[0, default: ColumnMeaning()].add(clauses.meaning)
      }
      return kpi
    } catch {
      issues.append(error)
      return nil
    }
  }

  // MARK: Versions

  mutating func compareKpi() throws(Issue) -> Statement.Body? {
    try expectKpi()
    let name = try name("the name of a KPI")
    let version = try self.version()
    try expect(.with, hint: "for example COMPARE KPI heat VERSION 1 WITH VERSION 2")
    let other = try self.version()
    let issuesBefore = issues.count
    let clauses = clauses(
      ClauseRules(owner: "COMPARE KPI", allowed: ClauseRules.range + [.limit]))
    if issues.count > issuesBefore { return nil }
    return .compareKpi(
      CompareKpi(
        name, version: version, with: other, range: clauses.range, limit: clauses.limit))
  }

  mutating func switchKpi() throws(Issue) -> Statement.Body {
    try expectKpi()
    let name = try name("the name of a KPI")
    try expect(.to, hint: "for example SWITCH KPI heat TO VERSION 2")
    return .switchKpi(name, version: try version())
  }

  private mutating func version() throws(Issue) -> Spanned<Int> {
    try expect(.version)
    return try wholeNumber("the number of a version")
  }

  // MARK: Computing anew

  mutating func rebuild() throws(Issue) -> Statement.Body? {
    try expectKpi()
    let name = try name("the name of a KPI")
    let issuesBefore = issues.count
    let clauses = clauses(
      ClauseRules(
        owner: "REBUILD KPI", allowed: ClauseRules.bounds,
        habits: ["verify": "that is a command of the shell: nilo rebuild --verify \(name.text)"]))
    return issues.count > issuesBefore ? nil : .rebuildKpi(name, range: clauses.range)
  }

  mutating func backfill() throws(Issue) -> Statement.Body? {
    try expect(.stream)
    let name = try name("the name of a stream")
    try expect(.keyword(.from), "FROM and a source")
    let source = try source()
    let issuesBefore = issues.count
    let clauses = clauses(ClauseRules(owner: "BACKFILL STREAM", allowed: ClauseRules.bounds))
    if issues.count > issuesBefore { return nil }
    guard let since = clauses.since, let until = clauses.until else {
      throw unexpected(
        clauses.since == nil ? "SINCE and a time" : "UNTIL and a time",
        hint: "a backfill has both bounds: SINCE '2024-01-01' UNTIL '2024-02-01'")
    }
    return .backfill(stream: name, from: source, since: since, until: until)
  }
}
