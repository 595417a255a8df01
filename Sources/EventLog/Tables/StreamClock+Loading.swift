import Bytes
import LMDB

extension StreamClock {
  /// The clock as the last commit left it. O(open sources).
  static func load(
    _ streamId: UInt32, _ totals: StreamTotals, _ tables: LogTables,
    _ transaction: borrowing ReadTransaction
  ) throws -> StreamClock {
    var open: [Text: Int64] = [:]
    var expected: Set<Text> = []
    for (name, state) in try SourceState.open(streamId, tables, transaction) {
      if let reached = state.watermarkNs {
        open[Text(name)] = reached
      } else if state.isAwaited {
        expected.insert(Text(name))
      }
    }
    return StreamClock(
      watermarkNs: totals.watermarkNs, clockNs: totals.clockNs, open: open,
      expected: expected, closedNs: totals.closedNs)
  }
}
