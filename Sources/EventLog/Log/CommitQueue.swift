import Foundation
import LMDB
import Threads
import Zstd

/// An append on its way to disk.
package final class PendingAppend: Sendable {
  /// What became of the documents, once they are durable; or why they are not.
  package typealias Outcome = Result<AppendResult, any Error>

  private let state = LockedState()

  private final class LockedState: @unchecked Sendable {
    let condition = NSCondition()
    // Guarded by `condition`.
    var outcome: Outcome?
    var whenDone: ((Outcome) -> Void)?
  }

  func finish(_ outcome: Outcome) {
    let whenDone = state.condition.withLock {
      precondition(state.outcome == nil, "an append ended twice")
      state.outcome = outcome
      state.condition.broadcast()
      defer { state.whenDone = nil }
      return state.whenDone
    }
    whenDone?(outcome)
  }

  /// Calls `body` once the append is durable, or failed: on the committer's thread, which it must not hold up, or at
  /// once where it is already. To be called once.
  package func whenDone(_ body: @escaping @Sendable (Outcome) -> Void) {
    let outcome: Outcome? = state.condition.withLock {
      precondition(state.whenDone == nil, "an append tells one that it is done")
      if state.outcome == nil { state.whenDone = body }
      return state.outcome
    }
    if let outcome { body(outcome) }
  }

  /// Blocks until the append is durable, or failed.
  /// Throws why it has failed.
  package func wait() throws -> AppendResult {
    try state.condition.withLock {
      while state.outcome == nil { state.condition.wait() }
      return try state.outcome!.get()
    }
  }
}

/// A block on its way to disk, with what it adds to the participants of the commit.
struct FoldedBlock {
  var block: EncodedBlock
  var parts: [any ParticipantPart]
}

/// Batches that wait to be committed. They are handed over in ticket order, on a thread of its own, the committer: all
/// that are ready at once, so that writers who come together share one wait for the disk.
final class CommitQueue: @unchecked Sendable {
  struct Item {
    var batch: BatchPlace
    /// Nil when no event of the batch was new.
    var block: Result<FoldedBlock?, any Error>
    var stream: EventStream
    var completion: PendingAppend
  }

  /// Bytes of blocks that go into one transaction at most, unless one block is larger.
  private static let maxGroupBytes = 8 << 20

  private let commit: ([Item]) -> Void
  private let thread = JoinableThread(named: "nilo.committer")
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var waiting: [UInt64: Item] = [:]
  private var nextTicket: UInt64 = 1
  private var isStopped = false

  /// `commit` is called on the committer's thread with items in ticket order. Throws ``ThreadError``.
  init(_ commit: @escaping ([Item]) -> Void) throws {
    self.commit = commit
    try thread.start { [self] in
      while let group = nextGroup() { self.commit(group) }
    }
  }

  func submit(_ item: Item) {
    condition.withLock {
      precondition(
        item.batch.ticket >= nextTicket && waiting[item.batch.ticket] == nil,
        "two batches have one ticket")
      waiting[item.batch.ticket] = item
      condition.broadcast()
    }
  }

  /// Returns when all that was submitted is committed or failed, and the thread has ended. What follows a batch
  /// that has a ticket but was not submitted fails.
  func stop() {
    condition.withLock {
      isStopped = true
      condition.broadcast()
    }
    thread.join()
  }

  private func nextGroup() -> [Item]? {
    condition.withLock {
      while waiting[nextTicket] == nil {
        if isStopped {
          for item in waiting.values {
            item.completion.finish(.failure(EarlierCommitFailedError()))
          }
          waiting = [:]
          return nil
        }
        condition.wait()
      }
      var group: [Item] = []
      var bytes = 0
      while let item = waiting[nextTicket], bytes < Self.maxGroupBytes {
        waiting[nextTicket] = nil
        nextTicket += 1
        bytes += (try? item.block.get()?.block.bytes.count) ?? 0
        group.append(item)
      }
      return group
    }
  }
}

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
