import Bytes
import Language
import Model

/// Finds what the names, times and parameters of a query stand for, and all that is wrong with them.
struct Binder {
  typealias Issue = LanguageError.Issue

  let catalogue: CatalogueSnapshot
  let options: QueryOptions
  /// The text that spans point into.
  let text: String
  var query: BoundQuery
  var issues: [Issue] = []
  /// Whether HAVING or ORDER BY is read, which may name columns of the answer.
  var isAfterItems = false
  /// What is selected, in the order of the text: ORDER BY 2 is the second of them.
  var selected: [RowExpression] = []
  /// The names that items are given by AS.
  var itemNames: [Text] = []

  static func bind(_ select: Select, _ run: StatementRun) throws -> BoundQuery {
    let state = try AskedState(select, run)
    var binder: Binder
    do throws(Issue) {
      binder = try Binder(select, run, state)
    } catch {
      throw LanguageError(issues: [error], text: run.text)
    }
    binder.bind(select)
    guard binder.issues.isEmpty else {
      let issues = binder.issues.sorted { $0.span.start < $1.span.start }
      throw LanguageError(
        issues: Array(issues.prefix(LanguageLimits.maxIssues)), text: run.text)
    }
    return binder.query
  }

  private init(_ select: Select, _ run: StatementRun, _ state: AskedState) throws(Issue) {
    (catalogue, options, text) = (state.catalogue, run.options, run.text)
    let (stream, kpi) = try catalogue.target(select.from, version: select.version)
    query = BoundQuery(stream: stream, kpi: kpi)
    (query.asOfSeq, query.notes) = (state.seq, state.notes)
    query.lastSeq = state.seq ?? state.catalogue.lastSeq
    // A field of that name keeps it.
    if stream.fields.contains(where: { $0.path == "time" }) { query.timeName = stream.timePath }
  }

  private mutating func bind(_ select: Select) {
    query.isOfFacts =
      query.kpi == nil && !select.hasAggregate && select.groupBy.isEmpty && select.every == nil
    itemNames = select.listedItems.compactMap(\.alias)
    bindZone(select)
    attempt { binder throws(Issue) in try binder.bindRange(select) }
    if let filter = select.filter {
      attempt { binder throws(Issue) in
        try binder.checkFilterOfKpi(filter)
        let byField = binder.query.kpi.map { filter.named(by: $0) } ?? filter
        binder.query.filter = .both(binder.query.kpi?.filter, try binder.predicate(byField))
      }
    } else {
      query.filter = query.kpi?.filter
    }
    attempt { binder throws(Issue) in try binder.bindBuckets(select) }
    bindGroups(select)
    for item in select.items { attempt { binder throws(Issue) in try binder.bindItem(item) } }
    if issues.isEmpty { bindAfterItems(select) }
    query.isOnlyFinal = select.isOnlyFinal
    query.limit = select.limit
    query.fill = select.fill?.value
    attempt { binder throws(Issue) in try binder.checkClauses(select) }
    if query.isOfFacts { return }
    // Rows of groups are there although nothing is computed of them.
    if query.aggregates.isEmpty {
      query.aggregates.append(Aggregate(.count, nil))
      query.aggregateKinds.append(.integer)
    }
  }

  private mutating func bindAfterItems(_ select: Select) {
    if let length = select.compareWith {
      attempt { binder throws(Issue) in try binder.bindComparison(length) }
    }
    nameOwnColumns()
    isAfterItems = true
    if let having = select.having {
      attempt { binder throws(Issue) in binder.query.having = try binder.condition(having) }
    }
    for key in select.orderBy {
      attempt { binder throws(Issue) in
        let expression = try binder.order(key)
        binder.query.order.append(
          BoundQuery.Order(expression: expression, isDescending: key.isDescending))
      }
    }
  }

  /// Goes on after what is wrong, to find more of it.
  mutating func attempt(_ body: (inout Binder) throws(Issue) -> Void) {
    do throws(Issue) { try body(&self) } catch { issues.append(error) }
  }
}

extension CatalogueSnapshot {
  /// What FROM names: the stream, and the KPI of it if it is one.
  func target(
    _ name: Name, version: Spanned<Int>? = nil
  ) throws(LanguageError.Issue) -> (stream: StreamInfo, kpi: KpiInfo?) {
    if let stream = (streams + system).first(where: { $0.name == name.text }) {
      if let version {
        throw LanguageError.Issue(
          version.span, "\(name.text) is a stream: versions are those of KPIs")
      }
      return (stream, nil)
    }
    let kpi = try kpi(name, version: version)
    guard let stream = streams.first(where: { $0.name == kpi.stream }) else {
      throw LanguageError.Issue(name.span, "the stream \(kpi.stream) of \(name.text) is not there")
    }
    return (stream, kpi)
  }

  /// A version of a KPI, or the one that is asked when none is named.
  func kpi(
    _ name: Name, version: Spanned<Int>? = nil
  ) throws(LanguageError.Issue) -> KpiInfo {
    let versions = kpis.filter { $0.name == name.text }
    guard let active = versions.first(where: \.isActive) ?? versions.last else {
      throw unknown(name, "stream or KPI", streams.map(\.name) + Set(kpis.map(\.name)).sorted())
    }
    guard let version else { return active }
    if let found = versions.first(where: { $0.version == version.value }) { return found }
    let list = versions.map { "\($0.version)" }.joined(separator: ", ")
    throw LanguageError.Issue(
      version.span, "\(name.text) has no version \(version.value)", hint: "it has: \(list)")
  }

  func stream(_ name: Name) throws(LanguageError.Issue) -> StreamInfo {
    if let stream = streams.first(where: { $0.name == name.text }) { return stream }
    throw unknown(name, "stream", streams.map(\.name))
  }

  private func unknown(_ name: Name, _ what: String, _ names: [String]) -> LanguageError.Issue {
    let hint: String
    if let nearest = Spelling.nearest(name.text, names) {
      hint = "did you mean \(nearest)?"
    } else if names.isEmpty {
      hint = "there is none yet: nilo ingest brings events into one"
    } else {
      hint = "there are: \(names.prefix(10).joined(separator: ", "))"
    }
    return LanguageError.Issue(name.span, "there is no \(what) \(name.text)", hint: hint)
  }
}
