import Language
import Model

/// What queries are answered from. A statement takes one ``snapshot()`` and names its seq in all that it asks, so that
/// every part of its answer is of one state of the log, whatever is committed meanwhile. Nothing is held for it: events
/// and their numbers stay, and what has changed in cells since is computed from the events.
public protocol Queryable: Sendable {
  /// The state of the log at one commit, the last one: its streams, its KPIs, its last event. O(streams + KPIs).
  func snapshot() throws -> CatalogueSnapshot

  /// The KPIs as they were after event `seq`. O(catalogue).
  func kpis(asOf seq: UInt64) throws -> [KpiInfo]

  /// What the stream had after event `seq`. O(blocks of the stream).
  func state(ofStream name: String, asOf seq: UInt64) throws -> StreamState

  /// All changes of the catalogue, oldest first. O(catalogue).
  func history() throws -> [CatalogueChange]

  /// The schedules that are defined, in the order of their definitions. O(catalogue + their runs) once, then O(what is new).
  func schedules() throws -> [ScheduleInfo]

  /// Why there can be no stream of a name; nil where there can be. O(bytes).
  func faultOfName(_ name: String) -> String?
  /// The alerts that are defined, in the order of their definitions. O(catalogue + what they found) once, then O(what is
  /// new).
  func alerts() throws -> [AlertInfo]

  /// The sources that the server fetches from, in the order of their definitions, and how each gets on. O(catalogue) once,
  /// then O(what is new).
  func definedSources() throws -> [DefinedSource]
  /// The sinks that are defined, in the order of their definitions, each with how far it has got. O(catalogue + what they
  /// published) once, then O(what is new).
  func sinks() throws -> [SinkInfo]

  /// Computes aggregates. Throws ``QueryLimitError``, ``CannotAnswerError`` when a KPI that was named cannot,
  /// `CancellationError`, and the store's own errors.
  func aggregate(_ request: AggregateRequest) throws -> AggregateResult

  /// Facts of a KPI's stream that the cells of a version do not have yet, and get when it is asked; 0 where there are no
  /// cells. O(blocks of these facts).
  func waitingFacts(ofKpi name: String, version: Int) throws -> Int

  /// How ``aggregate(_:)`` would do it.
  func plan(_ request: AggregateRequest) throws -> AggregatePlan

  /// Hands out the facts that a request asks for, in the order of the log, until `body` returns false.
  func facts(_ request: FactsRequest, _ body: (FactBatch) throws -> Bool) throws

  /// Hands out the original documents of events by their numbers, which ascend.
  func events(
    _ seqs: [UInt64], of stream: String, _ body: (EventRecord) throws -> Bool
  ) throws

  /// Hands out the facts that rows were computed from, each once for each of its rows, in the order of the log; at the
  /// end the samples before the rows that counters and levels begin at.
  func contributions(
    _ request: ContributionRequest, _ body: (ContributionBatch) throws -> Void
  ) throws

  /// All sources that a stream ever had. O(sources).
  func sources(ofStream name: String) throws -> [StreamInfo.Source]

  /// Entries of the ledger of a stream, or of all, in the order of the log: those of its first `pages`.
  func ledger(
    _ kind: LedgerKind, stream: String?, pages: UInt64, _ body: (LedgerRecord) throws -> Bool
  ) throws

  /// The last event that the log had received by then; 0 when there was none. O(log blocks).
  func seq(receivedBy timeNs: Int64) throws -> UInt64

  /// When an event was received, of whichever stream; nil when there is none of that number.
  func receivedNs(ofSeq seq: UInt64) throws -> Int64?
}

/// What statements that change something need beside it.
public protocol QueryStore: Queryable {
  /// Makes a stream ahead of its first event.
  func defineStream(_ definition: DefineStream) throws
  /// Changes what a stream is from the next event on, or reads its events anew; computes KPIs anew that depend on it.
  func alterStream(
    _ alteration: AlterStream, progress: (Double) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws
  /// Drops a stream without events.
  func dropStream(_ name: String) throws
  /// Defines a KPI, or the next version of one; fills it from the log. `progress` is called with the share that is done.
  func defineKpi(
    _ definition: DefineKpi, isNewVersion: Bool, progress: (Double) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws -> KpiInfo
  /// Says what a column of a KPI means. The statement names the column.
  func alterKpi(_ alteration: AlterKpi) throws
  /// Makes a version of a KPI the one that is asked when none is named. Its cells have to be complete.
  func switchKpi(_ name: String, version: Int) throws
  /// Defines what is asked at times of the clock.
  func defineSchedule(_ schedule: DefineSchedule) throws
  /// Its times come no more.
  func dropSchedule(_ name: String) throws
  /// Defines a condition that is watched.
  func defineAlert(_ alert: DefineAlert) throws
  /// It is watched no more.
  func dropAlert(_ name: String) throws
  /// Defines where the server fetches from.
  func defineSource(_ source: DefineSource) throws
  /// It is fetched from no more; its positions stay.
  func dropSource(_ name: String) throws
  /// It is fetched from no more until it is resumed.
  func pauseSource(_ name: String) throws
  /// It is fetched from again, also when it had stopped.
  func resumeSource(_ name: String) throws
  /// Defines where the rows of a KPI go once they are final.
  func defineSink(_ sink: DefineSink) throws
  /// They go there no more.
  func dropSink(_ name: String) throws
  /// Drops all versions of a KPI; the events stay.
  func dropKpi(_ name: String) throws
  /// Computes the cells of all versions of a KPI anew. `range` gives the time that is asked for, on a version's clock: then
  /// only the buckets that hold some of it. `progress` is called with the share that is done. O(facts).
  func rebuildKpi(
    _ name: String, within range: ((ZoneRules) throws -> Range<Int64>)?,
    progress: (Double) -> Void, isCancelled: @escaping @Sendable () -> Bool
  ) throws -> [KpiRebuild]
}
