import Bytes
import LMDB

extension EventLog {
  /// Calls `body` with the facts of each of the stream's blocks that have events in `seqs` and overlap `times`
  /// (nanoseconds, half-open), in order, until it returns false. A block may have other events as well, before and after.
  ///
  /// Each block is read in a transaction of its own, so a slow `body` holds nothing up. O(blocks + bytes read). Throws
  /// ``UnknownStreamError``, ``PrunedError``, ``DamageError``, and what `body` does.
  package func forEachBlock(
    of name: String, seqs: ClosedRange<UInt64>, times: Range<Int64>? = nil,
    _ body: (BlockFacts) throws -> Bool
  ) throws {
    var next = seqs.lowerBound
    while next <= seqs.upperBound {
      let facts: BlockFacts? = try environment.read { transaction in
        let stream = try stream(named: name, transaction)
        let summary = try store.first(ofStream: stream.definition.id, from: next, transaction) {
          $0.overlaps(times)
        }
        guard let summary, summary.firstSeq <= seqs.upperBound else { return nil }
        // Of the block's bytes those of columns are enough.
        return try self.facts(
          of: StoredBlock(summary), stream, paths: Set(stream.fieldPaths), transaction)
      }
      guard let facts, try body(facts) else { return }
      next = facts.block.lastSeq + 1
    }
  }

  /// A stream and the log's last event, as one commit has them. Throws ``UnknownStreamError``. O(1).
  package func state(ofStream name: String) throws -> (stream: EventStream, lastSeq: UInt64) {
    try environment.read { transaction in
      let stream = try stream(named: name, transaction)
      return (stream, try position(of: name, transaction).lastSeq)
    }
  }
}
