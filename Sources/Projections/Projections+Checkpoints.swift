import Bytes
import EventLog
import LMDB
import Language
import Model

/// Cells on disk follow those in memory at a distance: ADR 15.
extension Projections {
  // MARK: Writing

  /// Folds all blocks, and writes the cells that they have changed since they were written last.
  /// O(facts not folded yet + changed cells log n).
  package func writeCells() throws { try cellsTurn.withLock { try checkpoint() } }

  /// Writes the cells that blocks have changed since they were written last, in a transaction of its own: the cells on
  /// disk of each stream then have its blocks up to one event. To be called by whoever has the turn of cells.
  /// O(facts not folded yet + changed cells log n).
  func checkpoint() throws {
    cellsTurn.require()
    for id in followedStreams { follow(id) }
    try write()
  }

  /// The same for what is folded: of each stream whose KPIs all have the same blocks.
  func write() throws {
    cellsTurn.require()
    let streams = unwritten
    if !streams.isEmpty {
      try log.environment.write { transaction in
        for stream in streams { try write(stream, through: stream.mergedSeq, &transaction) }
      }
      for stream in streams { written(stream) }
      noteWritten()
    }
    evict()
    giveBackFreeMemory()
  }

  /// The cells of a stream's KPIs.
  struct StreamCells {
    let streamId: UInt32
    let caches: [CellCache]
    /// KPIs without cells, whatever their records say.
    let missing: [UInt64]

    /// Whether all have the same blocks. One that was asked for may be ahead of others.
    var areEven: Bool { Set(caches.map(\.mergedSeq)).count < 2 }

    /// The last event of the last block that they have.
    var mergedSeq: UInt64 {
      let seq = caches.first?.mergedSeq ?? 0
      precondition(
        caches.allSatisfy { $0.mergedSeq == seq }, "KPIs of one stream have different blocks of it")
      return seq
    }
  }

  func cells(ofStream id: UInt32) -> StreamCells {
    let kpis = state.withLock { state in state.kpis.filter { $0.value.streamId == id } }
    return StreamCells(
      streamId: id, caches: kpis.values.compactMap(\.cache),
      missing: kpis.filter { $0.value.cache == nil }.map(\.key))
  }

  private var unwritten: [StreamCells] {
    let ids = state.withLock { state in
      Set(
        state.kpis.values.compactMap { live in
          live.cache.flatMap { $0.mergedSeq > $0.writtenSeq ? live.streamId : nil }
        })
    }
    return ids.sorted().map { cells(ofStream: $0) }.filter(\.areEven)
  }

  /// Writes what was changed of a stream's cells, and that they are as far as `seq`. The records of KPIs that have not come
  /// so far go: it would hold of their cells as well.
  func write(
    _ stream: StreamCells, through seq: UInt64, _ transaction: inout WriteTransaction
  ) throws {
    precondition(stream.caches.isEmpty || stream.mergedSeq == seq, "cells lack blocks")
    for cache in stream.caches { try cache.write(&transaction) }
    for id in stream.missing { try transaction.delete(records, KpiRecord.key(id)) }
    try Checkpoint.write(seq, stream.streamId, records, &transaction)
  }

  func written(_ stream: StreamCells) {
    let seq = stream.mergedSeq
    for cache in stream.caches { cache.written(through: seq) }
    state.withLock { $0.unwrittenWork[stream.streamId] = nil }
  }

  /// Makes room when cells take more memory than they may: drops those that are on disk as they are and, if that does not do,
  /// writes the others. To be called by whoever has the turn of cells. O(KPIs) when there is room.
  func makeRoom() throws {
    cellsTurn.require()
    evict()
    guard isMemoryFull else { return }
    state.withLock { $0.writesForRoom += 1 }
    try write()
  }

  /// Drops cells from memory that were not changed for long when all take too much of it.
  private func evict() {
    let caches = state.withLock { $0.kpis.values.compactMap(\.cache) }
      .sorted { $0.byteCount > $1.byteCount }
    var bytes = caches.reduce(0) { $0 + $1.byteCount }
    // First what has not changed since the checkpoint before, in all KPIs alike; then all of the largest ones.
    for isWhole in [false, true] where bytes > limits.memoryBytes {
      let share = Double(limits.memoryBytes) / Double(bytes) / 2
      for cache in caches where !isWhole || bytes > limits.memoryBytes {
        bytes -= cache.byteCount
        cache.evict(to: isWhole ? 0 : Int(Double(cache.byteCount) * share))
        bytes += cache.byteCount
      }
    }
  }

  /// Whether so much was changed that it has to be written: for its memory, or for what it would take to do it again.
  var isCheckpointDue: Bool {
    let work = state.withLock { state in
      // Nothing is written of a stream whose KPIs have no cells.
      state.followedStreams.reduce(0) { $0 + (state.unwrittenWork[$1] ?? 0) }
    }
    return work >= limits.unwrittenWork || isMemoryFull
  }

  /// Whether cells that are still to be written take as much memory as they may; or half as much again as all may, with those
  /// beside them that stay since their buckets are changing: to write these only to drop them costs reading them again.
  private var isMemoryFull: Bool {
    let caches = state.withLock { $0.kpis.values.compactMap(\.cache) }
    let pendingBytes = caches.reduce(0) { $0 + $1.pendingBytes }
    if pendingBytes > limits.memoryBytes / 4 * 3 { return true }
    return pendingBytes > 0 && caches.reduce(0) { $0 + $1.byteCount } > limits.memoryBytes / 2 * 3
  }

  /// Notes that the cells of a KPI could not be brought to a block: it is answered from the events until they are computed
  /// anew.
  func fail(_ cache: CellCache, _ error: any Error) {
    state.withLock { state in
      let id = cache.kpi.definition.id
      guard state.kpis[id]?.cache === cache else { return }
      state.kpis[id]?.cache = nil
      state.kpis[id]?.failure = "\(error)"
    }
  }

  /// A checkpoint could not be written: what takes more memory than cells may is dropped.
  func giveUp(_ error: any Error) {
    let caches = state.withLock { $0.kpis.values.compactMap(\.cache) }
    guard caches.reduce(0, { $0 + $1.byteCount }) > limits.memoryBytes else { return }
    for cache in caches where cache.pendingCount > 0 { fail(cache, error) }
  }

  // MARK: Reading

  /// Cells in memory are behind a transaction, or were written after it began.
  struct CellsMovedError: Error {
    /// The KPI's.
    var id: UInt64
  }

  /// Which cells are read in the program that writes them. In any other they are those on disk, with the blocks after them.
  enum CellSource {
    /// Those in memory, if they have all blocks.
    case memory
    /// Those in memory, with the blocks that they lack.
    case memoryAndBlocks
    /// Those on disk, with the blocks after the checkpoint.
    case disk
  }

  /// The cells of a KPI's buckets that start within `range`, as they are with all blocks that the transaction has. What
  /// cells lack is folded for whoever reads, and changes no cells. Throws ``CellsMovedError`` when those in memory do not
  /// fit. O(cells changed since the checkpoint), O(facts) of blocks that are folded.
  func cells(
    of kpi: CompiledKpi, generation: UInt32, checkpointSeq: UInt64, within range: Range<Int64>,
    from source: CellSource, _ transaction: borrowing ReadTransaction
  ) throws -> KpiCells {
    let stored = CellReader(tables, kpi, generation)
    let range = kpi.plan.hasSeries ? .min..<Int64.max : range
    let stream = try log.stream(named: kpi.definition.stream, transaction)
    if source != .disk, let cache = state.withLock({ $0.kpis[kpi.definition.id]?.cache }),
      log.mode == .readWrite
    {
      guard cache.generation == generation, let changes = cache.changes(within: range),
        changes.writtenSeq == checkpointSeq
      else { throw CellsMovedError(id: kpi.definition.id) }
      let missing = try log.blocks(
        of: stream, after: changes.mergedSeq, limit: source == .memory ? 1 : .max, transaction)
      if missing.isEmpty {
        let lastSeq = try log.position(of: kpi.definition.stream, transaction).lastSeq
        return KpiCells(stored, fresh: changes.cells, isAhead: changes.mergedSeq > lastSeq)
      }
      if source == .memory { throw CellsMovedError(id: kpi.definition.id) }
      return try fold(missing, within: range, stream, into: changes.cells, stored, transaction)
    }
    let blocks = try log.blocks(of: stream, after: checkpointSeq, limit: .max, transaction)
    return try fold(blocks, within: range, stream, into: HotCells(kpi), stored, transaction)
  }

  /// The cells with some more blocks, of which those facts are folded that are of buckets within `range`. O(facts).
  private func fold(
    _ blocks: [StoredBlock], within range: Range<Int64>, _ stream: EventStream,
    into fresh: HotCells, _ stored: CellReader, _ transaction: borrowing ReadTransaction
  ) throws -> KpiCells {
    let kpi = stored.kpi
    let selection = FactSelection(times: kpi.plan.hasSeries ? nil : [range])
    let blocks = blocks.filter(selection.overlaps)
    for blocks in blocks.batches(ofFacts: limits.batchFacts.upperBound) {
      try Cancellation.check()
      let batch = try BlockBatch(blocks, log, stream, paths: kpi.paths, transaction)
      try BlockParts.forEach(
        batch.columns, kpi, of: batch.block, times: selection.times
      ) { part in
        try fresh.add(part.fold, watermarkNs: part.watermarkNs) {
          try stored.appendPage($0, $1, to: &$2, groups: &$3, transaction)
        } findNext: { bucketNs, group, series in
          try stored.bucket(ofSeries: series, group, after: bucketNs, transaction)
        }
      }
    }
    return KpiCells(stored, fresh: fresh, folded: blocks)
  }

  /// The cells on disk that a KPI's record names, and how far they are; nil while there are none, and when they could not
  /// follow, though the record goes with the next checkpoint only.
  func checkpointed(
    _ live: Live, _ transaction: borrowing ReadTransaction
  ) throws -> (generation: UInt32, seq: UInt64)? {
    let id = live.kpi.definition.id
    if log.mode == .readWrite, state.withLock({ $0.kpis[id] != nil && $0.kpis[id]?.cache == nil }) {
      return nil
    }
    return try Self.checkpointed(id, live.streamId, records, transaction)
  }

  static func checkpointed(
    _ id: UInt64, _ streamId: UInt32, _ records: Table, _ transaction: borrowing ReadTransaction
  ) throws -> (generation: UInt32, seq: UInt64)? {
    guard let record = try KpiRecord.read(id, records, transaction), record.isLive else {
      return nil
    }
    guard let seq = try Checkpoint.read(streamId, records, transaction) else {
      throw DamageError(what: "cells without a checkpoint")
    }
    return (record.generation, seq)
  }
}
