import EventLog
import LMDB
import Model

/// Computes cells of a KPI from the log's columns: blocks are folded on all cores and merged in the order of the log.
struct ColumnScan {
  private let log: EventLog
  private let kpi: CompiledKpi
  /// Facts of the buckets asked for; nil for all.
  private let times: Range<Int64>?

  /// The buckets that start within `range`.
  init(_ log: EventLog, _ kpi: CompiledKpi, _ range: Range<Int64>) {
    self.log = log
    self.kpi = kpi
    times =
      range.lowerBound == .min && range.upperBound == .max ? nil : Self.times(kpi.buckets, range)
  }

  /// The times within buckets that start within `range`.
  private static func times(_ buckets: Buckets, _ range: Range<Int64>) -> Range<Int64> {
    func firstStart(_ bound: Int64) -> Int64 {
      if bound == .min || bound == .max { return bound }
      let start = buckets.start(of: bound)
      return start == bound ? start : buckets.end(ofBucketStarting: start)
    }
    let low = firstStart(range.lowerBound)
    return low..<max(low, firstStart(range.upperBound))
  }

  /// O(facts of the blocks that have facts in the range).
  func cells(_ transaction: borrowing ReadTransaction) throws -> HotCells {
    let stream = try log.stream(named: kpi.definition.stream, transaction)
    var blocks = try log.blocks(of: stream, after: 0, limit: .max, transaction)
    if let times {
      blocks.removeAll { $0.maxTimeNs < times.lowerBound || $0.minTimeNs >= times.upperBound }
    }
    let hot = HotCells(kpi)
    let (log, kpi, times) = (log, kpi, times)
    let chosen = blocks
    let folds = OrderedWork(count: chosen.count) { index in
      try log.environment.read { transaction in
        let facts = try log.facts(of: chosen[index], stream, transaction)
        return try BlockFold(FactColumns(facts), kpi, within: times)
      }
    }
    defer { folds.stop() }
    for _ in chosen.indices {
      guard let fold = try folds.next() else { continue }
      try hot.add(fold, watermarkNs: nil) { _, _, _ in false }
      hot.keepChanges()
      log.releaseMemory(above: Projections.maxResidentFileBytes)
    }
    return hot
  }
}
