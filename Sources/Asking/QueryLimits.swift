/// A query needs more than it may take.
public struct QueryLimitError: Error, Equatable, CustomStringConvertible {
  /// The limit by name, its value, and what to do: `more than 1000000 groups; narrow WHERE or raise max_groups`.
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// What a query may take at most.
public struct QueryLimits: Sendable, Equatable {
  public var maxRows = 10_000_000
  /// Groups and buckets that are computed side by side.
  public var maxCells = 4_000_000
  public var maxMemoryBytes = 1 << 30
  public var maxSeconds = 300.0
  public init() {}
}
