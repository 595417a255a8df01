import EventLog
import LMDB
import Model

/// Computes cells of a KPI from the log's columns: blocks are folded on all cores and merged in the order of the log.
struct ColumnScan {
  let kpi: CompiledKpi
  let selection: FactSelection
  var maxCells = Int.max
  var isCancelled: @Sendable () -> Bool = { false }

  /// The blocks that may have facts asked for.
  func blocks(
    _ log: EventLog, _ transaction: borrowing ReadTransaction
  ) throws -> [StoredBlock] {
    let stream = try log.stream(named: kpi.definition.stream, transaction)
    return try log.blocks(of: stream, after: 0, limit: .max, transaction)
      .filter(selection.overlaps)
  }

  /// O(facts of the blocks).
  func cells(
    _ log: EventLog, _ blocks: [StoredBlock], _ transaction: borrowing ReadTransaction
  ) throws -> HotCells {
    let stream = try log.stream(named: kpi.definition.stream, transaction)
    let hot = HotCells(kpi)
    let (kpi, selection) = (kpi, selection)
    let folds = OrderedWork(count: blocks.count) { index in
      try log.environment.read { transaction in
        let facts = try log.facts(of: blocks[index], stream, transaction)
        return try BlockFold(FactColumns(facts), kpi, selection)
      }
    }
    defer { folds.stop() }
    for _ in blocks.indices {
      if isCancelled() { throw CancellationError() }
      guard let fold = try folds.next() else { continue }
      try hot.add(fold, watermarkNs: nil) { _, _, _ in false }
      hot.keepChanges()
      if hot.count > maxCells { throw TooManyCellsError(limit: maxCells) }
      log.releaseMemory(above: Projections.maxResidentFileBytes)
    }
    return hot
  }
}

/// An answer has more groups and buckets than may be computed side by side.
public struct TooManyCellsError: Error, Equatable, CustomStringConvertible {
  public var limit: Int
  public var description: String {
    "more than \(limit) groups and buckets; narrow the filter or the range, or take longer buckets"
  }
}
