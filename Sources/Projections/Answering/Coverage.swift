import Asking
import Bytes
import EventLog
import Language
import Model

/// How the cells of a KPI answer a query, if they do: the same stream, all of its groups, buckets that fit into the
/// query's, a filter that is the same or looks at groups alone, and states that merge.
struct Coverage {
  let kpi: CompiledKpi
  /// The part of the query's filter that picks among the KPI's groups.
  let groupFilter: Predicate?
  /// The same, ready to be asked for each group.
  let groupProgram: PredicateProgram?
  /// For each dimension of the query its place among those of the KPI.
  let dimensions: [Int]
  /// For each measure of the query its place among those of the KPI.
  let measures: [Int]
  /// For each measure of the KPI the states that the query wants of it, to be merged.
  let reading: [MeasureReading]
  /// Whether the KPI's groups are the query's.
  let hasSameGroups: Bool
  /// Whether each of the KPI's cells is a cell of the query.
  let isIdentical: Bool

  /// Cells do not answer the query, for this reason.
  struct Refusal: Error {
    var reason: String
    /// What of the query they do not answer.
    var subject = CannotAnswerError.Subject.whole
  }

  /// `range` holds the facts that there are to answer from.
  init(
    _ kpi: CompiledKpi, _ query: AggregateRequest, _ asked: CompiledKpi, _ range: Range<Int64>,
    _ stream: EventStream
  ) throws(Refusal) {
    self.kpi = kpi
    guard kpi.definition.stream == query.stream else {
      throw Refusal(reason: "it is of stream \(kpi.definition.stream)")
    }
    var places: [Int] = []
    for dimension in asked.dimensions {
      guard let place = kpi.dimensions.firstIndex(of: dimension) else {
        throw Refusal(reason: "it is not grouped by \(dimension)")
      }
      places.append(place)
    }
    dimensions = places
    let groupFilter = try Self.groupFilter(query.filter, kpi, stream)
    self.groupFilter = groupFilter
    do {
      groupProgram = try groupFilter.map { try PredicateProgram($0) }
    } catch {
      throw Refusal(reason: "\(error)")
    }
    measures = try Self.measures(asked.plan, kpi.plan)
    try Self.checkBoundaries(kpi, query, asked, range)
    var reading = [FoldPlan.Needs](repeating: [], count: kpi.plan.measures.count)
    for (measure, place) in zip(asked.plan.measures, measures) {
      reading[place].formUnion(measure.needs)
    }
    self.reading = reading.map { MeasureReading(merging: $0) }
    hasSameGroups = dimensions == Array(kpi.dimensions.indices)
    isIdentical =
      hasSameGroups && query.every == kpi.definition.every
      && query.timeZone == kpi.definition.timeZone
    if asked.plan.hasSeries, !hasSameGroups {
      throw Refusal(reason: "counters and levels do not add up across its groups")
    }
  }

  /// The same where each of the KPI's cells is a row of the answer as it is.
  func reading(rowsFor aggregates: [Aggregate]) -> [MeasureReading] {
    var reading = kpi.plan.measures.map { _ in MeasureReading() }
    for aggregate in aggregates {
      if let place = kpi.plan.index(of: aggregate) { reading[place].add(aggregate.function) }
    }
    return reading
  }

  // MARK: Filters

  private static func groupFilter(
    _ filter: Predicate?, _ kpi: CompiledKpi, _ stream: EventStream
  ) throws(Refusal) -> Predicate? {
    guard let own = kpi.definition.filter else {
      if let filter { try checkGroupFilter(filter, kpi, stream) }
      return filter
    }
    // One of the terms has to be the KPI's own filter.
    var terms = filter.map(terms) ?? []
    let ownTerms = Self.terms(own)
    for term in ownTerms {
      guard let place = terms.firstIndex(of: term) else {
        throw Refusal(
          reason: "it has only the facts with \(own.canonicalText)", subject: .filter(nil))
      }
      terms.remove(at: place)
    }
    for term in terms { try checkGroupFilter(term, kpi, stream) }
    guard let first = terms.first else { return nil }
    return terms.dropFirst().reduce(first) { .and($0, $1) }
  }

  static func terms(_ predicate: Predicate) -> [Predicate] {
    if case .and(let left, let right) = predicate { return terms(left) + terms(right) }
    return [predicate]
  }

  /// Groups are known by their labels: enough for texts, not for numbers.
  private static func checkGroupFilter(
    _ predicate: Predicate, _ kpi: CompiledKpi, _ stream: EventStream
  ) throws(Refusal) {
    for field in predicate.fields where !kpi.dimensions.contains(field.path) {
      throw Refusal(
        reason: "its cells cannot be filtered by \(field.path)", subject: .filter(field.path))
    }
    if predicate.hasNumbers {
      throw Refusal(
        reason: "its groups are texts, which cannot be compared with numbers",
        subject: .filter(predicate.fields.first?.path))
    }
    if let field = predicate.fieldsInQuotedOrder.first(where: { stream.hasNumbers(at: $0) }) {
      throw Refusal(
        reason: "the groups of \(field) are texts, which cannot be compared as numbers",
        subject: .filter(field))
    }
  }

  // MARK: States

  private static func measures(_ asked: FoldPlan, _ known: FoldPlan) throws(Refusal) -> [Int] {
    var places: [Int] = []
    for measure in asked.measures {
      let place = known.measures.firstIndex {
        $0.path == measure.path && $0.filter == measure.filter
          && $0.needs.isSuperset(of: measure.needs)
      }
      guard let place else {
        let condition = measure.filter.map { " WHERE \($0.canonicalText)" } ?? ""
        throw Refusal(
          reason: "it does not keep what is asked of \(measure.path ?? "*")\(condition)",
          subject: .aggregates(of: measure.path))
      }
      places.append(place)
    }
    return places
  }

  // MARK: Buckets

  /// Buckets of a query are looked at one by one when they are at most this many.
  private static let maxBuckets = 1_000_000

  /// Each boundary of the query's buckets has to be one of the KPI's.
  private static func checkBoundaries(
    _ kpi: CompiledKpi, _ query: AggregateRequest, _ asked: CompiledKpi, _ range: Range<Int64>
  ) throws(Refusal) {
    guard let every = query.every else { return }
    let own = kpi.definition
    if every == own.every, query.timeZone == own.timeZone { return }
    guard own.every.nominalNs <= every.nominalNs else {
      throw Refusal(
        reason: "its buckets of \(own.every) are longer than \(every)", subject: .buckets)
    }
    var count = 0
    for start in asked.buckets.starts(from: range.lowerBound, until: range.upperBound) {
      count += 1
      guard count <= maxBuckets, kpi.buckets.start(of: start) == start else {
        let (inner, outer) =
          query.timeZone == own.timeZone
          ? ("", "") : (" in the zone \(own.timeZone)", " in the zone \(query.timeZone)")
        throw Refusal(
          reason: "its buckets of \(own.every)\(inner) do not fit into \(every)\(outer)",
          subject: .buckets)
      }
    }
  }
}

extension Predicate {
  /// Whether it compares with a number.
  fileprivate var hasNumbers: Bool {
    switch self {
    case .compare(_, _, let literal): literal.isNumber
    case .in(_, let literals, _): literals.contains { $0.isNumber }
    case .between(_, let low, let high, _): low.isNumber || high.isNumber
    case .and(let left, let right), .or(let left, let right): left.hasNumbers || right.hasNumbers
    case .not(let inner): inner.hasNumbers
    case .like, .matches, .isNull, .constant: false
    }
  }
}

extension Predicate {
  /// The fields that are compared with quoted numbers in such a way that numbers and texts differ: by order, or with
  /// other digits than a label has.
  fileprivate var fieldsInQuotedOrder: [Text] {
    switch self {
    case .compare(let field, let comparison, let literal):
      let isOfEquality = comparison == .eq || comparison == .ne
      return literal.differsFromLabel(inOrder: !isOfEquality) ? [field.path] : []
    case .in(let field, let literals, _):
      return literals.contains { $0.differsFromLabel(inOrder: false) } ? [field.path] : []
    case .between(let field, let low, let high, _):
      let differs = low.differsFromLabel(inOrder: true) || high.differsFromLabel(inOrder: true)
      return differs ? [field.path] : []
    case .and(let left, let right), .or(let left, let right):
      return left.fieldsInQuotedOrder + right.fieldsInQuotedOrder
    case .not(let inner): return inner.fieldsInQuotedOrder
    case .like, .matches, .isNull, .constant: return []
    }
  }
}

extension Literal {
  /// Whether a number compares with this text in another way than its label does.
  fileprivate func differsFromLabel(inOrder: Bool) -> Bool {
    guard case .string(let text) = self, let number = Literal.number(in: text.string) else {
      return false
    }
    if inOrder { return true }
    return Number(number)?.description != text.string
  }

  fileprivate var isNumber: Bool {
    if case .number = self { return true }
    return false
  }
}
