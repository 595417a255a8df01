import Foundation
import Synchronization

/// The turn to commit blocks or switch cells. Whoever has it may take it again.
final class Turn: Sendable {
  private let lock = NSRecursiveLock()
  /// The thread that has it; 0 when none has.
  private let owner = Atomic<UInt>(0)

  func withLock<R>(_ body: () throws -> R) rethrows -> R {
    lock.lock()
    return try locked(body)
  }

  /// The same if nobody else has the turn; nil if somebody has.
  func withLockIfFree<R>(_ body: () throws -> R) rethrows -> R? {
    guard lock.try() else { return nil }
    return try locked(body)
  }

  /// Runs `body` and gives the lock back.
  private func locked<R>(_ body: () throws -> R) rethrows -> R {
    let before = owner.exchange(UInt(pthread_self()), ordering: .relaxed)
    defer {
      owner.store(before, ordering: .relaxed)
      lock.unlock()
    }
    return try body()
  }

  /// To be called first by what only whoever has the turn may do.
  func require() {
    precondition(
      owner.load(ordering: .relaxed) == UInt(pthread_self()), "cells are changed out of turn")
  }
}
