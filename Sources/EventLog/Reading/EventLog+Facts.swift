import Bytes
import LMDB
import Zstd

extension EventLog {
  /// How far a stream's event time has got, how many facts it has, and the log's last event.
  package func position(
    of stream: String, _ transaction: borrowing ReadTransaction
  ) throws -> (watermarkNs: Int64?, facts: UInt64, lastSeq: UInt64) {
    let id = try self.stream(named: stream, transaction).definition.id
    let totals = try StreamTotals.read(id, tables, transaction) ?? StreamTotals()
    let lastSeq = try LogHead.read(tables, transaction).nextSeq - 1
    return (totals.watermarkNs, totals.facts, lastSeq)
  }

  /// The least and the greatest time of a stream's facts; nil when it has none.
  package func times(
    of stream: EventStream, _ transaction: borrowing ReadTransaction
  ) throws -> ClosedRange<Int64>? {
    try requireComplete(stream, transaction)
    guard let totals = try StreamTotals.read(stream.definition.id, tables, transaction) else {
      return nil
    }
    return totals.timesNs
  }

  /// The stream's next blocks after event `seq`, at most `limit`.
  /// A merged block that has events before it, too, is told of from the next piece on. O(blocks given).
  package func blocks(
    of stream: EventStream, after seq: UInt64, limit: Int, _ transaction: borrowing ReadTransaction
  ) throws -> [StoredBlock] {
    var blocks = try store.summaries(
      ofStream: stream.definition.id, from: seq + 1, limit: limit, transaction
    ).map(StoredBlock.init)
    if let first = blocks.first, first.firstSeq <= seq {
      blocks[0] = try rest(of: first, stream, after: seq, transaction)
    }
    return blocks
  }

  /// The stream's blocks that have events from `seq` on, whole ones, in the order of the log. O(log n + blocks found).
  package func blocks(
    of stream: EventStream, from seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> [StoredBlock] {
    try store.summaries(ofStream: stream.definition.id, from: seq, limit: .max, transaction)
      .map(StoredBlock.init)
  }

  /// The stream's blocks that may have facts in `times`, in the order of the log. O(log n + blocks found), and more where
  /// late events made blocks wide.
  package func blocks(
    of stream: EventStream, in times: Range<Int64>, _ transaction: borrowing ReadTransaction
  ) throws -> [StoredBlock] {
    let id = stream.definition.id
    guard let totals = try StreamTotals.read(id, tables, transaction) else { return [] }
    return try store.summaries(ofStream: id, in: times, totals, transaction).map(StoredBlock.init)
  }

  /// The part of a merged block that comes after event `seq`, which is the last one of a piece.
  private func rest(
    of block: StoredBlock, _ stream: EventStream, after seq: UInt64,
    _ transaction: borrowing ReadTransaction
  ) throws -> StoredBlock {
    let facts = try facts(of: block, stream, paths: [], transaction)
    guard let next = facts.pieces.first(where: { $0.firstSeq > seq }) else {
      throw DamageError(what: "pieces of a merged block", firstSeq: block.firstSeq)
    }
    let passed = facts.seqs.count(before: next.firstSeq)
    var rest = block
    rest.firstSeq = next.firstSeq
    rest.eventCount -= passed
    rest.factCount -= facts.events()?.count { $0 < passed } ?? passed
    rest.watermarkBeforeNs = next.watermarkBeforeNs
    return rest
  }

  /// The facts of the block that has the events of `block`: those of others, too, if it was merged with them since. With
  /// `paths` only their columns can be asked for, and are all that is read.
  /// Throws ``PrunedError``, and ``DamageError`` when there is no such block.
  package func facts(
    of block: StoredBlock, _ stream: EventStream, paths: Set<Text>? = nil,
    _ transaction: borrowing ReadTransaction
  ) throws -> BlockFacts {
    try requireBlocks(of: stream, transaction)
    let summary = try store.summaries(
      ofStream: block.streamId, from: block.firstSeq, limit: 1, transaction
    ).first
    guard let summary, summary.firstSeq <= block.firstSeq, summary.lastSeq >= block.lastSeq else {
      throw DamageError(what: "a block is missing", firstSeq: block.firstSeq)
    }
    try requireUnpruned(stream, from: summary.firstSeq, transaction)
    let decompressor = ZstdDecompressor()
    guard let paths else {
      return try BlockFacts(store.reader(summary, transaction, decompressor), stream)
    }
    let columns = stream.schema.snapshot().columns
    let reader = try store.reader(summary, transaction, decompressor) { section in
      switch section.kind {
      case .times, .factTimes, .factCounts, .pieces: true
      // One that the stream does not know is damage, which the facts tell.
      case .column:
        columns.indices.contains(Int(section.column))
          && paths.contains(columns[Int(section.column)].path)
      default: false
      }
    }
    return try BlockFacts(reader, stream)
  }
}
