/// How far the merging of small blocks has got since the log was opened.
public struct MergeState: Sendable, Equatable {
  /// Blocks that were merged to others.
  public var merged = 0
  /// What they were merged to.
  public var made = 0
  /// Why the last try failed; nil when it did not.
  public var failure: String?
}
