import Bytes
import Language
import Model

/// Statements about what happens by itself.
extension StatementRun {
  /// What can be said of a schedule with a place in the text.
  func check(_ schedule: DefineSchedule) throws {
    if try store.schedules().contains(where: { $0.name == schedule.name.text }) {
      throw error(
        schedule.name.span, "there is a schedule \(schedule.name.text) already",
        hint: "DROP SCHEDULE \(schedule.name.canonicalText) first, or take another name")
    }
    _ = try times(of: schedule)
    try checkUnattended(schedule.query, timeZone: schedule.timeZone?.value)
    try check(schedule.target)
  }

  /// Throws what is wrong with a query that is asked when nobody is there to give parameters.
  func checkUnattended(_ query: Select, timeZone: String?) throws {
    var unattended = options
    (unattended.parameters, unattended.timeZone) = ([:], timeZone)
    let run = StatementRun(store: store, options: unattended, text: text, catalogue: catalogue)
    _ = try Binder.bind(query, run)
  }

  private func check(_ target: TargetCall) throws {
    let place = try place(of: target)
    if case .kafka = place {
      throw error(
        target.span, "an answer goes into a stream, a file or a webhook",
        hint: "DEFINE SINK puts the rows of a KPI into a topic")
    }
    guard case .stream(let name) = place else { return }
    if catalogue.isSystem(name) || catalogue.kpis.contains(where: { $0.name == name }) {
      throw error(target.argument.span, "\(name) is no stream that answers can go to")
    }
    guard let stream = catalogue.streams.first(where: { $0.name == name }) else {
      if let reason = store.faultOfName(name) { throw error(target.argument.span, reason) }
      return
    }
    guard stream.dedupPaths == [Text(ScheduleOutput.idField)] else {
      throw error(
        target.argument.span,
        "stream \(name) does not tell by \(ScheduleOutput.idField) what it has already",
        hint: "name a stream that is not there yet, or ALTER STREAM "
          + "\(Name(name).canonicalText) DEDUP BY \(ScheduleOutput.idField)")
    }
  }

  /// What a target says. Throws what is wrong with it, at its place.
  func place(of target: TargetCall) throws -> Target {
    let kind = SourceKind.targets.first { $0.name == target.kind }
    let place: Target
    do throws(LanguageError.Issue) { place = try Target(target) } catch {
      let hasSecret = SecretNames.secret(inURL: target.argument.value) != nil
      throw LanguageError(
        issues: [error],
        text: hasSecret ? text.masked(error.span) : shown(error, target.options, kind))
    }
    guard let issue = SourceKind.issue(withNewTarget: target) else { return place }
    throw LanguageError(issues: [issue], text: text.masked(issue.span))
  }

  /// What whoever runs it would say of a target, which may change with settings and so is no reason to refuse it.
  func noteRefusal(of target: TargetCall, in answer: inout Answer) {
    guard let reason = options.refusal(target) else { return }
    answer.meta.notes.append("as the server is set up now, its target will be refused: \(reason)")
  }

  private func times(of schedule: DefineSchedule) throws -> CronTimes {
    let zone: ZoneRules
    do throws(UnknownZoneError) {
      zone = try ZoneRules(named: schedule.timeZone?.value ?? "UTC")
    } catch {
      throw self.error(schedule.timeZone?.span ?? schedule.cron.span, error.description)
    }
    do throws(CronError) { return try CronTimes(schedule.cron.value, zone: zone) } catch {
      throw self.error(schedule.cron.span, error.description)
    }
  }

  func defineSchedule(_ schedule: DefineSchedule, _ span: TextSpan) throws -> Answer {
    try check(schedule)
    let times = try times(of: schedule)
    try writableStore(span).defineSchedule(schedule)
    var answer = Answer(message: "schedule \(schedule.name.text) is defined")
    if let next = times.next(after: options.nowNs) {
      answer.meta.notes.append("it runs next at \(Timestamp(ns: next)), by nilo serve")
    }
    noteRefusal(of: schedule.target, in: &answer)
    return answer
  }

  func schedule(_ name: Name) throws -> ScheduleInfo {
    try find("schedule", name, in: store.schedules(), \.name)
  }

  func dropSchedule(_ name: Name, _ span: TextSpan) throws -> Answer {
    let schedule = try schedule(name)
    try writableStore(span).dropSchedule(schedule.name)
    return Answer(message: "schedule \(schedule.name) is dropped; what it brought stays")
  }

  func schedules(_ show: Show) throws -> Answer {
    var list = try PickedList(
      [
        "schedule": .text, "version": .integer, "cron": .text, "time_zone": .text, "last": .time,
        "state": .text, "next": .time, "waiting_runs": .integer, "waiting_since": .time,
        "failure": .text, "target": .text, "statement": .text,
      ], show, self)
    for schedule in try store.schedules() {
      let definition = schedule.definition
      try list.add(
        .text(schedule.name), .integer(Int64(schedule.version)), .text(definition.cron.value),
        .text(definition.timeZone?.value ?? "UTC"), .time(optional: schedule.lastRun?.boundaryNs),
        .text(optional: schedule.lastRun.map { Text($0.state.rawValue) }),
        .time(optional: try schedule.nextNs), .integer(Int64(schedule.waitingRuns)),
        .time(optional: schedule.waitingSinceNs),
        .text(optional: (schedule.refusal ?? schedule.lastRun?.failure).map { Text($0) }),
        .text(definition.target.canonicalText),
        .text(schedule.statement))
    }
    return try list.answer()
  }
}

extension ScheduleInfo {
  /// Its times. Throws `UnknownZoneError` when the zone is not known any more, and `CronError`.
  public var times: CronTimes {
    get throws {
      try CronTimes(
        definition.cron.value, zone: try ZoneRules(named: definition.timeZone?.value ?? "UTC"))
    }
  }

  /// The first of its times that was not run, which may be past; nil when there is none any more.
  public var nextNs: Int64? {
    get throws { try times.next(after: max(definedNs, lastRun?.boundaryNs ?? .min)) }
  }
}

/// What rows of answers get that go into a stream.
public enum ScheduleOutput {
  /// Tells a row from all others: the schedule, its version, the time of the run and the number of the row.
  public static let idField = "run_id"
  /// The time of the run.
  public static let timeField = "run_time"
}
