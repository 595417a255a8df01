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
    if binder.issues.isEmpty { return binder.query }
    var error = LanguageError(issues: [], text: run.text)
    error.add(binder.distinctIssues, most: LanguageLimits.maxIssues)
    throw error
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
    // What a function would have been that there is not is not known: then names are looked up, and no more is asked of them.
    let isOfNames = select.hasUnknown
    query.isOfFacts =
      isOfNames
      || query.kpi == nil && !select.hasAggregate && select.groupBy.isEmpty
        && select.every == nil
    itemNames = select.listedItems.compactMap(\.alias)
    bindZone(select)
    let hasRange = attempt { binder throws(Issue) in try binder.bindRange(select) }
    query.filter = query.kpi?.filter
    if let filter = select.filter { bindFilter(filter) }
    attempt { binder throws(Issue) in try binder.bindBuckets(select) }
    bindGroups(select)
    let areItemsBound = select.items.map { item in
      attempt { binder throws(Issue) in try binder.bindItem(item) }
    }
    // What could not be bound has no name that may be asked for.
    if !areItemsBound.contains(false) { bindAfterItems(select) }
    query.isOnlyFinal = select.isOnlyFinal
    query.limit = select.limit
    query.fill = select.fill?.value
    if hasRange, !isOfNames { attempt { binder throws(Issue) in try binder.checkClauses(select) } }
    if query.isOfFacts { return }
    // Rows of groups are there although nothing is computed of them.
    if query.aggregates.isEmpty {
      query.aggregates.append(Aggregate(.count, nil))
      query.aggregateKinds.append(.integer)
    }
  }

  /// What stands in one place may be looked at for each thing that it is compared with.
  private var distinctIssues: [Issue] {
    var found: [Issue] = []
    for issue in issues
    where !found.contains(where: { known in
      // Spans of trees are equal wherever they are.
      known.span.start == issue.span.start && known.message == issue.message
    }) {
      found.append(issue)
    }
    return found
  }

  private mutating func bindAfterItems(_ select: Select) {
    if let length = select.compareWith, issues.isEmpty {
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

  /// Goes on after what is wrong, to find more of it. False when something is.
  @discardableResult
  mutating func attempt(_ body: (inout Binder) throws(Issue) -> Void) -> Bool {
    do throws(Issue) { try body(&self) } catch {
      issues.append(error)
      return false
    }
    return true
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
      hint =
        "there is none yet: nilo ingest, or POST /v1/streams/NAME/events, makes one of its first events"
    } else {
      hint = "there are: \(names.prefix(10).joined(separator: ", "))"
    }
    return LanguageError.Issue(name.span, "there is no \(what) \(name.text)", hint: hint)
  }
}
