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
  public var filter: Predicate?
  /// Paths of fields.
  public var groupBy: [Text] = []
  /// Facts from `lowerBound` to before `upperBound`; `Int64.min` and `.max` for no bound. Windows of rolling buckets
  /// also have what is before it.
  public var range: Range<Int64> = .min ..< .max
  /// The buckets; nil makes one bucket of the range.
  public var every: BucketLength?
  public var rolling: BucketLength?
  public var timeZone = "UTC"
  /// Only events up to this one; nil for all.
  public var asOfSeq: UInt64?
  public var path = Path.best
  public var limits = QueryLimits()
  public var isCancelled: @Sendable () -> Bool = { false }

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
  public var isFinal: [Bool] = []
  public var watermarkNs: Int64?
  /// The answer holds for the log up to this event.
  public var asOfSeq: UInt64 = 0
  public var plan: AggregatePlan

  public init(plan: AggregatePlan) { self.plan = plan }
  public var count: Int { timesNs.count }
}

/// How aggregates are computed.
public struct AggregatePlan: Sendable, Equatable {
  public enum Source: Sendable, Equatable {
    case cells(kpi: String, version: Int)
    case columns
    /// Cells, and columns where the range's ends cut a bucket or cells are newer than what is asked for.
    case cellsAndColumns(kpi: String, version: Int)
  }

  public struct Alternative: Sendable, Equatable {
    /// `KPI by_site version 1` or `columns`.
    public var name: String
    /// Why it was not taken.
    public var reason: String
    public init(name: String, reason: String) { (self.name, self.reason) = (name, reason) }
  }

  public var source: Source
  public var alternatives: [Alternative] = []
  /// Cells, blocks and facts that are read; estimates in a plan, counts in a result.
  public var cells = 0
  public var blocks = 0
  public var facts = 0

  public init(source: Source) { self.source = source }
}

/// Facts of a stream.
public struct FactsRequest: Sendable {
  public var stream: String
  /// Paths of the fields that are wanted.
  public var fields: [Text]
  public var filter: Predicate?
  public var range: Range<Int64> = .min ..< .max
  public var asOfSeq: UInt64?
  public var isCancelled: @Sendable () -> Bool = { false }

  public init(stream: String, fields: [Text]) { (self.stream, self.fields) = (stream, fields) }
}

/// Some facts, in the order of the log.
public struct FactBatch: Sendable {
  public var seqs: [UInt64]
  public var timesNs: [Int64]
  /// One for each field.
  public var fields: [ValueColumn]

  public init(seqs: [UInt64], timesNs: [Int64], fields: [ValueColumn]) {
    (self.seqs, self.timesNs, self.fields) = (seqs, timesNs, fields)
  }
}

/// What rows of an answer were computed from.
public struct ContributionRequest: Sendable {
  public struct Row: Sendable {
    /// The times that the row covers.
    public var times: Range<Int64>
    /// A label for each field of `groupBy`.
    public var group: [Text?]

    public init(times: Range<Int64>, group: [Text?]) { (self.times, self.group) = (times, group) }
  }

  public var stream: String
  /// A fact is part of a row when one of these takes it.
  public var aggregates: [Aggregate]
  public var filter: Predicate?
  public var groupBy: [Text] = []
  public var rows: [Row] = []
  public var asOfSeq: UInt64?
  public var limits = QueryLimits()
  public var isCancelled: @Sendable () -> Bool = { false }

  public init(stream: String, aggregates: [Aggregate]) {
    (self.stream, self.aggregates) = (stream, aggregates)
  }
}

/// Facts and the rows that they are part of: the same places of both belong together.
public struct ContributionBatch: Sendable {
  /// Places in ``ContributionRequest/rows``.
  public var rows: [Int32]
  /// The fact's event.
  public var seqs: [UInt64]

  public init(rows: [Int32], seqs: [UInt64]) { (self.rows, self.seqs) = (rows, seqs) }
}

public struct EventRecord: Sendable {
  public var seq: UInt64
  public var source: String
  public var receivedNs: Int64
  public var document: [UInt8]

  public init(seq: UInt64, source: String, receivedNs: Int64, document: [UInt8]) {
    (self.seq, self.source, self.receivedNs, self.document) = (seq, source, receivedNs, document)
  }
}

public enum LedgerKind: String, Sendable, CaseIterable {
  case late, duplicate, rejected, ahead
}

public struct LedgerRecord: Sendable {
  public var kind: LedgerKind
  public var stream: String
  public var source: String
  /// The event, or for one that was not accepted the last one before it.
  public var seq: UInt64
  public var receivedNs: Int64
  /// The event's time, if it is known.
  public var timeNs: Int64?
  /// What was wrong, where.
  public var detail: String

  public init(
    kind: LedgerKind, stream: String, source: String, seq: UInt64, receivedNs: Int64,
    timeNs: Int64?, detail: String
  ) {
    (self.kind, self.stream, self.source, self.seq) = (kind, stream, source, seq)
    (self.receivedNs, self.timeNs, self.detail) = (receivedNs, timeNs, detail)
  }
}
