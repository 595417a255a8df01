import Bytes
import LMDB

extension StreamClock {
  /// The clock as the last commit left it. O(open sources).
  static func load(
    _ streamId: UInt32, _ totals: StreamTotals, _ tables: LogTables,
    _ transaction: borrowing ReadTransaction
  ) throws -> StreamClock {
    var open: [Text: Int64] = [:]
    for (name, state) in try SourceState.open(streamId, tables, transaction) {
      if let reached = state.watermarkNs { open[Text(name)] = reached }
    }
    return StreamClock(
      watermarkNs: totals.watermarkNs, clockNs: totals.clockNs, open: open,
      closedNs: totals.closedNs)
  }
}
