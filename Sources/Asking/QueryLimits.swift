/// A query needs more than it may take.
public struct QueryLimitError: Error, Equatable, CustomStringConvertible {
  /// The limit by name, its value, and what to do: `more than 1000000 groups; narrow WHERE or raise max_groups`.
  public var description: String
  /// `description` names the limit and says what to do.
  public init(_ description: String) { self.description = description }
}

/// What a query may take at most.
public struct QueryLimits: Sendable, Equatable {
  /// Rows of an answer; where facts are listed, also facts.
  public var maxRows = 10_000_000
  /// Groups and buckets that are computed side by side.
  public var maxCells = 4_000_000
  /// About what all parts of a statement hold at a time, as far as it grows with facts and rows.
  public var maxMemoryBytes = 1 << 30
  /// By the clock, from the beginning of a statement.
  public var maxSeconds = 300.0
  /// What errors call them.
  public var names = Names()

  /// What whoever runs a statement raises its limits by: options of a command, or settings of a server.
  public struct Names: Sendable, Equatable {
    public var rows = "max_rows"
    public var cells = "max_cells"
    public var memory = "max_memory"
    public var seconds = "max_seconds"
    /// Those of `nilo query --limit`.
    public init() {}
  }

  /// What is usual: ten million rows, four million cells, 1 GiB, five minutes.
  public init() {}
}
