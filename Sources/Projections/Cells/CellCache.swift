import EventLog
import LMDB

/// The cells of one generation: the hot ones in memory, all on disk. Blocks change them in memory; they are written
/// with the transaction that the blocks belong to.
///
/// Not for several threads at once: whoever has the turn to commit uses it.
final class CellCache: @unchecked Sendable {
  let kpi: CompiledKpi
  let generation: UInt32
  let tables: CellTables
  let hot: HotCells
  /// Nothing is on disk that is not in memory as well.
  private var hasAll: Bool
  /// Gives pages of the store's file back when too many count as memory.
  private let releaseMemory: () -> Void
  /// Blocks may be merged: between ``begin()`` and ``committed()``.
  private var isOpen = false
  /// The first events of the last block that was merged, and of the last one that is durable.
  private var (mergedSeq, durableSeq): (UInt64, UInt64) = (0, 0)
  /// Cells that were read or written, each somewhere in the file.
  private var touched = 0

  /// Cells in memory of one KPI at most, but for those of one transaction; a cell takes some hundred bytes.
  static let maxHotCells = 40_000

  /// Cells that were changed since the last commit.
  var pendingCount: Int { hot.changedCount }

  /// Cells in memory of buckets that `isCounted`, called with their starts.
  func count(_ isCounted: (Int64) -> Bool) -> Int {
    hot.buckets.reduce(0) { $0 + (isCounted($1.key) ? $1.value.cells.count : 0) }
  }

  /// `isNew`: the generation has no cells yet.
  init(
    _ kpi: CompiledKpi, generation: UInt32, tables: CellTables, isNew: Bool = false,
    releaseMemory: @escaping () -> Void
  ) {
    self.releaseMemory = releaseMemory
    self.kpi = kpi
    self.generation = generation
    self.tables = tables
    hot = HotCells(kpi)
    hasAll = isNew
  }

  /// Begins a transaction. What was changed since the last commit is void, and with it all that is in memory.
  func begin() {
    if pendingCount > 0 { forget() }
    isOpen = true
    mergedSeq = durableSeq
  }

  /// Drops what is in memory: what counts is on disk.
  func forget() {
    hot.removeAll()
    hasAll = false
  }

  /// Merges a block's cells, in the order of the log. O(cells of the block).
  func apply(
    _ fold: BlockFold, of block: StoredBlock, watermarkNs: Int64?,
    _ transaction: borrowing ReadTransaction
  ) throws {
    precondition(isOpen, "a block is merged into cells outside of a transaction")
    // A block may come in parts.
    precondition(block.firstSeq >= mergedSeq, "blocks are merged out of the order of the log")
    mergedSeq = block.firstSeq
    let stored = CellReader(tables, kpi, generation)
    try hot.add(fold, watermarkNs: watermarkNs) { bucketNs, group, cells in
      if hasAll { return false }
      touch()
      return try stored.append(bucketNs, group, to: &cells, transaction)
    } findNext: { bucketNs, group, series in
      touch()
      return try stored.bucket(ofSeries: series, group, after: bucketNs, transaction)
    }
  }

  func touch() {
    touched += 1
    if touched % 256 == 0 { releaseMemory() }
  }

  /// Writes the changed cells. O(cells).
  func finish(_ transaction: inout WriteTransaction) throws {
    precondition(isOpen, "cells are written outside of a transaction")
    if pendingCount == 0 { return }
    var bytes: [UInt8] = []
    for (bucketNs, bucket) in hot.buckets.sorted(by: { $0.key < $1.key }) {
      for row in hot.changedRows(bucket) {
        let group = hot.group(Int(row), bucket)
        let key = CellKey(generation: generation, bucketNs: bucketNs, group: group)
        bucket.cells.encode(Int(row), key, into: &bytes)
        try transaction.put(tables.cells, key.key, bytes)
        touch()
      }
    }
    for key in newSeries(generation) {
      try transaction.put(tables.series, key, SeriesKey.value(key))
      touch()
    }
  }

  /// The entries of the series that were new to cells since the last commit, under a generation.
  func newSeries(_ generation: UInt32) -> [Key] {
    hot.newSeries.buckets.flatMap { series, buckets in
      let key = SeriesKey(
        generation: generation, group: hot.group(series.group), series: series.name)
      return buckets.map { key.key($0) }
    }
  }

  /// What was finished is durable.
  func committed() {
    precondition(isOpen, "cells of a transaction that was not begun are durable")
    isOpen = false
    durableSeq = mergedSeq
    if pendingCount == 0 { return }
    hot.keepChanges()
    guard hot.count > Self.maxHotCells else { return }
    hasAll = false
    hot.evict(to: Self.maxHotCells / 2, maxGroups: Self.maxHotCells)
  }
}
