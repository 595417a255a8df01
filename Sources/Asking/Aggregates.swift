import Bytes
import Language
import Model

/// Aggregates of a stream's facts by bucket and group.
public struct AggregateRequest: Sendable {
  /// Where the numbers come from.
  public enum Path: Sendable, Equatable {
    /// The cheapest that answers exactly.
    case best
    /// The log's columns.
    case columns
    /// The cells of a KPI; without a version, of its active one. An error when they cannot answer.
    case kpi(String, version: Int?)
  }

  public var stream: String
  /// Without parameters, as are their filters and `filter`.
  public var aggregates: [Aggregate]
  /// The facts that count; nil for all of them.
  public var filter: Predicate?
  /// Paths of fields.
  public var groupBy: [Text] = []
  /// Facts from `lowerBound` to before `upperBound`; `Int64.min` and `.max` for no bound. Windows of rolling buckets
  /// also have what is before it.
  public var range: Range<Int64> = .min ..< .max
  /// The buckets; nil makes one bucket of the range.
  public var every: BucketLength?
  /// How much time each row covers, up to the end of its bucket: a multiple of `every`, at most 100,000 times it. Nil
  /// for the bucket alone; to be nil without `every`.
  public var rolling: BucketLength?
  /// By its IANA name; decides where buckets begin.
  public var timeZone = "UTC"
  /// Only events up to this one; nil for all.
  public var asOfSeq: UInt64?
  /// The stream's watermark at that state, where it is known; nil finds it out. O(blocks) for an earlier state.
  public var watermarkNs: Int64?
  public var path = Path.best
  public var limits = QueryLimits()
  /// Polled from several threads; true ends the computing with `CancellationError`.
  public var isCancelled: @Sendable () -> Bool = { false }

  /// All of the stream, in one bucket and one group, at the end of the log.
  public init(stream: String, aggregates: [Aggregate]) {
    (self.stream, self.aggregates) = (stream, aggregates)
  }
}

/// Rows by time and then by group.
public struct AggregateResult: Sendable {
  /// The start of each row's bucket; the range's start when there are no buckets.
  public var timesNs: [Int64] = []
  /// Each row's place in `groups`.
  public var groupOfRow: [Int32] = []
  /// The labels of the groups; nil where a fact has none.
  public var groups: [[Text?]] = []
  /// One for each aggregate.
  public var values: [ValueColumn] = []
  /// For each aggregate how many rows have no value because it is beyond the range of doubles.
  public var overflows: [Int] = []
  /// Facts that each row was computed from, and the first and last event among them.
  public var facts: [UInt64] = []
  public var firstSeqs: [UInt64] = []
  public var lastSeqs: [UInt64] = []
  /// Times that the row was corrected after it was final; 0 when computed from columns.
  public var revisions: [UInt32] = []
  /// Whether the watermark has passed the end of each row's bucket by the lateness.
  public var isFinal: [Bool] = []
  /// The stream's, at the state that was asked for; nil when it had none yet. What `isFinal` goes by.
  public var watermarkNs: Int64?
  /// The answer holds for the log up to this event.
  public var asOfSeq: UInt64 = 0
  public var plan: AggregatePlan

  /// An answer without rows.
  public init(plan: AggregatePlan) { self.plan = plan }
  /// The number of rows.
  public var count: Int { timesNs.count }
}

/// How aggregates are computed.
public struct AggregatePlan: Sendable, Equatable {
  /// Where the numbers come from.
  public enum Origin: Sendable, Equatable {
    case cells(kpi: String, version: Int)
    case columns
    /// Cells, and columns where the range's ends cut a bucket or cells are newer than what is asked for.
    case cellsAndColumns(kpi: String, version: Int)
  }

  /// A way of answering that was considered and not taken.
  public struct Alternative: Sendable, Equatable {
    /// `KPI by_site version 1` or `columns`.
    public var name: String
    /// Why it was not taken.
    public var reason: String
    public init(name: String, reason: String) { (self.name, self.reason) = (name, reason) }
  }

  public var origin: Origin
  public var alternatives: [Alternative] = []
  /// Cells, blocks and facts that are read; estimates in a plan, counts in a result.
  public var cells = 0
  public var blocks = 0
  public var facts = 0

  /// A plan that reads nothing, and had no alternative.
  public init(origin: Origin) { self.origin = origin }
}
