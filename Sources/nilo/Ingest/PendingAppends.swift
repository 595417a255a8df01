import Dispatch
import FileConnector
import Store
import Synchronization

/// Batches of several files that were given their places in the log, and are not known to be durable yet.
struct PendingAppends {
  struct Batch {
    var identity: FileIdentity
    var path: String
    var source: String
    var checkpoint: FileCheckpoint?
  }

  private final class Outcomes: Sendable {
    let group = DispatchGroup()
    let results = Mutex<[Int: Result<AppendResult, any Error>]>([:])
  }

  private(set) var byteCount = 0
  private var batches: [Batch] = []
  private var identities: Set<FileIdentity> = []
  private var outcomes = Outcomes()

  func has(_ identity: FileIdentity) -> Bool { identities.contains(identity) }

  /// Returns what has to be called with the batch's outcome.
  mutating func begin(
    _ batch: Batch, byteCount: Int
  ) -> @Sendable (Result<AppendResult, any Error>) -> Void {
    let (number, outcomes) = (batches.count, outcomes)
    batches.append(batch)
    identities.insert(batch.identity)
    self.byteCount += byteCount
    outcomes.group.enter()
    return { result in
      outcomes.results.withLock { $0[number] = result }
      outcomes.group.leave()
    }
  }

  /// Waits for all, and gives them in their order.
  mutating func wait() -> [(Batch, Result<AppendResult, any Error>)] {
    guard !batches.isEmpty else { return [] }
    outcomes.group.wait()
    let results = outcomes.results.withLock { $0 }
    defer { self = PendingAppends() }
    return batches.enumerated().compactMap { number, batch in
      results[number].map { (batch, $0) }
    }
  }
}
