import LMDB

extension EventLog {
  /// Throws ``PrunedError`` when events from `seq` on may have lost what is to be read of them. O(log n).
  func requireUnpruned(
    _ stream: EventStream, from seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws {
    let totals = try StreamTotals.read(stream.definition.id, tables, transaction)
    guard let horizon = totals?.prunedSeq, seq <= horizon else { return }
    throw PrunedError(stream: stream.name, prunedSeq: horizon)
  }
}
