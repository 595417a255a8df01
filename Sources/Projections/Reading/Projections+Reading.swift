import Bytes
import EventLog
import LMDB
import Model

extension Projections {
  /// The panes that columns give.
  func scan(
    _ kpi: CompiledKpi, _ selection: FactSelection, _ reader: inout PaneReader,
    maxCells: Int = .max, isCancelled: @escaping @Sendable () -> Bool = { false },
    _ transaction: borrowing ReadTransaction
  ) throws -> Panes {
    let scan = ColumnScan(
      kpi: kpi, selection: selection, maxCells: maxCells, isCancelled: isCancelled)
    let blocks = try scan.blocks(log, transaction)
    reader.add(try scan.cells(log, blocks, transaction))
    reader.blocksRead += blocks.count
    reader.factsRead += blocks.reduce(0) { $0 + $1.factCount }
    return reader.panes
  }

  /// The last sample of each series before a time, from columns.
  func samples(
    before timeNs: Int64?, _ kpi: CompiledKpi, lastSeq: UInt64? = nil,
    isCancelled: @escaping @Sendable () -> Bool = { false },
    _ transaction: borrowing ReadTransaction
  ) throws -> LastSamples {
    guard kpi.plan.hasSeries, let timeNs, timeNs > .min else { return LastSamples() }
    var whole = kpi
    whole.makeWhole(.min..<timeNs)
    let scan = ColumnScan(
      kpi: whole, selection: FactSelection(times: [.min..<timeNs], lastSeq: lastSeq),
      isCancelled: isCancelled)
    return LastSamples(try scan.cells(log, scan.blocks(log, transaction), transaction))
  }
}
