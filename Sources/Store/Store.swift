import EventLog
import Foundation
import Model
import Projections
import Synchronization

@_exported import struct EventLog.AppendResult
@_exported import struct EventLog.CheckReport
@_exported import class EventLog.CommitListener
@_exported import protocol EventLog.CommitObserver
@_exported import struct EventLog.DamageError
@_exported import struct EventLog.EarlierCommitFailedError
@_exported import struct EventLog.FactColumn
@_exported import struct EventLog.FactsOfBeforeError
@_exported import struct EventLog.FactsReadAnewError
@_exported import struct EventLog.LedgerEntry
@_exported import struct EventLog.LedgerPlace
@_exported import struct EventLog.LogEvent
@_exported import struct EventLog.LogStatistics
@_exported import struct EventLog.MergeState
@_exported import struct EventLog.NotedProgress
@_exported import struct EventLog.ObserverRunsError
@_exported import struct EventLog.ObserverState
@_exported import struct EventLog.ProgressError
@_exported import struct EventLog.ReadOnlyError
@_exported import struct EventLog.RequestOutcome
@_exported import struct EventLog.RequestReceipt
@_exported import struct EventLog.RequestShare
@_exported import struct EventLog.SourceNameError
@_exported import struct EventLog.StreamAlterationError
@_exported import struct EventLog.StreamAlteredError
@_exported import struct EventLog.StreamDefinition
@_exported import struct EventLog.StreamDefinitionError
@_exported import struct EventLog.StreamExistsError
@_exported import struct EventLog.StreamNameError
@_exported import struct EventLog.StreamOptions
@_exported import struct EventLog.UnknownStreamError
@_exported import struct EventLog.UnusedField
@_exported import struct Projections.CellMemory
@_exported import struct Projections.CellsOnDisk
@_exported import struct Projections.KpiDefinition
@_exported import struct Projections.KpiError
@_exported import struct Projections.ListedKpi
@_exported import struct Projections.RebuildCancelledError
@_exported import struct Projections.RebuildProgress
@_exported import struct Projections.RebuildReport
@_exported import struct Projections.UnfinishedChangeError
@_exported import struct Projections.UnknownKpiError

/// A store of events: what a program embeds.
///
/// ```swift
/// let store = try Store(directory: "plant-data")
/// let result = try store.append(
///   ["{\"device_id\": \"pump-1\", \"timestamp\": \"2024-06-01T00:00:00Z\", \"pressure\": 4.2}"],
///   to: "pumps")
/// print(result.accepted, result.firstSeq ?? 0)
/// try store.forEachEvent(of: "pumps") { event in
///   print(event.seq, String(decoding: event.bytes, as: UTF8.self))
///   return true
/// }
/// store.close()
/// ```
///
/// All methods may be called from any thread. They block; call them outside of Swift's cooperative pool.
public final class Store: Sendable {
  /// Whether the store may be changed.
  public typealias Mode = EventLog.Mode

  /// The events, and what is known of streams.
  package let log: EventLog
  /// The KPIs, and their cells.
  package let projections: Projections
  /// Who runs statements in it, as the catalogue notes it.
  private let statementActor: String
  @TaskLocal private static var actor: String?

  /// Who runs statements now, as the catalogue notes it.
  var actorOfStatements: String { Self.actor ?? statementActor }

  /// Runs `body`; what statements change in it, on the calling thread, is noted as changed by `actor`.
  public static func acting<R>(as actor: String, _ body: () throws -> R) rethrows -> R {
    try $actor.withValue(actor) { try body() }
  }

  /// The schedules, alerts and sources of the catalogue, as it was read last.
  let automationDefinitions = ReadCatalogue<AutomationCatalogue>()
  /// What streams are, as it was told last.
  let knownStreams = KnownStreams()
  /// What the columns of KPIs mean, as it was read last.
  let knownMeanings = ReadCatalogue<KpiMeanings>()
  /// What the log says of schedules, as far as it was read.
  let scheduleRuns = ScheduleRuns()
  /// The same of alerts.
  let alertEvents = AlertLedgers()
  /// Who runs sources, and says how they get on.
  let sourceMonitor = Mutex<(any SourceMonitor)?>(nil)
  /// What the log says of sinks, as far as it was read.
  let publications = Publications()
  /// Held while a schedule, an alert, a source or a sink is defined or dropped, so that two cannot take one name, and while a
  /// KPI is said to mean something.
  let definingAutomation = NSLock()

  /// Told what did not go well and does no harm.
  private let warn: @Sendable (String) -> Void

  /// Opens the store in `directory`; for writing, it is made when there is none. One process may have it
  /// open for writing, others may read meanwhile.
  ///
  /// What statements change is noted in the catalogue as changed by `statementActor`. `warn` is told what did not go well
  /// and does no harm, such as cells of KPIs that could not be written when the store was closed.
  ///
  /// Throws `LMDBError`, among its codes `inUse` when another process writes to it and `notFound` when there is nothing
  /// to read, `UnknownFormatError` and ``DamageError``. KPIs whose filling was cut off are filled on a thread of their
  /// own. O(pages of trees + catalogue).
  public convenience init(
    directory: String, mode: Mode = .readWrite, statementActor: String = "query",
    memoryBytes: Int = Store.defaultMemoryBytes,
    warn: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    precondition(memoryBytes >= Self.minMemoryBytes, "a store needs more memory")
    try self.init(
      directory: directory, mode: mode, clock: EventLog.wallClockNs, statementActor: statementActor,
      cellLimits: CellLimits(totalBytes: memoryBytes), warn: warn)
  }

  /// The wall clock, in nanoseconds since 1970.
  public static let wallClockNs: @Sendable () -> Int64 = EventLog.wallClockNs

  /// About what a program that writes a store takes, unless told otherwise, and the least that it can do with.
  public static let defaultMemoryBytes = CellLimits.defaultTotalBytes
  public static let minMemoryBytes = 64 << 20

  /// What cells of KPIs take in memory. O(KPIs).
  public var cellMemory: CellMemory { projections.cellMemory }

  /// How far cells of KPIs are on disk, by stream. O(KPIs + blocks not in them).
  public func cellsOnDisk() throws -> [CellsOnDisk] { try projections.cellsOnDisk() }

  /// `clock` gives the wall clock, in nanoseconds since 1970; `mapSizeBytes` is the address space to begin with; without
  /// `mergesBlocks` small blocks stay as they are.
  package init(
    directory: String, mode: Mode = .readWrite,
    clock: @escaping @Sendable () -> Int64 = EventLog.wallClockNs,
    statementActor: String = "query", mapSizeBytes: Int = EventLog.defaultMapSizeBytes,
    mergesBlocks: Bool = true, cellLimits: CellLimits = CellLimits(),
    warn: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    (self.statementActor, self.warn) = (statementActor, warn)
    log = try EventLog(
      directory: directory, mode: mode, projectionTables: Projections.tableNames, clock: clock,
      mapSizeBytes: mapSizeBytes, mergesBlocks: mergesBlocks)
    projections = try Projections(log, limits: cellLimits)
    if mode == .readWrite {
      do {
        try projections.resumeFilling()
      } catch {
        log.close()
        throw error
      }
    }
  }

  /// A larger batch is refused: split it.
  public static let maxBatchBytes = 1 << 30

  /// Ends all appends and closes the files.
  public func close() {
    projections.close(warn: warn)
    log.close()
  }

  /// Appends JSON documents and waits until they are durable.
  ///
  /// The stream is made on first use: `options` say what is not to be detected. A document that is no event
  /// is in the result's `rejected` and on the ledger, with the reason; the others are not affected.
  ///
  /// Throws ``BatchTooLargeError``, ``StreamNameError`` and ``StreamDefinitionError`` when there can be no such stream,
  /// ``SourceNameError``, ``ReadOnlyError``, ``StreamAlteredError`` when the stream was altered meanwhile, and
  /// `LMDBError` when it cannot be made durable: then none of it is stored, but for whole blocks of
  /// ``Limits/maxBlockEvents`` documents before. O(bytes).
  public func append(
    _ documents: [String], to stream: String, options: StreamOptions = StreamOptions(),
    source: String = "program", actor: String = ""
  ) throws -> AppendResult {
    var batch = DocumentBatch(bytes: [], documents: [], endPosition: 0)
    for (index, document) in documents.enumerated() {
      let start = batch.bytes.count
      guard start + document.utf8.count <= Self.maxBatchBytes else {
        throw BatchTooLargeError(byteCount: start + document.utf8.count)
      }
      batch.bytes.append(contentsOf: document.utf8)
      batch.documents.append(
        DocumentRange(
          start: UInt32(start), byteCount: UInt32(batch.bytes.count - start),
          position: Int64(index)))
    }
    batch.endPosition = Int64(documents.count)
    return try append(batch, to: stream, options: options, source: source, actor: actor)
  }

  /// Appends a batch with its source positions, both in one commit for each
  /// ``Limits/maxBlockEvents`` documents, and waits until they are durable.
  ///
  /// Throws as ``append(_:to:options:source:actor:)`` of documents does. O(bytes).
  public func append(
    _ batch: DocumentBatch, to stream: String, options: StreamOptions = StreamOptions(),
    source: String, actor: String = ""
  ) throws -> AppendResult {
    var result = AppendResult()
    let pending = try begin(batch, to: stream, options: options, source: source, actor: actor)
    for part in pending { result.merge(try part.wait()) }
    return result
  }

  /// The same without waiting: `whenDurable` is called when all of the batch is durable, or has failed. It is called on
  /// the thread that commits, and must not hold it up. Batches that one thread appends are committed in that order.
  ///
  /// Parsing and encoding are done before it returns. When it throws, `whenDurable` is not called. O(bytes).
  public func append(
    _ batch: DocumentBatch, to stream: String, options: StreamOptions = StreamOptions(),
    source: String, actor: String = "",
    whenDurable: @escaping @Sendable (Result<AppendResult, any Error>) -> Void
  ) throws {
    PendingBatch(try begin(batch, to: stream, options: options, source: source, actor: actor))
      .whenDone(whenDurable)
  }

  private func begin(
    _ batch: DocumentBatch, to stream: String, options: StreamOptions, source: String,
    actor: String
  ) throws -> [PendingAppend] {
    guard batch.bytes.count <= Self.maxBatchBytes else {
      throw BatchTooLargeError(byteCount: batch.bytes.count)
    }
    let target = try log.stream(named: stream, options, detectingFrom: batch)
    return try log.withAppender {
      try $0.begin(
        batch, to: target ?? log.undetectedStream(stream, options, for: batch), source: source,
        actor: actor)
    }
  }

  /// A source that has brought nothing for so long is not waited for.
  public static let idleNs: Int64 = 600_000_000_000

  /// Takes note that sources have come to their end: the stream's watermark does not wait for them. A source opens again
  /// with the next event that it brings. The closing is itself an event, of the stream `_sources`.
  ///
  /// Sources that are closed already, or have no event, are passed over; so is a stream that is not there.
  /// Waits until it is durable. O(sources log n).
  public func closeSources(_ sources: [String], of stream: String) throws {
    guard let known = log.stream(named: stream) else { return }
    try log.closeSources(sources, of: known)
  }

  /// Takes note that events of `sources` are to come into a stream, before `batch`, which is of one of them: its watermark waits
  /// for each until it has brought some, or is closed. Sources that are open already are passed over. An opening is itself an
  /// event, of the stream `_sources`. The stream is made if need be, as ``append(_:to:options:source:actor:)`` does. Waits until
  /// it is durable.
  ///
  /// Returns false, and does nothing, when there is no such stream and no document of `batch` can be an event.
  /// Throws as appending does. O(sources log n).
  public func openSources(
    _ sources: [String], of stream: String, options: StreamOptions = StreamOptions(),
    before batch: DocumentBatch
  ) throws -> Bool {
    guard let target = try log.stream(named: stream, options, detectingFrom: batch) else {
      return false
    }
    try log.openSources(sources, of: target)
    return true
  }

  /// Closes those of `sources` that were opened and of which no event has counted since, in all streams: nothing has come.
  /// Waits until it is durable. O(streams * sources log n).
  public func closeAwaitedSources(_ sources: [String]) throws {
    for stream in log.streams { try log.closeAwaitedSources(sources, of: stream) }
  }

  /// Closes the sources of all streams that have brought nothing for `idleNs` of wall clock, as ``closeSources(_:of:)`` does.
  /// O(open sources).
  public func closeIdleSources(idleNs: Int64) throws {
    for stream in log.streams { try log.closeIdleSources(of: stream, idleNs: idleNs) }
  }

  /// What a connector has noted of a source with the last batch that had a ``DocumentBatch/progress``; nil when there is
  /// nothing. O(log n).
  public func progress(of source: String) throws -> NotedProgress? {
    try log.progress(of: source)
  }

  /// What connectors have noted of all sources whose names begin with `prefix`, in no order. O(sources that something was
  /// noted of).
  public func progress(withPrefix prefix: String) throws -> [NotedProgress] {
    try log.progress(withPrefix: prefix)
  }

  /// Forgets what was noted of these sources, and waits until that is durable. O(sources log n). Throws ``ReadOnlyError``.
  public func forgetProgress(of sources: [String]) throws { try log.forgetProgress(of: sources) }

  /// Notes it without a batch, and waits until that is durable. Throws ``SourceNameError`` or ``ProgressError`` when it
  /// is too long, and ``ReadOnlyError``.
  public func setProgress(_ progress: SourceProgress) throws { try log.setProgress(progress) }

  /// The same of several sources, in one commit.
  public func setProgress(_ progress: [SourceProgress]) throws { try log.setProgress(progress) }

  /// What became of a request whose batches had a ``DocumentBatch/request``, so far as they are durable; nil for one that
  /// is not known, or is forgotten. O(log n).
  public func receipt(ofRequest name: String) throws -> RequestReceipt? {
    try log.receipt(ofRequest: name)
  }

  /// What documents of a stream have brought since it was made that would have been detected then. Empty when all was
  /// detected or said. Throws ``UnknownStreamError``. O(blocks of the stream) where there is something, else O(1).
  public func unusedFields(of stream: String) throws -> [UnusedField] {
    try log.unusedFields(ofStream: stream)
  }

  /// Makes a stream ahead of its first event. Throws ``StreamExistsError``, ``StreamNameError``,
  /// ``StreamDefinitionError`` or ``DedupByTimeError``, and `KpiError` when a KPI has that name.
  public func define(_ definition: StreamDefinition) throws { try log.define(definition) }

  /// What a stream is; nil when there is none of that name.
  public func definition(of stream: String) -> StreamDefinition? {
    log.stream(named: stream)?.definition
  }

  /// Changes what a stream is, from the next event on; the change is an event of the catalogue. KPIs whose series its key
  /// tells apart are computed anew. Gives the definition as it is then.
  ///
  /// Another time, exploded array or time of elements has all events read anew, in the same commit, which others wait for;
  /// the stream's KPIs are computed anew. What its facts were before is not there any more: asking AS OF a seq before
  /// throws ``FactsOfBeforeError``.
  ///
  /// Throws ``StreamAlterationError`` when a document would be no event any more: then nothing has changed. Batches that
  /// other threads are appending to the stream meanwhile may fail with ``StreamAlteredError``. O(bytes of the stream) when
  /// its events are read anew, O(events) when the dedup id or the key changes.
  @discardableResult
  public func alterStream(
    _ name: String, actor: String = "", _ change: (inout StreamDefinition) throws -> Void
  ) throws -> StreamDefinition {
    try projections.altering { try log.alter(name, actor: actor, change) }
  }

  /// Drops a stream that has no events and no KPIs. Throws ``StreamAlterationError`` when it has events,
  /// `KpiError` when a KPI is defined over it, ``UnknownStreamError``.
  public func dropStream(_ name: String, actor: String = "") throws {
    try log.drop(name, actor: actor)
  }

  /// Calls `body` with the stream's events within `seqs` and `times` (nanoseconds, half-open), in order of
  /// sequence numbers, until it returns false.
  ///
  /// Each block is read in a transaction of its own, so a slow `body` holds nothing up. O(blocks of the stream + events
  /// of the blocks that overlap). Throws ``UnknownStreamError``, ``DamageError``, and what `body` does.
  public func forEachEvent(
    of stream: String, seqs: ClosedRange<UInt64> = 1...UInt64.max, times: Range<Int64>? = nil,
    _ body: (LogEvent) throws -> Bool
  ) throws {
    try log.forEachEvent(of: stream, seqs: seqs, times: times, body)
  }

  /// The event of a sequence number, and its stream; nil when there is none yet. O(streams log n + bytes of its block).
  /// Throws ``DamageError``.
  public func event(_ seq: UInt64) throws -> (stream: String, event: LogEvent)? {
    guard seq > 0, try seq <= log.statistics(sizes: false).lastSeq else { return nil }
    for stream in try log.streamNames(in: seq...seq) {
      var found: LogEvent?
      try forEachEvent(of: stream, seqs: seq...seq) {
        found = $0
        return false
      }
      if let found { return (stream, found) }
    }
    throw DamageError(what: "an event is missing", firstSeq: seq)
  }

  /// Calls `body` with the column at `path`, block by block. O(values). Of a path that a
  /// block does not have it is one without values. Throws ``UnknownStreamError`` and ``DamageError``.
  public func forEachColumn(
    _ path: String, of stream: String, times: Range<Int64>? = nil,
    _ body: (FactColumn) throws -> Void
  ) throws {
    try log.forEachColumn(path, of: stream, times: times, body)
  }

  /// Calls `body` with the ledger's entries, oldest first, until it returns false. O(ledger), whatever is picked.
  public func forEachLedgerEntry(
    kind: LedgerEntry.Kind? = nil, stream: String? = nil, _ body: (LedgerEntry) throws -> Bool
  ) throws {
    try log.forEachLedgerEntry(kind: kind, stream: stream, body)
  }

  /// The same from a place on, with the place of each entry. O(ledger from there), whatever is picked.
  public func forEachLedgerEntry(
    kind: LedgerEntry.Kind? = nil, stream: String? = nil, from start: LedgerPlace,
    _ body: (LedgerEntry, LedgerPlace) throws -> Bool
  ) throws {
    try log.forEachLedgerEntry(kind: kind, stream: stream, from: start, body)
  }

  /// The store's file, and who has it open. O(1).
  public func file() throws -> LogFile { try log.file() }

  /// What the store holds: read in one transaction. O(streams, their columns, sources and blocks).
  public func statistics() throws -> LogStatistics { try log.statistics() }

  /// Reads everything and verifies every checksum and invariant. What is damaged is in the report, and is not thrown.
  /// `progress` is called with the share that is done. Reads only. O(store).
  public func check(progress: (Double) -> Void = { _ in }) throws -> CheckReport {
    var report = try log.check(progress: progress)
    do {
      report.cells = try projections.check(&report.damages)
    } catch {
      report.damages.append(DamageError(what: "KPIs: \(error)"))
    }
    return report
  }

  /// Copies the store into `directory` as it is at one commit, while writers go on, and checks the copy.
  ///
  /// When the copy is not sound it stays in ``uncheckedCopy(in:)``, and `directory` has none. Throws `LMDBError` when
  /// there is a store in `directory` already, or it cannot be written. O(store).
  public func backup(
    to directory: String, progress: (Double) -> Void = { _ in }
  ) throws -> CheckReport {
    // Until it is checked it stands apart, so that one that was cut off, or is not sound, is in no one's way.
    let unchecked = Self.uncheckedCopy(in: directory)
    try log.prepareCopy(to: directory, removing: unchecked)
    try log.copy(to: unchecked)
    let report = try Self.check(unchecked, progress)
    if report.isSound { try EventLog.move(from: unchecked, to: directory) }
    return report
  }

  /// Where ``backup(to:progress:)`` keeps a copy that is not known to be sound.
  public static func uncheckedCopy(in directory: String) -> String { "\(directory)/unchecked" }

  private static func check(
    _ directory: String, _ progress: (Double) -> Void
  ) throws -> CheckReport {
    let copy = try Store(directory: directory, mode: .readOnly)
    defer { copy.close() }
    return try copy.check(progress: progress)
  }
}

/// A batch has more bytes than one append takes.
public struct BatchTooLargeError: Error, Equatable, CustomStringConvertible {
  public var byteCount: Int
  public var description: String {
    "a batch of \(byteCount) bytes is over the limit of \(Store.maxBatchBytes) bytes; "
      + "append it in parts"
  }
}
