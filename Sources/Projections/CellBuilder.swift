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
  /// Facts that were folded.
  public var facts: UInt64
  /// Cells that were built, or compared.
  public var cells: Int
  /// The buckets that were rebuilt or compared, when only a range was asked for: those that start within it. `Int64.min`
  /// and `.max` for no bound; nil for all buckets.
  public var rangeNs: Range<Int64>?
  /// Whether facts before the range were folded as well: rows of counters and levels begin at earlier samples, and count
  /// it when these come late.
  public var foldedEarlier = false
  /// The last event that the cells which were compared have: those on disk. Nil when nothing was compared.
  public var comparedSeq: UInt64?
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

/// Builds cells of some KPIs of one stream from the log's columns, all or those of some buckets. Blocks are folded side by
/// side, and merged in the order of the log.
final class CellBuilder {
  private let projections: Projections
  private let targets: [RebuildTarget]
  private var stream: EventStream
  /// The cells of each target that are being built.
  private let caches: [CellCache]
  /// Whether the cells are only compared: then nothing is written, and all are kept in memory.
  private let isVerifying: Bool
  private let isCancelled: @Sendable () -> Bool
  private var lastSeq: UInt64 = 0
  /// Facts of the blocks that were folded, and of each target those that were selected.
  private var facts: UInt64 = 0
  private var selectedFacts: [UInt64]

  /// What changed cells take in memory at most, over all KPIs.
  private static let maxPendingBytes = 64 << 20
  /// Facts that are folded together at most: some batches are on their way.
  private static let maxBatchFacts = 1 << 17

  init(
    _ projections: Projections, _ targets: [RebuildTarget], verify: Bool,
    _ isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    isVerifying = verify
    self.projections = projections
    self.targets = targets
    selectedFacts = targets.map { _ in 0 }
    self.isCancelled = isCancelled
    let (log, records, tables) = (projections.log, projections.records, projections.tables)
    stream = try log.environment.read {
      try log.stream(named: targets[0].kpi.definition.stream, $0)
    }
    let generations: [UInt32] =
      verify
      ? targets.map { _ in 0 }
      : try log.environment.write { transaction in
        try targets.map { _ in try KpiRecord.newGeneration(records, tables, &transaction) }
      }
    caches = zip(targets, generations).map {
      CellCache(
        $0.kpi, generation: $1, tables: tables, isNew: true,
        releaseMemory: { [log] in log.releaseMemory(above: Projections.maxResidentFileBytes) })
    }
    for (target, generation) in zip(targets, generations) {
      // The cells would be lost: they are among those that they are to take the place of.
      if let live = target.live, !verify, generation <= live.generation {
        throw DamageError(what: "the number of the last cells is not \(live.generation)")
      }
    }
  }

  private var log: EventLog { projections.log }

  /// Builds, and switches or compares.
  func run(_ progress: (RebuildProgress) -> Void) throws -> [RebuildReport] {
    var isBehind = true
    while isBehind {
      let all = try log.environment.read { try nextBlocks($0) }
      let batches = batches(all)
      try merge(batches, progress)
      lastSeq = all.last?.lastSeq ?? lastSeq
      // What has come meanwhile is little after some rounds; the rest is done while commits wait.
      isBehind = batches.count > 1
    }
    if isVerifying { return try compare() }
    try flush()
    var exchanged: [Int] = []
    try projections.switching(
      to: zip(targets, caches).filter { $0.0.live == nil }.map(\.1), of: stream.definition.id
    ) {
      let live = projections.cells(ofStream: stream.definition.id)
      // The transaction may run again: then from the same place.
      let begin = (lastSeq, facts, selectedFacts)
      try log.environment.write { transaction in
        (lastSeq, facts, selectedFacts) = begin
        try catchUp(&transaction)
        // It is a checkpoint of all KPIs of the stream.
        try projections.write(live, through: lastSeq, &transaction)
        exchanged = try zip(targets, caches).map { try exchange($0, $1, &transaction) }
      }
      projections.written(live)
      for cache in caches { cache.written(through: lastSeq) }
      // What is in memory of the live cells is not what is on disk now.
      for target in targets { target.live?.forgetWritten() }
    }
    return targets.indices.map { index in
      let cells = targets[index].live == nil ? try? count(caches[index]) : exchanged[index]
      return report(index, cells: cells ?? 0)
    }
  }

  /// Puts the cells that were built in the place of the live ones; gives how many there are, when only some buckets were
  /// built.
  private func exchange(
    _ target: RebuildTarget, _ built: CellCache, _ transaction: inout WriteTransaction
  ) throws -> Int {
    guard projections.isDefined(target.kpi.definition.id) else { return 0 }
    if let live = target.live {
      return try CellExchange(target, from: built, to: live).run(&transaction)
    }
    let key = KpiRecord.key(target.kpi.definition.id)
    try transaction.put(
      projections.records, key,
      KpiRecord(generation: built.generation, isLive: true).encoded(key))
    return 0
  }

  private func report(_ index: Int, cells: Int, isFilled: Bool = true) -> RebuildReport {
    let definition = targets[index].kpi.definition
    return RebuildReport(
      name: definition.name, version: definition.version, facts: selectedFacts[index],
      cells: cells, rangeNs: targets[index].buckets,
      foldedEarlier: targets[index].foldsEarlier, isFilled: isFilled, differences: [])
  }

  private func count(_ cache: CellCache) throws -> Int {
    try log.environment.read { transaction in
      try CellReader(projections.tables, cache.kpi, cache.generation).count(
        .min..<Int64.max, transaction, visited: cache.touch)
    }
  }

  /// The blocks that are still to be merged, and the columns that the stream has with them.
  private func nextBlocks(_ transaction: borrowing ReadTransaction) throws -> [StoredBlock] {
    let now = try log.stream(named: stream.name, transaction)
    guard now.definition.factsSinceSeq == stream.definition.factsSinceSeq else {
      throw FactsReadAnewError(name: stream.name)
    }
    stream = now
    let blocks = try log.blocks(of: stream, after: lastSeq, limit: .max, transaction)
    guard isVerifying else { return blocks }
    // Whoever writes the store is ahead of the cells on disk.
    let end = try Checkpoint.read(stream.definition.id, projections.records, transaction)
    return blocks.filter { $0.firstSeq <= end ?? .max }.map { block in
      var block = block
      block.lastSeq = min(block.lastSeq, end ?? .max)
      return block
    }
  }

  /// The blocks of which some facts have to be folded, in batches.
  private func batches(_ blocks: [StoredBlock]) -> [ArraySlice<StoredBlock>] {
    blocks.filter { block in targets.contains { $0.selection.overlaps(block) } }
      .batches(ofFacts: min(Self.maxBatchFacts, projections.limits.batchFacts.upperBound))
  }

  /// Merges the last blocks, and compares with the cells on disk of the same checkpoint.
  private func compare() throws -> [RebuildReport] {
    try log.environment.read { transaction in
      for blocks in batches(try nextBlocks(transaction)) {
        if isCancelled() { throw RebuildCancelledError() }
        try merge(try Self.fold(blocks, log, stream, targets, transaction), transaction)
      }
      return try targets.indices.map { index in
        let (target, cache) = (targets[index], caches[index])
        let checkpointed = try Projections.checkpointed(
          target.kpi.definition.id, stream.definition.id, projections.records, transaction)
        var report = report(
          index, cells: cache.count(target.contains), isFilled: checkpointed != nil)
        if let checkpointed {
          report.comparedSeq = checkpointed.seq
          report.differences = try cache.differences(
            from: checkpointed.generation, in: target, transaction)
        }
        return report
      }
    }
  }

  /// Merges the last blocks and writes the cells.
  private func catchUp(_ transaction: inout WriteTransaction) throws {
    for cache in caches { cache.rewind() }
    let blocks = try nextBlocks(transaction.reading)
    for blocks in batches(blocks) {
      let folded = try Self.fold(blocks, log, stream, targets, transaction.reading)
      try merge(folded, transaction.reading)
    }
    lastSeq = blocks.last?.lastSeq ?? lastSeq
    for cache in caches { try cache.write(&transaction) }
  }

  // MARK: Folding and merging

  private struct Folded: Sendable {
    /// The blocks, as one.
    var block: StoredBlock
    /// For each target what they add.
    var parts: [BlockParts] = []
    /// The facts of each that were selected.
    var facts: [Int] = []
  }

  private static func fold(
    _ blocks: ArraySlice<StoredBlock>, _ log: EventLog, _ stream: EventStream,
    _ targets: [RebuildTarget], _ transaction: borrowing ReadTransaction
  ) throws -> Folded {
    let wanted = targets.filter { blocks.contains(where: $0.selection.overlaps) }
    let paths = wanted.reduce(into: Set<Text>()) { $0.formUnion($1.kpi.paths) }
    let batch = try BlockBatch(blocks, log, stream, paths: paths, transaction)
    let (block, columns) = (batch.block, batch.columns)
    var folded = Folded(block: block)
    for target in targets {
      let (kpi, selection) = (target.kpi, target.selection)
      guard blocks.contains(where: selection.overlaps) else {
        folded.parts.append(BlockParts(nothingOf: block))
        folded.facts.append(0)
        continue
      }
      folded.parts.append(try BlockParts(columns, kpi, of: block, times: selection.times))
      let mask = try selection.within(block).mask(nil, columns)
      folded.facts.append(mask?.count { $0 } ?? columns.count)
    }
    return folded
  }

  private func merge(_ folded: Folded, _ transaction: borrowing ReadTransaction) throws {
    for (cache, parts) in zip(caches, folded.parts) {
      try cache.apply(parts, transaction)
    }
    for index in targets.indices { selectedFacts[index] += UInt64(folded.facts[index]) }
    facts += UInt64(folded.block.factCount)
  }

  /// Folds batches on all cores and merges them in order.
  private func merge(
    _ batches: [ArraySlice<StoredBlock>], _ progress: (RebuildProgress) -> Void
  ) throws {
    let (log, stream, targets) = (log, stream, targets)
    let folds = try OrderedWork(count: batches.count, for: .rebuild) { index in
      try log.environment.read { try Self.fold(batches[index], log, stream, targets, $0) }
    }
    defer { folds.stop() }
    for index in batches.indices {
      if isCancelled() { throw RebuildCancelledError() }
      let folded = try folds.next()
      try log.environment.read { try merge(folded, $0) }
      let pendingBytes = caches.reduce(0) { $0 + $1.pendingBytes }
      if !isVerifying, pendingBytes > Self.maxPendingBytes { try flush() }
      if index % 8 == 7 { log.releaseMemory(above: Projections.maxResidentFileBytes) }
      progress(
        RebuildProgress(facts: facts, share: Double(index + 1) / Double(batches.count)))
    }
  }

  private func flush() throws {
    try log.environment.write { transaction in
      for cache in caches { try cache.write(&transaction) }
    }
    for cache in caches {
      cache.written(through: cache.mergedSeq)
      if cache.byteCount > Self.maxPendingBytes {
        cache.evict(to: Self.maxPendingBytes / 2)
        if cache.byteCount > Self.maxPendingBytes { cache.evict(to: 0) }
      }
    }
  }
}
