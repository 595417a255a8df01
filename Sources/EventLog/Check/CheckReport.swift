/// What a check found.
public struct CheckReport: Sendable, Equatable {
  public var blocks = 0
  public var events: UInt64 = 0
  public var bytes = 0
  public var ledgerEntries = 0
  public var dedupRuns = 0
  /// Cells of KPIs.
  public var cells = 0
  /// Empty when the log is sound.
  public var damages: [DamageError] = []

  public var isSound: Bool { damages.isEmpty }
}
