import LMDB

extension BlockStore {
  /// The stream's last block that begins at event `seq` or before. O(log n).
  func lastBlock(
    ofStream streamId: UInt32, beginningBy seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> BlockSummary? {
    let prefix = Key().appending(streamId)
    var cursor = try transaction.cursor(streams)
    guard try cursor.seek(lastAtOrBefore: prefix.appending(seq)), cursor.hasPrefix(prefix) else {
      return nil
    }
    return try BlockSummary(key: cursor.key, value: cursor.value)
  }

  /// The stream's first block with events from `seq` on for which `isWanted` holds. O(blocks passed over).
  func first(
    ofStream streamId: UInt32, from seq: UInt64, _ transaction: borrowing ReadTransaction,
    where isWanted: (BlockSummary) -> Bool
  ) throws -> BlockSummary? {
    var next = seq
    // Mostly the next block is wanted.
    var limit = 1
    while true {
      let summaries = try summaries(ofStream: streamId, from: next, limit: limit, transaction)
      if let summary = summaries.first(where: isWanted) { return summary }
      guard let last = summaries.last, summaries.count == limit else { return nil }
      next = last.lastSeq + 1
      limit = 64
    }
  }
}

extension BlockSummary {
  func overlaps(_ times: Range<Int64>?) -> Bool {
    guard let times else { return true }
    return minTimeNs < times.upperBound && maxTimeNs >= times.lowerBound
  }
}
