import Bytes
import LMDB
import Zstd

/// Hashes of the documents of stored blocks, to tell whether a duplicate says the same as the event that it repeats.
/// Duplicates mostly repeat recent events, or the events of one block after those of the other.
struct DocumentHashes {
  private var blocks: [UInt64: [UInt64]] = [:]
  private var order: [UInt64] = []
  /// Some 500 KB each at most.
  private static let maxBlocks = 12

  /// Notes of each of `duplicates` whether its document differs from that of the event it repeats. O(documents of
  /// the blocks with these events).
  mutating func compare(
    _ duplicates: inout [DuplicateEvent], of stream: EventStream, _ store: BlockStore,
    _ transaction: borrowing ReadTransaction
  ) throws {
    for index in duplicates.indices {
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
    guard let firstSeq = try store.firstSeq(ofBlockWith: seq, transaction) else {
      throw Self.damage(seq)
    }
    if blocks[firstSeq] == nil {
      if order.count >= Self.maxBlocks { blocks[order.removeFirst()] = nil }
      blocks[firstSeq] = try read(firstSeq, stream, store, transaction)
      order.append(firstSeq)
    }
    guard let hashes = blocks[firstSeq], seq - firstSeq < UInt64(hashes.count) else {
      throw Self.damage(seq)
    }
    return hashes[Int(seq - firstSeq)]
  }

  private func read(
    _ firstSeq: UInt64, _ stream: EventStream, _ store: BlockStore,
    _ transaction: borrowing ReadTransaction
  ) throws -> [UInt64] {
    let id = stream.definition.id
    let summary = try store.summaries(ofStream: id, from: firstSeq, limit: 1, transaction).first
    guard let summary, summary.firstSeq == firstSeq else { throw Self.damage(firstSeq) }
    let state = stream.schema.snapshot()
    let documents = try DocumentRenderer.documents(
      try store.reader(summary, transaction, ZstdDecompressor()), columns: state.columns,
      program: ShapeProgram(state.trie.shapes))
    return documents.ends.indices.map { index in
      let range = documents.range(index)
      return IdHash.hash(
        documents.bytes.rawSpan, start: range.lowerBound, count: range.count,
        key: stream.definition.hashKey)
    }
  }

  private static func damage(_ seq: UInt64) -> DamageError {
    DamageError(what: "a duplicate repeats an event that is missing", firstSeq: seq)
  }
}
