import Foundation

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
