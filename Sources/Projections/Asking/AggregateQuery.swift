import Bytes
import Language
import Model

/// Aggregates that are asked for once, of facts by bucket and group.
public struct AggregateQuery: Sendable {
  public enum Path: Sendable, Equatable {
    /// The cheapest that answers exactly.
    case best
    case columns
    /// The cells of a KPI; without a version, of its active one.
    case kpi(String, version: Int?)
  }

  public var stream: String
  public var aggregates: [Aggregate]
  public var filter: Predicate?
  public var groupBy: [Text] = []
  /// Facts of these times, half-open. Windows of rolling buckets also have what is before.
  public var range: Range<Int64> = .min ..< .max
  /// The buckets; nil makes one of the range.
  public var every: BucketLength?
  public var rolling: BucketLength?
  public var timeZone = "UTC"
  /// The last event that counts; nil for all.
  public var asOfSeq: UInt64?
  public var path = Path.best
  /// Groups and buckets that may be computed side by side.
  public var maxCells = Int.max
  /// Memory that these may take, about.
  public var maxMemoryBytes = Int.max
  public var isCancelled: @Sendable () -> Bool = { false }

  public init(stream: String, aggregates: [Aggregate]) {
    (self.stream, self.aggregates) = (stream, aggregates)
  }
}

/// Where the numbers of an answer come from, and why.
public struct AggregateSource: Sendable, Equatable {
  public struct Alternative: Sendable, Equatable {
    public var name: String
    /// Why it was not taken.
    public var reason: String
  }

  /// The KPI whose cells answer, if any do.
  public var kpi: (name: String, version: Int)?
  /// Whether facts are read from columns, for all of the answer or for the parts that cells do not have.
  public var hasColumns = true
  public var alternatives: [Alternative] = []
  /// What is read: estimates in a plan.
  public var cells = 0
  public var blocks = 0
  public var facts = 0

  public static func == (left: AggregateSource, right: AggregateSource) -> Bool {
    left.kpi?.name == right.kpi?.name && left.kpi?.version == right.kpi?.version
      && left.hasColumns == right.hasColumns && left.alternatives == right.alternatives
  }
}

public struct AggregateAnswer: Sendable {
  public var columns: KpiColumns
  public var source: AggregateSource
  public var watermarkNs: Int64?
  public var asOfSeq: UInt64
}
