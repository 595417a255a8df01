import LMDB
import Model
import Zstd

/// What some blocks have.
struct MergeInput {
  let merged: [BlockSummary]
  let stream: EventStream
  fileprivate let columns: MergedColumns
}

/// A block that others were merged to, and what it takes the place of.
struct MergedBlock {
  let merged: [BlockSummary]
  let block: EncodedBlock
  let pieces: [BlockPiece]
  let stream: EventStream
}

/// Makes one block of several: their columns stand one after the other, and are encoded as those of a batch are. The block is read
/// again, and has to have all that there was. Sequence numbers, sources and times of arrival stay those of each piece. One a
/// thread.
struct BlockMerger {
  private var encoder: BlockEncoder
  private let decompressor: ZstdDecompressor

  init() throws {
    encoder = try BlockEncoder()
    decompressor = ZstdDecompressor()
  }

  /// Reads blocks of a stream, of which each follows the one before. Throws ``DamageError`` when one cannot be read.
  /// O(bytes).
  mutating func read(
    _ merged: [BlockSummary], of stream: EventStream, _ store: BlockStore,
    _ transaction: borrowing ReadTransaction
  ) throws -> MergeInput {
    precondition(merged.count > 1, "one block cannot be merged")
    var columns = MergedColumns(stream.definition, stream.schema)
    for summary in merged {
      try columns.add(store.reader(summary, transaction, decompressor))
      try Cancellation.check()
    }
    return MergeInput(merged: merged, stream: stream, columns: columns)
  }

  /// Makes one block of them. Throws ``DamageError`` when it does not have what they have, which was never seen. O(bytes).
  mutating func merge(_ input: consuming MergeInput) throws -> MergedBlock {
    let (merged, stream, columns) = (input.merged, input.stream, input.columns)
    let block = try encoder.encode(
      columns.batch, pieces: columns.pieces, originalBytes: columns.originalBytes)
    guard try block.holds(columns, decompressor) else {
      throw DamageError(
        what: "blocks that a merged one does not give back, and that were not merged",
        firstSeq: merged.first?.firstSeq, lastSeq: merged.last?.lastSeq)
    }
    return MergedBlock(merged: merged, block: block, pieces: columns.pieces, stream: stream)
  }
}
