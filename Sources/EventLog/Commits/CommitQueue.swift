import Foundation
import Threads

/// Batches that wait to be committed. They are handed over in ticket order, on a thread of its own, the committer: all
/// that are ready at once, so that writers who come together share one wait for the disk.
final class CommitQueue: @unchecked Sendable {
  struct Item {
    var batch: BatchPlace
    /// Nil when no event of the batch was new.
    var block: Result<EncodedBlock?, any Error>
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
  private var errands: ArraySlice<() -> Void> = []
  /// Of all errands so far.
  private var (errandsGiven, errandsDone) = (0, 0)
  private var isStopped = false

  private enum Work {
    case group([Item])
    /// What else is to be done between two groups.
    case errand(() -> Void)
  }

  /// `commit` is called on the committer's thread with items in ticket order. Throws ``ThreadError``.
  init(_ commit: @escaping ([Item]) -> Void) throws {
    self.commit = commit
    try thread.start { [self] in
      while let work = nextWork() {
        switch work {
        case .group(let items): self.commit(items)
        case .errand(let body):
          body()
          condition.withLock {
            errandsDone += 1
            condition.broadcast()
          }
        }
      }
    }
  }

  /// Runs `body` on the committer's thread, between two groups, and waits for it. Nil when the queue is stopped: then it is
  /// not run.
  func perform<R>(_ body: @escaping () throws -> R) throws -> R? {
    var result: Result<R, any Error>?
    perform(errand: { result = Result { try body() } })
    return try result?.get()
  }

  private func perform(errand: @escaping () -> Void) {
    condition.withLock {
      if isStopped { return }
      errands.append(errand)
      errandsGiven += 1
      let number = errandsGiven
      condition.broadcast()
      while errandsDone < number { condition.wait() }
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

  private func nextWork() -> Work? {
    condition.withLock {
      while waiting[nextTicket] == nil, errands.isEmpty {
        if isStopped {
          for item in waiting.values {
            item.completion.finish(.failure(EarlierCommitFailedError()))
          }
          waiting = [:]
          return nil
        }
        condition.wait()
      }
      if let errand = errands.popFirst() { return .errand(errand) }
      var group: [Item] = []
      var bytes = 0
      while let item = waiting[nextTicket], bytes < Self.maxGroupBytes {
        waiting[nextTicket] = nil
        nextTicket += 1
        bytes += (try? item.block.get()?.bytes.count) ?? 0
        group.append(item)
      }
      return .group(group)
    }
  }
}
