/// What every cell has.
public struct CellHeader: Sendable, Equatable {
  /// Facts that took part.
  public internal(set) var facts: UInt64 = 0
  /// The first and the last event that took part.
  public internal(set) var firstSeq = UInt64.max
  public internal(set) var lastSeq: UInt64 = 0
  /// Blocks that changed it after it was final.
  public internal(set) var revision: UInt32 = 0

  mutating func merge(_ next: CellHeader) {
    facts += next.facts
    firstSeq = min(firstSeq, next.firstSeq)
    lastSeq = max(lastSeq, next.lastSeq)
    revision += next.revision
  }
}
