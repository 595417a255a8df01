/// What the ledger says of one event or document that was late, ahead of time, a duplicate, or rejected.
public struct LedgerEntry: Sendable, Equatable {
  /// Why there is an entry: for a document that is no event, one whose id was there already, an event behind the
  /// watermark, or one too far ahead to count.
  public enum Kind: String, Sendable, CaseIterable { case rejected, duplicate, late, ahead }

  public var kind: Kind
  public var stream: String
  public var source: String
  /// Wall clock when the document came, in nanoseconds since the epoch.
  public var receivedNs: Int64
  /// Where the document stands in its source; nil for late events, whose block knows it.
  public var position: Int64?
  /// The late event, the one ahead, or the event that the duplicate repeats.
  public var seq: UInt64?
  /// Why the document was rejected.
  public var reason: String?
  /// The first KiB of a rejected document, or of the dedup id of a duplicate.
  public var bytes: [UInt8]
  /// For late events, those ahead, and duplicates: the event's time.
  public var timeNs: Int64?
  /// For late events: how far behind the watermark the time was.
  public var behindNs: Int64?
  /// For events ahead: how far ahead the time was, of the wall clock or of all events before.
  public var aheadNs: Int64?
  public var isAheadOfClock = false
  /// For duplicates: whether the document differs from that of the event it repeats.
  public var isDifferent: Bool?
  /// The first KiB of a duplicate that differs.
  public var head: [UInt8] = []
}
