import Foundation
import Logging
import Query
import Store
import Threads

/// Runs schedules at their times, also those that were missed while the server was down, judges alerts, tells who is to be
/// told, and has sinks hand over what has become final.
///
/// One thread begins runs; others ask and hand over. Each schedule's runs are begun in order, the next when the one before
/// was tried once. What goes to streams and files is also ended in order; a webhook or a broker that is down holds up only its
/// own deliveries.
final class Scheduler: @unchecked Sendable {
  /// Threads for other machines, which may keep one waiting; streams and files have one of their own.
  static let remoteThreads = 4
  /// How often it is looked at least for what time alone has changed.
  private static let longestLookNs: Int64 = 60_000_000_000

  private let work: ScheduleWork
  private let telling: AlertTelling
  private let watch: AlertWatch
  private let sinks: SinkWatch
  private let publishing: SinkWork
  private let logger: Logger
  private let deliveries: Deliveries
  private let lock = NSLock()
  // Guarded by `lock`.
  private var threads: [JoinableThread] = []

  /// Of sources, after which they are closed; 0 for never.
  private let idleNs: Int64
  /// What else is to be done from time to time.
  private let upkeep: @Sendable () throws -> Void

  init(
    _ work: ScheduleWork, idleNs: Int64 = 0, upkeep: @escaping @Sendable () throws -> Void = {},
    logger: Logger
  ) {
    (self.idleNs, self.upkeep) = (idleNs, upkeep)
    (self.work, self.logger) = (work, logger)
    telling = AlertTelling(
      store: work.store, webhooks: work.outputs.webhooks, clock: work.clock, retryNs: work.retryNs)
    watch = AlertWatch(work.store, limits: work.limits)
    sinks = SinkWatch(work.store, limits: work.limits)
    publishing = SinkWork(store: work.store, outputs: work.outputs, limits: work.limits)
    deliveries = Deliveries(clock: work.clock)
  }

  /// Throws `ThreadError`.
  func start() throws {
    try start("nilo.schedule") { $0.plan() }
    try start("nilo.outputs") { $0.perform(isRemote: false) }
    for _ in 0..<Self.remoteThreads {
      try start("nilo.remote") { $0.perform(isRemote: true) }
    }
  }

  private func start(_ name: String, _ body: @escaping @Sendable (Scheduler) -> Void) throws {
    let thread = JoinableThread(named: name)
    try thread.start { [self] in body(self) }
    lock.withLock { threads.append(thread) }
  }

  /// Returns when no thread runs any more. What has not ended is gone on with at the next start.
  func stop() {
    deliveries.stop()
    for thread in lock.withLock({ threads }) { thread.join() }
  }

  /// Says that definitions, or the clock, may have changed.
  func wake() { deliveries.wake() }

  // MARK: Beginning

  private func plan() {
    var pauseNs: Int64 = 0
    var nextNs: Int64?
    var lookNs: Int64?
    repeat {
      do {
        if lookNs ?? .min <= work.clock() {
          if idleNs > 0 { try work.store.closeIdleSources(idleNs: idleNs) }
          // What became final before the program began has no commit to say so.
          try sinks.look()
          // It holds nothing up.
          do { try upkeep() } catch { logger.warning("\(error)") }
          lookNs = work.clock() + lookIntervalNs
        }
        nextNs = [try beginAllDue(), lookNs].compactMap(\.self).min()
        pauseNs = 0
      } catch {
        logger.error("schedules cannot be gone on with: \(error)")
        pauseNs = min(max(2 * pauseNs, Backoff.firstNs), Backoff.longestNs)
        nextNs = work.clock() + pauseNs
      }
    } while deliveries.awaitNews(untilNs: nextNs)
  }

  private var lookIntervalNs: Int64 {
    idleNs > 0 ? min(max(idleNs / 4, Backoff.firstNs), Self.longestLookNs) : Self.longestLookNs
  }

  /// Begins what is due of each schedule, and what is to be told of alerts; gives when the next is due.
  private func beginAllDue() throws -> Int64? {
    // Before the log is read: what has ended since is not begun again.
    let known = deliveries.ids
    let schedules = try work.store.schedules()
    let alerts = try work.store.definedAlerts()
    let states = try work.store.scheduleStates()
    let ledgers = try work.store.alertLedgers()
    var nextNs: Int64?
    for schedule in schedules {
      let key = DefinitionKey(schedule.name, schedule.version)
      for run in states[key]?.pending ?? [] where !known.contains(run.id) {
        deliveries.add(work.delivery(of: run, schedule, logger))
      }
      let next = try beginDue(schedule, key)
      nextNs = [nextNs, next].compactMap(\.self).min()
    }
    for alert in alerts {
      let ledger = ledgers[DefinitionKey(alert.name, alert.version)]
      for news in ledger?.untold ?? [] where !known.contains(news.id) {
        deliveries.add(telling.delivery(of: news, alert, logger))
      }
    }
    let published = try work.store.sinkStates()
    let sinks = try work.store.sinks()
    for sink in sinks {
      let pending = published[DefinitionKey(sink.name, sink.version)]?.pending
      if let pending, !known.contains(SinkWork.deliveryId(pending)) {
        deliveries.add(publishing.delivery(of: pending, sink))
      }
    }
    let left = deliveries.removeAll(
      except: Set(schedules.map(\.owner)).union(alerts.map(\.owner)).union(sinks.map(\.owner)))
    try work.endOrphans(states, Set(schedules.map { DefinitionKey($0.name, $0.version) }), left)
    try telling.endOrphans(ledgers, Set(alerts.map { DefinitionKey($0.name, $0.version) }), left)
    return nextNs
  }

  private func beginDue(_ schedule: ScheduleInfo, _ key: DefinitionKey) throws -> Int64? {
    while !deliveries.holdUp(schedule.owner) {
      let last = try work.store.scheduleStates()[key]?.last
      let begun = try work.begin(schedule, after: last?.boundaryNs)
      guard let run = begun.run else { return begun.nextNs }
      deliveries.add(work.delivery(of: run, schedule, logger))
    }
    return nil
  }

  // MARK: Asking and handing over

  private func perform(isRemote: Bool) {
    var random = SystemRandomNumberGenerator()
    while let (delivery, attempts) = deliveries.take(isRemote: isRemote) {
      var failure: String?
      do {
        let outcome = try delivery.attempt(attempts) { [deliveries] in deliveries.hasToStop }
        if case .failed(let why) = outcome { failure = why }
      } catch is CancellationError {
        return
      } catch {
        failure = "\(error)"
      }
      if let failure {
        // It may be tried for long, and whoever looks after the server hears of it once.
        logger.log(
          level: attempts == 0 ? .warning : .info,
          "\(delivery.id) will be tried again: \(failure)")
      }
      let pauseNs = Backoff.pauseNs(afterAttempts: attempts + 1, &random)
      deliveries.put(delivery, dueNs: failure == nil ? nil : work.clock() + pauseNs)
    }
  }
}

/// Wakes the scheduler when definitions have changed, whoever has changed them, and judges alerts.
extension Scheduler: CommitObserver {
  var name: String { "scheduler" }

  func didCommit(_ seqs: ClosedRange<UInt64>, streams: Set<String>) throws {
    // What is found below is told of by another call.
    if !streams.isDisjoint(with: ["_catalogue", "_alerts", "_sinks"]) { wake() }
    try watch.judge(after: seqs.lowerBound - 1)
    try sinks.look()
  }
}

extension ScheduleInfo {
  /// As deliveries have it.
  var owner: DeliveryOwner { .schedule(name, version: version) }
}

extension AlertInfo {
  /// As deliveries have it.
  var owner: DeliveryOwner { .alert(name, version: version) }
}

extension SinkInfo {
  /// As deliveries have it.
  var owner: DeliveryOwner { .sink(name, version: version) }
}
