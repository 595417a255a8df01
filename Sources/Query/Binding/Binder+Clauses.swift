import Bytes
import Language
import Model

/// The clauses about time and groups.
extension Binder {
  var times: TimeResolver {
    TimeResolver(zone: query.zone, nowNs: options.nowNs, parameters: options.parameters)
  }

  mutating func bindZone(_ select: Select) {
    let name = select.timeZone?.value ?? query.kpi?.timeZone ?? options.timeZone ?? "UTC"
    do throws(UnknownZoneError) {
      query.zone = try ZoneRules(named: name)
    } catch {
      issues.append(Issue(select.timeZone?.span ?? select.from.span, error.description))
    }
  }

  mutating func bindRange(_ select: Select) throws(Issue) {
    guard let range = select.range else { return }
    var (low, high) = (Int64.min, Int64.max)
    switch range {
    case .bounds(let since, let until):
      if let since { low = try ns(since) }
      if let until { high = try ns(until) }
      if low > high, let until {
        throw Issue(until.span, "UNTIL is before SINCE", hint: TimeResolver.rangeHint)
      }
      if low > high { high = low }
      if low == high, since != nil, until != nil {
        query.notes.append("SINCE and UNTIL are the same time, and no fact lies between them")
      }
    case .last(let length):
      (low, high) = (length.added(to: options.nowNs, times: -1, in: query.zone), options.nowNs)
    case .at(let time):
      low = try ns(time)
      high = low.saturatingSubtracting(-1)
    }
    query.range = low..<high
    query.hasRange = true
  }

  private mutating func ns(_ time: TimeExpression) throws(Issue) -> Int64 {
    let ns = try times.ns(time)
    if let note = times.note(time) { add(note: note) }
    return ns
  }

  mutating func bindBuckets(_ select: Select) throws(Issue) {
    if let every = select.every {
      let length = try every.length.bucketLength()
      query.buckets = Buckets(length: length, zone: query.zone)
      if let rolling = every.rolling {
        let window = try rolling.bucketLength(ofWindow: true)
        try Self.checkRolling(window, length, rolling.span)
        query.rolling = window
      }
    } else if let kpi = query.kpi, !isOneBucket(select) {
      query.buckets = Buckets(length: kpi.every, zone: query.zone)
      query.rolling = kpi.rolling
    }
    if case .at(let time)? = select.range, select.every != nil {
      throw Issue(time.span, "AT is one time and has no buckets", hint: "leave EVERY out")
    }
    if let span = select.wholeBuckets {
      guard query.buckets != nil else {
        throw Issue(span, "WHOLE BUCKETS needs buckets", hint: "add EVERY 1h, for example")
      }
      query.takeWholeBuckets()
    }
  }

  /// A KPI at one exact time has no buckets, as a stream has none.
  private func isOneBucket(_ select: Select) -> Bool {
    if case .at = select.range { true } else { false }
  }

  private static func checkRolling(
    _ window: BucketLength, _ every: BucketLength, _ span: TextSpan
  ) throws(Issue) {
    let (count, rest) = window.nominalNs.quotientAndRemainder(dividingBy: every.nominalNs)
    guard rest == 0, count >= 1 else {
      throw Issue(span, "ROLLING \(window) is not a multiple of EVERY \(every)")
    }
    guard count <= 100_000 else {
      throw Issue(span, "ROLLING \(window) is more than 100000 times EVERY \(every)")
    }
  }

  mutating func bindGroups(_ select: Select) {
    if select.groupBy.isEmpty, let kpi = query.kpi {
      query.groups = kpi.dimensions.map(group)
    }
    for dimension in select.groupBy {
      attempt { binder throws(Issue) in
        let known = try binder.known(dimension)
        for other in binder.query.groups {
          if other.path == known.path.path {
            throw Issue(dimension.span, "\(dimension.path.path) stands twice in GROUP BY")
          }
          if other.name == known.name {
            throw Issue(
              dimension.span, "two columns would be named \(known.name)", hint: "name one with AS")
          }
        }
        binder.query.groups.append(binder.group(known))
      }
    }
  }

  /// Labels of a field that has numbers only are numbers again.
  private func group(_ dimension: GroupField) -> BoundQuery.GroupColumn {
    let path = dimension.path.path
    let field = query.stream.fields.first { $0.path == path }
    return BoundQuery.GroupColumn(
      path: path, name: dimension.name, kind: field?.kind == .number ? .number : .text)
  }

  /// A dimension by its field, as which a KPI may have another name for it.
  private func known(_ dimension: GroupField) throws(Issue) -> GroupField {
    guard let kpi = query.kpi else {
      _ = try field(dimension.path)
      return dimension
    }
    guard var known = kpi.dimension(dimension.path.path) else {
      throw noDimension(dimension.path, of: kpi)
    }
    if let alias = dimension.alias { known.alias = alias }
    return known
  }

  private func noDimension(_ path: FieldPath, of kpi: KpiInfo) -> Issue {
    let nearest = Spelling.nearest(path.path, kpi.groupBy)
    let list = kpi.groupBy.joined(separator: ", ")
    return Issue(
      path.span, "KPI \(kpi.name) has no dimension \(path.path)",
      hint: timeHint(path) ?? nearest.map { "did you mean \($0)?" }
        ?? (kpi.groupBy.isEmpty
          ? "it has none; ask the stream \(kpi.stream)"
          : "it has: \(list); of other fields ask the stream \(kpi.stream)"))
  }

  /// What is wrong with the fields of a filter: cells tell groups apart and nothing else.
  private func faults(ofFilter filter: Predicate, _ kpi: KpiInfo) -> [Issue] {
    filter.fields.filter { kpi.dimension($0.path) == nil }.map { noDimension($0, of: kpi) }
  }

  mutating func bindFilter(_ filter: Predicate) {
    guard let kpi = query.kpi else {
      query.filter = predicate(filter)
      return
    }
    let found = faults(ofFilter: filter, kpi)
    issues += found
    if found.isEmpty { query.filter = .both(kpi.filter, predicate(filter.named(by: kpi))) }
  }

  // MARK: Clauses that need others

  func checkClauses(_ select: Select) throws(Issue) {
    if query.isOfFacts { try checkFacts(select) }
    if let fill = select.fill {
      guard query.buckets != nil else {
        throw Issue(fill.span, "FILL needs buckets", hint: "add EVERY 1h, for example")
      }
      guard query.range.lowerBound > .min, query.range.upperBound < .max else {
        throw Issue(
          fill.span, "FILL needs a range with both ends",
          hint: "add SINCE and UNTIL, or LAST 24 hours")
      }
    }
    if let limit = select.limit, limit.isPerBucket, query.buckets == nil {
      throw Issue(limit.span, "LIMIT PER BUCKET needs buckets", hint: "add EVERY 1h, for example")
    }
    if query.hasWindow, !query.isOfFacts, query.buckets == nil {
      let window = select.window
      throw Issue(
        window?.span ?? select.span,
        "\(window?.function.name ?? "this function") compares a row with rows before it",
        hint: "add EVERY 1h, for example")
    }
  }

  private func checkFacts(_ select: Select) throws(Issue) {
    if select.fill != nil || select.compareWith != nil || select.isOnlyFinal {
      throw Issue(
        select.fill?.span ?? select.compareWith?.span ?? select.span,
        "FILL, COMPARE WITH and ONLY FINAL are of aggregates",
        hint: "ask for avg(x) or count(*), for example")
    }
    if !query.hasRange && select.limit == nil {
      throw Issue(
        select.items.first?.span ?? select.span,
        "the facts themselves are asked for with a time or a LIMIT",
        hint: "add LIMIT 10, or SINCE and UNTIL; or ask for avg(x) or count(*)")
    }
  }

  mutating func bindComparison(_ length: TimeLength) throws(Issue) {
    guard query.range.lowerBound > .min else {
      throw Issue(
        length.span, "COMPARE WITH needs a range", hint: "add SINCE today, for example")
    }
    query.compare = length
    if query.range.upperBound == .max {
      let end = max(query.range.lowerBound, options.nowNs)
      query.range = query.range.lowerBound..<end
      if query.isOfWholeBuckets { query.takeWholeBuckets() }
    }
    try checkComparison(length)
    let inputs = query.aggregates.count
    let selected = query.outputs.map(\.name)
    let ago = "\(length.canonicalText) ago"
    query.outputs = query.outputs.flatMap { output -> [BoundQuery.Output] in
      // Only one of the two times has rows of its own.
      if output.expression.isPropertyOfRow { return [output] }
      var earlier = output
      earlier.name = "\(output.name) (\(ago))"
      earlier.expression = output.expression.mapped {
        if case .input(let index) = $0 { .input(index + inputs) } else { $0 }
      }
      guard output.kind.isNumber else { return [output, earlier] }
      let change = BoundQuery.Output(
        name: "\(output.name) (change %)",
        expression: .change(earlier.expression, output.expression), kind: .number, errorBound: nil)
      return [output, earlier, change]
    }
    let names = query.groups.map(\.name) + query.outputs.map(\.name)
    if Set(names).count < names.count {
      throw Issue(
        length.span,
        "two columns would have the same name beside \(selected.joined(separator: ", "))",
        hint: "name the items with AS")
    }
  }
}

extension Binder {
  /// Refuses what cannot be compared with as much.
  private mutating func checkComparison(_ length: TimeLength) throws(Issue) {
    let text = length.canonicalText
    if let every = query.buckets?.length {
      if length.grain.seconds * 1e9 < Double(every.nominalNs) {
        throw Issue(
          length.span, "COMPARE WITH \(text) AGO is less than a bucket of \(every)")
      }
      guard let advice = ComparedBuckets.refusal(length, every) else { return }
      throw Issue(
        length.span,
        "\(text) is no multiple of EVERY \(every): buckets would be compared with parts "
          + "of others", hint: advice)
    }
    let earlier = length.earlier(query.range, in: query.zone)
    if earlier.isEmpty, !query.range.isEmpty {
      throw Issue(
        length.span,
        "there is no time \(text) before this range: both of its ends come to "
          + "\(Timestamp(ns: earlier.lowerBound))",
        hint: "months are of different lengths; ask for whole months, or COMPARE WITH 4w AGO")
    }
    let isCut = [query.range.lowerBound, query.range.upperBound].contains { bound in
      length.grain.isOfMonths
        && length.dayOfMonth(before: bound, in: query.zone)
          != query.zone.dayOfMonth(at: bound)
    }
    if isCut {
      query.notes.append(
        "compared with \(Timestamp(ns: earlier.lowerBound)) to \(Timestamp(ns: earlier.upperBound)): "
          + "not all months have as many days")
    }
  }
}

extension ZoneRules {
  fileprivate func dayOfMonth(at ns: Int64) -> Int {
    CivilDate(daysSinceEpoch: Int(localNs(at: ns).flooredQuotient(86_400_000_000_000))).day
  }
}

extension TimeLength {
  fileprivate func dayOfMonth(before ns: Int64, in zone: ZoneRules) -> Int {
    zone.dayOfMonth(at: added(to: ns, times: -1, in: zone))
  }
}

extension Select {
  /// The first function that looks back.
  var window: WindowCall? {
    expressions.lazy.compactMap(Self.window).first
  }

  private static func window(_ expression: Expression) -> WindowCall? {
    if case .window(let call) = expression { return call }
    return expression.children.lazy.compactMap(window).first
  }
}

extension SelectItem {
  var span: TextSpan {
    switch self {
    case .star(let span): span
    case .item(let item): item.span
    }
  }
}
