/// What a piece of a merged block mostly says of how far time had got, by the pieces before it and the times of its events.
///
/// A source has mostly got to the latest of its events, and the stream to the open source that is furthest behind, but not
/// beyond the wall clock (``SourceReach``, ``StreamClock``). What came before the block, events that do not count and
/// closings make it wrong now and then; what it is compared with is always what was, so that an error ends with its piece.
struct PieceForecast {
  /// The stream is thought to wait for none but the sources of these numbers: each piece looks at all of them.
  private static let maxWaitedFor = 32
  private static let none = Int64.min

  /// The stream's watermark as it was last told.
  private(set) var watermarkNs = none
  private var clockNs = none
  /// How far each source has got.
  private var reaches: [Int64]
  /// The same of those that the stream may wait for, and the greatest of all numbers for others.
  private var waitedFor: [Int64]

  init(sourceCount: Int) {
    reaches = Array(repeating: Self.none, count: sourceCount)
    waitedFor = Array(repeating: .max, count: min(sourceCount, Self.maxWaitedFor))
  }

  /// Takes note of the stream's watermark before or after a piece; between two pieces closings may have moved it.
  mutating func note(watermarkNs nextNs: Int64) {
    if nextNs > watermarkNs {
      // Had the stream waited for a source that is behind this, it would not have got there.
      for source in waitedFor.indices where waitedFor[source] < nextNs { waitedFor[source] = .max }
    }
    watermarkNs = nextNs
  }

  /// How far a source gets with a piece of these events.
  func reachNs(of source: Int, _ times: [Int64], _ events: Range<Int>) -> Int64 {
    var reachNs = reaches[source]
    for event in events { reachNs = max(reachNs, times[event]) }
    return reachNs
  }

  /// Takes note of how far the source of a piece has got with it; nil while no event counted.
  mutating func note(_ source: Int, reachNs: Int64?, receivedNs: Int64) {
    clockNs = max(clockNs, receivedNs)
    guard let reachNs else { return }
    reaches[source] = reachNs
    if source < waitedFor.count { waitedFor[source] = reachNs }
  }

  /// What the watermark is after the piece.
  var nextWatermarkNs: Int64 {
    guard let leastNs = waitedFor.min(), leastNs < .max else { return watermarkNs }
    return max(watermarkNs, min(leastNs, clockNs))
  }
}
