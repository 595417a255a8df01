import LMDB

extension EventLog {
  /// The stream's watermark as it was after event `seq`, as far as whole batches have brought it. O(log n), and O(pieces)
  /// where a merged block has events before and after.
  package func watermarkNs(
    of stream: EventStream, asOf seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> Int64? {
    try requireComplete(stream, transaction)
    let id = stream.definition.id
    // It never goes back, so the greatest of what was known is the last.
    let closing = try ClosingMark.last(ofStream: id, through: seq, tables, transaction)
    let known = [closing?.watermarkNs, try blockMark(ofStream: id, through: seq, transaction)]
    return known.compactMap { $0 }.max()
  }

  /// The watermark after the last batch whose events are all up to `seq`.
  private func blockMark(
    ofStream id: UInt32, through seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> Int64? {
    guard let block = try store.lastBlock(ofStream: id, beginningBy: seq, transaction) else {
      return nil
    }
    if block.lastSeq <= seq { return block.watermarks.afterNs }
    guard block.isMerged else { return block.watermarks.beforeNs }
    let pieces = try store.pieces(of: block, transaction)
    let last = pieces.last { $0.lastSeq <= seq }
    return last.map(\.watermarkNs) ?? block.watermarks.beforeNs
  }
}
