/// What became of a batch of documents.
public struct AppendResult: Sendable, Equatable {
  /// Events that are now in the log; they have the sequence numbers `firstSeq ... lastSeq`, in order.
  public var accepted = 0
  public var firstSeq: UInt64?
  public var lastSeq: UInt64?
  /// Documents whose dedup ids the log had already.
  public var duplicates: [DuplicateEvent] = []
  /// Documents that are no events, with reasons.
  public var rejected: [RejectedDocument] = []
  /// Accepted events that were late.
  public var late: [LateEvent] = []
  /// Events, of this batch or one before it, whose times are too far ahead to say how far time has got.
  public var ahead: [AheadEvent] = []
  /// Bytes of the accepted documents.
  public var acceptedBytes: UInt64 = 0

  /// Of no documents.
  public init() {}

  init(_ batch: BatchPlace, _ block: EncodedBlock?) {
    accepted = batch.eventCount
    if accepted > 0 {
      firstSeq = batch.firstSeq
      lastSeq = batch.firstSeq + UInt64(accepted) - 1
    }
    duplicates = batch.duplicates
    rejected = batch.rejected
    late = batch.late
    ahead = batch.ahead
    acceptedBytes = block?.header.originalBytes ?? 0
  }

  /// Adds what became of the batch that followed.
  public mutating func merge(_ next: AppendResult) {
    accepted += next.accepted
    firstSeq = firstSeq ?? next.firstSeq
    lastSeq = next.lastSeq ?? lastSeq
    duplicates += next.duplicates
    rejected += next.rejected
    late += next.late
    ahead += next.ahead
    acceptedBytes += next.acceptedBytes
  }
}
