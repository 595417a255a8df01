/// A question: what to compute, from which facts, over which time.
public struct Select: Sendable, Equatable {
  /// At least one.
  public var items: [SelectItem]
  /// A stream or a KPI.
  public var from: Name
  /// The facts that count; nil for all of them.
  public var filter: Predicate?
  public var groupBy: [GroupField]
  public var range: TimeRange?
  public var every: Every?
  /// Where WHOLE BUCKETS stands, if it does: the range picks buckets by their start and cuts none.
  public var wholeBuckets: SourceSpan?
  public var timeZone: Spanned<String>?
  public var fill: Spanned<Fill>?
  /// How far back the period lies that the answer is compared with.
  public var compareWith: TimeLength?
  public var having: Condition?
  public var orderBy: [OrderKey]
  public var limit: Limit?
  public var asOf: AsOf?
  /// The version of the KPI that is asked.
  public var version: Spanned<Int>?
  /// Whether provisional buckets are left out.
  public var isOnlyFinal: Bool
  public var span: SourceSpan

  public init(
    _ items: [SelectItem], from: Name, filter: Predicate? = nil, groupBy: [GroupField] = [],
    range: TimeRange? = nil, every: Every? = nil, wholeBuckets: SourceSpan? = nil,
    timeZone: Spanned<String>? = nil, fill: Spanned<Fill>? = nil, compareWith: TimeLength? = nil,
    having: Condition? = nil,
    orderBy: [OrderKey] = [], limit: Limit? = nil, asOf: AsOf? = nil,
    version: Spanned<Int>? = nil, isOnlyFinal: Bool = false, span: SourceSpan = .none
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

public enum SelectItem: Sendable, Equatable {
  /// `*`: all fields of the facts, or all columns of a KPI.
  case star(SourceSpan)
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
  public var span: SourceSpan

  public init(_ length: TimeLength, rolling: TimeLength? = nil, span: SourceSpan = .none) {
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

public struct OrderKey: Sendable, Equatable {
  public var expression: Expression
  public var isDescending: Bool
  public var span: SourceSpan

  public init(
    _ expression: Expression, isDescending: Bool = false, span: SourceSpan = .none
  ) {
    self.expression = expression
    self.isDescending = isDescending
    self.span = span
  }
}

public struct Limit: Sendable, Equatable {
  public var rows: Int
  /// Whether it holds for each bucket, and not for the whole answer.
  public var isPerBucket: Bool
  public var span: SourceSpan

  public init(_ rows: Int, isPerBucket: Bool = false, span: SourceSpan = .none) {
    self.rows = rows
    self.isPerBucket = isPerBucket
    self.span = span
  }
}
