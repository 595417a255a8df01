import EventLog
import Synchronization

/// The parts of one batch on their way to disk.
final class PendingBatch: Sendable {
  private let parts: [PendingAppend]
  private let state: Mutex<State>

  private struct State {
    var results: [Result<AppendResult, any Error>?]
    var missing: Int
  }

  init(_ parts: [PendingAppend]) {
    precondition(!parts.isEmpty, "a batch has one part at least")
    self.parts = parts
    state = Mutex(State(results: Array(repeating: nil, count: parts.count), missing: parts.count))
  }

  /// Calls `body` once all parts are durable, or one of them has failed and the others have ended. To be called once.
  func whenDone(_ body: @escaping @Sendable (Result<AppendResult, any Error>) -> Void) {
    for (number, part) in parts.enumerated() {
      part.whenDone { [self] result in
        let all: [Result<AppendResult, any Error>]? = state.withLock { state in
          state.results[number] = result
          state.missing -= 1
          return state.missing == 0 ? state.results.compactMap(\.self) : nil
        }
        if let all { body(Result { try Self.merged(all) }) }
      }
    }
  }

  private static func merged(_ parts: [Result<AppendResult, any Error>]) throws -> AppendResult {
    var merged = AppendResult()
    for part in parts { merged.merge(try part.get()) }
    return merged
  }
}
