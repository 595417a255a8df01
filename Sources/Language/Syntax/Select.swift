/// A question: what to compute, from which facts, over which time.
public struct Select: Sendable, Equatable {
  /// At least one.
  public var items: [SelectItem]
  /// A stream or a KPI.
  public var from: Name
  /// The facts that count; nil for all of them.
  public var filter: Predicate?
  /// Empty for one group of all facts.
  public var groupBy: [GroupField]
  /// Nil for all of the stream.
  public var range: TimeRange?
  /// Nil asks a KPI by its own buckets, and a stream by one bucket of the range; a query of facts has none.
  public var every: Every?
  /// Where WHOLE BUCKETS stands, if it does: the range picks buckets by their start and cuts none.
  public var wholeBuckets: TextSpan?
  /// By its IANA name, here not looked into; nil is the zone of the KPI, or UTC.
  public var timeZone: Spanned<String>?
  /// Nil leaves buckets without facts out.
  public var fill: Spanned<Fill>?
  /// How far back the period lies that the answer is compared with.
  public var compareWith: TimeLength?
  /// Which rows are left, once they are computed; nil for all of them.
  public var having: Condition?
  /// The first key decides, and the others between equal rows.
  public var orderBy: [OrderKey]
  /// Nil for all rows.
  public var limit: Limit?
  /// Nil for the log as it is now.
  public var asOf: AsOf?
  /// The version of the KPI that is asked.
  public var version: Spanned<Int>?
  /// Whether provisional buckets are left out.
  public var isOnlyFinal: Bool
  public var span: TextSpan

  public init(
    _ items: [SelectItem], from: Name, filter: Predicate? = nil, groupBy: [GroupField] = [],
    range: TimeRange? = nil, every: Every? = nil, wholeBuckets: TextSpan? = nil,
    timeZone: Spanned<String>? = nil, fill: Spanned<Fill>? = nil, compareWith: TimeLength? = nil,
    having: Condition? = nil,
    orderBy: [OrderKey] = [], limit: Limit? = nil, asOf: AsOf? = nil,
    version: Spanned<Int>? = nil, isOnlyFinal: Bool = false, span: TextSpan = .none
  ) {
    self.items = items
    self.from = from
    self.filter = filter
    self.groupBy = groupBy
    self.range = range
    self.every = every
    self.wholeBuckets = wholeBuckets
    self.timeZone = timeZone
    self.fill = fill
    self.compareWith = compareWith
    self.having = having
    self.orderBy = orderBy
    self.limit = limit
    self.asOf = asOf
    self.version = version
    self.isOnlyFinal = isOnlyFinal
    self.span = span
  }
}

/// One of the things that a query asks for.
public enum SelectItem: Sendable, Equatable {
  /// `*`: all fields of the facts, or all columns of a KPI.
  case star(TextSpan)
  case item(Item)
}

/// The time that a query asks about.
public enum TimeRange: Sendable, Equatable {
  /// From `since` to before `until`; at least one of them.
  case bounds(since: TimeExpression?, until: TimeExpression?)
  /// `LAST 24 hours`: up to now.
  case last(TimeLength)
  /// One exact time.
  case at(TimeExpression)
}

/// The buckets of an answer.
public struct Every: Sendable, Equatable {
  public var length: TimeLength
  /// With it a row covers this much time up to its bucket's end. `TIMESERIES 1d SLIDE BY 1h` is
  /// `EVERY 1h ROLLING 1d`.
  public var rolling: TimeLength?
  public var span: TextSpan

  public init(_ length: TimeLength, rolling: TimeLength? = nil, span: TextSpan = .none) {
    self.length = length
    self.rolling = rolling
    self.span = span
  }
}

/// What stands in a bucket that has no facts.
public enum Fill: String, Sendable, Equatable, CaseIterable {
  case null = "NULL"
  case zero = "0"
  /// The value of the bucket before.
  case previous = "PREVIOUS"
  /// On the line between the values at both sides.
  case linear = "LINEAR"
}

/// One of the things that rows are sorted by; the next one decides between equal rows.
public struct OrderKey: Sendable, Equatable {
  public var expression: Expression
  public var isDescending: Bool
  public var span: TextSpan

  public init(
    _ expression: Expression, isDescending: Bool = false, span: TextSpan = .none
  ) {
    self.expression = expression
    self.isDescending = isDescending
    self.span = span
  }
}

/// `LIMIT 10`, or `LIMIT 10 PER BUCKET`: how many rows there may be.
public struct Limit: Sendable, Equatable {
  public var rows: Int
  /// Whether it holds for each bucket, and not for the whole answer.
  public var isPerBucket: Bool
  public var span: TextSpan

  public init(_ rows: Int, isPerBucket: Bool = false, span: TextSpan = .none) {
    self.rows = rows
    self.isPerBucket = isPerBucket
    self.span = span
  }
}
