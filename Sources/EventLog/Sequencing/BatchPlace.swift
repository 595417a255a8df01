/// A batch that has its place in the log, but is not committed.
struct SequencedBatch {
  /// The events that are new, with their columns.
  var parsed: ParsedBatch
  var place: BatchPlace
}

/// All that a commit needs to know of a batch beside its block.
struct BatchPlace {
  var stream: StreamDefinition
  var envelope: Envelope
  /// Batches are committed in ticket order.
  var ticket: UInt64
  /// Rises when a commit fails: what was sequenced before is void.
  var epoch: Int
  var firstSeq: UInt64
  var eventCount: Int
  var rejected: [RejectedDocument]
  var duplicates: [DuplicateEvent]
  var late: [LateEvent]
  var ahead: [AheadEvent]
  var sourceState: SourceState
  /// Ids to be written to the dedup index with this batch.
  var flushes: [IdFlush]
}

/// Ids of a stream's events up to `throughSeq`, on their way from memory to the dedup index.
struct IdFlush {
  var streamId: UInt32
  var throughSeq: UInt64
  var entries: [IdEntry]
}
