import Bytes
import EventLog
import Foundation
import LMDB
import Language
import Model
import Synchronization
import Threads

/// The KPIs of a store: their definitions, which the log's catalogue keeps, and their cells, which change in the
/// same commits as the log.
public final class Projections: CommitParticipant, Sendable {
  /// Tables that the log's environment has to have.
  package static let tableNames = ["kpis", "cells", "series"]

  /// Pages of the store's file that may count as memory while cells are read and written all over it.
  static let maxResidentFileBytes = 128 << 20

  let log: EventLog
  let records: Table
  let tables: CellTables
  private let state: Mutex<State>
  /// Held by whoever commits blocks or switches cells: a KPI becomes live between two commits.
  private let turn = NSRecursiveLock()
  /// Held by the one rebuild that is under way: cells of no known generation are its own.
  private let rebuilding = NSLock()
  /// Held while a definition is made or dropped, so that two cannot take one name.
  private let changing = NSLock()
  private let isClosing = Atomic<Bool>(false)
  private let filler = Mutex<DispatchSemaphore?>(nil)

  struct Live {
    var kpi: CompiledKpi
    var streamId: UInt32
    /// Nil while the cells are being filled for the first time.
    var cache: CellCache?
    /// Share of the log that a filling has done.
    var progress: Double?
    /// Whether it is the version that is read when none is named.
    var isActive = true
  }

  private struct State {
    var kpis: [UInt64: Live] = [:]
    /// In a store that another process writes to: the commit that `kpis` are of.
    var commit = -1
    /// Streams that the transaction under way alters.
    var altered: [StreamDefinition] = []
  }

  /// Reads the definitions. O(catalogue).
  package init(_ log: EventLog) throws {
    self.log = log
    records = log.environment.table("kpis")
    tables = CellTables(
      cells: log.environment.table("cells"), series: log.environment.table("series"))
    let (records, tables) = (records, tables)
    state = Mutex(
      try log.environment.read { transaction in
        State(
          kpis: try Self.load(log, records, tables, transaction), commit: transaction.commitNumber)
      })
    if log.mode == .readWrite { log.add(self) }
  }

  private static func load(
    _ log: EventLog, _ records: Table, _ tables: CellTables,
    _ transaction: borrowing ReadTransaction
  ) throws -> [UInt64: Live] {
    let catalogue = try KpiCatalogue(log.catalogueDocuments(transaction))
    var kpis: [UInt64: Live] = [:]
    for definition in catalogue.definitions {
      let stream = try log.stream(named: definition.stream, transaction)
      let kpi = try CompiledKpi(definition, stream.definition)
      let record = try KpiRecord.read(definition.id, records, transaction)
      let cache = record.flatMap { record in
        record.isLive
          ? CellCache(
            kpi, generation: record.generation, tables: tables,
            releaseMemory: { [unowned log] in log.releaseMemory(above: maxResidentFileBytes) })
          : nil
      }
      kpis[definition.id] = Live(
        kpi: kpi, streamId: stream.definition.id, cache: cache,
        isActive: catalogue.active[definition.name] == definition.version)
    }
    return kpis
  }

  /// The KPIs as of a transaction, by their ids.
  func kpis(_ transaction: borrowing ReadTransaction) throws -> [Live] {
    try known(transaction).values.sorted { $0.kpi.definition.id < $1.kpi.definition.id }
  }

  /// In a store that another process writes to, what it had defined by then.
  private func known(_ transaction: borrowing ReadTransaction) throws -> [UInt64: Live] {
    guard log.mode == .readOnly else { return state.withLock { $0.kpis } }
    let commit = transaction.commitNumber
    if let known = state.withLock({ $0.commit == commit ? $0.kpis : nil }) { return known }
    let kpis = try Self.load(log, records, tables, transaction)
    state.withLock { $0 = State(kpis: kpis, commit: commit) }
    return kpis
  }

  /// A version of a KPI; without one the active version.
  func kpi(
    named name: String, version: Int? = nil, _ transaction: borrowing ReadTransaction
  ) throws -> Live {
    let all = try known(transaction)
    let versions = all.values.filter { $0.kpi.definition.name == name }
    let found = versions.first { live in
      version.map { $0 == live.kpi.definition.version } ?? live.isActive
    }
    if let found { return found }
    if let version, !versions.isEmpty {
      let known = versions.map { "\($0.kpi.definition.version)" }.sorted()
      throw KpiError(
        "KPI \(name) has no version \(version); it has: \(known.joined(separator: ", "))")
    }
    throw UnknownKpiError(
      name: name, known: Set(all.values.map(\.kpi.definition.name)).sorted())
  }

  /// All versions of all KPIs, oldest first.
  public func list() throws -> [ListedKpi] {
    try log.environment.read { try kpis($0).map { ListedKpi($0) } }
  }

  /// The same, with what the log holds, as of one commit.
  package func listWithStatistics() throws -> ([ListedKpi], LogStatistics) {
    try log.environment.read { transaction in
      (
        try kpis(transaction).map { ListedKpi($0) },
        try log.statistics(sizes: false, transaction)
      )
    }
  }

  // MARK: Changes

  /// Defines a KPI and fills its cells from the log; the definition is an event of the catalogue. Throws ``KpiError``
  /// when the name is taken or the stream has no such field. O(events of the stream).
  @discardableResult
  public func define(
    _ definition: KpiDefinition, actor: String, progress: (RebuildProgress) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> KpiDefinition {
    let defined = try changing.withLock {
      try record(definition, change: .define, actor: actor)
    }
    try fill(defined, progress: progress, isCancelled: isCancelled)
    return defined
  }

  /// Defines the next version of a KPI, which is filled and kept beside the active one until ``switchVersion``.
  /// O(events of the stream).
  @discardableResult
  public func redefine(
    _ definition: KpiDefinition, actor: String, progress: (RebuildProgress) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> KpiDefinition {
    let defined = try changing.withLock {
      try record(definition, change: .redefine, actor: actor)
    }
    try fill(defined, progress: progress, isCancelled: isCancelled)
    return defined
  }

  /// Fills the cells of a KPI that has just been defined. It stays defined when that cannot be done.
  private func fill(
    _ kpi: KpiDefinition, progress: (RebuildProgress) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    do {
      _ = try rebuild([kpi.id], verify: false, progress: progress, isCancelled: isCancelled)
    } catch let error as RebuildCancelledError {
      throw error
    } catch {
      throw UnfinishedChangeError(
        done: "KPI \(kpi.name) version \(kpi.version) is defined, and answered from the events",
        missing: "its cells could not be filled",
        remedy: "they are filled when the store is opened for writing next", cause: "\(error)")
    }
  }

  /// Makes a version of a KPI the active one.
  public func switchVersion(of name: String, to version: Int, actor: String) throws {
    try changing.withLock {
      let found = try log.environment.read { try kpi(named: name, version: version, $0) }
      if found.isActive { return }
      guard found.cache != nil else {
        throw KpiError("version \(version) of KPI \(name) is still being filled; try again later")
      }
      try log.record(actor: actor) {
        KpiDefinition.switchDocument(name, version: version, receivedNs: $0)
      }
      state.withLock { state in
        for (id, live) in state.kpis where live.kpi.definition.name == name {
          state.kpis[id]?.isActive = live.kpi.definition.version == version
        }
      }
    }
  }

  /// Checks a definition and records it in the catalogue; its cells are still to be filled.
  private func record(
    _ definition: KpiDefinition, change: KpiDefinition.Change, actor: String
  ) throws -> KpiDefinition {
    let name = definition.name
    if StreamDefinition.system.contains(where: { $0.name == definition.stream }) {
      throw KpiError("\(definition.stream) can be queried; a KPI is of a stream of events")
    }
    let stream: EventStream = try log.environment.read { transaction in
      let all: [Live] = try kpis(transaction)
      let isKnown = all.contains { $0.kpi.definition.name == name }
      if isKnown, change == .define {
        throw KpiError(
          "KPI \(name) exists already; redefine it, drop it first, or take another name")
      }
      if !isKnown, change == .redefine { _ = try kpi(named: name, transaction) }
      if try log.currentStreams(transaction).contains(where: { $0.name == name }) {
        throw KpiError("there is a stream \(name): a KPI takes another name")
      }
      return try log.stream(named: definition.stream, transaction)
    }
    try check(definition, stream)
    var defined = definition
    defined.version = try earlierVersions(definition.name) + 1
    defined.latenessNs = max(definition.latenessNs, stream.definition.latenessNs)
    let compiled = try CompiledKpi(defined, stream.definition)
    defined.id = try log.record(actor: actor) { [defined] in
      defined.document(change, receivedNs: $0)
    }
    let live = Live(
      kpi: compiled.with(id: defined.id), streamId: stream.definition.id,
      isActive: change == .define)
    state.withLock { $0.kpis[defined.id] = live }
    return defined
  }

  /// How often the name was defined, dropped ones among them.
  private func earlierVersions(_ name: String) throws -> Int {
    try log.environment.read { transaction in
      try log.catalogueDocuments(transaction).count {
        KpiDefinition.Change($0) != nil && $0["name"] == name
      }
    }
  }

  /// Refuses fields that the stream does not have.
  private func check(_ definition: KpiDefinition, _ stream: EventStream) throws {
    let known = try log.statistics().streams.first { $0.definition.id == stream.definition.id }
    guard let known, !known.columns.isEmpty else { return }
    let fields = Set(known.columns.map(\.path) + known.fieldsWithoutColumn)
    for path in definition.fields.map(\.path) where !fields.contains(path) {
      throw KpiError(
        "stream \(definition.stream) has no field \(path.debugDescription); "
          + Self.suggestion(for: path, among: fields.sorted()))
    }
  }

  private static func suggestion(for path: Text, among fields: [Text]) -> String {
    if fields.count <= 20 { return "it has: " + fields.joined(separator: ", ") }
    if let nearest = Spelling.nearest(path, fields) {
      return "did you mean \(nearest.debugDescription)?"
    }
    return "it has: " + fields.prefix(20).joined(separator: ", ")
      + ", and \(fields.count - 20) more"
  }

  /// Drops all versions of a KPI and their cells; its events stay.
  public func drop(_ name: String, actor: String) throws {
    try changing.withLock {
      _ = try log.environment.read { try kpi(named: name, $0) }
      try log.record(actor: actor) { KpiDefinition.dropDocument(name, receivedNs: $0) }
      turn.withLock {
        state.withLock { state in
          state.kpis = state.kpis.filter { $0.value.kpi.definition.name != name }
        }
      }
    }
    do {
      try rebuilding.withLock { try collectGarbage() }
    } catch {
      throw UnfinishedChangeError(
        done: "KPI \(name) is dropped", missing: "its cells could not be deleted",
        remedy: "they are deleted with the next definition or rebuild", cause: "\(error)")
    }
  }

  // MARK: Rebuilding

  /// Builds the cells of all named KPIs, or of all, anew from the log's columns, beside the live ones, in one scan for
  /// each stream; then puts them in their place in one commit. O(facts).
  ///
  /// With `verify` they are compared with the live ones instead, of the same commit, and nothing is written: a store that
  /// is open for reading will do, while another process writes. All cells are in memory then.
  ///
  /// A rebuild is an event of the catalogue, one for each name. Throws ``RebuildCancelledError`` when `isCancelled` has
  /// said so.
  public func rebuild(
    named names: [String], verify: Bool, actor: String = "program",
    progress: (RebuildProgress) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> [RebuildReport] {
    let ids = try log.environment.read { transaction in
      if names.isEmpty { return try kpis(transaction).map(\.kpi.definition.id) }
      let all = try kpis(transaction).map(\.kpi.definition)
      return try names.flatMap { name in
        _ = try kpi(named: name, transaction)
        return all.filter { $0.name == name }.map(\.id)
      }
    }
    let reports = try rebuild(ids, verify: verify, progress: progress, isCancelled: isCancelled)
    if verify { return reports }
    var noted: Set<String> = []
    for report in reports where noted.insert(report.name).inserted {
      do {
        try log.record(actor: actor) {
          KpiDefinition.rebuildDocument(report.name, receivedNs: $0)
        }
      } catch {
        throw UnfinishedChangeError(
          done: "the cells are rebuilt",
          missing: "the catalogue could not note that of \(report.name)",
          remedy: "a rebuild with more room notes it", cause: "\(error)")
      }
    }
    return reports
  }

  /// Fills the KPIs whose filling was cut off, on a thread of its own. Until then they are read from the events.
  /// Throws ``ThreadError``.
  package func resumeFilling() throws {
    let missing = state.withLock { state in
      state.kpis.values.filter { $0.cache == nil }.map(\.kpi.definition.id).sorted()
    }
    if missing.isEmpty { return }
    let done = DispatchSemaphore(value: 0)
    try startThread(named: "nilo.fill") { [self] in
      // What fails now is tried again when the store is opened next.
      for id in missing where !isClosing.load(ordering: .relaxed) {
        _ = try? rebuild(
          [id], verify: false, progress: { _ in },
          isCancelled: { [self] in isClosing.load(ordering: .relaxed) })
      }
      done.signal()
    }
    filler.withLock { $0 = done }
  }

  /// Waits until a filling has stopped.
  package func close() {
    isClosing.store(true, ordering: .relaxed)
    filler.withLock { filler in
      defer { filler = nil }
      return filler
    }?.wait()
  }

  func rebuild(
    _ ids: [UInt64], verify: Bool, progress: (RebuildProgress) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws -> [RebuildReport] {
    rebuilding.lock()
    defer { rebuilding.unlock() }
    if !verify { try collectGarbage(isCancelled: isCancelled) }
    let chosen = state.withLock { state in ids.compactMap { state.kpis[$0] } }
    let byStream = Dictionary(grouping: chosen, by: \.streamId)
    var reports: [RebuildReport] = []
    for (_, kpis) in byStream.sorted(by: { $0.key < $1.key }) {
      let builder = try CellBuilder(self, kpis.map(\.kpi), verify: verify, isCancelled)
      reports += try builder.run { step in
        state.withLock { state in
          for kpi in kpis { state.kpis[kpi.kpi.definition.id]?.progress = step.share }
        }
        progress(step)
      }
      if !verify { try collectGarbage(isCancelled: isCancelled) }
    }
    return reports
  }

  /// Makes `caches` the live cells, in the commit that `write` is part of. No block is committed meanwhile.
  func switching<R>(to caches: [CellCache], _ write: () throws -> R) throws -> R {
    try turn.withLock {
      let result = try write()
      state.withLock { state in
        for cache in caches { state.kpis[cache.kpi.definition.id]?.cache = cache }
      }
      return result
    }
  }

  /// Runs `body` while no block is committed.
  package func inTurn<R>(_ body: () throws -> R) rethrows -> R { try turn.withLock(body) }

  /// Whether the KPI is still defined.
  func isDefined(_ id: UInt64) -> Bool { state.withLock { $0.kpis[id] != nil } }

  /// Deletes records and cells that belong to no KPI, a few at a time.
  private func collectGarbage(isCancelled: () -> Bool = { false }) throws {
    let used = try turn.withLock {
      try log.environment.write { transaction in
        var used: Set<UInt32> = []
        var orphans: [UInt64] = []
        try forEachRecord(transaction.reading) { id, record in
          if isDefined(id) { used.insert(record.generation) } else { orphans.append(id) }
        }
        for id in orphans { try transaction.delete(records, KpiRecord.key(id)) }
        return used
      }
    }
    for table in [tables.cells, tables.series] {
      var generation: UInt32 = 0
      while let next = try nextGeneration(after: generation, table) {
        // Where keys are out of order a search may find what it has left behind.
        guard next > generation else { throw DamageError(what: "the order of cells") }
        generation = next
        if isCancelled() { throw RebuildCancelledError() }
        if !used.contains(next) { try deleteGeneration(next, table) }
      }
    }
  }

  private func deleteGeneration(_ generation: UInt32, _ table: Table) throws {
    let prefix = Key().appending(generation)
    while try log.environment.write({
      try $0.deleteRange(table, from: prefix, to: prefix.endOfPrefix, limit: 4_096)
    }) == 4_096 { log.releaseMemory(above: Self.maxResidentFileBytes) }
  }

  private func forEachRecord(
    _ transaction: borrowing ReadTransaction, _ body: (UInt64, KpiRecord) -> Void
  ) throws {
    var cursor = try transaction.cursor(records)
    var found = try cursor.seekFirst()
    while found {
      if cursor.key.byteCount == 8, let id = Key.uint64(in: cursor.key, at: 0) {
        body(id, try KpiRecord(cursor.value, key: cursor.key))
      }
      found = try cursor.next()
    }
  }

  private func nextGeneration(after generation: UInt32, _ table: Table) throws -> UInt32? {
    try log.environment.read { transaction in
      var cursor = try transaction.cursor(table)
      guard generation < .max,
        try cursor.seek(atOrAfter: Key().appending(generation + 1))
      else { return nil }
      guard let next = Key.uint32(in: cursor.key, at: 0) else {
        throw DamageError(what: "a key of a cell")
      }
      return next
    }
  }

  // MARK: Taking part in commits

  package func checkName(ofStream name: String) throws {
    let isKpi = state.withLock { state in
      state.kpis.values.contains { $0.kpi.definition.name == name }
    }
    if isKpi {
      throw KpiError("there is a KPI \(name): a stream takes another name, or drop the KPI first")
    }
  }

  /// What a block adds to each KPI that was known when it was folded.
  package struct Folded: Sendable {
    fileprivate var folds: [UInt64: BlockFold] = [:]
    fileprivate var known: Set<UInt64> = []
  }

  package func fold(_ facts: BlockFacts) throws -> Folded? {
    let id = facts.block.streamId
    let kpis = state.withLock { state in state.kpis.values.filter { $0.streamId == id } }
    var folded = Folded()
    if kpis.isEmpty { return folded }
    let columns = try FactColumns(facts)
    for live in kpis {
      folded.known.insert(live.kpi.definition.id)
      folded.folds[live.kpi.definition.id] = try BlockFold(columns, live.kpi)
    }
    return folded
  }

  private func caches(ofStream id: UInt32) -> [(UInt64, CellCache)] {
    state.withLock { state in
      state.kpis.compactMap { key, live in
        live.streamId == id ? live.cache.map { (key, $0) } : nil
      }
    }
  }

  private var allCaches: [CellCache] { state.withLock { $0.kpis.values.compactMap(\.cache) } }

  package func begin() {
    state.withLock { $0.altered = [] }
    for cache in allCaches { cache.begin() }
  }

  package func apply(
    _ folded: Folded, of block: StoredBlock, watermarkNs: Int64?,
    _ transaction: inout WriteTransaction
  ) throws {
    for (id, cache) in caches(ofStream: block.streamId) {
      var fold = folded.folds[id]
      if !folded.known.contains(id) {
        // The KPI has become live while the block was on its way.
        let stream = try log.stream(named: cache.kpi.definition.stream, transaction.reading)
        let facts = try log.facts(of: block, stream, transaction.reading)
        fold = try BlockFold(FactColumns(facts), cache.kpi)
      }
      if let fold {
        try cache.apply(fold, watermarkNs: watermarkNs, transaction.reading)
      }
    }
  }

  /// Changed cells of one transaction that are enough.
  private static let maxPendingCells = 40_000

  package var isFull: Bool {
    allCaches.reduce(0) { $0 + $1.pendingCount } > Self.maxPendingCells
  }

  package func finish(_ transaction: inout WriteTransaction) throws {
    for cache in allCaches { try cache.finish(&transaction) }
    for (id, _) in dependents { try transaction.delete(records, KpiRecord.key(id)) }
  }

  package func committed() {
    for cache in allCaches { cache.committed() }
    let dependents = dependents
    state.withLock { state in
      for (id, kpi) in dependents {
        state.kpis[id]?.kpi = kpi
        state.kpis[id]?.cache = nil
      }
      state.altered = []
    }
  }

  // MARK: Streams that change

  package func check(_ definition: StreamDefinition, isDrop: Bool) throws {
    let names = state.withLock { state in
      state.kpis.values.filter { $0.streamId == definition.id }.map(\.kpi.definition.name)
    }
    if isDrop, let name = names.min() {
      throw KpiError("KPI \(name) is defined over stream \(definition.name); drop it first")
    }
  }

  package func alter(_ definition: StreamDefinition) {
    state.withLock { $0.altered.append(definition) }
  }

  /// The KPIs that are other ones since a stream's key is another, which tells series apart: their cells are to be
  /// computed anew.
  private var dependents: [(UInt64, CompiledKpi)] {
    state.withLock { state in
      state.altered.flatMap { stream in
        state.kpis.compactMap { id, live in
          guard live.streamId == stream.id else { return nil }
          return live.kpi.keyed(by: stream).map { (id, $0) }
        }
      }
    }
  }

  /// Alters a stream while no cells are being computed, then computes those of the KPIs that it has changed. Until that
  /// is done they are answered from the events.
  package func altering<R>(
    progress: (RebuildProgress) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }, _ alter: () throws -> R
  ) throws -> R {
    let before = unfilled
    let result = try rebuilding.withLock(alter)
    let ids = unfilled.subtracting(before)
    if !ids.isEmpty {
      _ = try rebuild(ids.sorted(), verify: false, progress: progress, isCancelled: isCancelled)
    }
    return result
  }

  private var unfilled: Set<UInt64> {
    state.withLock { state in Set(state.kpis.filter { $0.value.cache == nil }.keys) }
  }
}

/// A version of a KPI, with the state of its cells.
public struct ListedKpi: Sendable {
  public var definition: KpiDefinition
  /// Share of the log that its cells have; nil when they are complete.
  public var progress: Double?
  /// Whether it is the version that is read when none is named.
  public var isActive: Bool
  /// Whether it is there no more, and was at the time that was asked about.
  public var isDropped: Bool

  init(_ live: Projections.Live) {
    self.init(live.kpi.definition, live, isActive: live.isActive)
  }

  init(_ definition: KpiDefinition, _ live: Projections.Live?, isActive: Bool) {
    self.definition = definition
    progress = live.flatMap { $0.cache == nil ? $0.progress ?? 0 : nil }
    self.isActive = isActive
    isDropped = live == nil
  }
}

/// There is no KPI of that name.
public struct UnknownKpiError: Error, Equatable, CustomStringConvertible {
  public var name: String
  public var known: [String]
  public var description: String {
    known.isEmpty
      ? "no KPI \"\(name)\": none is defined yet"
      : "no KPI \"\(name)\"; there are: \(known.joined(separator: ", "))"
  }
}
