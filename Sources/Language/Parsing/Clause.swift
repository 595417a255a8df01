/// The clauses that stand at the end of a statement, in any order.
enum Clause: String, CaseIterable {
  case filter = "WHERE"
  case groupBy = "GROUP BY"
  case since = "SINCE"
  case until = "UNTIL"
  case last = "LAST"
  case at = "AT"
  case every = "EVERY"
  case wholeBuckets = "WHOLE BUCKETS"
  case timeZone = "TIME ZONE"
  case fill = "FILL"
  case compareWith = "COMPARE WITH"
  case having = "HAVING"
  case orderBy = "ORDER BY"
  case limit = "LIMIT"
  case asOf = "AS OF"
  case version = "USING VERSION"
  case onlyFinal = "ONLY FINAL"
  case lateness = "LATENESS"
  case key = "KEY"
  case dedupBy = "DEDUP BY"
  case explode = "EXPLODE"
  case elementTime = "ELEMENT TIME"
  case absence = "NO"
  case dimensions = "DIMENSIONS"
  case source = "SOURCE"
  case byArrival = "BY ARRIVAL"
  case unit = "UNIT"
  case target = "TARGET"
  case better = "HIGHER or LOWER IS BETTER"

  /// The clause that a token begins, where one may begin.
  init?(_ token: Token) {
    switch token.kind {
    case .keyword(let keyword): self.init(keyword)
    case .word:
      guard let word = token.word else { return nil }
      self.init(word)
    default: return nil
    }
  }

  private init?(_ keyword: Keyword) {
    switch keyword {
    case .where: self = .filter
    case .group, .by: self = .groupBy
    case .having: self = .having
    case .order: self = .orderBy
    case .limit: self = .limit
    case .as: self = .asOf
    default: return nil
    }
  }

  private init?(_ word: Word) {
    switch word {
    case .facet: self = .groupBy
    case .every, .timeseries: self = .every
    case .since: self = .since
    case .until: self = .until
    case .last: self = .last
    case .at: self = .at
    case .whole: self = .wholeBuckets
    case .time: self = .timeZone
    case .fill: self = .fill
    case .compare: self = .compareWith
    case .using: self = .version
    case .only: self = .onlyFinal
    case .lateness: self = .lateness
    case .key: self = .key
    case .dedup: self = .dedupBy
    case .explode: self = .explode
    case .element: self = .elementTime
    case .no: self = .absence
    case .dimensions: self = .dimensions
    case .source: self = .source
    case .unit: self = .unit
    case .target: self = .target
    case .higher, .lower: self = .better
    default: return nil
    }
  }

  /// What is said of a column of a KPI.
  static let meaning: [Clause] = [.unit, .target, .better]

  var title: String { rawValue }

  /// The first word, as one writes it.
  var opening: String { String(title.prefix { $0 != " " }) }

  /// The clauses that give the same thing in another way.
  var rivals: [Clause] {
    switch self {
    case .since, .until: [.last, .at]
    case .last: [.since, .until, .at]
    case .at: [.since, .until, .last]
    default: []
    }
  }
}

/// Which clauses a statement may have, and what to call it in a message.
struct ClauseRules {
  /// As in "SHOW LATE has no FILL".
  var owner: String
  var allowed: [Clause]
  /// What follows the clauses; it is left for the caller.
  var terminator: Token.Kind?
  var closingWord: Word?
  /// What to write instead of words that people try here, in small letters.
  var habits: [String: String] = [:]

  /// Whether FROM and a name stand before the clauses.
  var followsFrom: Bool { allowed.contains(.every) }
  /// Whether TIME, its field and what goes with it stand before the clauses.
  var followsTime: Bool { allowed.contains(.elementTime) }

  /// BY begins GROUP BY in a query, and BY ARRIVAL in a list.
  func read(_ clause: Clause?, _ token: Token) -> Clause? {
    guard clause == .groupBy, token.kind == .keyword(.by), allowed.contains(.byArrival) else {
      return clause
    }
    return .byArrival
  }

  static let bounds: [Clause] = [.since, .until]
  static let range: [Clause] = bounds + [.last]
  static let query: [Clause] =
    [.filter, .groupBy] + range + [
      .at, .every, .wholeBuckets, .timeZone, .fill, .compareWith, .having, .orderBy, .limit, .asOf,
      .version, .onlyFinal,
    ]

  static let kpi = ClauseRules(
    owner: "the definition of a KPI",
    allowed: [.filter, .groupBy, .every, .timeZone, .lateness] + Clause.meaning)
  static let alteredKpi = ClauseRules(
    owner: "ALTER KPI", allowed: Clause.meaning + [.absence],
    habits: alteredKpiHabits)
  static let stream = ClauseRules(
    owner: "the definition of a stream",
    allowed: [.key, .dedupBy, .explode, .elementTime, .lateness, .dimensions, .source],
    habits: streamHabits)
}

extension ClauseRules {
  static let alteredStream = ClauseRules(
    owner: "ALTER STREAM",
    allowed: [.key, .dedupBy, .explode, .elementTime, .lateness, .absence],
    habits: streamHabits)

  private static let streamHabits: [String: String] = {
    let change = "write the clause alone, such as KEY device_id, or NO KEY"
    return [
      "zone": timeHint, "unit": timeHint, "format": timeHint,
      "within": "WITHIN follows DEDUP BY and its field: DEDUP BY event_id WITHIN 7 days",
      "add": change, "set": change, "modify": change, "drop": change,
    ]
  }()

  private static let alteredKpiHabits: [String: String] = {
    let version = "a new definition is a new version: REDEFINE KPI"
    return ["every": version, "where": version, "group": version, "as": version]
  }()

  static let timeHint =
    "TIME and its field stand first, and ZONE, UNIT and FORMAT follow it in this order: "
    + "TIME ts ZONE 'Europe/Paris'"
}

/// What GROUP BY names.
enum GroupKey {
  case field(GroupField)
  /// The place of an item, counted from 1.
  case place(Spanned<Int>)
}

/// The clauses that have been read, and where.
struct Clauses {
  var filter: Predicate?
  var groupBy: [GroupKey] = []
  var since: TimeExpression?
  var until: TimeExpression?
  var last: TimeLength?
  var at: TimeExpression?
  var every: Every?
  var wholeBuckets: TextSpan?
  var timeZone: Spanned<String>?
  var fill: Spanned<Fill>?
  var compareWith: TimeLength?
  var having: Condition?
  var orderBy: [OrderKey] = []
  var limit: Limit?
  var asOf: AsOf?
  var version: Spanned<Int>?
  var isOnlyFinal = false
  var lateness: TimeLength?
  var key: FieldPath?
  var dedupBy: DedupBy?
  var explode: FieldPath?
  var elementTime: FieldPath?
  var absent: [AlterStream.Part] = []
  var dimensions: [FieldPath] = []
  var sources: [SourceCall] = []
  var isByArrival = false
  var meaning = ColumnMeaning()
  var meaningless: [AlterKpi.Part] = []

  var spans: [Clause: TextSpan] = [:]

  var range: TimeRange? {
    if let last { return .last(last) }
    if let at { return .at(at) }
    return since == nil && until == nil ? nil : .bounds(since: since, until: until)
  }
}
