import LMDB
import Model

/// What is computed from the log and changed together with it: it takes part in every commit. Whoever may be behind the log
/// is a ``CommitObserver`` instead.
package protocol CommitParticipant: AnyObject, Sendable {
  /// Throws when no stream can have that name.
  func checkName(ofStream name: String) throws

  /// Throws when a stream cannot be altered so, or dropped.
  func check(_ definition: StreamDefinition, isDrop: Bool) throws

  /// Takes note that a stream is altered in the transaction under way; with `readsAnew` the facts of all of its events
  /// are others.
  func alter(_ definition: StreamDefinition, readsAnew: Bool)

  /// Runs `body`, which commits blocks, while nothing else of the participant is exchanged.
  func inTurn<R>(_ body: () throws -> R) rethrows -> R

  /// Begins a transaction anew: what was added since the last `committed` is void.
  func begin()

  /// Takes note of a block in the transaction that stores it, in the order of the log.
  func add(_ block: StoredBlock)

  /// Writes what the transaction has changed.
  func finish(_ transaction: inout WriteTransaction) throws

  /// The transaction is durable. What waits here holds up all later commits.
  func committed()
}

/// The participants of a log, in the order in which they take part.
struct CommitParticipants: Sendable {
  private(set) var all: [any CommitParticipant] = []

  mutating func add(_ participant: any CommitParticipant) { all.append(participant) }

  func inTurn<R>(_ body: () throws -> R) rethrows -> R { try inTurn(all[...], body) }

  private func inTurn<R>(
    _ rest: ArraySlice<any CommitParticipant>, _ body: () throws -> R
  ) rethrows -> R {
    guard let first = rest.first else { return try body() }
    return try first.inTurn { try inTurn(rest.dropFirst(), body) }
  }
}
