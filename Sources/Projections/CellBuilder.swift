import Bytes
import EventLog
import Foundation
import LMDB
import Model

/// How far a rebuild has got.
public struct RebuildProgress: Sendable {
  public var facts: UInt64
  /// Share of the blocks that is done, 0 to 1.
  public var share: Double
}

/// What a rebuild did for one KPI.
public struct RebuildReport: Sendable {
  public var name: String
  public var version: Int
  public var facts: UInt64
  public var cells: Int
  /// Cells that differ from the live ones; only filled when verifying.
  public var differences: [String]
}

/// A rebuild was interrupted; the live cells are as they were.
public struct RebuildCancelledError: Error, CustomStringConvertible {
  public var description: String { "interrupted; the cells are as they were before" }
}

/// Builds the cells of some KPIs of one stream from the log's columns. Blocks are folded side by side, and merged in
/// the order of the log.
final class CellBuilder {
  private let projections: Projections
  private let stream: EventStream
  private let caches: [CellCache]
  private let isCancelled: @Sendable () -> Bool
  /// The watermark as of the last block that was merged.
  private var clock: ClockReplay
  private var lastSeq: UInt64 = 0
  private var facts: UInt64 = 0
  private var cellCount = 0

  /// Changed cells in memory at most, over all KPIs.
  private static let maxPendingCells = 40_000

  init(
    _ projections: Projections, _ kpis: [CompiledKpi], _ isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    self.projections = projections
    self.isCancelled = isCancelled
    let (log, records, tables) = (projections.log, projections.records, projections.tables)
    stream = try log.environment.read {
      try log.stream(named: kpis[0].definition.stream, $0)
    }
    clock = ClockReplay(stream: kpis[0].definition.stream)
    let generations = try log.environment.write { transaction in
      try kpis.map { _ in try KpiRecord.newGeneration(records, tables, &transaction) }
    }
    caches = zip(kpis, generations).map {
      CellCache(
        $0, generation: $1, tables: tables, isNew: true,
        releaseMemory: { [log] in log.releaseMemory(above: Projections.maxResidentFileBytes) })
    }
  }

  private var log: EventLog { projections.log }

  /// Builds, and switches or compares.
  func run(verify: Bool, _ progress: (RebuildProgress) -> Void) throws -> [RebuildReport] {
    var isBehind = true
    while isBehind {
      let blocks = try log.environment.read {
        try clock.readClosings(log, $0)
        return try log.blocks(of: stream, after: lastSeq, limit: .max, $0)
      }
      try merge(blocks, progress)
      // What has come meanwhile is little after some rounds; the rest is done while commits wait.
      isBehind = blocks.count > 4
    }
    try flush()
    if verify { return try compare() }
    try projections.switching(to: caches) {
      try log.environment.write { transaction in
        try catchUp(&transaction)
        for cache in caches where projections.isDefined(cache.kpi.definition.id) {
          let key = KpiRecord.key(cache.kpi.definition.id)
          try transaction.put(
            projections.records, key,
            KpiRecord(generation: cache.generation, isLive: true).encoded(key))
        }
      }
      for cache in caches { cache.committed() }
    }
    return reports(caches.map { _ in [] })
  }

  private func reports(_ differences: [[String]]) -> [RebuildReport] {
    zip(caches, differences).map { cache, differences in
      RebuildReport(
        name: cache.kpi.definition.name, version: cache.kpi.definition.version, facts: facts,
        cells: (try? count(cache)) ?? 0, differences: differences)
    }
  }

  private func count(_ cache: CellCache) throws -> Int {
    try log.environment.read { transaction in
      var count = 0
      var cursor = try transaction.cursor(projections.tables.cells)
      let prefix = Key().appending(cache.generation)
      var found = try cursor.seek(atOrAfter: prefix)
      while found, cursor.hasPrefix(prefix) {
        count += 1
        found = try cursor.next()
        if count % 4_096 == 0 { log.releaseMemory(above: Projections.maxResidentFileBytes) }
      }
      return count
    }
  }

  /// Compares with the live cells at one commit.
  private func compare() throws -> [RebuildReport] {
    try projections.inTurn {
      try log.environment.write { try catchUp(&$0) }
      for cache in caches { cache.committed() }
      let differences = try log.environment.read { transaction in
        try caches.map { cache in
          let id = cache.kpi.definition.id
          guard let record = try KpiRecord.read(id, projections.records, transaction),
            record.isLive
          else { return ["KPI \(cache.kpi.definition.name) has no live cells yet"] }
          let live = CellReader(projections.tables, cache.kpi, record.generation)
          return try CellReader(projections.tables, cache.kpi, cache.generation)
            .differences(from: live, transaction) { [log] in
              log.releaseMemory(above: Projections.maxResidentFileBytes)
            }
        }
      }
      return reports(differences)
    }
  }

  /// Merges the last blocks and writes the cells, in a transaction that may run again.
  private func catchUp(_ transaction: inout WriteTransaction) throws {
    let before = (clock, lastSeq, facts)
    for cache in caches { cache.begin() }
    defer {
      // A retry begins from the same place; after the commit nobody asks again.
      (clock, lastSeq, _) = before
    }
    try clock.readClosings(log, transaction.reading)
    for block in try log.blocks(of: stream, after: lastSeq, limit: .max, transaction.reading) {
      try merge(try fold(block, transaction.reading), transaction.reading)
    }
    for cache in caches { try cache.finish(&transaction) }
  }

  // MARK: Folding and merging

  private struct Folded: Sendable {
    var block: StoredBlock
    var arrival: BlockArrival
    var folds: [BlockFold?]
  }

  private func fold(
    _ block: StoredBlock, _ transaction: borrowing ReadTransaction
  ) throws -> Folded {
    try Self.fold(block, log, stream, caches.map(\.kpi), transaction)
  }

  private static func fold(
    _ block: StoredBlock, _ log: EventLog, _ stream: EventStream, _ kpis: [CompiledKpi],
    _ transaction: borrowing ReadTransaction
  ) throws -> Folded {
    let paths = kpis.reduce(into: Set<Text>()) { $0.formUnion($1.paths) }
    let facts = try log.facts(of: block, stream, paths: paths, transaction)
    let columns = try FactColumns(facts)
    return Folded(
      block: block, arrival: facts.arrival,
      folds: try kpis.map { try BlockFold(columns, $0) })
  }

  private func merge(_ folded: Folded, _ transaction: borrowing ReadTransaction) throws {
    clock.close(before: folded.block.firstSeq)
    for (cache, fold) in zip(caches, folded.folds) {
      if let fold { try cache.apply(fold, watermarkNs: clock.watermarkNs, transaction) }
    }
    clock.advance(folded.arrival)
    lastSeq = folded.block.lastSeq
    facts += UInt64(folded.block.factCount)
  }

  /// Folds `blocks` on all cores and merges them in order.
  private func merge(_ blocks: [StoredBlock], _ progress: (RebuildProgress) -> Void) throws {
    let (log, stream, kpis) = (log, stream, caches.map(\.kpi))
    let folds = OrderedWork(count: blocks.count) { index in
      try log.environment.read { try Self.fold(blocks[index], log, stream, kpis, $0) }
    }
    defer { folds.stop() }
    for index in blocks.indices {
      if isCancelled() { throw RebuildCancelledError() }
      let folded = try folds.next()
      try log.environment.read { try merge(folded, $0) }
      if caches.reduce(0, { $0 + $1.pendingCount }) > Self.maxPendingCells { try flush() }
      if index % 8 == 7 { log.releaseMemory(above: Projections.maxResidentFileBytes) }
      progress(
        RebuildProgress(facts: facts, share: Double(index + 1) / Double(blocks.count)))
    }
  }

  private func flush() throws {
    try log.environment.write { transaction in
      for cache in caches { try cache.finish(&transaction) }
    }
    for cache in caches { cache.committed() }
  }
}
