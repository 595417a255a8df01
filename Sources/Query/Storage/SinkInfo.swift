import Language

/// A sink that is defined, and how far it has got. Times are in nanoseconds since 1970, UTC.
public struct SinkInfo: Sendable {
  public var name: String
  /// Counts the definitions of the name, from 1.
  public var version: Int
  /// The event that defined it.
  public var seq: UInt64
  /// When it was defined.
  public var definedNs: Int64
  public var definition: DefineSink
  /// The statement that makes it, which the spans of `definition` point into.
  public var statement: String
  /// As of which event its target has all rows that are final.
  public var throughSeq: UInt64
  /// Rows that its target has got so far. One that was restated counts again.
  public var rows = 0
  /// Rows that are under way.
  public var waitingRows = 0
  /// When the first of them was noted; nil when there are none.
  public var waitingSinceNs: Int64?
  /// Why they have not been taken yet, or why the KPI cannot be asked; nil when there is no trouble.
  public var failure: String?

  /// How it gets on.
  public enum State: String, Sendable, CaseIterable {
    /// Its target has all that is final.
    case idle
    /// Rows are on their way.
    case sending
    /// The target does not take them, or the KPI cannot be asked: it is tried again.
    case failing
  }

  public var state: State { failure != nil ? .failing : waitingRows > 0 ? .sending : .idle }

  /// One that has published nothing.
  public init(
    name: String, version: Int, seq: UInt64, definedNs: Int64, definition: DefineSink,
    statement: String
  ) {
    (self.name, self.version, self.seq, self.definedNs) = (name, version, seq, definedNs)
    (self.definition, self.statement, throughSeq) = (definition, statement, seq)
  }
}

/// What rows of a KPI get that go into a stream.
public enum SinkOutput {
  /// Tells a row from all others: the sink, its version, the state of the log, and the number of the row.
  public static let idField = "row_id"
  /// The start of the row's bucket.
  public static let timeField = "bucket"
  /// What else a row has beside the KPI's columns: `final` or `restated`, the KPI and its version, and the state of the log.
  public static let fields = [idField, timeField, "kind", "kpi", "kpi_version", "as_of_seq"]
}
