import Bytes
import EventLog
import Foundation
import LMDB

/// The cells of one generation in memory: all that blocks have changed since cells were written last, and others that
/// may change again. On disk are all cells as they were when they were written last.
///
/// Blocks change them in memory, in the order of the log. ``write(_:)`` writes what was changed, in a transaction of the
/// caller's, and ``written()`` says that it is durable. Whoever has the turn calls these; any thread may ask for
/// ``changes(within:)``.
final class CellCache: @unchecked Sendable {
  let kpi: CompiledKpi
  let generation: UInt32
  let tables: CellTables
  /// To be read by whoever has the turn.
  let hot: HotCells
  /// Held while a block is merged, or what was changed is copied.
  private let lock = NSLock()
  /// Nothing is on disk that is not in memory as well.
  private var hasAll: Bool
  /// Gives pages of the store's file back when too many count as memory.
  private let releaseMemory: () -> Void
  /// Some parts of a block are merged, and others are not.
  private var isMerging = false
  /// The last events of the last block that was merged, and of the last one that is in the cells on disk.
  private(set) var mergedSeq: UInt64
  private(set) var writtenSeq: UInt64
  /// Pages that were read, and buckets that were written, each somewhere in the file.
  private var touched = 0

  /// Cells that were changed since they were written last.
  var pendingCount: Int { hot.changedCount }

  /// Cells in memory of buckets that `isCounted`, called with their starts.
  func count(_ isCounted: (Int64) -> Bool) -> Int {
    hot.buckets.reduce(0) { $0 + (isCounted($1.key) ? $1.value.cells.count : 0) }
  }

  /// `isNew`: the generation has no cells yet. Those on disk have the events up to `writtenSeq`.
  init(
    _ kpi: CompiledKpi, generation: UInt32, tables: CellTables, writtenSeq: UInt64 = 0,
    isNew: Bool = false, releaseMemory: @escaping () -> Void
  ) {
    self.releaseMemory = releaseMemory
    self.kpi = kpi
    self.generation = generation
    self.tables = tables
    hot = HotCells(kpi)
    hasAll = isNew
    (mergedSeq, self.writtenSeq) = (writtenSeq, writtenSeq)
  }

  /// Voids what was merged since cells were written last.
  func rewind() {
    lock.withLock {
      if pendingCount > 0 { forget() }
      (mergedSeq, isMerging) = (writtenSeq, false)
    }
  }

  /// Drops what is in memory, when all that counts is on disk.
  func forgetWritten() {
    lock.withLock {
      precondition(pendingCount == 0, "cells are dropped that are nowhere else")
      forget()
    }
  }

  private func forget() {
    hot.removeAll()
    hasAll = false
  }

  /// Merges one of the parts of what a block adds, in the order of the log; ``finish(_:)`` has to follow. When it throws, the
  /// cells are of no state of the log. O(cells of the block).
  func add(
    _ part: BlockParts.Part, of block: StoredBlock, _ transaction: borrowing ReadTransaction
  ) throws {
    precondition(block.firstSeq > mergedSeq, "blocks are merged out of the order of the log")
    let stored = CellReader(tables, kpi, generation)
    lock.lock()
    defer { lock.unlock() }
    isMerging = true
    try hot.add(part.fold, watermarkNs: part.watermarkNs) { bucketNs, group, cells, groups in
      if hasAll { return .all }
      touch()
      return try stored.appendPage(
        bucketNs, group, to: &cells, groups: &groups, transaction)
    } findNext: { bucketNs, group, series in
      touch()
      return try stored.bucket(ofSeries: series, group, after: bucketNs, transaction)
    }
  }

  /// All parts of a block are merged.
  func finish(_ block: StoredBlock) {
    lock.withLock {
      precondition(block.firstSeq > mergedSeq, "blocks are merged out of the order of the log")
      (mergedSeq, isMerging) = (block.lastSeq, false)
    }
  }

  /// What blocks have changed in the buckets that start within `range` since cells were written last.
  struct Changes {
    let cells: HotCells
    /// The last events of the blocks that are in these cells, and in those on disk.
    let mergedSeq: UInt64
    let writtenSeq: UInt64
  }

  /// The last event of the blocks that are in the cells now, for those who do not have the turn.
  var currentSeq: UInt64 { lock.withLock { mergedSeq } }

  /// Nil while the parts of a block are merged: then the cells are of no state of the log.
  /// O(buckets that were changed).
  func changes(within range: Range<Int64>) -> Changes? {
    lock.withLock {
      if isMerging { return nil }
      return Changes(
        cells: HotCells(changesOf: hot, within: range), mergedSeq: mergedSeq, writtenSeq: writtenSeq
      )
    }
  }

  func touch() {
    touched += 1
    if touched % 256 == 0 { releaseMemory() }
  }

  /// Writes the pages of changed cells. O(cells of these pages).
  func write(_ transaction: inout WriteTransaction) throws {
    if pendingCount == 0 { return }
    try hot.write(tables, generation, &transaction, touch)
    for key in newSeries(generation) {
      try transaction.put(tables.series, key, SeriesKey.value(key))
      touch()
    }
  }

  /// The entries of the series that were new to cells since they were written last, under a generation.
  func newSeries(_ generation: UInt32) -> [Key] {
    hot.newSeries.buckets.flatMap { series, buckets in
      let key = SeriesKey(
        generation: generation, group: hot.group(series.group), series: series.name)
      return buckets.map { key.key($0) }
    }
  }

  /// What was written is durable, and has all events of the stream up to `seq`.
  func written(through seq: UInt64) {
    lock.withLock {
      precondition(
        seq >= mergedSeq && seq >= writtenSeq && !isMerging,
        "cells are written of earlier events than before, or of a part of a block")
      (mergedSeq, writtenSeq) = (seq, seq)
      if pendingCount > 0 { hot.keepChanges() }
    }
  }

  /// About what its cells take in memory, and the part of it that is of changed ones. O(1).
  var byteCount: Int { hot.byteCount }
  var pendingBytes: Int { hot.pendingBytes }

  /// Drops buckets that are on disk as they are, those that were not used for long first, until cells take `limit` bytes or
  /// those are left that were used last; all of them with a limit of 0.
  func evict(to limit: Int) {
    lock.withLock {
      hasAll = false
      hot.evict(to: limit)
    }
  }
}

extension CellCache {
  /// Merges what a block adds, in the order of the log. O(cells of the block).
  func apply(_ added: BlockParts, _ transaction: borrowing ReadTransaction) throws {
    for part in added.parts { try add(part, of: added.block, transaction) }
    finish(added.block)
  }
}
