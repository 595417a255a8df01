import LMDB
import Model

/// What is computed from the log and kept in step with it: it takes part in every commit.
package protocol LogProjection: AnyObject, Sendable {
  /// Throws when a stream cannot be altered so, or dropped.
  func check(_ definition: StreamDefinition, isDrop: Bool) throws

  /// Takes note that a stream is altered in the transaction under way.
  func alter(_ definition: StreamDefinition)

  /// What a block adds, computed by the thread that encoded it, side by side with other blocks. Nil when the
  /// block adds nothing.
  func fold(_ facts: BlockFacts) throws -> (any Sendable)?

  /// Throws when no stream can have that name.
  func checkName(ofStream name: String) throws

  /// Runs `body`, which commits blocks, while nothing else of the projection is exchanged.
  func inTurn<R>(_ body: () throws -> R) rethrows -> R

  /// Begins a transaction anew: what was applied since the last `committed` is void.
  func begin()

  /// Adds a block in the transaction that stores it, in the order of the log. `watermarkNs` is the stream's before
  /// the block.
  func apply(
    _ folded: any Sendable, of block: StoredBlock, watermarkNs: Int64?,
    _ transaction: inout WriteTransaction
  ) throws

  /// So much was changed that the transaction should take no further block.
  var isFull: Bool { get }

  /// Writes what the transaction has changed.
  func finish(_ transaction: inout WriteTransaction) throws

  /// The transaction is durable.
  func committed()
}

/// A block's place in the log.
package struct StoredBlock: Sendable, Equatable {
  package var streamId: UInt32
  package var firstSeq: UInt64
  package var eventCount: Int
  package var factCount: Int
  package var minTimeNs: Int64
  package var maxTimeNs: Int64

  package var lastSeq: UInt64 { firstSeq + UInt64(eventCount) - 1 }

  init(_ summary: BlockSummary) {
    streamId = summary.streamId
    firstSeq = summary.firstSeq
    eventCount = summary.eventCount
    factCount = summary.factCount
    minTimeNs = summary.minTimeNs
    maxTimeNs = summary.maxTimeNs
  }

  init(_ header: BlockHeader) {
    streamId = header.streamId
    firstSeq = header.firstSeq
    eventCount = header.eventCount
    factCount = header.factCount
    minTimeNs = header.minTimeNs
    maxTimeNs = header.maxTimeNs
  }
}
