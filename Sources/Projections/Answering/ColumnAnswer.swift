import Asking
import EventLog
import LMDB
import Model

/// What a question takes from columns: the facts of its rows, and the samples before them that counters and levels begin
/// at.
struct ColumnAnswer {
  private let facts: (scan: ColumnScan, blocks: PinnedBlocks)
  private let earlier: (scan: ColumnScan, blocks: PinnedBlocks)?

  /// Pins the blocks.
  init(
    _ plan: QueryPlan, _ log: EventLog, _ transaction: borrowing ReadTransaction
  ) throws {
    let scan = ColumnScan(
      kpi: plan.asked, selection: plan.selection, maxCells: plan.maxCells,
      maxBytes: plan.query.limits.maxMemoryBytes, isCancelled: plan.query.isCancelled)
    facts = (scan, try scan.blocks(log, transaction))
    let startNs = plan.times.lowerBound
    guard plan.asked.plan.hasSeries, startNs > .min else {
      earlier = nil
      return
    }
    var whole = plan.asked
    whole.makeWhole(.min..<startNs)
    let before = ColumnScan(
      kpi: whole, selection: FactSelection(times: [.min..<startNs], lastSeq: plan.lastSeq),
      maxBytes: plan.query.limits.maxMemoryBytes, isCancelled: plan.query.isCancelled)
    earlier = (before, try before.blocks(log, transaction))
  }

  /// Not to be called within a transaction. O(facts of the blocks).
  func result(
    _ plan: QueryPlan, _ answered: inout AggregatePlan, _ log: EventLog
  ) throws -> AggregateResult {
    var reader = PaneReader(plan.asked)
    try reader.add(try facts.scan.cells(log, facts.blocks))
    answered.origin = .columns
    (answered.blocks, answered.facts) = (facts.blocks.blocks.count, facts.blocks.factCount)
    let before = try earlier.map { LastSamples(try $0.scan.cells(log, $0.blocks)) } ?? LastSamples()
    return try plan.rows(reader.panes).columns(plan.rowStarts, within: plan.times, answered) {
      name, group, measure, _ in
      before.last(name, group, measure)
    }
  }
}
