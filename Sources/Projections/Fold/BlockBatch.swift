import Bytes
import EventLog
import LMDB

/// The columns of blocks that are folded together, with what they are as one block.
struct BlockBatch {
  let columns: FactColumns
  /// Of all events that were listed.
  let block: StoredBlock

  /// `blocks` follow each other in the order of the log, as they were listed; at least one. O(bytes of the columns).
  init(
    _ blocks: ArraySlice<StoredBlock>, _ log: EventLog, _ stream: EventStream, paths: Set<Text>,
    _ transaction: borrowing ReadTransaction
  ) throws {
    columns = FactColumns(
      try log.joinedFacts(of: blocks, stream, paths: paths, transaction))
    block = blocks.joined
  }

  /// The same of those blocks that have facts of the selected times, of which a late one widens those of all its block; nil
  /// when none has. O(facts), O(bytes of the columns) of those that have.
  init?(
    _ blocks: ArraySlice<StoredBlock>, _ log: EventLog, _ stream: EventStream, paths: Set<Text>,
    within selection: FactSelection, _ transaction: borrowing ReadTransaction
  ) throws {
    var found: [BlockFacts] = []
    for var facts in try log.joinedFacts(of: blocks, stream, paths: paths, transaction)
    where try selection.takes(&facts) { found.append(facts) }
    if found.isEmpty { return nil }
    columns = FactColumns(found)
    block = blocks.joined
  }
}

extension [StoredBlock] {
  /// Neighbours together, as long as they have at most so many facts; a larger block alone. O(blocks).
  func batches(ofFacts limit: Int) -> [ArraySlice<StoredBlock>] {
    var batches: [ArraySlice<StoredBlock>] = []
    var (first, facts) = (0, 0)
    for (index, block) in enumerated() {
      if index > first, facts + block.factCount > limit {
        batches.append(self[first..<index])
        (first, facts) = (index, 0)
      }
      facts += block.factCount
    }
    if first < count { batches.append(self[first...]) }
    return batches
  }
}

extension ArraySlice<StoredBlock> {
  /// All as one block, of which events may be missing. O(blocks).
  var joined: StoredBlock {
    precondition(!isEmpty, "no block is joined")
    var all = self[startIndex]
    for block in dropFirst() {
      precondition(block.firstSeq > all.lastSeq, "blocks are joined out of the order of the log")
      (all.lastSeq, all.watermarkNs) = (block.lastSeq, block.watermarkNs)
      all.eventCount += block.eventCount
      all.factCount += block.factCount
      all.minTimeNs = Swift.min(all.minTimeNs, block.minTimeNs)
      all.maxTimeNs = Swift.max(all.maxTimeNs, block.maxTimeNs)
    }
    return all
  }
}
