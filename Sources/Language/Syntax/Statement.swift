/// One statement of a text. Two are equal when they mean the same.
public struct Statement: Sendable, Equatable {
  public var body: Body
  /// In the whole text, as are all spans within.
  public var span: TextSpan
  /// The statement as it was written, without the `;`. Empty when it was not read from a text.
  public var text: String

  /// A statement that was not read from a text has no place and no text.
  public init(_ body: Body, span: TextSpan = .none, text: String = "") {
    self.body = body
    self.span = span
    self.text = text
  }

  public static func == (left: Statement, right: Statement) -> Bool { left.body == right.body }

  /// What a statement is, by its verb.
  public indirect enum Body: Sendable, Equatable {
    case select(Select)
    case explain(Explanation, Select)
    /// Why the answer differs between two states of the log.
    case explainChange(Select, from: AsOf, to: AsOf)
    case eventsFor(Select)
    case prove(Select, into: Spanned<String>)
    case verifyFile(Spanned<String>)
    case verifyLog
    case defineStream(DefineStream)
    case alterStream(AlterStream)
    case dropStream(Name)
    case defineKpi(DefineKpi)
    case redefineKpi(DefineKpi)
    case alterKpi(AlterKpi)
    case compareKpi(CompareKpi)
    case switchKpi(Name, version: Spanned<Int>)
    case dropKpi(Name)
    /// The range has bounds, not LAST nor AT.
    case rebuildKpi(Name, range: TimeRange?)
    case backfill(stream: Name, from: SourceCall, since: TimeExpression, until: TimeExpression)
    case defineSchedule(DefineSchedule)
    case dropSchedule(Name)
    case defineAlert(DefineAlert)
    case dropAlert(Name)
    case defineSource(DefineSource)
    case dropSource(Name)
    /// It brings nothing until it is resumed.
    case pauseSource(Name)
    case resumeSource(Name)
    case defineSink(DefineSink)
    case dropSink(Name)
    case show(Show)
    case describe(Name)
  }

  /// What EXPLAIN tells of a query.
  public enum Explanation: Sendable, Equatable, CaseIterable {
    /// How it would be answered.
    case plan
    /// The same with times, by answering it.
    case analyze
    /// What its numbers were computed from.
    case value
  }
}

/// `SHOW`: a list of what there is.
public struct Show: Sendable, Equatable {
  /// What is listed. `create` is no list: it gives the statement that makes a stream or KPI.
  public enum Subject: String, Sendable, Equatable, CaseIterable {
    case streams, kpis, fields, dimensions, watermark, late, rejected, duplicates, ahead, versions
    case sources, history, create, schedules, alerts, sinks

    /// Whether a name may pick a stream or KPI.
    public var hasFrom: Bool { ![.streams, .schedules, .alerts, .sinks].contains(self) }
    /// Whether there has to be one.
    public var needsFrom: Bool { self == .create }
    /// Whether it has rows to pick and to sort: WHERE, ORDER BY and LIMIT.
    public var isList: Bool { self != .create }
    /// Whether it lists what came in or was done at some time, of which there may be a range.
    public var hasRange: Bool { isOfLedger || self == .history }
    /// Whether it lists entries of the ledger.
    public var isOfLedger: Bool { [.late, .rejected, .duplicates, .ahead].contains(self) }
  }

  public var subject: Subject
  /// The stream or KPI that is asked about; nil for all.
  public var from: Name?
  /// On the columns of the list.
  public var filter: Predicate?
  /// Nil for all times.
  public var range: TimeRange?
  /// Whether the range is of the times when entries came in, and not of their events.
  public var isByArrival: Bool
  /// By the columns of the list.
  public var orderBy: [OrderKey]
  /// Nil for all rows.
  public var limit: Limit?

  public init(
    _ subject: Subject, from: Name? = nil, filter: Predicate? = nil, range: TimeRange? = nil,
    isByArrival: Bool = false, orderBy: [OrderKey] = [], limit: Limit? = nil
  ) {
    self.subject = subject
    self.from = from
    self.filter = filter
    self.range = range
    self.isByArrival = isByArrival
    self.orderBy = orderBy
    self.limit = limit
  }
}
