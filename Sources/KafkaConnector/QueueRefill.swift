/// When the client is to be made to fetch on. Before version 2.2 librdkafka looks whether there is room in its queue once a
/// second only, unless it has something else to do with a broker: whoever takes messages faster than that would wait with an empty
/// queue. A pure state machine.
struct QueueRefill {
  /// The most that waited since it was made to look last.
  private var peakCount = 0
  private var heldUntilNs = Int64.min

  /// Whether the queue, in which `queuedCount` messages wait, is nearly empty, and was not a moment ago. A queue that stays empty is
  /// due again after ``pauseNs``.
  mutating func isDue(queuedCount: Int, nowNs: Int64) -> Bool {
    peakCount = max(peakCount, queuedCount)
    guard queuedCount * Self.fraction <= peakCount, nowNs >= heldUntilNs else { return false }
    (peakCount, heldUntilNs) = (queuedCount, nowNs.advanced(by: Int(Self.pauseNs)))
    return true
  }

  /// Is not due before `ns`.
  mutating func hold(untilNs ns: Int64) { heldUntilNs = ns }

  private static let fraction = 4
  private static let pauseNs: Int64 = 50_000_000
}
