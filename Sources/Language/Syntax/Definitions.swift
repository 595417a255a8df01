/// `DEFINE STREAM`: where the time, the key and the id of a document are found.
public struct DefineStream: Sendable, Equatable {
  public var name: Name
  public var time: FieldPath
  public var timeForm = TimeForm()
  /// The dimension that tells devices apart.
  public var key: FieldPath?
  /// What makes the id that an event comes in once by; nil for none.
  public var dedupBy: DedupBy?
  /// The array whose elements are the facts.
  public var explode: FieldPath?
  /// The time of an element, from the element.
  public var elementTime: FieldPath?
  /// How far behind an event is late; nil for the usual.
  public var lateness: TimeLength?
  /// The fields that may be grouped by; empty for all.
  public var dimensions: [FieldPath]
  /// Where its events come from.
  public var sources: [SourceCall]

  public init(
    _ name: Name, time: FieldPath, key: FieldPath? = nil, dedupBy: DedupBy? = nil,
    explode: FieldPath? = nil, elementTime: FieldPath? = nil, lateness: TimeLength? = nil,
    dimensions: [FieldPath] = [], sources: [SourceCall] = []
  ) {
    self.name = name
    self.time = time
    self.key = key
    self.dedupBy = dedupBy
    self.explode = explode
    self.elementTime = elementTime
    self.lateness = lateness
    self.dimensions = dimensions
    self.sources = sources
  }
}

/// How times are read that do not say it themselves: `ZONE 'Europe/Paris' UNIT 'ms' FORMAT '%d.%m.%Y'`.
public struct TimeForm: Sendable, Equatable {
  /// The zone of times that name none, such as `Europe/Paris`; nil rejects them.
  public var zone: Spanned<String>?
  /// Of numbers: `s`, `ms`, `us` or `ns`, here not looked into; nil takes it from their size.
  public var unit: Spanned<String>?
  /// Of texts, such as `%d.%m.%Y`, here not looked into; nil is ISO 8601.
  public var format: Spanned<String>?

  public init(
    zone: Spanned<String>? = nil, unit: Spanned<String>? = nil, format: Spanned<String>? = nil
  ) {
    (self.zone, self.unit, self.format) = (zone, unit, format)
  }
}

/// `ALTER STREAM`: what a stream is from the next event on.
public struct AlterStream: Sendable, Equatable {
  /// What a stream need not have.
  public enum Part: String, Sendable, Equatable, CaseIterable {
    case key = "KEY"
    case dedup = "DEDUP"
    case explode = "EXPLODE"
    case elementTime = "ELEMENT TIME"
  }

  public var name: Name
  /// Nil, as for all that follows, leaves it as it is.
  public var time: FieldPath?
  /// Of ``time``; what is not said is not so any longer.
  public var timeForm = TimeForm()
  public var key: FieldPath?
  public var dedupBy: DedupBy?
  public var explode: FieldPath?
  /// The time of an element, from the element.
  public var elementTime: FieldPath?
  /// How far the watermark has to be past the end of a bucket for it to be final; nil for the stream's lateness.
  public var lateness: TimeLength?
  /// What it is to have no longer.
  public var absent: [Part]

  public init(
    _ name: Name, time: FieldPath? = nil, key: FieldPath? = nil, dedupBy: DedupBy? = nil,
    explode: FieldPath? = nil, elementTime: FieldPath? = nil, lateness: TimeLength? = nil,
    absent: [Part] = []
  ) {
    self.name = name
    self.time = time
    self.key = key
    self.dedupBy = dedupBy
    self.explode = explode
    self.elementTime = elementTime
    self.lateness = lateness
    self.absent = absent
  }
}

/// `DEDUP BY id`, or `DEDUP BY (device, id) WITHIN 7d`.
public struct DedupBy: Sendable, Equatable {
  /// At least one; an event has the id when it has all of them.
  public var fields: [FieldPath]
  /// How far apart in time two events of one id are still the same.
  public var within: TimeLength?

  public init(_ fields: [FieldPath], within: TimeLength? = nil) {
    self.fields = fields
    self.within = within
  }
}

/// A place that events come from: `influx('source', 'measurement')`.
public struct SourceCall: Sendable, Equatable {
  /// The kind of source, in small letters.
  public var kind: String
  /// At least one.
  public var arguments: [Spanned<String>]
  public var span: TextSpan

  public init(_ kind: String, _ arguments: [Spanned<String>], span: TextSpan = .none) {
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
  /// The stream.
  public var from: Name
  /// The facts that count; nil for all of them.
  public var filter: Predicate?
  public var groupBy: [GroupField]
  public var every: Every
  /// By its IANA name, here not looked into; nil is UTC.
  public var timeZone: Spanned<String>?
  public var lateness: TimeLength?
  /// What items mean, by their places; those of which nothing is said are not among them.
  public var meanings: [Int: ColumnMeaning] = [:]

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
  /// The version that it is compared with.
  public var other: Spanned<Int>
  /// Nil compares all buckets.
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
