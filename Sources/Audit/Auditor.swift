import EventLog
import Foundation
import Merkle
import Store
import Synchronization
import Threads

/// Keeps the tree over a log, seals rows of KPIs that become final, and signs checkpoints, for a program that writes the store.
///
/// Leaves are hashed by an observer, after events are acknowledged. A thread of its own seals and signs: at an interval, and when
/// rows have become final.
public final class Auditor: @unchecked Sendable {
  private let store: Store
  private let tree: LogTree
  private let key: SigningKey
  private let sealer: Sealer
  private let intervalS: Double
  private let warn: @Sendable (String) -> Void
  private let updating = NSLock()
  private let thread = JoinableThread(named: "nilo.audit")
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var isStopped = false
  private let counts = Mutex(AuditFigures())

  /// How often it is looked for rows that have become final, and for leaves that are left to hash.
  private static let lookIntervalS = 1.0

  /// Seconds between checkpoints while events come and nothing becomes final.
  public static let defaultIntervalS = 60.0

  /// The first key that a store is opened with is recorded as its key. Throws ``AuditError`` when another one is: see
  /// ``rotate(to:)``. `warn` is told what did not go well and is tried again.
  public init(
    _ store: Store, key: SigningKey, intervalS: Double = defaultIntervalS, actor: String = "nilo",
    warn: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    (self.store, self.key, self.intervalS, self.warn) = (store, key, intervalS, warn)
    tree = LogTree(store)
    sealer = Sealer(store)
    guard key.algorithm == .ed25519 else {
      throw AuditError(
        "the key of \(key.name) is one of a witness; make one with: nilo audit keygen")
    }
    switch try RecordedKeys(store.log).last {
    case nil: try RecordedKeys.record(key.verifier, in: store, by: actor)
    case key.verifier?: break
    case let known?:
      throw AuditError(
        "the checkpoints of this store are signed by \(known), not by \(key.verifier): take that key, or put this one in its "
          + "place with: nilo audit rotate --key OLD --to NEW")
    }
  }

  // MARK: What is done

  /// Seals what has become final, hashes all events, and signs a checkpoint where there are new ones. What is cut off goes on where
  /// it was. Throws `DamageError`, `CancellationError`, `ReadOnlyError`. O(bytes of the events since).
  @discardableResult
  public func update(
    progress: (Double) -> Void = { _ in }, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> StoredCheckpoint? {
    try updating.withLock {
      try seal(isCancelled)
      return try sign(progress: progress, isCancelled: isCancelled)
    }
  }

  @discardableResult
  private func seal(_ isCancelled: @escaping @Sendable () -> Bool) throws -> Int {
    let rows = try sealer.seal(isCancelled: isCancelled)
    counts.withLock { $0.sealedRows += UInt64(rows) }
    return rows
  }

  /// Gives the last checkpoint, which is a new one when there are events that the one before does not have.
  private func sign(
    alsoBy others: [SigningKey] = [], progress: (Double) -> Void = { _ in },
    isCancelled: () -> Bool = { false }
  ) throws -> StoredCheckpoint? {
    let lastSeq = store.log.committedSeq
    try tree.extend(through: lastSeq, progress: progress, isCancelled: isCancelled)
    let known = try tree.lastCheckpoint()
    if lastSeq == known?.size ?? 0 { return known }
    let note = try Signing(tree: tree, key: key).sign(lastSeq, alsoBy: others)
    counts.withLock { $0.checkpoints += 1 }
    return StoredCheckpoint(size: lastSeq, note: note)
  }

  /// Puts another key in the place of this one: that is an event, and a checkpoint that has it is signed by both, so that whoever
  /// trusts the old one can trust the new one. This auditor is of no use afterwards.
  public func rotate(to new: SigningKey, actor: String) throws {
    guard new.name == key.name, new.algorithm == .ed25519 else {
      throw AuditError(
        "the log is called \(key.name), and the new key is of \(new.name): a key has the name of its log"
      )
    }
    if new.verifier == key.verifier { throw AuditError("the new key is the one that is in use") }
    try updating.withLock {
      try RecordedKeys.record(new.verifier, in: store, by: actor)
      _ = try sign(alsoBy: [new])
    }
  }

  // MARK: While a program serves

  /// Does all that as events come, until ``stop()``. Throws `ThreadError`, and what adding an observer throws.
  public func start() throws {
    try store.add(LeafObserver(tree))
    try thread.start { [self] in run() }
  }

  /// Signs what is left, and returns when it is done.
  public func stop() {
    condition.withLock {
      isStopped = true
      condition.broadcast()
    }
    thread.join()
  }

  private func run() {
    let clock = ContinuousClock()
    var (signed, pauseS, isLast) = (clock.now, Self.lookIntervalS, false)
    while !isLast {
      isLast = !pause(pauseS)
      do {
        let isDue = isLast || clock.now - signed >= .seconds(intervalS)
        // What is left when it ends is signed all the same, unless it is much.
        try updating.withLock {
          let rows = try seal { false }
          guard rows > 0 || isDue else { return }
          if isLast, try hasMuch() { return }
          _ = try sign(isCancelled: { [self] in !isLast && hasToStop })
          signed = clock.now
        }
        pauseS = Self.lookIntervalS
      } catch is CancellationError {
        pauseS = 0
      } catch {
        counts.withLock { $0.failures += 1 }
        warn("the audit log does not get on, and is tried again: \(error)")
        pauseS = min(2 * pauseS, 60)
      }
    }
  }

  private var hasToStop: Bool { condition.withLock { isStopped } }

  private func hasMuch() throws -> Bool {
    try store.log.committedSeq - min(tree.size, store.log.committedSeq) > LogTree.stepEvents
  }

  /// False when all is to end.
  private func pause(_ seconds: Double) -> Bool {
    let end = Date(timeIntervalSinceNow: seconds)
    return condition.withLock {
      while !isStopped, condition.wait(until: end) {}
      return !isStopped
    }
  }

  // MARK: Figures

  /// What has been done, and how far the tree is behind. O(log n).
  public func figures() throws -> AuditFigures {
    var figures = counts.withLock { $0 }
    figures.treeSize = try tree.size
    figures.lag = store.log.committedSeq - min(store.log.committedSeq, figures.treeSize)
    figures.signedSize = try tree.lastCheckpoint()?.size ?? 0
    figures.unsealedKpis = sealer.failures.count
    return figures
  }
}

/// What an auditor has done since it began, and where it stands.
public struct AuditFigures: Sendable, Equatable {
  /// Events that the tree has, and that it does not have yet.
  public var treeSize: UInt64 = 0
  public var lag: UInt64 = 0
  /// Events that the last checkpoint has.
  public var signedSize: UInt64 = 0
  public var checkpoints: UInt64 = 0
  public var sealedRows: UInt64 = 0
  /// KPIs whose rows could not be sealed the last time.
  public var unsealedKpis = 0
  /// How often it did not get on.
  public var failures: UInt64 = 0
}

/// Hashes leaves as commits bring events: many at a time, since each time is a commit.
private final class LeafObserver: CommitObserver {
  let name = "audit"
  private let tree: LogTree

  init(_ tree: LogTree) { self.tree = tree }

  /// Fewer events than these wait for others, or for the next checkpoint.
  private static let fewEvents: UInt64 = 8_192

  func didCommit(_ seqs: ClosedRange<UInt64>, streams: Set<String>) throws {
    if try seqs.upperBound - min(tree.size, seqs.upperBound) < Self.fewEvents { return }
    try tree.extend(through: seqs.upperBound)
  }
}
