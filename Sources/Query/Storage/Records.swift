import Bytes

/// An event as it came in.
public struct EventRecord: Sendable {
  public var seq: UInt64
  public var source: String
  /// The wall clock when it came, in nanoseconds since 1970.
  public var receivedNs: Int64
  /// The bytes of the original document.
  public var document: [UInt8]

  /// Without `position` and `head`, which only some entries have.
  public init(seq: UInt64, source: String, receivedNs: Int64, document: [UInt8]) {
    (self.seq, self.source, self.receivedNs, self.document) = (seq, source, receivedNs, document)
  }
}

/// What a ledger has its entries for: events that came `late`, documents that were a `duplicate` or `rejected`, and
/// events whose times are too far `ahead` to count for the watermark.
public enum LedgerKind: String, Sendable, CaseIterable {
  case late, duplicate, rejected, ahead
}

/// An entry of the ledger.
public struct LedgerRecord: Sendable {
  public var kind: LedgerKind
  public var stream: String
  public var source: String
  /// The event that is late or ahead, or that a duplicate repeats; nil for what was rejected.
  public var seq: UInt64?
  /// The wall clock when the document came, in nanoseconds since 1970.
  public var receivedNs: Int64
  /// The event's time, if it is known.
  public var timeNs: Int64?
  /// What was wrong.
  public var detail: String
  /// Where in its source a document stands that is no event: its first byte.
  public var position: UInt64?
  /// The beginning of a document that was rejected, or differs from the event that it repeats.
  public var head: Text?

  public init(
    kind: LedgerKind, stream: String, source: String, seq: UInt64?, receivedNs: Int64,
    timeNs: Int64?, detail: String
  ) {
    (self.kind, self.stream, self.source, self.seq) = (kind, stream, source, seq)
    (self.receivedNs, self.timeNs, self.detail) = (receivedNs, timeNs, detail)
  }
}
