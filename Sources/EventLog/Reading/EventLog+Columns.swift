import Bytes
import LMDB
import Zstd

extension EventLog {
  /// Calls `body` with the column at `path` of each of the stream's blocks that overlap `times`
  /// (nanoseconds, half-open), in order. One column's bytes are all that is read. O(blocks + values).
  /// Throws ``UnknownStreamError``, ``PrunedError``, ``DamageError``, and what `body` does.
  public func forEachColumn(
    _ path: String, of name: String, times: Range<Int64>? = nil,
    _ body: (FactColumn) throws -> Void
  ) throws {
    let decompressor = ZstdDecompressor()
    var next: UInt64 = 1
    var isFound = true
    var first: EventStream?
    while isFound {
      let column: FactColumn? = try environment.read { transaction in
        let stream = try stream(named: name, transaction)
        first = first ?? stream
        try requireBlocks(of: first ?? stream, transaction)
        let summary = try store.first(ofStream: stream.definition.id, from: next, transaction) {
          $0.overlaps(times)
        }
        guard let summary else { return nil }
        try requireUnpruned(stream, from: summary.firstSeq, transaction)
        var column = try FactColumn(Text(path), summary, stream, store, transaction, decompressor)
        if summary.firstSeq < next {
          // Blocks that were read have been merged with others since.
          column.removeFirst(
            try store.factCount(of: summary, before: next, transaction), firstSeq: next)
        }
        next = summary.lastSeq + 1
        return column
      }
      if let column { try body(column) } else { isFound = false }
    }
  }
}

extension BlockStore {
  /// How many facts of a block are of events before `seq`. O(events).
  fileprivate func factCount(
    of summary: BlockSummary, before seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> Int {
    let reader = try reader(summary, transaction, ZstdDecompressor()) { $0.kind == .factCounts }
    let events = try reader.seqs().count(before: seq)
    let factCounts = try reader.integers(.factCounts)
    return factCounts.isEmpty ? events : factCounts.prefix(events).reduce(0) { $0 + Int($1) }
  }
}
