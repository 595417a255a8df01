import LMDB
import Model

/// What is computed from the log and kept in step with it: it takes part in every commit, and what it writes is durable
/// with the events. Whoever may be behind the log is a ``CommitObserver`` instead.
package protocol CommitParticipant: AnyObject, Sendable {
  /// What a block adds.
  associatedtype Folded: Sendable

  /// Throws when no stream can have that name.
  func checkName(ofStream name: String) throws

  /// Throws when a stream cannot be altered so, or dropped.
  func check(_ definition: StreamDefinition, isDrop: Bool) throws

  /// Takes note that a stream is altered in the transaction under way; with `readsAnew` the facts of all of its events
  /// are others.
  func alter(_ definition: StreamDefinition, readsAnew: Bool)

  /// What a block adds, computed by the thread that encoded it, side by side with other blocks. Nil when the
  /// block adds nothing.
  func fold(_ facts: BlockFacts) throws -> Folded?

  /// Runs `body`, which commits blocks, while nothing else of the participant is exchanged.
  func inTurn<R>(_ body: () throws -> R) rethrows -> R

  /// Begins a transaction anew: what was applied since the last `committed` is void.
  func begin()

  /// Adds a block in the transaction that stores it, in the order of the log. `watermarkNs` is the stream's before
  /// the block.
  func apply(
    _ folded: Folded, of block: StoredBlock, watermarkNs: Int64?,
    _ transaction: inout WriteTransaction
  ) throws

  /// So much was changed that the transaction should take no further block.
  var isFull: Bool { get }

  /// Writes what the transaction has changed.
  func finish(_ transaction: inout WriteTransaction) throws

  /// The transaction is durable.
  func committed()
}

/// What a block adds to one participant, together with it: so it can come to no other.
protocol ParticipantPart: Sendable {
  func apply(
    of block: StoredBlock, watermarkNs: Int64?, _ transaction: inout WriteTransaction
  ) throws
}

private struct TypedPart<Participant: CommitParticipant>: ParticipantPart {
  let participant: Participant
  let folded: Participant.Folded

  func apply(
    of block: StoredBlock, watermarkNs: Int64?, _ transaction: inout WriteTransaction
  ) throws {
    try participant.apply(folded, of: block, watermarkNs: watermarkNs, &transaction)
  }
}

/// The participants of a log, in the order in which they take part.
struct CommitParticipants: Sendable {
  private(set) var all: [any CommitParticipant] = []

  mutating func add(_ participant: any CommitParticipant) { all.append(participant) }

  func fold(_ facts: BlockFacts) throws -> [any ParticipantPart] {
    func part<Participant: CommitParticipant>(
      _ participant: Participant
    ) throws -> (any ParticipantPart)? {
      try participant.fold(facts).map { TypedPart(participant: participant, folded: $0) }
    }
    return try all.compactMap { try part($0) }
  }

  func inTurn<R>(_ body: () throws -> R) rethrows -> R { try inTurn(all[...], body) }

  private func inTurn<R>(
    _ rest: ArraySlice<any CommitParticipant>, _ body: () throws -> R
  ) rethrows -> R {
    guard let first = rest.first else { return try body() }
    return try first.inTurn { try inTurn(rest.dropFirst(), body) }
  }

  var isFull: Bool { all.contains(where: \.isFull) }
}
