import LMDB

/// What is asked for may have been pruned.
public struct PrunedError: Error, Equatable, CustomStringConvertible {
  public var stream: String
  /// The stream's prune horizon: events up to this one are concerned.
  public var prunedSeq: UInt64

  public var description: String {
    "stream \(stream) keeps documents and facts after seq \(prunedSeq) only: ask for what came later, or a KPI"
  }
}

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
