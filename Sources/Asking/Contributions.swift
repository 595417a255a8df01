import Bytes
import Language
import Model

/// What rows of an answer were computed from.
public struct ContributionRequest: Sendable {
  /// A row that is asked about: its facts are those of these times and this group.
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
  /// What a fact has to be for any row; nil for all facts.
  public var filter: Predicate?
  /// Paths of fields.
  public var groupBy: [Text] = []
  public var rows: [Row] = []
  /// Only events up to this one; nil for all.
  public var asOfSeq: UInt64?
  public var limits = QueryLimits()
  /// Polled before each block; true ends the search with `CancellationError`.
  public var isCancelled: @Sendable () -> Bool = { false }

  /// Of no rows, until they are given.
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
