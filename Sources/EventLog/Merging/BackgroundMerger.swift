import Foundation
import Threads

/// Merges the small blocks that small commits leave, on a thread of its own in the background: a step at a time. What it has
/// made is stored between commits, on their thread.
///
/// It is no part of any commit and keeps nothing of its own: what is left to do is seen from the block index, so an end at
/// any moment loses at most the step that was under way.
final class BackgroundMerger: @unchecked Sendable {
  /// New blocks of a stream after which it is looked at again.
  private static let blocksBetween = 64

  private let step: (UInt32, inout BlockMerger) throws -> Bool
  private let note: ((any Error)?) -> Void
  private let thread = JoinableThread(named: "nilo.merge", isBackground: true)
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var newBlocks: [UInt32: Int] = [:]
  private var due: Set<UInt32> = []
  private var isStopped = false

  /// Both are called on the thread: `step` merges what is there of a stream, if there is something, and says whether there
  /// was; `note` is told how the work on a stream has ended. Throws `ThreadError`.
  init(
    step: @escaping (UInt32, inout BlockMerger) throws -> Bool,
    note: @escaping ((any Error)?) -> Void
  ) throws {
    (self.step, self.note) = (step, note)
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
        while !isStopping, try step(id, &merger) {}
        note(nil)
      } catch {
        // The stream is looked at again after some more blocks; until then it is shown.
        note(error)
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
