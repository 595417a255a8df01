/// Rows that are not what they were at an earlier state.
public struct ChangedRows: Sendable {
  /// What has become of a row.
  public enum Kind: String, Sendable, CaseIterable {
    /// It has other facts, and may get more.
    case changed
    /// Its bucket has become final, with or without other facts.
    case final
    /// It was final, and has other facts all the same.
    case restated
  }

  /// The rows as they are now.
  public var answer: Answer
  /// How many of its columns are groups; they follow that of the time.
  public var groupCount: Int
  /// The version of the KPI that they are of; nil of a stream.
  public var version: Int?
  /// One for each row.
  public var kinds: [Kind]
}

/// What rows of a query are compared by.
public struct ChangesEnd: Sendable, Equatable {
  /// The state that the changed rows are of.
  public var state: KnownState
  /// The version of the KPI that is asked; nil for a stream.
  public var version: Int?
  /// The version of the stream.
  public var streamVersion: Int
  /// The event that defined the KPI's version: one of that name that was dropped and defined again is another.
  public var definitionSeq: UInt64

  /// Whether the KPI and its stream are what they were. Where they are not, other rows may have changed than those that have
  /// other facts.
  public func isOfSameDefinition(as other: ChangesEnd) -> Bool {
    (version, streamVersion, definitionSeq) == (
      other.version, other.streamVersion, other.definitionSeq
    )
  }
}
