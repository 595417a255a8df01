import Bytes
import EventLog
import Language
import Model
import Query

/// Schedules: each definition is an event of the catalogue, and what was done at each time one of `_runs`.
extension Store {
  /// Those that are defined, in the order of their definitions, each with its last run.
  /// O(catalogue + events of `_runs`) once, then O(what is new).
  public func schedules() throws -> [ScheduleInfo] {
    // Runs are read after definitions: one that is new has none of an earlier version.
    let catalogue = try automationCatalogue()
    let states = try scheduleStates()
    return catalogue.definitions.compactMap { defined in
      guard case .defineSchedule(let definition) = defined.statement.body else { return nil }
      var schedule = ScheduleInfo(
        name: defined.name, version: defined.version, seq: defined.seq,
        definedNs: defined.definedNs, definition: definition, statement: defined.text)
      let state = states[DefinitionKey(defined.name, defined.version)]
      schedule.lastRun = state?.last
      let pending = state?.pending ?? []
      (schedule.waitingRuns, schedule.waitingSinceNs) = (pending.count, pending.first?.notedNs)
      schedule.refusal = pending.lazy.compactMap(\.failure).first
      return schedule
    }
  }

  /// What the log says of the runs of each schedule and version.
  package func scheduleStates() throws -> [DefinitionKey: ScheduleState] {
    try scheduleRuns.states { start, body in
      try log.forEachEvent(of: StreamDefinition.runs.name, seqs: start...UInt64.max) { event in
        body(CatalogueDocument(seq: event.seq, event.bytes))
        return true
      }
    }
  }

  /// Takes note of a run. One of the same id is not stored twice: then it gives false.
  @discardableResult
  package func record(_ run: ScheduleRun) throws -> Bool {
    try log.record(in: .runs, actor: "nilo") { [run.document(receivedNs: $0)] } > 0
  }

  /// Throws ``AutomationError`` when the name is taken, and `StreamNameError`.
  public func defineSchedule(_ schedule: DefineSchedule) throws {
    try define(.schedule, schedule.name.text, by: .defineSchedule(schedule))
  }

  /// Its events stay. Throws ``AutomationError`` when there is none of that name.
  public func dropSchedule(_ name: String) throws {
    try drop(.schedule, name, by: .dropSchedule(Name(name)))
  }
}
