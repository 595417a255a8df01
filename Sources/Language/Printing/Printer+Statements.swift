/// Statements, their clauses in the order that the language's pages have.
extension Printer {
  mutating func statement(_ body: Statement.Body) {
    switch body {
    case .select(let select): self.select(select)
    case .explain(let explanation, let select):
      text += Self.words(explanation)
      self.select(select)
    case .explainChange(let select, let from, let to):
      text += "EXPLAIN CHANGE "
      self.select(select)
      text += " FROM \(from.canonicalText) TO \(to.canonicalText)"
    case .eventsFor(let select):
      text += "EVENTS FOR "
      self.select(select)
    case .prove(let select, let file):
      text += "PROVE "
      self.select(select)
      text += " INTO \(Self.string(file.value))"
    case .verifyFile(let file): text += "VERIFY \(Self.string(file.value))"
    case .verifyLog: text += "VERIFY LOG"
    case .show(let show): self.show(show)
    case .describe(let name): text += "DESCRIBE \(name.canonicalText)"
    default: change(body)
    }
  }

  /// Writes a statement that changes the catalogue or the cells.
  private mutating func change(_ body: Statement.Body) {
    switch body {
    case .defineStream(let stream): defineStream(stream)
    case .alterStream(let stream): alterStream(stream)
    case .dropStream(let name): text += "DROP STREAM \(name.canonicalText)"
    case .defineKpi(let kpi):
      text += "DEFINE KPI "
      defineKpi(kpi)
    case .redefineKpi(let kpi):
      text += "REDEFINE KPI "
      defineKpi(kpi)
    case .alterKpi(let alteration): alterKpi(alteration)
    case .compareKpi(let comparison): compareKpi(comparison)
    case .switchKpi(let name, let version):
      text += "SWITCH KPI \(name.canonicalText) TO VERSION \(version.value)"
    case .dropKpi(let name): text += "DROP KPI \(name.canonicalText)"
    case .rebuildKpi(let name, let range):
      text += "REBUILD KPI \(name.canonicalText)"
      if let range { self.range(range) }
    case .backfill(let stream, let source, let since, let until):
      text += "BACKFILL STREAM \(stream.canonicalText) FROM "
      self.source(source)
      range(.bounds(since: since, until: until))
    default: automation(body)
    }
  }

  /// Writes a statement about what happens by itself.
  private mutating func automation(_ body: Statement.Body) {
    switch body {
    case .defineSchedule(let schedule):
      text += "DEFINE SCHEDULE \(schedule.name.canonicalText)"
      text += " CRON \(Self.string(schedule.cron.value))"
      timeZone(schedule.timeZone)
      text += " AS "
      select(schedule.query)
      text += " INTO \(schedule.target.canonicalText)"
    case .dropSchedule(let name): text += "DROP SCHEDULE \(name.canonicalText)"
    case .defineAlert(let alert):
      text += "DEFINE ALERT \(alert.name.canonicalText) ON "
      select(alert.query)
      if let count = alert.bucketCount { text += " FOR \(count.value) BUCKETS" }
      if alert.isEarly { text += " EARLY" }
      text += " NOTIFY \(alert.target.canonicalText)"
    case .dropAlert(let name): text += "DROP ALERT \(name.canonicalText)"
    case .defineSource(let source): defineSource(source)
    case .dropSource(let name): text += "DROP SOURCE \(name.canonicalText)"
    case .pauseSource(let name): text += "PAUSE SOURCE \(name.canonicalText)"
    case .resumeSource(let name): text += "RESUME SOURCE \(name.canonicalText)"
    case .defineSink(let sink):
      text += "DEFINE SINK \(sink.name.canonicalText) FROM \(sink.kpi.canonicalText)"
      text += " INTO \(sink.target.canonicalText)"
    case .dropSink(let name): text += "DROP SINK \(name.canonicalText)"
    default: break
    }
  }

  private static func words(_ explanation: Statement.Explanation) -> String {
    switch explanation {
    case .plan: "EXPLAIN "
    case .analyze: "EXPLAIN ANALYZE "
    case .value: "EXPLAIN VALUE "
    }
  }

  // MARK: Queries

  mutating func select(_ select: Select) {
    text += "SELECT "
    list(select.items) { printer, item in
      switch item {
      case .star: printer.text += "*"
      case .item(let item): printer.text += item.canonicalText
      }
    }
    text += " FROM \(select.from.canonicalText)"
    filter(select.filter)
    groupBy(select.groupBy)
    if let range = select.range { self.range(range) }
    if let every = select.every { self.every(every) }
    if select.wholeBuckets != nil { text += " WHOLE BUCKETS" }
    timeZone(select.timeZone)
    if let fill = select.fill { text += " FILL \(fill.value.rawValue)" }
    if let length = select.compareWith { text += " COMPARE WITH \(length.canonicalText) AGO" }
    answerClauses(select)
    if let asOf = select.asOf { text += " \(asOf.canonicalText)" }
    if let version = select.version { text += " USING VERSION \(version.value)" }
    if select.isOnlyFinal { text += " ONLY FINAL" }
  }

  private mutating func orderBy(_ keys: [OrderKey]) {
    if keys.isEmpty { return }
    text += " ORDER BY "
    list(keys) { printer, key in
      printer.expression(key.expression)
      if key.isDescending { printer.text += " DESC" }
    }
  }

  /// Writes the clauses that pick and sort rows of the answer.
  private mutating func answerClauses(_ select: Select) {
    if let having = select.having {
      text += " HAVING "
      condition(having)
    }
    orderBy(select.orderBy)
    if let limit = select.limit { self.limit(limit) }
  }

  // MARK: Clauses, each with a blank before it

  private mutating func filter(_ filter: Predicate?) {
    guard let filter else { return }
    text += " WHERE "
    predicate(filter)
  }

  private mutating func groupBy(_ dimensions: [GroupField]) {
    if dimensions.isEmpty { return }
    text += " GROUP BY "
    list(dimensions) { $0.text += $1.canonicalText }
  }

  private mutating func range(_ range: TimeRange) {
    switch range {
    case .bounds(let since, let until):
      if let since { text += " SINCE \(since.canonicalText)" }
      if let until { text += " UNTIL \(until.canonicalText)" }
    case .last(let length): text += " LAST \(length.canonicalText)"
    case .at(let time): text += " AT \(time.canonicalText)"
    }
  }

  private mutating func every(_ every: Every) {
    text += " EVERY \(every.length.canonicalText)"
    if let rolling = every.rolling { text += " ROLLING \(rolling.canonicalText)" }
  }

  private mutating func timeZone(_ zone: Spanned<String>?) {
    if let zone { text += " TIME ZONE \(Self.string(zone.value))" }
  }

  private mutating func limit(_ limit: Limit) {
    text += " LIMIT \(limit.rows)" + (limit.isPerBucket ? " PER BUCKET" : "")
  }

  private mutating func paths(_ paths: [FieldPath]) {
    list(paths) { $0.text += $1.canonicalText }
  }

  private mutating func source(_ source: SourceCall) {
    text += "\(source.kind)("
    list(source.arguments) { $0.text += Self.string($1.value) }
    text += ")"
  }

  // MARK: Definitions

  private mutating func defineStream(_ stream: DefineStream) {
    text += "DEFINE STREAM \(stream.name.canonicalText) TIME \(stream.time.canonicalText)"
    timeForm(stream.timeForm)
    fields(
      key: stream.key, dedupBy: stream.dedupBy, explode: stream.explode,
      elementTime: stream.elementTime, lateness: stream.lateness)
    if !stream.dimensions.isEmpty {
      text += " DIMENSIONS "
      paths(stream.dimensions)
    }
    if !stream.sources.isEmpty {
      text += " SOURCE "
      list(stream.sources) { $0.source($1) }
    }
  }

  private mutating func alterStream(_ stream: AlterStream) {
    text += "ALTER STREAM \(stream.name.canonicalText)"
    if let time = stream.time {
      text += " TIME \(time.canonicalText)"
      timeForm(stream.timeForm)
    }
    fields(
      key: stream.key, dedupBy: stream.dedupBy, explode: stream.explode,
      elementTime: stream.elementTime, lateness: stream.lateness)
    if !stream.absent.isEmpty {
      text += " NO \(stream.absent.map(\.rawValue).joined(separator: ", "))"
    }
  }

  private mutating func timeForm(_ form: TimeForm) {
    if let zone = form.zone { text += " ZONE \(Self.string(zone.value))" }
    if let unit = form.unit { text += " UNIT \(Self.string(unit.value))" }
    if let format = form.format { text += " FORMAT \(Self.string(format.value))" }
  }

  private mutating func fields(
    key: FieldPath?, dedupBy id: DedupBy?, explode: FieldPath?, elementTime: FieldPath?,
    lateness: TimeLength?
  ) {
    if let key { text += " KEY \(key.canonicalText)" }
    if let id { dedupBy(id) }
    if let explode { text += " EXPLODE \(explode.canonicalText)" }
    if let elementTime { text += " ELEMENT TIME \(elementTime.canonicalText)" }
    if let lateness { text += " LATENESS \(lateness.canonicalText)" }
  }

  private mutating func dedupBy(_ id: DedupBy) {
    text += " DEDUP BY "
    if id.fields.count > 1 { text += "(" }
    paths(id.fields)
    if id.fields.count > 1 { text += ")" }
    if let within = id.within { text += " WITHIN \(within.canonicalText)" }
  }

  private mutating func defineKpi(_ kpi: DefineKpi) {
    text += "\(kpi.name.canonicalText) AS "
    list(Array(kpi.items.enumerated())) { printer, item in
      printer.text += item.element.canonicalText
      if let meaning = kpi.meanings[item.offset] { printer.meaning(meaning) }
    }
    text += " FROM \(kpi.from.canonicalText)"
    filter(kpi.filter)
    groupBy(kpi.groupBy)
    every(kpi.every)
    timeZone(kpi.timeZone)
    if let lateness = kpi.lateness { text += " LATENESS \(lateness.canonicalText)" }
  }

  /// With a blank before each part.
  mutating func meaning(_ meaning: ColumnMeaning) {
    if let unit = meaning.unit { text += " UNIT \(Self.string(unit.value))" }
    if let target = meaning.target {
      text += " TARGET \(Self.number(target.value))"
      if let band = target.band {
        text += " BETWEEN \(Self.number(band.lowerBound)) AND \(Self.number(band.upperBound))"
      }
    }
    if let better = meaning.better { text += " \(better.value.rawValue.uppercased()) IS BETTER" }
  }

  private mutating func alterKpi(_ alteration: AlterKpi) {
    text += "ALTER KPI \(alteration.name.canonicalText)"
    if let column = alteration.column { text += " COLUMN \(column.canonicalText)" }
    meaning(alteration.meaning)
    if !alteration.absent.isEmpty {
      text += " NO \(alteration.absent.map(\.rawValue).joined(separator: ", "))"
    }
  }

  private mutating func compareKpi(_ comparison: CompareKpi) {
    text += "COMPARE KPI \(comparison.name.canonicalText) VERSION \(comparison.version.value)"
    text += " WITH VERSION \(comparison.other.value)"
    if let range = comparison.range { self.range(range) }
    if let limit = comparison.limit { self.limit(limit) }
  }

  private mutating func show(_ show: Show) {
    text += "SHOW \(show.subject.rawValue.uppercased())"
    if let name = show.from {
      let word = show.subject == .create ? "" : show.subject == .history ? "OF " : "FROM "
      text += " \(word)\(name.canonicalText)"
    }
    filter(show.filter)
    if let range = show.range { self.range(range) }
    if show.isByArrival { text += " BY ARRIVAL" }
    orderBy(show.orderBy)
    if let limit = show.limit { self.limit(limit) }
  }
}
