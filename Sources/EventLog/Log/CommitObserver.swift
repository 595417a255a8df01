import Bytes
import Checksum
import Foundation
import LMDB
import Synchronization
import Threads

/// Whoever is told what was committed, after it: proofs, subscriptions, sinks to other systems. One that fails or is slow
/// neither fails nor delays commits; it is behind, which can be seen, and catches up.
public protocol CommitObserver: AnyObject, Sendable {
  /// Under which its position is kept in the store; of the letters that streams' names have.
  var name: String { get }

  /// Takes the events of `seqs`, which are those of `streams` among them. When it returns, they are done; when it throws,
  /// it is told again, after a while. After a crash it may be told again what it was told: at least once.
  ///
  /// Called on a thread of the observer's own.
  func didCommit(_ seqs: ClosedRange<UInt64>, streams: Set<String>) throws
}

/// An observer of that name is at work.
public struct ObserverRunsError: Error, Equatable, CustomStringConvertible {
  public var name: String

  /// `name` is the observer that is at work.
  package init(name: String) { self.name = name }

  public var description: String {
    "an observer \(name) is at work: another takes another name, and it is removed once the log is open without it"
  }
}

/// How far an observer has got.
public struct ObserverState: Sendable, Equatable {
  public var name: String
  /// The last event that it has done.
  public var seq: UInt64
  /// Events that it has not done yet.
  public var lag: UInt64
  /// Why it does not get on; nil while it does, and when it is not running.
  public var failure: String?
}

/// Is told of commits until it is cancelled, or nobody holds it.
public final class CommitListener: Sendable {
  private let end: @Sendable () -> Void

  init(end: @escaping @Sendable () -> Void) { self.end = end }
  deinit { end() }

  /// It is told of no commit that begins after this.
  public func cancel() { end() }
}

/// The observers of a log that run.
final class Observers: Sendable {
  private let running = Mutex<[ObserverRun]>([])
  private let listeners = Mutex<(bodies: [Int: @Sendable (UInt64) -> Void], next: Int)>(([:], 0))

  func listen(_ body: @escaping @Sendable (UInt64) -> Void) -> CommitListener {
    let number = listeners.withLock { listeners in
      listeners.next += 1
      listeners.bodies[listeners.next] = body
      return listeners.next
    }
    return CommitListener { [weak self] in
      self?.listeners.withLock { _ = $0.bodies.removeValue(forKey: number) }
    }
  }

  func add(_ run: ObserverRun) { running.withLock { $0.append(run) } }

  func isRunning(_ name: String) -> Bool { running.withLock { $0.contains { $0.name == name } } }

  func didCommit(through seq: UInt64) {
    for run in running.withLock({ $0 }) { run.didCommit(through: seq) }
    for body in listeners.withLock({ Array($0.bodies.values) }) { body(seq) }
  }

  func failure(of name: String) -> String? {
    running.withLock { $0.first { $0.name == name }?.failure }
  }

  /// Returns when all have ended what they were told last.
  func stop() {
    let all = running.withLock { running in
      defer { running = [] }
      return running
    }
    for run in all { run.stop() }
  }
}

/// One observer at work.
final class ObserverRun: @unchecked Sendable {
  /// Events that it is told of at a time.
  static let maxSeqs: UInt64 = 65_536
  /// Its position is written so often at most: each time is a commit.
  private static let writeInterval = Duration.seconds(1)
  private static let shortestPauseS = 0.1
  private static let longestPauseS = 60.0

  let name: String
  private let observer: any CommitObserver
  /// Until it is stopped: it works for the log, so the log has to be there.
  private let log: EventLog
  private let thread = JoinableThread(named: "nilo.observer")
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var committedSeq: UInt64
  private var isStopped = false
  private var lastFailure: String?

  var failure: String? { condition.withLock { lastFailure } }

  /// Throws `ThreadError`.
  init(_ observer: any CommitObserver, after seq: UInt64, committedSeq: UInt64, _ log: EventLog)
    throws
  {
    precondition(seq <= committedSeq, "an observer is ahead of the log")
    name = observer.name
    self.observer = observer
    self.log = log
    self.committedSeq = committedSeq
    try thread.start { [self] in run(after: seq) }
  }

  func didCommit(through seq: UInt64) {
    condition.withLock {
      committedSeq = max(committedSeq, seq)
      condition.broadcast()
    }
  }

  func stop() {
    condition.withLock {
      isStopped = true
      condition.broadcast()
    }
    thread.join()
  }

  private func run(after start: UInt64) {
    let clock = ContinuousClock()
    var (seq, writtenSeq, written) = (start, start, clock.now)
    var pauseS = Self.shortestPauseS
    while let last = awaitCommit(after: seq, atMost: seq == writtenSeq ? nil : Self.writeInterval) {
      if last <= seq {
        // Nothing comes for now: who looks at its lag is told that there is none. What cannot be written is written later.
        if (try? log.write(seq, ofObserver: name)) != nil { writtenSeq = seq }
        written = clock.now
        continue
      }
      let end = min(last, seq + Self.maxSeqs)
      precondition(seq < end && end <= last, "an observer is told of events that are not committed")
      do {
        try observer.didCommit(seq + 1...end, streams: log.streamNames(in: seq + 1...end))
        (seq, pauseS) = (end, Self.shortestPauseS)
        condition.withLock { lastFailure = nil }
        if clock.now - written >= Self.writeInterval {
          try log.write(seq, ofObserver: name)
          (writtenSeq, written) = (seq, clock.now)
        }
      } catch {
        condition.withLock { lastFailure = "\(error)" }
        pause(pauseS)
        pauseS = min(2 * pauseS, Self.longestPauseS)
      }
    }
    // What cannot be written is told again when it is opened next.
    if seq != writtenSeq { try? log.write(seq, ofObserver: name) }
  }

  /// The last event that is committed, once there is one after `seq` or the time is over; nil when all is to end.
  private func awaitCommit(after seq: UInt64, atMost duration: Duration?) -> UInt64? {
    let end = duration.map { Date(timeIntervalSinceNow: $0 / .seconds(1)) }
    return condition.withLock {
      while committedSeq <= seq, !isStopped {
        guard let end else {
          condition.wait()
          continue
        }
        if !condition.wait(until: end) { break }
      }
      return isStopped ? nil : committedSeq
    }
  }

  private func pause(_ seconds: Double) {
    let end = Date(timeIntervalSinceNow: seconds)
    condition.withLock {
      while !isStopped, condition.wait(until: end) {}
    }
  }
}

extension EventLog {
  /// Calls `body` with the last event of the log after each commit, on the thread that commits: it must not block. Who
  /// needs the events of all commits is an observer instead.
  public func listen(_ body: @escaping @Sendable (UInt64) -> Void) -> CommitListener {
    observers.listen(body)
  }

  /// Tells `observer` of all events after its position, and from now on of each commit. One that is new begins after
  /// `start`. To be called by one thread at a time. Throws ``ObserverRunsError``, `ThreadError`, ``StreamNameError``, and
  /// what reading throws.
  public func add(_ observer: any CommitObserver, startingAfter start: UInt64 = 0) throws {
    if mode == .readOnly { throw ReadOnlyError() }
    try StreamDefinition.checkName(observer.name)
    if observers.isRunning(observer.name) { throw ObserverRunsError(name: observer.name) }
    // Its position is there from the first moment, so that its lag can be seen.
    let known = try environment.read { try Self.position(ofObserver: observer.name, tables, $0) }
    let seq = known ?? min(start, committedSeq)
    guard seq <= committedSeq else {
      throw DamageError(what: "position of observer \(observer.name)", firstSeq: seq)
    }
    if known == nil { try write(seq, ofObserver: observer.name) }
    let run = try ObserverRun(observer, after: seq, committedSeq: committedSeq, self)
    observers.add(run)
    // A commit may have come before it was known.
    run.didCommit(through: committedSeq)
  }

  /// All observers that the store knows, running or not, by name.
  /// Throws ``DamageError`` when a position is beyond the log. O(observers).
  public func observerStates() throws -> [ObserverState] {
    try environment.read { transaction in
      let last = try LogHead.read(tables, transaction).nextSeq - 1
      var states: [ObserverState] = []
      var cursor = try transaction.cursor(tables.observers)
      while try cursor.next() {
        let (name, seq) = try Self.observer(cursor.value)
        guard seq <= last else {
          throw DamageError(what: "position of observer \(name)", firstSeq: seq)
        }
        states.append(
          ObserverState(
            name: name, seq: seq, lag: last - seq, failure: observers.failure(of: name)))
      }
      return states.sorted { Text($0.name) < Text($1.name) }
    }
  }

  /// Forgets the position of an observer that is not to come back. Throws ``ObserverRunsError`` while it runs.
  public func removeObserver(_ name: String) throws {
    if observers.isRunning(name) { throw ObserverRunsError(name: name) }
    _ = try environment.write { try $0.delete(tables.observers, Self.observerKey(name)) }
  }

  fileprivate func write(_ seq: UInt64, ofObserver name: String) throws {
    var bytes: [UInt8] = []
    bytes.append(string: name)
    bytes.append(varint: seq)
    let record = bytes.sealed()
    try environment.write { try $0.put(tables.observers, Self.observerKey(name), record) }
  }

  /// The streams that have events among `seqs`. O(streams log n), and O(pieces) of merged blocks around them.
  package func streamNames(in seqs: ClosedRange<UInt64>) throws -> Set<String> {
    try environment.read { transaction in
      let found = try currentStreams(transaction).filter {
        try store.hasEvents(ofStream: $0.definition.id, seqs, transaction)
      }
      if found.isEmpty {
        throw DamageError(what: "the block of an event is missing", firstSeq: seqs.lowerBound)
      }
      return Set(found.map(\.name))
    }
  }

  private static func observerKey(_ name: String) -> Key {
    Key(checksum([UInt8](name.utf8).rawSpan))
  }

  private static func position(
    ofObserver name: String, _ tables: LogTables, _ transaction: borrowing ReadTransaction
  ) throws -> UInt64? {
    guard let record = try transaction.get(tables.observers, observerKey(name)) else { return nil }
    let (found, seq) = try observer(record)
    return found == name ? seq : nil
  }

  private static func observer(_ record: RawSpan) throws -> (name: String, seq: UInt64) {
    guard let body = record.unsealed else { throw DamageError(what: "position of an observer") }
    var reader = ByteReader(body)
    return (try reader.string(), try reader.varint())
  }
}

extension BlockStore {
  /// Whether the stream has an event among `seqs`.
  fileprivate func hasEvents(
    ofStream id: UInt32, _ seqs: ClosedRange<UInt64>, _ transaction: borrowing ReadTransaction
  ) throws -> Bool {
    let block = try summaries(ofStream: id, from: seqs.lowerBound, limit: 1, transaction).first
    guard let block, block.firstSeq <= seqs.upperBound else { return false }
    let isWithin = seqs.contains(block.firstSeq) || seqs.contains(block.lastSeq)
    if isWithin || !block.isMerged { return true }
    let all = try self.seqs(of: block, transaction)
    return all.count(before: seqs.lowerBound) < all.count(before: seqs.upperBound + 1)
  }
}
