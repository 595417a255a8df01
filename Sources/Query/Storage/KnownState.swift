/// A state of a query's log of which somebody knows the rows.
public struct KnownState: Sendable, Equatable {
  /// The last event of it.
  public var seq: UInt64
  /// The stream's, in nanoseconds since 1970: it says what was final then. Nil when there was none.
  public var watermarkNs: Int64?
  /// How far time had got, by the facts and the watermark: rolling buckets go up to there. Nil when there was nothing.
  public var lastNs: Int64?

  public init(seq: UInt64, timesNs: ClosedRange<Int64>?, watermarkNs: Int64?) {
    (self.seq, self.watermarkNs) = (seq, watermarkNs)
    lastNs = [timesNs?.upperBound, watermarkNs].compactMap { $0 }.max()
  }
}
