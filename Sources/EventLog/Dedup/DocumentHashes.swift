import Bytes
import LMDB
import Zstd

/// Hashes of the documents of stored blocks, to tell whether a duplicate says the same as the event that it repeats.
/// Duplicates mostly repeat recent events, or the events of one block after those of the other.
struct DocumentHashes {
  private struct Block {
    var seqs: EventSeqs
    var hashes: [UInt64]
  }

  private var blocks: [BlockName: Block] = [:]
  /// Those that were asked for last come last.
  private var order: [BlockName] = []
  /// Some 500 KB each at most: with twenty thousand devices that is what comes in half an hour. To render a block costs as
  /// much as to take it in.
  private static let maxBlocks = 36

  /// Notes of each of `duplicates` whether its document differs from that of the event it repeats. O(documents of
  /// the blocks with these events).
  mutating func compare(
    _ duplicates: inout [DuplicateEvent], of stream: EventStream, prunedSeq: UInt64,
    _ store: BlockStore, _ transaction: borrowing ReadTransaction
  ) throws {
    // Of documents that may be gone nothing can be said.
    for index in duplicates.indices where duplicates[index].firstSeq > prunedSeq {
      let first = duplicates[index].firstSeq
      let original = try hash(of: first, stream, store, transaction)
      duplicates[index].isDifferent = duplicates[index].documentHash != original
      if !duplicates[index].isDifferent { duplicates[index].head = [] }
    }
  }

  private mutating func hash(
    of seq: UInt64, _ stream: EventStream, _ store: BlockStore,
    _ transaction: borrowing ReadTransaction
  ) throws -> UInt64 {
    let id = stream.definition.id
    guard let summary = try store.summaries(ofStream: id, from: seq, limit: 1, transaction).first
    else { throw Self.damage(seq) }
    let name = BlockName(summary)
    if blocks[name] == nil {
      if order.count >= Self.maxBlocks { blocks[order.removeFirst()] = nil }
      blocks[name] = try read(summary, stream, store, transaction)
      order.append(name)
    } else if order.last != name, let place = order.firstIndex(of: name) {
      order.append(order.remove(at: place))
    }
    guard let block = blocks[name], let index = block.seqs.index(of: seq),
      index < block.hashes.count
    else { throw Self.damage(seq) }
    return block.hashes[index]
  }

  private func read(
    _ summary: BlockSummary, _ stream: EventStream, _ store: BlockStore,
    _ transaction: borrowing ReadTransaction
  ) throws -> Block {
    let state = stream.schema.snapshot()
    let reader = try store.reader(summary, transaction, ZstdDecompressor())
    let documents = try DocumentRenderer.documents(
      reader, columns: state.columns, program: ShapeProgram(state.trie.shapes))
    let hashes = documents.ends.indices.map { index in
      let range = documents.range(index)
      return IdHash.hash(
        documents.bytes.rawSpan, start: range.lowerBound, count: range.count,
        key: stream.definition.hashKey)
    }
    return Block(seqs: try reader.seqs(), hashes: hashes)
  }

  private static func damage(_ seq: UInt64) -> DamageError {
    DamageError(what: "a duplicate repeats an event that is missing", firstSeq: seq)
  }
}
