import Language
import Model

/// Statements that change the catalogue or the cells.
extension StatementRun {
  func writableStore(_ span: TextSpan) throws -> any QueryStore {
    guard let store = store as? any QueryStore else {
      throw StatementError("this store can only be read: the statement would change it")
    }
    return store
  }

  func check(_ definition: DefineStream) throws {
    let name = definition.name
    if catalogue.streams.contains(where: { $0.name == name.text }) {
      throw error(name.span, "there is a stream \(name.text) already")
    }
    if catalogue.kpis.contains(where: { $0.name == name.text }) {
      throw error(
        name.span, "there is a KPI \(name.text)", hint: "streams and KPIs have names of their own")
    }
  }

  func defineStream(_ definition: DefineStream, _ span: TextSpan) throws -> Answer {
    try check(definition)
    try writableStore(span).defineStream(definition)
    return Answer(message: "stream \(definition.name.text) is defined")
  }

  /// Gives the name of the stream.
  func check(_ alteration: AlterStream) throws -> String {
    let name = try stream(alteration.name)
    for part in alteration.absent {
      guard let given = alteration.span(of: part) else { continue }
      throw error(given, "\(part.rawValue) and NO \(part.rawValue) cannot stand together")
    }
    return name
  }

  func alterStream(_ alteration: AlterStream, _ span: TextSpan) throws -> Answer {
    let name = try check(alteration)
    try writableStore(span).alterStream(
      alteration, progress: options.progress, isCancelled: options.isCancelled)
    let before = catalogue.streams.first { $0.name == name }
    let stream = try store.snapshot().streams.first { $0.name == name }
    if let before, before.version == stream?.version {
      return Answer(message: "stream \(name) is so already; nothing is changed")
    }
    var answer = Answer(message: "stream \(name) is altered, from the next event on")
    let isOtherKey = alteration.key != nil || alteration.absent.contains(.key)
    let hasDependents = catalogue.kpis.contains { kpi in
      kpi.stream == name
        && kpi.items.contains { item in
          item.expression.aggregates.contains { $0.function.takesEarlierSample }
        }
    }
    if isOtherKey, hasDependents {
      answer.meta.notes.append(
        "rows of increase, rate and time_avg are told apart by the new key, those of before too, without a revision; "
          + "AS OF a seq before this one answers by the key of then")
    }
    if let stream, let seq = stream.factsSinceSeq, seq != before?.factsSinceSeq {
      answer = Answer(message: "stream \(name) is altered, and its events are read anew")
      answer.meta.notes.append(
        "\(stream.events) events: \(before?.facts ?? 0) facts before, \(stream.facts) now; AS OF a seq before "
          + "\(seq) has none of them any more")
    }
    answer.meta.notes += stream?.notesOfAbsentFields ?? []
    return answer
  }

  func dropStream(_ name: Name, _ span: TextSpan) throws -> Answer {
    let dropped = try stream(name)
    try writableStore(span).dropStream(dropped)
    return Answer(message: "stream \(dropped) is dropped")
  }

  /// The name of a stream that is there.
  func stream(_ name: Name) throws -> String {
    if catalogue.streams.contains(where: { $0.name == name.text }) { return name.text }
    if catalogue.kpis.contains(where: { $0.name == name.text }) {
      throw error(name.span, "\(name.text) is a KPI, and no stream")
    }
    throw error(
      name.span, "there is no stream \(name.text)",
      hint: Spelling.nearest(name.text, catalogue.streams.map(\.name)).map { "did you mean \($0)?" }
    )
  }

  func defineKpi(
    _ definition: DefineKpi, isNewVersion: Bool, _ span: TextSpan
  ) throws -> Answer {
    try check(definition, isNewVersion: isNewVersion)
    let kpi = try writableStore(span).defineKpi(
      definition, isNewVersion: isNewVersion, progress: options.progress,
      isCancelled: options.isCancelled)
    var answer = Answer(message: "KPI \(kpi.name) version \(kpi.version) is defined")
    if let wanted = definition.lateness, wanted.added(to: 0, times: 1, in: .utc) < kpi.latenessNs {
      answer.meta.notes.append(
        "its lateness is \(TimeLength.text(ns: kpi.latenessNs)), that of stream \(kpi.stream): a KPI has no less"
      )
    }
    if isNewVersion, !kpi.isActive {
      let active = catalogue.kpis.first { $0.name == kpi.name && $0.isActive }
      answer.meta.notes.append(
        "version \(active?.version ?? 1) is still the one that is asked: "
          + "SWITCH KPI \(definition.name.canonicalText) TO VERSION \(kpi.version)")
    }
    return answer
  }

  /// What can be said of a definition with a place in the text.
  func check(_ definition: DefineKpi, isNewVersion: Bool) throws {
    let name = definition.name
    let isThere = catalogue.kpis.contains { $0.name == name.text }
    if isThere && !isNewVersion {
      throw error(
        name.span, "there is a KPI \(name.text) already",
        hint: "REDEFINE KPI makes a new version of it")
    }
    if catalogue.streams.contains(where: { $0.name == name.text }) {
      throw error(
        name.span, "there is a stream \(name.text)",
        hint: "streams and KPIs have names of their own")
    }
    if !isThere && isNewVersion {
      let names = Set(catalogue.kpis.map(\.name)).sorted()
      throw error(
        name.span, "there is no KPI \(name.text)",
        hint: Spelling.nearest(name.text, names).map { "did you mean \($0)?" }
          ?? "DEFINE KPI makes the first version")
    }
    // The same names, kinds and lengths as those of a query.
    let select = Select(
      definition.items.map { .item($0) }, from: definition.from, filter: definition.filter,
      groupBy: definition.groupBy, every: definition.every, timeZone: definition.timeZone)
    let query = try Binder.bind(select, self)
    if catalogue.isSystem(query.stream.name) {
      throw error(
        definition.from.span, "\(query.stream.name) can be queried, and is no stream for a KPI")
    }
    if let kpi = query.kpi {
      throw error(
        definition.from.span, "\(kpi.name) is a KPI; a KPI is defined over a stream",
        hint: "write FROM \(kpi.stream)")
    }
  }

  /// A KPI by its name, for statements about it.
  func kpi(_ name: Name, version: Spanned<Int>? = nil) throws -> KpiInfo {
    do throws(LanguageError.Issue) {
      if catalogue.kpis.contains(where: { $0.name == name.text }) {
        return try catalogue.kpi(name, version: version)
      }
      if catalogue.streams.contains(where: { $0.name == name.text }) {
        throw LanguageError.Issue(name.span, "\(name.text) is a stream, and no KPI")
      }
      let names = Set(catalogue.kpis.map(\.name)).sorted()
      throw LanguageError.Issue(
        name.span, "there is no KPI \(name.text)",
        hint: Spelling.nearest(name.text, names).map { "did you mean \($0)?" })
    } catch {
      throw LanguageError(issues: [error], text: text)
    }
  }

  func switchKpi(_ name: Name, _ version: Spanned<Int>, _ span: TextSpan) throws -> Answer {
    let kpi = try kpi(name, version: version)
    try writableStore(span).switchKpi(kpi.name, version: kpi.version)
    return Answer(message: "version \(kpi.version) of KPI \(kpi.name) is the one that is asked")
  }

  func dropKpi(_ name: Name, _ span: TextSpan) throws -> Answer {
    let kpi = try kpi(name)
    let dependents = try dependents(ofKpi: kpi.name)
    try writableStore(span).dropKpi(kpi.name)
    var answer = Answer(message: "KPI \(kpi.name) is dropped; the events stay")
    if !dependents.isEmpty {
      answer.meta.notes.append(
        "what asks it fails from now on: \(dependents.joined(separator: ", ")); drop these as well, or define "
          + "\(kpi.name) again")
    }
    return answer
  }

  /// What happens by itself and asks a KPI. O(definitions).
  private func dependents(ofKpi name: String) throws -> [String] {
    try store.sinks().filter { $0.definition.kpi.text == name }.map { "sink \($0.name)" }
      + store.schedules().filter { $0.definition.query.from.text == name }
      .map { "schedule \($0.name)" }
      + store.alerts().filter { $0.definition.query.from.text == name }.map { "alert \($0.name)" }
  }

  func rebuildKpi(_ name: Name, _ range: TimeRange?, _ span: TextSpan) throws -> Answer {
    let kpi = try kpi(name)
    guard case .bounds(let since, let until)? = range else {
      _ = try writableStore(span).rebuildKpi(
        kpi.name, within: nil, progress: options.progress, isCancelled: options.isCancelled)
      return Answer(message: "KPI \(kpi.name) is rebuilt")
    }
    func times(_ zone: ZoneRules) -> TimeResolver {
      TimeResolver(zone: zone, nowNs: options.nowNs, parameters: options.parameters)
    }
    let rebuilds = try writableStore(span).rebuildKpi(
      kpi.name,
      within: { zone in
        do throws(LanguageError.Issue) {
          return try times(zone).range(since: since, until: until)
        } catch {
          throw LanguageError(issues: [error], text: text)
        }
      }, progress: options.progress, isCancelled: options.isCancelled)
    var answer = Answer(message: "KPI \(kpi.name) is rebuilt")
    for rebuild in rebuilds {
      let version = catalogue.kpis.first { $0.name == kpi.name && $0.version == rebuild.version }
      let clock = times(try ZoneRules(named: version?.timeZone ?? kpi.timeZone))
      if rebuild.version == kpi.version {
        answer.meta.notes += [since, until].compactMap { $0.flatMap(clock.note) }
      }
      let which = rebuilds.count > 1 ? "version \(rebuild.version): " : ""
      answer.meta.notes.append(which + Self.buckets(of: rebuild, clock))
    }
    return answer
  }

  /// Which buckets were rebuilt: whole ones, though the range may cut them.
  private static func buckets(of rebuild: KpiRebuild, _ clock: TimeResolver) -> String {
    guard let range = rebuild.rangeNs else {
      return "all of its cells were computed, since it was not filled yet"
    }
    var text = "its buckets"
    if range.lowerBound > .min { text += " from \(clock.shown(range.lowerBound))" }
    if range.upperBound < .max { text += " to before \(clock.shown(range.upperBound))" }
    text += " were computed anew"
    if rebuild.foldedEarlier {
      text += ", from all events up to them: its counters and levels begin at earlier samples"
    }
    if rebuild.cells == 0 { text += "; there are none: no event that counts is in that range" }
    return text
  }

  // MARK: Versions side by side

  /// The queries of both.
  func comparedVersions(_ comparison: CompareKpi) throws -> [BoundQuery] {
    let versions = [
      try kpi(comparison.name, version: comparison.version),
      try kpi(comparison.name, version: comparison.other),
    ]
    guard versions[0].every == versions[1].every, versions[0].groupBy == versions[1].groupBy,
      versions[0].stream == versions[1].stream
    else {
      throw error(
        comparison.name.span,
        "the versions have other buckets, groups or streams: their rows do not meet",
        hint: "ask each of them, USING VERSION \(comparison.version.value)")
    }
    var queries: [BoundQuery] = []
    for version in [comparison.version, comparison.other] {
      let select = Select(
        [.star(comparison.name.span)], from: comparison.name, range: comparison.range,
        version: version)
      queries.append(try Binder.bind(select, self))
    }
    return queries
  }

  func compareKpi(_ comparison: CompareKpi) throws -> Answer {
    let queries = try comparedVersions(comparison)
    let budget = MemoryBudget(options.limits)
    let tables = try placing(Select([], from: comparison.name)) {
      try queries.map {
        try AggregateRows(query: $0, store: store, options: options, budget: budget).rows()
      }
    }
    return try VersionJoin(queries, tables, budget)
      .answer(limit: comparison.limit?.rows ?? .max)
  }
}

extension AlterStream {
  /// Where the text says what a part is to be; nil when it does not.
  fileprivate func span(of part: Part) -> TextSpan? {
    switch part {
    case .key: key?.span
    case .dedup: dedupBy?.fields.first?.span
    case .explode: explode?.span
    case .elementTime: elementTime?.span
    }
  }
}
