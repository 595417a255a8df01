import Language
import Logging
import Model
import Query
import Store

/// What a schedule does at each of its times: it is begun, its query is asked, and the answer goes to its target.
///
/// Beginning is an event that names the state of the log which is asked, so a run that was cut off is done again with the
/// same answer, under the same id.
struct ScheduleWork: Sendable {
  let store: Store
  let outputs: Outputs
  let limits: QueryLimits
  let clock: @Sendable () -> Int64
  /// Times before that are passed over.
  let catchUpNs: Int64
  /// Targets are not tried any more when a run was begun so long ago.
  let retryNs: Int64

  /// How an attempt ended.
  enum Outcome {
    case ended(ScheduleRun)
    /// To be tried again.
    case failed(String)
  }

  /// Begins the first time that is due, after those that are passed over: gives its run, or else when the next is due.
  func begin(
    _ schedule: ScheduleInfo, after lastNs: Int64?
  ) throws -> (run: ScheduleRun?, nextNs: Int64?) {
    let key = DefinitionKey(schedule.name, schedule.version)
    let due = DueTimes(
      try schedule.times, after: max(schedule.definedNs, lastNs ?? .min), nowNs: clock(),
      catchUpNs: catchUpNs)
    if let passed = due.passedOver {
      var run = ScheduleRun(key, boundaryNs: passed.firstNs, .passedOver)
      (run.untilNs, run.count) = (passed.lastNs, passed.count)
      try store.record(run)
    }
    guard let dueNs = due.dueNs else { return (nil, due.nextNs) }
    var run = ScheduleRun(key, boundaryNs: dueNs, .begun)
    run.asOfSeq = try store.snapshot().lastSeq
    try store.record(run)
    run.notedNs = clock()
    return (run, nil)
  }

  /// Asks, and hands the answer over. `attempts` were made before. Throws `CancellationError` when the server stops.
  func attempt(
    _ run: ScheduleRun, _ schedule: ScheduleInfo, attempts: Int,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws -> Outcome {
    var ended = ScheduleRun(run.key, boundaryNs: run.boundaryNs, .done)
    ended.attempts = attempts + 1
    let answer: Answer
    do { answer = try self.answer(run, schedule, isCancelled) } catch let error as CancellationError
    {
      throw error
    } catch {
      // The same question gives the same answer: it is not asked again.
      return .ended(ended.failed("\(error)"))
    }
    ended.rows = answer.rowCount
    do {
      try outputs.write(answer, of: run, schedule, isCancelled: isCancelled)
      return .ended(ended)
    } catch let error as CancellationError {
      throw error
    } catch let refusal as OutputRefusal {
      return .ended(ended.failed(refusal.description))
    } catch {
      let ageNs = clock().saturatingSubtracting(run.notedNs ?? run.boundaryNs)
      guard ageNs < retryNs else {
        return .ended(
          ended.failed(
            attempts == 0
              ? "given up after one attempt: \(error)"
              : "given up after \(attempts + 1) attempts, the last of which: \(error)"))
      }
      return .failed("\(error)")
    }
  }

  /// The delivery of a run that was begun. Attempts go on counting where those of before the server started have ended.
  func delivery(of run: ScheduleRun, _ schedule: ScheduleInfo, _ logger: Logger) -> Delivery {
    Delivery(
      id: run.id, owner: schedule.owner, isRemote: schedule.definition.target.isRemote
    ) { attempts, isCancelled in
      let attempts = (run.attempts ?? 0) + attempts
      switch try attempt(run, schedule, attempts: attempts, isCancelled: isCancelled) {
      case .failed(let why):
        var refused = ScheduleRun(run.key, boundaryNs: run.boundaryNs, .refused)
        (refused.attempts, refused.failure) = (attempts + 1, why)
        try store.record(refused)
        return .failed(why)
      case .ended(let ended):
        try store.record(ended)
        if let failure = ended.failure {
          logger.warning("schedule \(schedule.name) has failed: \(failure)")
        }
        return .ended
      }
    }
  }

  /// Ends the runs of schedules that were dropped. `left` are the deliveries that run.
  func endOrphans(
    _ states: [DefinitionKey: ScheduleState], _ defined: Set<DefinitionKey>, _ left: Set<String>
  ) throws {
    for (key, state) in states where !defined.contains(key) {
      for run in state.pending where !left.contains(run.id) {
        var ended = ScheduleRun(key, boundaryNs: run.boundaryNs, .failed)
        ended.failure = "the schedule was dropped before its answer was handed over"
        try store.record(ended)
      }
    }
  }

  /// The answer as of the state of the log at which the run was begun; its now is the run's time.
  private func answer(
    _ run: ScheduleRun, _ schedule: ScheduleInfo, _ isCancelled: @escaping @Sendable () -> Bool
  ) throws -> Answer {
    var options = QueryOptions(nowNs: run.boundaryNs)
    options.timeZone = schedule.definition.timeZone?.value
    options.limits = limits
    options.isCancelled = isCancelled
    var query = schedule.definition.query
    query.asOf = run.asOfSeq.map { .seq(Spanned($0)) }
    return try QueryEngine(store).run(Statement(.select(query)), of: schedule.statement, options)
  }
}

extension ScheduleRun {
  fileprivate func failed(_ why: String) -> ScheduleRun {
    var run = self
    (run.state, run.failure, run.rows) = (.failed, why, nil)
    return run
  }
}
