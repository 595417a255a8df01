import Foundation
import Logging
import Query
import Store
import Threads

/// Runs schedules at their times, also those that were missed while the server was down.
///
/// One thread begins runs; others ask and hand over. Each schedule's runs are begun in order, the next when the one before
/// was tried once. What goes to streams and files is also ended in order; a webhook that is down holds up only its own
/// deliveries.
final class Scheduler: @unchecked Sendable {
  /// Threads for webhooks, which may keep one waiting; streams and files have one of their own.
  static let webhookThreads = 4
  /// The clock is looked at so often at least, since it may be set.
  private static let longestWaitS = 60.0

  private let work: ScheduleWork
  private let logger: Logger
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var attempts: [Attempt] = []
  private var threads: [JoinableThread] = []
  private var hasNews = true
  private var isStopped = false

  /// A run that was begun and has not ended.
  private struct Attempt {
    var run: ScheduleRun
    var schedule: ScheduleInfo
    var isWebhook: Bool
    /// How often it was tried.
    var count = 0
    var dueNs: Int64
    var isRunning = false
  }

  init(_ work: ScheduleWork, logger: Logger) { (self.work, self.logger) = (work, logger) }

  /// Throws `ThreadError`.
  func start() throws {
    try start("nilo.schedule") { $0.plan() }
    try start("nilo.outputs") { $0.perform(isWebhook: false) }
    for _ in 0..<Self.webhookThreads {
      try start("nilo.webhooks") { $0.perform(isWebhook: true) }
    }
  }

  private func start(_ name: String, _ body: @escaping @Sendable (Scheduler) -> Void) throws {
    let thread = JoinableThread(named: name)
    try thread.start { [self] in body(self) }
    condition.withLock { threads.append(thread) }
  }

  /// Returns when no thread runs any more. What has not ended is gone on with at the next start.
  func stop() {
    let running = condition.withLock {
      isStopped = true
      condition.broadcast()
      return threads
    }
    for thread in running { thread.join() }
  }

  /// Says that definitions, or the clock, may have changed.
  func wake() {
    condition.withLock {
      hasNews = true
      condition.broadcast()
    }
  }

  // MARK: Beginning

  private func plan() {
    var pauseNs: Int64 = 0
    while true {
      var nextNs: Int64?
      do {
        nextNs = try beginAllDue()
        pauseNs = 0
      } catch {
        logger.error("schedules cannot be gone on with: \(error)")
        pauseNs = min(max(2 * pauseNs, Backoff.firstNs), Backoff.longestNs)
        nextNs = work.clock() + pauseNs
      }
      let isOver = condition.withLock {
        while !isStopped, !hasNews, !isDue(nextNs) { wait(untilNs: nextNs) }
        hasNews = false
        return isStopped
      }
      if isOver { return }
    }
  }

  /// Begins what is due of each schedule; gives when the next is due.
  private func beginAllDue() throws -> Int64? {
    // Before the log is read: what has ended since is not begun again.
    let known = condition.withLock { Set(attempts.map(\.run.id)) }
    let schedules = try work.store.schedules()
    let states = try work.store.scheduleStates()
    var nextNs: Int64?
    for schedule in schedules {
      let key = ScheduleKey(schedule.name, schedule.version)
      let state = states[key]
      for run in state?.pending ?? [] where !known.contains(run.id) { add(run, schedule) }
      while !isHeldUp(key) {
        let begun = try work.begin(
          schedule, after: try work.store.scheduleStates()[key]?.last?.boundaryNs)
        if let run = begun.run { add(run, schedule) }
        guard begun.run == nil else { continue }
        nextNs = [nextNs, begun.nextNs].compactMap(\.self).min()
        break
      }
    }
    try endOrphans(states, Set(schedules.map { ScheduleKey($0.name, $0.version) }), known)
    return nextNs
  }

  private func add(_ run: ScheduleRun, _ schedule: ScheduleInfo) {
    let isWebhook = schedule.definition.target.kind == "webhook"
    condition.withLock {
      attempts.append(
        Attempt(run: run, schedule: schedule, isWebhook: isWebhook, dueNs: work.clock()))
      condition.broadcast()
    }
  }

  /// Whether a run of the schedule has to be gone on with before the next is begun.
  private func isHeldUp(_ key: ScheduleKey) -> Bool {
    condition.withLock {
      isStopped || attempts.contains { $0.run.key == key && (!$0.isWebhook || $0.count == 0) }
    }
  }

  /// Ends the runs of schedules that were dropped.
  private func endOrphans(
    _ states: [ScheduleKey: ScheduleState], _ defined: Set<ScheduleKey>, _ known: Set<String>
  ) throws {
    for (key, state) in states where !defined.contains(key) {
      condition.withLock { attempts.removeAll { $0.run.key == key && !$0.isRunning } }
      let running = condition.withLock { Set(attempts.map(\.run.id)) }
      for run in state.pending where !running.contains(run.id) {
        var ended = ScheduleRun(key, boundaryNs: run.boundaryNs, .failed)
        ended.failure = "the schedule was dropped before its answer was handed over"
        try work.store.record(ended)
      }
    }
  }

  // MARK: Asking and handing over

  private func perform(isWebhook: Bool) {
    var random = SystemRandomNumberGenerator()
    while let attempt = take(isWebhook: isWebhook) {
      var failure: String?
      do {
        switch try work.attempt(
          attempt.run, attempt.schedule, attempts: attempt.count, isCancelled: { self.hasToStop })
        {
        case .ended(let run):
          try work.store.record(run)
          if let failure = run.failure {
            logger.warning("schedule \(run.key.name) has failed: \(failure)")
          }
        case .failed(let why): failure = why
        }
      } catch is CancellationError {
        return
      } catch {
        failure = "\(error)"
      }
      if let failure {
        logger.info("schedule \(attempt.run.key.name) will try again: \(failure)")
      }
      let pauseNs = Backoff.pauseNs(afterAttempts: attempt.count + 1, &random)
      put(attempt, again: failure == nil ? nil : work.clock() + pauseNs)
    }
  }

  private var hasToStop: Bool { condition.withLock { isStopped } }

  /// The attempt that is due first, once one is; nil when all is to end.
  private func take(isWebhook: Bool) -> Attempt? {
    condition.withLock {
      while !isStopped {
        let waiting = attempts.indices.filter {
          attempts[$0].isWebhook == isWebhook && !attempts[$0].isRunning
        }
        let first = waiting.min { attempts[$0].dueNs < attempts[$1].dueNs }
        if let first, isDue(attempts[first].dueNs) {
          attempts[first].isRunning = true
          return attempts[first]
        }
        wait(untilNs: first.map { attempts[$0].dueNs })
      }
      return nil
    }
  }

  /// Takes note that an attempt was made; without a time to try it again, that it has ended.
  private func put(_ attempt: Attempt, again dueNs: Int64?) {
    condition.withLock {
      if let index = attempts.firstIndex(where: { $0.run.id == attempt.run.id }) {
        if let dueNs {
          attempts[index].count += 1
          (attempts[index].isRunning, attempts[index].dueNs) = (false, dueNs)
        } else {
          attempts.remove(at: index)
        }
      }
      hasNews = true
      condition.broadcast()
    }
  }

  // MARK: Waiting, with `condition` locked

  private func isDue(_ timeNs: Int64?) -> Bool { timeNs.map { $0 <= work.clock() } ?? false }

  private func wait(untilNs: Int64?) {
    let seconds = untilNs.map { Double($0 - work.clock()) / 1e9 } ?? Self.longestWaitS
    _ = condition.wait(
      until: Date(timeIntervalSinceNow: min(max(seconds, 0.001), Self.longestWaitS)))
  }
}

/// Wakes the scheduler when definitions have changed, whoever has changed them.
extension Scheduler: CommitObserver {
  var name: String { "scheduler" }

  func didCommit(_ seqs: ClosedRange<UInt64>, streams: Set<String>) {
    if streams.contains("_catalogue") { wake() }
  }
}
