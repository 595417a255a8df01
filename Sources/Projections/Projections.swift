import Bytes
import EventLog
import Foundation
import LMDB
import Language
import Model
import Synchronization
import Threads

/// The KPIs of a store: their definitions, which the log's catalogue keeps, and their cells, which follow it.
public final class Projections: Sendable {
  /// Tables that the log's environment has to have.
  package static let tableNames = ["kpis", "cells", "series"]

  /// Pages of the store's file that may count as memory while cells are read and written all over it.
  static let maxResidentFileBytes = 16 << 20
  /// The same while columns are scanned for an answer: what is asked again finds them mapped.
  static let maxScannedFileBytes = 96 << 20

  let log: EventLog
  let records: Table
  let tables: CellTables
  let limits: CellLimits
  let state: Mutex<State>
  /// Held by whoever commits blocks or switches cells: a KPI becomes live between two commits.
  let turn = Turn()
  /// Held by whoever folds blocks, or writes cells: within ``turn`` where both are held, and by nobody who has a
  /// transaction for reading open, which a writer might wait for.
  let cellsTurn = Turn()
  let follower = CellFollower()
  /// Held by the one rebuild that is under way: cells of no known generation are its own.
  let rebuilding = NSLock()
  /// Held while a definition is made or dropped, so that two cannot take one name.
  let changing = NSLock()
  /// Odd while the catalogue has a change that ``state`` does not know yet.
  let changes = Atomic<Int>(0)
  let isClosing = Atomic<Bool>(false)
  let filler = Mutex<DispatchSemaphore?>(nil)

  struct Live {
    var kpi: CompiledKpi
    var streamId: UInt32
    /// Nil while the cells are being filled for the first time.
    var cache: CellCache?
    /// Share of the log that a filling has done.
    var progress: Double?
    /// Why the last filling ended without cells.
    var failure: String?
    /// Whether it is the version that is read when none is named.
    var isActive = true
  }

  struct AlteredStream {
    var definition: StreamDefinition
    var readsAnew: Bool
  }

  struct State {
    var kpis: [UInt64: Live] = [:]
    /// In a store that another process writes to: the commit that `kpis` are of.
    var commit = -1
    /// Streams that the transaction under way alters.
    var altered: [AlteredStream] = []
    /// Facts of the transaction under way, for each stream.
    var arrived: [UInt32: Int] = [:]
    /// Committed facts that cells do not have yet, for each stream with KPIs, and how many are worth folding.
    var unfolded: [UInt32: Int] = [:]
    var dueFacts: [UInt32: Int] = [:]
    /// What was merged since cells were written last, counted in facts, for each stream.
    var unwrittenWork: [UInt32: Int] = [:]
    /// Since when committed events wait that cells on disk do not have, by the log's clock; nil when none does.
    var unwrittenSinceNs: Int64?
    /// How often cells were written only to make room.
    var writesForRoom = 0

    /// Streams of KPIs with cells: nobody has to wait for those of others.
    var followedStreams: Set<UInt32> {
      Set(kpis.values.filter { $0.cache != nil }.map(\.streamId))
    }
  }

  /// Reads the definitions. O(catalogue).
  package init(_ log: EventLog, limits: CellLimits = CellLimits()) throws {
    (self.log, self.limits) = (log, limits)
    records = log.environment.table("kpis")
    tables = CellTables(
      cells: log.environment.table("cells"), series: log.environment.table("series"),
      pageSize: limits.pageSize)
    let (records, tables) = (records, tables)
    state = Mutex(
      try log.environment.read { transaction in
        State(
          kpis: try Self.load(log, records, tables, transaction), commit: transaction.commitNumber)
      })
    if log.mode == .readWrite {
      try countUnfolded()
      log.add(self)
    }
  }

  /// Counts the facts after the checkpoints: they are folded when cells are asked for, or with the next ones.
  /// O(blocks after the checkpoints).
  private func countUnfolded() throws {
    let lives = state.withLock { Array($0.kpis.values) }
    for live in lives {
      guard let cache = live.cache else { continue }
      if state.withLock({ $0.unfolded[live.streamId] }) != nil { continue }
      let facts = try log.environment.read { transaction in
        let stream = try log.stream(named: live.kpi.definition.stream, transaction)
        return try log.blocks(of: stream, after: cache.mergedSeq, limit: .max, transaction)
          .reduce(0) { $0 + $1.factCount }
      }
      state.withLock { $0.unfolded[live.streamId] = facts }
    }
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
      let cache = try checkpointed(definition.id, stream.definition.id, records, transaction).map {
        CellCache(
          kpi, generation: $0.generation, tables: tables, writtenSeq: $0.seq,
          releaseMemory: { [unowned log] in log.releaseMemory(above: maxResidentFileBytes) })
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
  /// O(KPIs); in a store that another process writes to O(catalogue) once for each commit that is seen.
  public func list() throws -> [ListedKpi] {
    try log.environment.read { try kpis($0).map { ListedKpi($0) } }
  }

  /// The same, with what the log holds, as of one commit.
  package func listWithStatistics() throws -> ([ListedKpi], LogStatistics) {
    try betweenChanges { transaction in
      (
        try kpis(transaction).map { ListedKpi($0) },
        try log.statistics(sizes: false, transaction)
      )
    }
  }
}
