import Language

/// What is wrong with the statements of a text, found before the first of them is run.
extension StatementRun {
  /// Looks up names, times and parameters as running the statements would. What an earlier statement may change is looked at
  /// when its turn comes. Nothing is computed: O(statements), each as long as it takes to bind it.
  func check(_ statements: [Statement]) throws {
    var changed: Set<String> = []
    var found: [LanguageError.Issue] = []
    for statement in statements {
      let body = statement.body
      if changed.isEmpty || !mayDepend(body, on: changed) {
        do { try check(body, span: statement.span) } catch let error as LanguageError
          where error.text == text
        {
          found += error.issues
        }
      }
      if let name = body.changedName { changed.insert(name) }
    }
    if found.isEmpty { return }
    var error = LanguageError(issues: [], text: text)
    error.add(found, most: LanguageLimits.maxIssues)
    throw error
  }

  private func mayDepend(_ body: Statement.Body, on changed: Set<String>) -> Bool {
    // A change is an event: the log is longer, and its own streams have another one.
    if body.select?.asOf != nil { return true }
    return body.names.contains { name in
      if changed.contains(name) || catalogue.isSystem(name) { return true }
      return catalogue.kpis.contains { $0.name == name && changed.contains($0.stream) }
    }
  }

  private func check(_ body: Statement.Body, span: TextSpan) throws {
    // Of what is not known as a whole names are looked up, and no more.
    if let query = body.query, query.hasUnknown {
      _ = try Binder.bind(query, self)
      return
    }
    switch body {
    case .select(let query), .explain(.plan, let query), .explain(.analyze, let query):
      _ = try Binder.bind(query, self)
    case .explain(.value, let query): _ = try boundForValues(query)
    case .eventsFor(let query): _ = try boundForEvents(query)
    case .defineStream(let definition): try check(definition)
    case .alterStream(let alteration): _ = try check(alteration)
    case .alterKpi(let alteration): _ = try check(alteration)
    case .dropStream(let name): _ = try stream(name)
    case .defineKpi(let definition): try check(definition, isNewVersion: false)
    case .redefineKpi(let definition): try check(definition, isNewVersion: true)
    case .compareKpi(let comparison): _ = try comparedVersions(comparison)
    case .switchKpi(let name, let version): _ = try kpi(name, version: version)
    case .dropKpi(let name), .rebuildKpi(let name, _): _ = try kpi(name)
    case .defineSchedule(let schedule): try check(schedule)
    case .dropSchedule(let name): _ = try schedule(name)
    case .defineAlert(let alert): try check(alert)
    case .dropAlert(let name): _ = try alert(name)
    case .defineSource(let source): try check(source)
    case .dropSource(let name), .pauseSource(let name), .resumeSource(let name):
      _ = try definedSource(name)
    case .defineSink(let sink): _ = try check(sink)
    case .dropSink(let name): _ = try sink(name)
    case .describe(let name): _ = try described(name)
    case .show(let list):
      // The history has names that are there no more.
      switch (list.from, list.subject) {
      case (nil, _), (_, .history): break
      case (let name?, .create): _ = try described(name)
      case (let name?, _): _ = try target(name)
      }
    case .explainChange, .prove, .verifyFile, .verifyLog, .backfill:
      throw notThere(body, span)
    }
  }
}

extension Statement.Body {
  /// The query that it asks, if it does.
  fileprivate var select: Select? {
    switch self {
    case .select(let select), .explain(_, let select), .eventsFor(let select): select
    default: nil
    }
  }

  /// The query that it asks or defines, if it does.
  fileprivate var query: Select? {
    switch self {
    case .explainChange(let select, _, _), .prove(let select, _): select
    case .defineSchedule(let schedule): schedule.query
    case .defineAlert(let alert): alert.query
    default: select
    }
  }

  /// The streams and KPIs that it is about.
  fileprivate var names: [String] {
    switch self {
    case .select(let select), .explain(_, let select), .eventsFor(let select),
      .explainChange(let select, _, _), .prove(let select, _):
      [select.from.text]
    case .defineStream(let definition): [definition.name.text]
    case .alterStream(let alteration): [alteration.name.text]
    case .defineKpi(let definition), .redefineKpi(let definition):
      [definition.name.text, definition.from.text]
    case .alterKpi(let alteration): [alteration.name.text]
    case .compareKpi(let comparison): [comparison.name.text]
    case .dropStream(let name), .switchKpi(let name, _), .dropKpi(let name),
      .rebuildKpi(let name, _), .describe(let name), .backfill(let name, _, _, _):
      [name.text]
    // No stream or KPI has a blank in its name.
    case .defineSchedule(let schedule):
      ["schedule \(schedule.name.text)", schedule.query.from.text]
    case .dropSchedule(let name): ["schedule \(name.text)"]
    case .defineAlert(let alert): ["alert \(alert.name.text)", alert.query.from.text]
    case .dropAlert(let name): ["alert \(name.text)"]
    case .defineSource(let source): ["source \(source.name.text)"]
    case .dropSource(let name), .pauseSource(let name), .resumeSource(let name):
      ["source \(name.text)"]
    case .defineSink(let sink): ["sink \(sink.name.text)", sink.kpi.text]
    case .dropSink(let name): ["sink \(name.text)"]
    case .show(let list): list.from.map { [$0.text] } ?? []
    case .verifyFile, .verifyLog: []
    }
  }

  /// The stream or KPI that is not what it was, once the statement was run.
  fileprivate var changedName: String? {
    switch self {
    case .defineStream, .alterStream, .dropStream, .defineKpi, .redefineKpi, .alterKpi, .switchKpi,
      .dropKpi,
      .defineSchedule, .dropSchedule, .defineAlert, .dropAlert, .defineSource, .dropSource,
      .pauseSource, .resumeSource, .defineSink, .dropSink:
      names.first
    default: nil
    }
  }
}
