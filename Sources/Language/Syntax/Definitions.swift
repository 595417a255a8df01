/// `DEFINE STREAM`: where the time, the key and the id of a document are found.
public struct DefineStream: Sendable, Equatable {
  public var name: Name
  public var time: FieldPath
  /// The dimension that tells devices apart.
  public var key: FieldPath?
  public var dedupBy: FieldPath?
  /// The array whose elements are the facts.
  public var explode: FieldPath?
  public var dimensions: [FieldPath]
  /// Where its events come from.
  public var sources: [SourceCall]

  public init(
    _ name: Name, time: FieldPath, key: FieldPath? = nil, dedupBy: FieldPath? = nil,
    explode: FieldPath? = nil, dimensions: [FieldPath] = [], sources: [SourceCall] = []
  ) {
    self.name = name
    self.time = time
    self.key = key
    self.dedupBy = dedupBy
    self.explode = explode
    self.dimensions = dimensions
    self.sources = sources
  }
}

/// A place that events come from: `influx('source', 'measurement')`.
public struct SourceCall: Sendable, Equatable {
  /// The kind of source, in small letters.
  public var kind: String
  /// At least one.
  public var arguments: [Spanned<String>]
  public var span: SourceSpan

  public init(_ kind: String, _ arguments: [Spanned<String>], span: SourceSpan = .none) {
    self.kind = kind
    self.arguments = arguments
    self.span = span
  }
}

/// `DEFINE KPI` and `REDEFINE KPI`. It has no wall clock and no parameters.
public struct DefineKpi: Sendable, Equatable {
  public var name: Name
  /// At least one, of aggregates and arithmetic only.
  public var items: [Item]
  public var from: Name
  public var filter: Predicate?
  public var groupBy: [GroupField]
  public var every: Every
  public var timeZone: Spanned<String>?
  public var lateness: TimeLength?

  public init(
    _ name: Name, as items: [Item], from: Name, filter: Predicate? = nil,
    groupBy: [GroupField] = [], every: Every, timeZone: Spanned<String>? = nil,
    lateness: TimeLength? = nil
  ) {
    self.name = name
    self.items = items
    self.from = from
    self.filter = filter
    self.groupBy = groupBy
    self.every = every
    self.timeZone = timeZone
    self.lateness = lateness
  }
}

/// `COMPARE KPI k VERSION 1 WITH VERSION 2`.
public struct CompareKpi: Sendable, Equatable {
  public var name: Name
  public var version: Spanned<Int>
  public var other: Spanned<Int>
  public var range: TimeRange?
  public var limit: Limit?

  public init(
    _ name: Name, version: Spanned<Int>, with other: Spanned<Int>, range: TimeRange? = nil,
    limit: Limit? = nil
  ) {
    self.name = name
    self.version = version
    self.other = other
    self.range = range
    self.limit = limit
  }
}
