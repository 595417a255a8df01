/// What is asked for may have been pruned.
public struct PrunedError: Error, Equatable, CustomStringConvertible {
  public var stream: String
  /// The stream's prune horizon: events up to this one are concerned.
  public var prunedSeq: UInt64

  public var description: String {
    "stream \(stream) keeps documents and facts after seq \(prunedSeq) only: ask for what came later, or a KPI"
  }
}
