/// Statements of what happens by itself: schedules, alerts and sinks.
extension TokenReader {
  /// Reads a schedule from its name on; nil when its query has issues, which are then among ``issues``.
  mutating func defineSchedule() throws(Issue) -> Statement.Body? {
    let name = try name("the name of the schedule")
    try expect(.cron, hint: Self.scheduleHint)
    let cron = try string("the times in single quotes, such as '0 * * * *'")
    var timeZone: Spanned<String>?
    if accept(.time) {
      try expect(.zone)
      timeZone = try string("the name of a time zone")
    }
    try expect(.keyword(.as), "AS and a query", hint: Self.scheduleHint)
    let rules = ClauseRules(
      owner: "the query of a schedule", allowed: ClauseRules.query.filter { $0 != .asOf },
      closingWord: .into)
    let query = select(rules)
    guard query != nil || token.word == .into else { return nil }
    try expect(
      .into, hint: "its answers go somewhere: INTO stream('name') or INTO file('name.csv')")
    let target = try target()
    return query.map {
      .defineSchedule(
        DefineSchedule(name, cron: cron, timeZone: timeZone, query: $0, target: target))
    }
  }

  private static let scheduleHint =
    "for example DEFINE SCHEDULE hourly CRON '0 * * * *' AS SELECT ... INTO stream('means')"

  /// Reads an alert from its name on; nil when its query has issues, which are then among ``issues``.
  mutating func defineAlert() throws(Issue) -> Statement.Body? {
    let name = try name("the name of the alert")
    try expect(.on, hint: Self.alertHint)
    let rules = ClauseRules(
      owner: "the query of an alert", allowed: [.filter, .groupBy, .every, .timeZone],
      terminator: .keyword(.having), closingWord: .notify)
    let query = select(rules)
    guard query != nil || token.kind == .keyword(.having) else { return nil }
    if let query, query.every == nil {
      throw unexpected("EVERY and the length of the buckets", hint: "for example EVERY 1h")
    }
    try expect(.keyword(.having), "HAVING and the condition", hint: Self.alertHint)
    let condition = try condition()
    var bucketCount: Spanned<Int>?
    if accept(.for) {
      bucketCount = try wholeNumber("a number of buckets")
      try expect(.buckets)
    }
    let isEarly = accept(.early)
    if isEarly, token.word == .for {
      throw unexpected("NOTIFY", hint: "FOR and its number of buckets come before EARLY")
    }
    try expect(.notify, hint: "somebody is told: NOTIFY webhook('https://...')")
    let target = try target(example: "webhook('https://...')")
    guard var query else { return nil }
    query.having = condition
    return .defineAlert(
      DefineAlert(name, on: query, bucketCount: bucketCount, isEarly: isEarly, target: target))
  }

  private static let alertHint =
    "for example DEFINE ALERT hot ON SELECT max(temperature) FROM weather EVERY 1h "
    + "HAVING max(temperature) > 40 NOTIFY webhook('https://...')"

  /// Reads a sink from its name on.
  mutating func defineSink() throws(Issue) -> DefineSink {
    let name = try name("the name of the sink")
    try expect(.keyword(.from), "FROM and a KPI", hint: Self.sinkHint)
    let kpi = try self.name("the name of a KPI")
    try expect(.into, hint: Self.sinkHint)
    return DefineSink(
      name, from: kpi,
      target: try target(
        example: "stream('name'), webhook('https://...') or kafka(brokers '...', topic '...')"))
  }

  private static let sinkHint =
    "for example DEFINE SINK hourly FROM heat INTO webhook('https://...')"

  /// Reads `kind('text')`, or `kind(name value, ...)`.
  private mutating func target(
    example: String = "stream('name'), file('name.csv') or webhook('https://...')"
  ) throws(Issue) -> TargetCall {
    let kind = token
    let example = "for example \(example)"
    guard kind.kind == .word else { throw unexpected("a target", hint: example) }
    advance()
    try expect(.leftParenthesis, "'(' after \(brief(kind.text))", hint: example)
    if token.isName {
      let options = try options()
      return TargetCall(asciiLowercased(kind.text), options, span: span(from: kind.span))
    }
    let argument = try string("a text in single quotes")
    try expect(.rightParenthesis, "')'")
    return TargetCall(asciiLowercased(kind.text), argument, span: span(from: kind.span))
  }
}
