import EventLog
import Foundation
import Model

/// Worker threads that parse and encode batches side by side while the log keeps their order.
///
/// Each batch has a ticket. A worker parses its batch whenever it likes, waits for the batch's turn to be
/// sequenced, and encodes it whenever it likes again; so order costs only the short sequencing step.
///
/// When a batch fails, so do all that come after it: what is stored is a beginning of the source.
final class IngestPipeline: @unchecked Sendable {
  typealias Batch = @Sendable () -> DocumentBatch

  private static let workerCount = max(2, ProcessInfo.processInfo.activeProcessorCount)
  /// Batches on their way at a time: one for each worker, one ready for the next that is free, and some that
  /// wait for the disk, of which only the encoded blocks are left.
  static let maxInFlight = workerCount + 3

  private let log: EventLog
  private let stream: EventStream
  private let source: String
  private let actor: String

  private let condition = NSCondition()
  // Guarded by `condition`.
  private var queue: [(ticket: Int, batch: Batch)] = []
  private var outcomes: [Int: Result<[PendingAppend], any Error>] = [:]
  private var nextTurn = 0
  private var pushed = 0
  private var popped = 0
  /// Of the first batch; no batch goes into the log when a commit has failed since.
  private var epoch: Int?
  private var hasFailed = false
  private var isStopped = false
  private var running = 0

  init(_ log: EventLog, _ stream: EventStream, source: String, actor: String) throws {
    self.log = log
    self.stream = stream
    self.source = source
    self.actor = actor
    for number in 0..<Self.workerCount {
      let appender = Handover(try Appender(log))
      let thread = Thread { [self] in run(appender.value) }
      thread.name = "nilo.ingest.\(number)"
      // Documents may nest deeply, and the scanner follows them by recursion.
      thread.stackSize = 16 << 20
      running += 1
      thread.start()
    }
  }

  /// An appender on its way to the one thread that will use it.
  private final class Handover: @unchecked Sendable {
    let value: Appender
    init(_ value: Appender) { self.value = value }
  }

  /// Adds a batch. When many are on their way, waits for the oldest and gives its result.
  func push(_ batch: @escaping Batch) throws -> AppendResult? {
    condition.withLock {
      queue.append((pushed, batch))
      pushed += 1
      condition.broadcast()
    }
    return pushed - popped > Self.maxInFlight ? try pop() : nil
  }

  /// Waits for the oldest batch that is on its way; nil when there is none.
  func pop() throws -> AppendResult? {
    let outcome: Result<[PendingAppend], any Error>? = condition.withLock {
      guard popped < pushed else { return nil }
      while outcomes[popped] == nil { condition.wait() }
      defer { popped += 1 }
      return outcomes.removeValue(forKey: popped)
    }
    guard let outcome else { return nil }
    var result = AppendResult()
    for pending in try outcome.get() { result.merge(try pending.wait()) }
    return result
  }

  /// Ends the workers when they have done what was pushed.
  func stop() {
    condition.withLock {
      isStopped = true
      condition.broadcast()
      while running > 0 { condition.wait() }
    }
  }

  private func run(_ appender: Appender) {
    while let (ticket, batch) = take() {
      let outcome = Result { try append(batch(), ticket, appender) }
      condition.withLock {
        // A batch that failed before its turn must not hold up the others.
        if nextTurn == ticket {
          nextTurn += 1
          hasFailed = true
        }
        outcomes[ticket] = outcome
        condition.broadcast()
      }
    }
    condition.withLock {
      running -= 1
      condition.broadcast()
    }
  }

  private func append(
    _ batch: consuming DocumentBatch, _ ticket: Int, _ appender: Appender
  ) throws -> [PendingAppend] {
    var parsed = appender.parse(batch, of: stream)
    let epoch = try awaitTurn(ticket)
    parsed = try appender.upToDate(parsed, batch)
    let sequenced = try appender.sequence(parsed, source: source, actor: actor, epoch: epoch)
    endTurn(sequenced.epoch)
    return try appender.submit(sequenced)
  }

  private func take() -> (ticket: Int, batch: Batch)? {
    condition.withLock {
      while queue.isEmpty {
        if isStopped { return nil }
        condition.wait()
      }
      return queue.removeFirst()
    }
  }

  /// Gives the epoch of the batches before, nil for the first.
  private func awaitTurn(_ ticket: Int) throws -> Int? {
    try condition.withLock {
      while nextTurn != ticket { condition.wait() }
      if hasFailed { throw EarlierCommitFailedError() }
      return epoch
    }
  }

  private func endTurn(_ epoch: Int?) {
    condition.withLock {
      self.epoch = self.epoch ?? epoch
      nextTurn += 1
      condition.broadcast()
    }
  }
}
