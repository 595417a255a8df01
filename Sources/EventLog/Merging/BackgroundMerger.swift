import Foundation
import Threads

/// Merges the small blocks that small commits leave, on a thread of its own: a step at a time, between commits.
///
/// It is no part of any commit and keeps nothing of its own: what is left to do is seen from the block index, so an end at
/// any moment loses at most the step that was under way.
final class BackgroundMerger: @unchecked Sendable {
  /// New blocks of a stream after which it is looked at again.
  private static let blocksBetween = 64

  /// Who has the log may let it go without closing it, at any moment.
  private weak let log: EventLog?
  private let thread = JoinableThread(named: "nilo.merge")
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var newBlocks: [UInt32: Int] = [:]
  private var due: Set<UInt32> = []
  private var isStopped = false

  /// Throws `ThreadError`.
  init(_ log: EventLog) throws {
    self.log = log
    try thread.start { [self] in run() }
  }

  /// Blocks of these streams were committed. A stream is looked at with its first block, for what was left before.
  func didCommit(blocksOf ids: some Sequence<UInt32>) {
    condition.withLock {
      for id in ids {
        if let count = newBlocks[id], count + 1 < Self.blocksBetween {
          newBlocks[id] = count + 1
        } else {
          newBlocks[id] = 0
          due.insert(id)
          condition.signal()
        }
      }
    }
  }

  /// Returns when the step under way has ended.
  func stop() {
    condition.withLock {
      isStopped = true
      condition.broadcast()
    }
    thread.join()
  }

  private func run() {
    while let id = next() {
      do {
        var merger = try BlockMerger()
        while !isStopping, let log, try log.mergeNext(ofStream: id, &merger) {}
        log?.mergeState.withLock { $0.failure = nil }
      } catch {
        // The stream is looked at again after some more blocks; until then it is shown.
        log?.mergeState.withLock { $0.failure = "\(error)" }
      }
    }
  }

  private var isStopping: Bool { condition.withLock { isStopped } }

  private func next() -> UInt32? {
    condition.withLock {
      while due.isEmpty, !isStopped { condition.wait() }
      return isStopped ? nil : due.popFirst()
    }
  }
}
