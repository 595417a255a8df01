/// `DEFINE SCHEDULE`: a query that is asked at times of the clock, and where its answers go.
public struct DefineSchedule: Sendable, Equatable {
  public var name: Name
  /// Five fields, here not looked into: `0 * * * *`.
  public var cron: Spanned<String>
  /// The zone of whose clocks they are, by its IANA name, here not looked into; nil is UTC.
  public var timeZone: Spanned<String>?
  /// Without AS OF: each run asks the log as it is then.
  public var query: Select
  public var target: TargetCall

  public init(
    _ name: Name, cron: Spanned<String>, timeZone: Spanned<String>? = nil, query: Select,
    target: TargetCall
  ) {
    (self.name, self.cron, self.timeZone) = (name, cron, timeZone)
    (self.query, self.target) = (query, target)
  }
}

/// `DEFINE ALERT`: a condition on the rows of a query, which is judged when their bucket is final, or before that as well.
public struct DefineAlert: Sendable, Equatable {
  public var name: Name
  /// With EVERY and HAVING, and without a range, an order or a limit.
  public var query: Select
  /// How many buckets in a row the condition has to hold; nil for one.
  public var bucketCount: Spanned<Int>?
  /// Whether a condition that holds in a bucket which is not final counts until then.
  public var isEarly: Bool
  /// Who is told.
  public var target: TargetCall

  public init(
    _ name: Name, on query: Select, bucketCount: Spanned<Int>? = nil, isEarly: Bool = false,
    target: TargetCall
  ) {
    (self.name, self.query, self.bucketCount, self.target) = (name, query, bucketCount, target)
    self.isEarly = isEarly
  }
}

/// `DEFINE SINK`: where the rows of a KPI go once their bucket is final, and again when they were restated.
public struct DefineSink: Sendable, Equatable {
  public var name: Name
  public var kpi: Name
  public var target: TargetCall

  public init(_ name: Name, from kpi: Name, target: TargetCall) {
    (self.name, self.kpi, self.target) = (name, kpi, target)
  }
}

/// A place that answers go to: `file('report.csv')`, or one that takes more to say: `kafka(brokers 'a:9092', topic 'rows')`.
public struct TargetCall: Sendable, Equatable {
  /// The kind of place, in small letters.
  public var kind: String
  /// Empty where there are options.
  public var argument: Spanned<String>
  /// No name stands twice. Empty where there is an argument.
  public var options: [SourceOption]
  public var span: TextSpan

  public init(_ kind: String, _ argument: Spanned<String>, span: TextSpan = .none) {
    (self.kind, self.argument, self.span) = (kind, argument, span)
    options = []
  }

  /// At least one option.
  public init(_ kind: String, _ options: [SourceOption], span: TextSpan = .none) {
    (self.kind, self.options, self.span) = (kind, options, span)
    argument = Spanned("", span: span)
  }
}
