import Bytes

/// How far a stream's event time has got: as far as the source that is furthest behind, and never beyond the wall clock
/// when the stream was last told something. A pure function of the stream's blocks and of the openings and closings of its
/// sources that are on record, so a rebuild finds the same.
///
/// A source is waited for from its first event that counts, or from its opening, which comes before that. One that has been
/// closed is not waited for until it brings events again or is opened. The watermark never goes back: what a source brings
/// that is older than that is late.
package struct StreamClock: Sendable, Equatable {
  /// How far the sources have got that are open.
  private var open: [Text: Int64] = [:]
  /// Sources that were opened, and of which no event has counted so far: nobody knows how far they will have got.
  private var expected: Set<Text> = []
  /// The furthest of those that were closed.
  private(set) var closedNs: Int64?
  /// The wall clock when the last block or closing came; `Int64.min` before the first.
  private(set) var clockNs = Int64.min
  /// The stream's watermark; nil before its first event.
  package private(set) var watermarkNs: Int64?

  package init() {}

  init(
    watermarkNs: Int64?, clockNs: Int64, open: [Text: Int64], expected: Set<Text>, closedNs: Int64?
  ) {
    (self.open, self.expected) = (open, expected)
    self.closedNs = closedNs
    self.clockNs = clockNs
    self.watermarkNs = watermarkNs
  }

  /// Takes note of a block of `source`, received at `receivedNs`, with which the source has got as far as `reachNs`; nil
  /// while none of its events counts.
  package mutating func advance(_ source: String, to reachNs: Int64?, receivedNs: Int64) {
    clockNs = max(clockNs, receivedNs)
    if let reachNs { reach(source, reachNs) }
    update()
  }

  /// Takes note that events are expected of `source`, which has got as far as `reachNs`; nil while no event of it counts.
  /// Moves the watermark nowhere: time has got no further by it.
  package mutating func open(_ source: String, at reachNs: Int64?) {
    if let reachNs { reach(source, reachNs) } else { expected.insert(Text(source)) }
  }

  /// Whether the stream waits for the first event of `source` that counts.
  func expects(_ source: String) -> Bool { expected.contains(Text(source)) }

  private mutating func reach(_ source: String, _ reachNs: Int64) {
    open[Text(source)] = max(open[Text(source)] ?? .min, reachNs)
    expected.remove(Text(source))
  }

  /// Takes note, at `closedNs` by the wall clock, that nothing more is expected of `source`, which has got as far as
  /// `reachNs`.
  package mutating func close(_ source: String, at reachNs: Int64?, closedNs: Int64) {
    clockNs = max(clockNs, closedNs)
    expected.remove(Text(source))
    let last = open.removeValue(forKey: Text(source))
    if let reached = last.map({ max($0, reachNs ?? .min) }) ?? reachNs {
      self.closedNs = max(self.closedNs ?? .min, reached)
    }
    update()
  }

  private mutating func update() {
    // When all have ended, the last to arrive is how far time has got.
    guard expected.isEmpty, let reached = open.values.min() ?? closedNs else { return }
    watermarkNs = max(watermarkNs ?? .min, min(reached, clockNs))
  }
}
