import Store
import Synchronization

/// Lets tasks wait for commits, without a thread for each.
final class CommitSignal: Sendable {
  private struct State {
    var seq: UInt64
    var isStopped = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state: Mutex<State>

  /// `seq` is the last event of the log.
  init(seq: UInt64) { state = Mutex(State(seq: seq)) }

  /// The last event of the log.
  var seq: UInt64 { state.withLock { $0.seq } }
  var isStopped: Bool { state.withLock { $0.isStopped } }

  /// Returns when there is an event after `seq`, when all is to stop, and at the next ``beat()``.
  func wait(after seq: UInt64) async {
    await withCheckedContinuation { continuation in
      let isDue = state.withLock { state in
        if state.seq > seq || state.isStopped { return true }
        state.waiting.append(continuation)
        return false
      }
      if isDue { continuation.resume() }
    }
  }

  func didCommit(through seq: UInt64) {
    let waiting = state.withLock { state in
      state.seq = max(state.seq, seq)
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Wakes all who wait, so that they look whether they are still wanted.
  func beat() { didCommit(through: 0) }

  func stop() {
    state.withLock { $0.isStopped = true }
    beat()
  }
}
