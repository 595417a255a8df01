import Bytes
import EventLog
import Language
import Model
import Projections
import Query

extension FactsReadAnewError: SnapshotGoneError {}
extension FactsOfBeforeError: SnapshotGoneError {}

/// Queries are answered from the log's columns and the cells of KPIs.
extension Store: Queryable {
  /// Read in one transaction. Sizes and sources of streams are not counted, and of their columns only what is new is looked at: so
  /// O(streams + KPIs).
  public func snapshot() throws -> CatalogueSnapshot {
    let (kpis, statistics) = try projections.listWithStatistics()
    let meanings = try kpiMeanings()
    let streams = knownStreams.infos(of: statistics.streams + statistics.system)
    return CatalogueSnapshot(
      streams: Array(streams.prefix(statistics.streams.count)),
      kpis: kpis.map { KpiInfo($0, meanings) },
      system: Array(streams.dropFirst(statistics.streams.count)), lastSeq: statistics.lastSeq,
      ledgerPages: statistics.ledgerPages)
  }

  /// As ``Projections/list(asOf:)`` has them: those among them that were dropped since have no cells. O(catalogue).
  public func kpis(asOf seq: UInt64) throws -> [KpiInfo] {
    let meanings = try KpiMeanings(log.catalogueDocuments(), asOf: seq)
    return try projections.list(asOf: seq).map { KpiInfo($0, meanings) }
  }

  /// From the cells of a KPI where they answer, else from columns. Throws ``QueryLimitError`` beyond `maxCells` or
  /// `maxMemoryBytes`, `CannotAnswerError` when a KPI that was named cannot, `UnknownStreamError`, `UnknownKpiError`,
  /// `CancellationError`.
  public func aggregate(_ request: AggregateRequest) throws -> AggregateResult {
    do {
      return try projections.aggregate(request)
    } catch let error as TooManyCellsError {
      let isOfMemory = error.limit < request.limits.maxCells
      let names = request.limits.names
      let limit =
        isOfMemory
        ? "\(names.memory): more than the \(error.limit) groups and buckets that "
          + "\(request.limits.maxMemoryBytes) bytes hold"
        : "\(names.cells): more than \(error.limit) groups and buckets"
      throw QueryLimitError(
        "\(limit); narrow the filter or the range, take longer buckets, or raise "
          + (isOfMemory ? names.memory : names.cells))
    }
  }

  /// Of `StreamNameError`.
  public func faultOfName(_ name: String) -> String? { Self.faultOfStreamName(name) }

  /// Why there can be no stream of a name; nil where there can be. O(bytes).
  public static func faultOfStreamName(_ name: String) -> String? {
    do { try StreamDefinition.checkName(name) } catch { return "\(error)" }
    return nil
  }

  /// Facts that the cells of a KPI's version do not have yet: in the program that writes those in memory, in any other those
  /// on disk. O(blocks of these facts).
  public func waitingFacts(ofKpi name: String, version: Int) throws -> Int {
    try projections.waitingFacts(ofKpi: name, version: version)
  }

  /// How ``aggregate(_:)`` would answer, with the ways that it would not take. No fact is read: O(blocks), and O(cells)
  /// of the KPI that it would ask, which are counted. Throws `CannotAnswerError`, `UnknownStreamError` and `UnknownKpiError` as
  /// `aggregate` does.
  public func plan(_ request: AggregateRequest) throws -> AggregatePlan {
    try projections.plan(request)
  }

  /// Block by block, each in a transaction of its own. O(facts of the blocks that overlap the range). Throws
  /// `UnknownStreamError`, `CancellationError`.
  public func facts(_ request: FactsRequest, _ body: (FactBatch) throws -> Bool) throws {
    try projections.forEachFacts(request, body)
  }

  /// Calls `body` with the events `seqs` of the stream until it returns false. They ascend, none twice, and all are
  /// events of the stream: throws `DamageError` for one that is not. Runs of near ones are read on through, others looked
  /// up: O(n log blocks), and the bytes of their blocks.
  public func events(
    _ seqs: [UInt64], of stream: String, _ body: (EventRecord) throws -> Bool
  ) throws {
    var next = 0
    while next < seqs.count {
      var isWanted = true
      let first = next
      try forEachEvent(of: stream, seqs: seqs[next]...seqs[seqs.count - 1]) { event in
        guard event.seq == seqs[next] else {
          // Blocks in which nothing is wanted are passed over.
          return event.seq < seqs[next] && seqs[next] < event.seq + Self.nearSeqs
        }
        next += 1
        isWanted = try body(EventRecord(event))
        return isWanted && next < seqs.count
      }
      if !isWanted { return }
      if next == first {
        throw DamageError(what: "an event of stream \(stream) is missing", firstSeq: seqs[next])
      }
    }
  }

  /// Events that are so near are read on to.
  private static let nearSeqs: UInt64 = 4_096

  /// Calls `body` with facts and the rows that they are part of. O(facts of the blocks that overlap the rows), and with
  /// counters those of all blocks before. Throws ``QueryLimitError`` when the samples of counters take more than
  /// `maxMemoryBytes`.
  public func contributions(
    _ request: ContributionRequest, _ body: (ContributionBatch) throws -> Void
  ) throws {
    do {
      try projections.forEachContribution(request, body)
    } catch let error as ContributionLimitError {
      throw QueryLimitError("\(request.limits.names.memory): \(error)")
    }
  }

  /// All that the stream ever had, closed ones too, by name. One that has brought no event, and was not opened, is waited for
  /// as little as one that was closed. O(sources). Throws `UnknownStreamError`.
  public func sources(ofStream name: String) throws -> [StreamInfo.Source] {
    try log.sources(ofStream: name).map {
      StreamInfo.Source(
        name: $0.name, watermarkNs: $0.state.watermarkNs, isOpen: $0.state.isOpen)
    }
  }

  /// A source of a stream, how far it has got, and what was noted of it.
  public struct SourceStatus: Sendable {
    public var name: String
    public var watermarkNs: Int64?
    /// Whether the stream's watermark waits for it.
    public var isOpen: Bool
    public var events: UInt64
    /// The wall clock when it last brought something, in nanoseconds since 1970.
    public var lastReceivedNs: Int64
    /// What its connector or client goes on from; nil when nothing was noted.
    public var progress: NotedProgress?
  }

  /// The sources of a stream after that of a name, in the order of their names, `limit` of them at most. Throws
  /// ``UnknownStreamError``. O(sources of the stream).
  public func sourceStatuses(
    ofStream name: String, after: String? = nil, limit: Int = .max
  ) throws -> [SourceStatus] {
    try log.sources(ofStream: name).filter { source in
      after.map { Text($0) < Text(source.name) } ?? true
    }.prefix(limit).map { source in
      SourceStatus(
        name: source.name, watermarkNs: source.state.watermarkNs,
        isOpen: source.state.isOpen, events: source.state.events,
        lastReceivedNs: source.state.lastReceivedNs, progress: try log.progress(of: source.name))
    }
  }

  /// Calls `body` with entries of one kind until it returns false, and asks ``Cancellation/check()`` before each.
  /// `pages` cuts off what has come since a ``snapshot()``. O(entries).
  public func ledger(
    _ kind: LedgerKind, stream: String?, pages: UInt64, _ body: (LedgerRecord) throws -> Bool
  ) throws {
    try log.forEachLedgerEntry(
      kind: LedgerEntry.Kind(kind), stream: stream, pages: pages
    ) { entry in
      try Cancellation.check()
      return try body(LedgerRecord(entry))
    }
  }

  /// The last event received by then, of any stream; 0 when there was none. A clock that was set back makes it one of
  /// several. O(streams log² blocks).
  public func seq(receivedBy timeNs: Int64) throws -> UInt64 {
    try projections.seq(receivedBy: timeNs)
  }

  /// The wall clock when the event came; nil for a number that was not given out yet. O(log blocks), and its block.
  public func receivedNs(ofSeq seq: UInt64) throws -> Int64? {
    try log.event(seq: seq)?.event.receivedNs
  }

  /// Of the facts of events up to `seq`, and the watermark as it was then. O(blocks of the stream).
  public func state(ofStream name: String, asOf seq: UInt64) throws -> StreamState {
    let (timesNs, watermarkNs) = try projections.state(ofStream: name, asOf: seq)
    return StreamState(timesNs: timesNs, watermarkNs: watermarkNs)
  }
}

// MARK: Changes

extension Store: QueryStore {
  /// Throws ``KpiStatementError`` for parts of the statement that a store does not do, ``StreamExistsError`` when the
  /// name is taken, and what ``define(_:)`` does.
  public func defineStream(_ definition: DefineStream) throws {
    guard definition.sources.isEmpty, definition.dimensions.isEmpty else {
      throw KpiStatementError(
        "DIMENSIONS and SOURCE are not there yet: all fields can be grouped by, and events come by nilo ingest"
      )
    }
    try log.define(StreamDefinition(definition), actor: actorOfStatements)
  }

  /// Throws ``KpiStatementError`` when the statement contradicts itself, and what ``Store/alterStream(_:actor:_:)``
  /// does. When `isCancelled` ends the computing of KPIs anew, the stream is altered all the same.
  public func alterStream(
    _ alteration: AlterStream, progress: (Double) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    func tell(_ step: RebuildProgress) { progress(step.share) }
    _ = try projections.altering(progress: tell, isCancelled: isCancelled) {
      try log.alter(alteration.name.text, actor: actorOfStatements) { try $0.apply(alteration) }
    }
  }

  /// Throws ``StreamAlterationError`` when it has events, `KpiError` when a KPI is defined over it.
  public func dropStream(_ name: String) throws { try log.drop(name, actor: actorOfStatements) }

  /// Gives the version that was made. The definition is durable before its cells are filled: when filling ends early,
  /// by `isCancelled` or an error, the KPI is there and is answered from the events. Throws `KpiError`,
  /// `UnknownStreamError`, ``RebuildCancelledError``, `UnfinishedChangeError`. O(events of the stream).
  public func defineKpi(
    _ definition: DefineKpi, isNewVersion: Bool, progress: (Double) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws -> KpiInfo {
    let wanted = try KpiDefinition(definition)
    let defined =
      isNewVersion
      ? try projections.redefine(
        wanted, actor: actorOfStatements, progress: { progress($0.share) }, isCancelled: isCancelled
      )
      : try projections.define(
        wanted, actor: actorOfStatements, progress: { progress($0.share) }, isCancelled: isCancelled
      )
    let listed = try projections.list().first { $0.definition.id == defined.id }
    guard let listed else { throw KpiStatementError("KPI \(defined.name) was dropped meanwhile") }
    return KpiInfo(listed, try kpiMeanings())
  }

  /// Nothing happens when the version is the active one. Throws `KpiError` when there is no such version, or its cells
  /// are still being filled.
  public func switchKpi(_ name: String, version: Int) throws {
    try projections.switchVersion(of: name, to: version, actor: actorOfStatements)
  }

  /// All its versions; the events stay. Throws `UnknownKpiError`, and `UnfinishedChangeError` when it is dropped but
  /// its cells could not be deleted.
  public func dropKpi(_ name: String) throws {
    try projections.drop(name, actor: actorOfStatements)
  }

  /// All versions, beside the live cells, which are exchanged in one commit at the end: until then, and when it is
  /// cancelled, answers are from the old ones. Throws `UnknownKpiError`, ``RebuildCancelledError``. O(facts of the
  /// stream).
  public func rebuildKpi(
    _ name: String, within range: ((ZoneRules) throws -> Range<Int64>)?,
    progress: (Double) -> Void, isCancelled: @escaping @Sendable () -> Bool
  ) throws -> [KpiRebuild] {
    let reports = try projections.rebuild(
      named: [name], verify: false, actor: actorOfStatements, within: range,
      progress: { progress($0.share) }, isCancelled: isCancelled)
    return reports.map {
      KpiRebuild(
        version: $0.version, cells: $0.cells, rangeNs: $0.rangeNs,
        foldedEarlier: $0.foldedEarlier)
    }
  }
}

/// A statement asks for what a store does not do.
public struct KpiStatementError: Error, Equatable, CustomStringConvertible {
  public var description: String
  init(_ description: String) { self.description = description }
}

extension StreamDefinition {
  /// What a statement says, and nothing else: where it is silent there is no such field.
  fileprivate init(_ statement: DefineStream) throws {
    self.init(
      name: statement.name.text, timePath: statement.time.path.string,
      keyPath: statement.key?.path.string,
      explodePath: statement.explode?.path.string)
    try apply(statement.timeForm)
    idPaths = statement.dedupBy?.fields.map(\.path.string) ?? []
    if let path = statement.elementTime?.path {
      guard let explodePath else {
        throw KpiStatementError(
          "ELEMENT TIME needs EXPLODE: the array whose elements have the time")
      }
      elementTimePath = "\(explodePath).\(path)"
    }
    if let within = statement.dedupBy?.within { dedupWindowNs = try within.ns }
    if let lateness = statement.lateness { latenessNs = try lateness.ns }
  }
}

extension StreamDefinition {
  /// Puts what a statement says in the place of what was.
  fileprivate mutating func apply(_ statement: AlterStream) throws {
    for part in statement.absent { try remove(part, statement) }
    if let time = statement.time {
      // The times of elements that were the event's go with it.
      if elementTimePath == timePath { elementTimePath = nil }
      timePath = time.path.string
      try apply(statement.timeForm)
    }
    if let key = statement.key {
      keyPath = key.path.string
      undetected.remove(.key)
    }
    if let id = statement.dedupBy {
      idPaths = id.fields.map(\.path.string)
      undetected.remove(.dedup)
      if let within = id.within { dedupWindowNs = try within.ns }
    }
    if let explode = statement.explode { explodePath = explode.path.string }
    if let path = statement.elementTime?.path {
      guard let explodePath else {
        throw KpiStatementError(
          "ELEMENT TIME needs EXPLODE: the array whose elements have the time")
      }
      elementTimePath = "\(explodePath).\(path)"
      undetected.remove(.elementTime)
    }
    if let lateness = statement.lateness { latenessNs = try lateness.ns }
  }

  fileprivate mutating func apply(_ form: TimeForm) throws {
    (timeZone, timeFormat) = (form.zone?.value, form.format?.value)
    timeUnit = try form.unit.map { unit in
      guard let known = TimeFormat.EpochUnit(abbreviation: unit.value) else {
        throw KpiStatementError("UNIT is 's', 'ms', 'us' or 'ns', not '\(unit.value)'")
      }
      return known
    }
  }

  private mutating func remove(_ part: AlterStream.Part, _ statement: AlterStream) throws {
    let isGiven: Bool
    switch part {
    case .key:
      isGiven = statement.key != nil
      keyPath = nil
      undetected.remove(.key)
    case .dedup:
      isGiven = statement.dedupBy != nil
      idPaths = []
      dedupWindowNs = StreamDefinition(name: name, timePath: timePath).dedupWindowNs
      undetected.remove(.dedup)
    case .explode:
      isGiven = statement.explode != nil
      (explodePath, elementTimePath) = (nil, nil)
    case .elementTime:
      isGiven = statement.elementTime != nil
      elementTimePath = nil
      undetected.remove(.elementTime)
    }
    if isGiven {
      throw KpiStatementError("\(part.rawValue) and NO \(part.rawValue) cannot stand together")
    }
  }
}

extension TimeLength {
  /// Months, quarters and years by their mean lengths.
  fileprivate var ns: Int64 {
    get throws {
      let unitNs = try BucketLength(parsing: "1\(unit.rawValue)").nominalNs
      let (product, overflow) = amount.multipliedReportingOverflow(by: unitNs)
      if overflow {
        throw KpiStatementError("\(canonicalText) is too long: 292 years are the most")
      }
      return product
    }
  }
}

extension KpiDefinition {
  fileprivate init(_ statement: DefineKpi) throws {
    try self.init(
      name: statement.name.text, stream: statement.from.text,
      select: statement.items.map(\.canonicalText).joined(separator: ", "),
      filter: statement.filter?.canonicalText,
      groupBy: statement.groupBy.isEmpty
        ? nil : statement.groupBy.map(\.canonicalText).joined(separator: ", "),
      every: statement.every.length.canonicalText,
      rolling: statement.every.rolling?.canonicalText,
      timeZone: statement.timeZone?.value ?? "UTC", latenessNs: try statement.lateness?.ns ?? 0)
    meanings = statement.meaningsByColumn
  }
}
