import EventLog
import Foundation
import Model
import Threads

/// Batches of one source on their way into a stream: parsed and encoded side by side by the program's workers, while the
/// log keeps their order.
///
/// Batches are parsed side by side. Whoever finds that the next batch in order is parsed gives it its place, which is
/// short, and encodes it. So nobody waits for another's turn.
///
/// When a batch fails, so do all that come after it: what is stored is a beginning of the source.
final class IngestPipeline: @unchecked Sendable {
  typealias Batch = @Sendable () -> DocumentBatch
  typealias Outcome = Result<AppendResult, any Error>

  /// Batches on their way at a time: one for each worker, one ready for the next that is free, and some that
  /// wait for the disk, of which only the encoded blocks are left.
  static var maxInFlight: Int { WorkerPool.shared.threadCount + 3 }

  private let log: EventLog
  private let stream: EventStream
  private let source: String
  private let actor: String
  private let pool = WorkerPool.shared

  private struct Parsed {
    var batch: DocumentBatch
    var parsed: Appender.Parsed
  }

  private let condition = NSCondition()
  // Guarded by `condition`.
  /// Batches that nobody has begun to parse.
  private var waiting: [(ticket: Int, batch: Batch)] = []
  /// Batches that are being parsed, are parsed, or are being encoded: these take most of the memory.
  private var open = 0
  /// Batches that are parsed and wait for those before them.
  private var parsed: [Int: Result<Parsed, any Error>] = [:]
  private var isSequencing = false
  /// The next batch to get its place.
  private var nextTurn = 0
  private var outcomes: [Int: Outcome] = [:]
  private var pushed = 0
  private var popped = 0
  private var ended = 0
  /// Of the first batch; no batch goes into the log when a commit has failed since.
  private var epoch: Int?
  private var hasFailed = false

  init(_ log: EventLog, _ stream: EventStream, source: String, actor: String) {
    self.log = log
    self.stream = stream
    self.source = source
    self.actor = actor
  }

  /// Adds a batch, when fewer than ``maxInFlight`` are on their way. Throws `ThreadError`.
  func push(_ batch: @escaping Batch) throws {
    condition.withLock {
      while pushed - ended >= Self.maxInFlight { condition.wait() }
      waiting.append((pushed, batch))
      pushed += 1
    }
    try parseMore()
  }

  /// Begins with as many batches as there are workers, and no more: others would wait for their turn, parsed.
  private func parseMore() throws {
    while true {
      let next: (ticket: Int, batch: Batch)? = condition.withLock {
        guard open < pool.threadCount, !waiting.isEmpty else { return nil }
        open += 1
        return waiting.removeFirst()
      }
      guard let next else { return }
      do {
        try pool.submit(.ingest) { [self] in parse(next.batch, next.ticket) }
      } catch {
        condition.withLock { parsed[next.ticket] = .failure(error) }
        sequence()
        throw error
      }
    }
  }

  /// The outcomes of batches that have ended since, in order.
  func pop() -> [Outcome] {
    condition.withLock {
      var found: [Outcome] = []
      while let outcome = outcomes.removeValue(forKey: popped) {
        found.append(outcome)
        popped += 1
      }
      return found
    }
  }

  /// Waits for the next outcome; nil when nothing is on its way.
  func next() -> Outcome? {
    condition.withLock {
      guard popped < pushed else { return nil }
      while outcomes[popped] == nil { condition.wait() }
      defer { popped += 1 }
      return outcomes.removeValue(forKey: popped)
    }
  }

  // MARK: Stages

  private func parse(_ batch: Batch, _ ticket: Int) {
    let result = Result {
      let batch = batch()
      let parsed = try log.withAppender { $0.parse(batch, of: stream) }
      return Parsed(batch: batch, parsed: parsed)
    }
    condition.withLock { parsed[ticket] = result }
    sequence()
  }

  /// Gives the next batch its place, if it is parsed and no other thread is at it, and encodes it at once: what is parsed
  /// takes more memory than what is encoded. Whoever does that asks for the batch after it as well.
  private func sequence() {
    let next: (ticket: Int, batch: Result<Parsed, any Error>, epoch: Int?, hasFailed: Bool)? =
      condition.withLock {
        guard !isSequencing, let batch = parsed.removeValue(forKey: nextTurn) else { return nil }
        isSequencing = true
        return (nextTurn, batch, epoch, hasFailed)
      }
    guard let next else { return }
    let placed = Result {
      let batch = try next.batch.get()
      if next.hasFailed { throw EarlierCommitFailedError() }
      return try log.withAppender { appender in
        try appender.sequence(
          batch.parsed, batch.batch, source: source, actor: actor, epoch: next.epoch)
      }
    }
    let isNextReady = condition.withLock {
      precondition(isSequencing && nextTurn == next.ticket, "a batch got its place out of turn")
      isSequencing = false
      nextTurn += 1
      switch placed {
      case .success(let sequenced): epoch = epoch ?? sequenced.epoch
      case .failure: hasFailed = true
      }
      return parsed[nextTurn] != nil
    }
    // Another worker may be free for it; if there is none, it is done here afterwards.
    let isHandedOn =
      isNextReady && (try? pool.submit(.ingest, isNext: true) { [self] in sequence() }) != nil
    switch placed {
    case .failure(let error): end(next.ticket, .failure(error))
    case .success(let sequenced): encode(sequenced, next.ticket)
    }
    condition.withLock {
      precondition(open > 0, "more batches were closed than opened")
      open -= 1
    }
    // The workers are there, since one runs this.
    try? parseMore()
    if isNextReady, !isHandedOn { sequence() }
  }

  private func encode(_ sequenced: Appender.Sequenced, _ ticket: Int) {
    do {
      let pending = try log.withAppender { try $0.submit(sequenced) }
      PendingBatch(pending).whenDone { [self] in end(ticket, $0) }
    } catch {
      end(ticket, .failure(error))
    }
  }

  private func end(_ ticket: Int, _ outcome: Outcome) {
    condition.withLock {
      if outcomes[ticket] != nil || ticket < popped { return }
      if case .failure = outcome { hasFailed = true }
      outcomes[ticket] = outcome
      ended += 1
      condition.broadcast()
    }
  }
}
