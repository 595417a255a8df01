import LMDB

extension BlockStore {
  /// The stream's blocks after its last large one and after event `seq`, in order. O(blocks found).
  func smallBlocks(
    atEndOf id: UInt32, after seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> [BlockSummary] {
    let prefix = Key().appending(id)
    var cursor = try transaction.cursor(streams)
    var found = try cursor.seek(lastAtOrBefore: prefix.appending(UInt64.max))
    var blocks: [BlockSummary] = []
    while found, cursor.hasPrefix(prefix) {
      let block = try BlockSummary(key: cursor.key, value: cursor.value)
      if MergePlan.isLarge(block) || block.firstSeq <= seq { break }
      blocks.append(block)
      found = try cursor.previous()
    }
    return blocks.reversed()
  }

  /// The stream's first blocks after event `seq` that can be made one; nil when there are none. O(blocks up to the end of
  /// these).
  func nextRun(
    ofStream id: UInt32, after seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> [BlockSummary]? {
    let prefix = Key().appending(id)
    var cursor = try transaction.cursor(streams)
    var found = try cursor.seek(atOrAfter: prefix.appending(seq + 1))
    var run = MergeRun()
    while found, cursor.hasPrefix(prefix) {
      let block = try BlockSummary(key: cursor.key, value: cursor.value)
      if let ended = run.add(block) { return ended }
      found = try cursor.next()
    }
    return run.end()
  }
}
