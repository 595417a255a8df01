import EventLog
import LMDB
import Model

/// Computes cells of a KPI from the log's columns: blocks are folded on all cores and merged in the order of the log.
struct ColumnScan {
  let kpi: CompiledKpi
  let selection: FactSelection
  var maxCells = Int.max
  /// Of memory, for the cells and as much again for what is made of them.
  var maxBytes = Int.max
  var isCancelled: @Sendable () -> Bool = { false }

  private static let pieceBlocks = 4
  /// Small blocks are folded together; columns of more facts than this do not stay in a core's cache.
  private static let batchFacts = 1 << 14

  /// The blocks that may have facts asked for, as of the transaction. Their events stay what they are, though they may be
  /// merged with others before they are read, each in a transaction of its own.
  func blocks(
    _ log: EventLog, _ transaction: borrowing ReadTransaction
  ) throws -> PinnedBlocks {
    let stream = try log.stream(named: kpi.definition.stream, transaction)
    return PinnedBlocks(
      stream: stream, blocks: try selection.blocks(of: stream, log, transaction))
  }

  /// Not to be called within a transaction: a writer that has to grow the map would wait for it, the threads that read
  /// for the writer, and the caller for those. O(facts of the blocks).
  func cells(_ log: EventLog, _ pinned: PinnedBlocks) throws -> HotCells {
    let (stream, blocks) = (pinned.stream, pinned.blocks)
    let hot = HotCells(kpi)
    let (kpi, selection) = (kpi, selection)
    // Several blocks a piece, since many of them have next to nothing to do.
    let pieces = stride(from: 0, to: blocks.count, by: Self.pieceBlocks).map {
      blocks[$0..<min($0 + Self.pieceBlocks, blocks.count)]
    }
    let folds = try OrderedWork(count: pieces.count, for: .query) { index in
      try log.environment.read { transaction in
        try Array(pieces[index]).batches(ofFacts: Self.batchFacts).compactMap {
          blocks -> BlockFold? in
          let batch = try BlockBatch(
            blocks, log, stream, paths: kpi.paths, within: selection, transaction)
          guard let batch else { return nil }
          return try BlockFold(batch.columns, kpi, selection.within(batch.block))
        }
      }
    }
    defer { folds.stop() }
    for _ in pieces.indices {
      for fold in try folds.next() {
        if isCancelled() { throw CancellationError() }
        try hot.add(
          fold, watermarkNs: nil, load: { _, _, _, _ in .all }, findNext: { _, _, _ in nil })
        hot.keepChanges()
        if hot.count > maxCells { throw TooManyCellsError(limit: maxCells) }
        // How much a cell takes depends on how many there are in a bucket.
        if hot.byteCount > maxBytes / 2 { throw TooManyCellsError(limit: hot.count - 1) }
      }
      log.releaseMemory(above: Projections.maxScannedFileBytes)
    }
    return hot
  }
}

/// The blocks of a stream that a statement is answered from, with what was learned of the stream by then.
struct PinnedBlocks {
  var stream: EventStream
  var blocks: [StoredBlock]

  var factCount: Int { blocks.reduce(0) { $0 + $1.factCount } }
}

/// An answer has more groups and buckets than may be computed side by side.
public struct TooManyCellsError: Error, Equatable, CustomStringConvertible {
  public var limit: Int
  public var description: String {
    "more than \(limit) groups and buckets; narrow the filter or the range, or take longer buckets"
  }
}
