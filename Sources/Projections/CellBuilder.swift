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
  /// Whether there are live cells. A KPI whose filling was interrupted has none until a program opens the store for
  /// writing; it is read from the events meanwhile, and there is nothing to compare with.
  public var isFilled: Bool
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
  private var stream: EventStream
  private let caches: [CellCache]
  /// Whether the cells are only compared: then nothing is written, and all are kept in memory.
  private let isVerifying: Bool
  private let isCancelled: @Sendable () -> Bool
  private var lastSeq: UInt64 = 0
  private var facts: UInt64 = 0
  private var cellCount = 0

  /// Changed cells in memory at most, over all KPIs.
  private static let maxPendingCells = 40_000

  init(
    _ projections: Projections, _ kpis: [CompiledKpi], verify: Bool,
    _ isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    isVerifying = verify
    self.projections = projections
    self.isCancelled = isCancelled
    let (log, records, tables) = (projections.log, projections.records, projections.tables)
    stream = try log.environment.read {
      try log.stream(named: kpis[0].definition.stream, $0)
    }
    let generations: [UInt32] =
      verify
      ? kpis.map { _ in 0 }
      : try log.environment.write { transaction in
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
  func run(_ progress: (RebuildProgress) -> Void) throws -> [RebuildReport] {
    var isBehind = true
    while isBehind {
      let blocks = try log.environment.read { try nextBlocks($0) }
      try merge(blocks, progress)
      // What has come meanwhile is little after some rounds; the rest is done while commits wait.
      isBehind = blocks.count > 4
    }
    if isVerifying { return try compare() }
    try flush()
    try projections.switching(to: caches) {
      // The transaction may run again: then from the same place.
      let begin = (lastSeq, facts)
      try log.environment.write { transaction in
        (lastSeq, facts) = begin
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
        cells: (try? count(cache)) ?? 0, isFilled: true, differences: differences)
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

  /// The blocks that are still to be merged, and the columns that the stream has with them.
  private func nextBlocks(_ transaction: borrowing ReadTransaction) throws -> [StoredBlock] {
    let now = try log.stream(named: stream.name, transaction)
    guard now.definition.factsSinceSeq == stream.definition.factsSinceSeq else {
      throw FactsReadAnewError(name: stream.name)
    }
    stream = now
    return try log.blocks(of: stream, after: lastSeq, limit: .max, transaction)
  }

  /// Merges the last blocks, and compares with the cells of the same commit.
  private func compare() throws -> [RebuildReport] {
    try log.environment.read { transaction in
      for block in try nextBlocks(transaction) {
        if isCancelled() { throw RebuildCancelledError() }
        try merge(try fold(block, transaction), transaction)
      }
      return try caches.map { cache in
        let definition = cache.kpi.definition
        let record = try KpiRecord.read(definition.id, projections.records, transaction)
        var report = RebuildReport(
          name: definition.name, version: definition.version, facts: facts, cells: cache.count,
          isFilled: record?.isLive ?? false, differences: [])
        if let record, record.isLive {
          report.differences = try cache.differences(from: record.generation, transaction)
        }
        return report
      }
    }
  }

  /// Merges the last blocks and writes the cells.
  private func catchUp(_ transaction: inout WriteTransaction) throws {
    for cache in caches { cache.begin() }
    for block in try nextBlocks(transaction.reading) {
      try merge(try fold(block, transaction.reading), transaction.reading)
    }
    for cache in caches { try cache.finish(&transaction) }
  }

  // MARK: Folding and merging

  private struct Folded: Sendable {
    var block: StoredBlock
    /// For each KPI what the block adds, in one or several parts.
    var parts: [[Part]]
  }

  private struct Part: Sendable {
    var fold: BlockFold
    /// The stream's watermark before it.
    var watermarkNs: Int64?
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
      block: block,
      parts: try kpis.map { kpi in
        try LateParts(columns, kpi, within: block).parts.compactMap { part in
          try BlockFold(columns, kpi, part.selection).map {
            Part(fold: $0, watermarkNs: part.watermarkNs)
          }
        }
      })
  }

  private func merge(_ folded: Folded, _ transaction: borrowing ReadTransaction) throws {
    for (cache, parts) in zip(caches, folded.parts) {
      for part in parts {
        try cache.apply(part.fold, watermarkNs: part.watermarkNs, transaction)
      }
    }
    lastSeq = folded.block.lastSeq
    facts += UInt64(folded.block.factCount)
  }

  /// Folds `blocks` on all cores and merges them in order.
  private func merge(_ blocks: [StoredBlock], _ progress: (RebuildProgress) -> Void) throws {
    let (log, stream, kpis) = (log, stream, caches.map(\.kpi))
    let folds = try OrderedWork(count: blocks.count, for: .rebuild) { index in
      try log.environment.read { try Self.fold(blocks[index], log, stream, kpis, $0) }
    }
    defer { folds.stop() }
    for index in blocks.indices {
      if isCancelled() { throw RebuildCancelledError() }
      let folded = try folds.next()
      try log.environment.read { try merge(folded, $0) }
      let pending = caches.reduce(0) { $0 + $1.pendingCount }
      if !isVerifying, pending > Self.maxPendingCells { try flush() }
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
