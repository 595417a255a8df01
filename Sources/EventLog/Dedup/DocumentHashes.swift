import Bytes
import LMDB
import Zstd

/// Hashes of the documents of stored blocks, to tell whether a duplicate says the same as the event that it repeats.
///
/// Duplicates may repeat events of many blocks, a few of each: then only their documents are rendered. Of a block that is
/// asked for again and again, as when a file comes twice, all hashes are kept.
struct DocumentHashes {
  private struct Block {
    var seqs: EventSeqs
    var hashes: [UInt64]
  }

  private var blocks: [BlockName: Block] = [:]
  /// Those that were asked for last come last.
  private var order: [BlockName] = []
  private var hashCount = 0
  /// How often blocks were asked for that are not kept.
  private var asked: [BlockName: Int] = [:]

  /// Eight bytes each.
  private static let maxHashes = 1 << 21
  /// A block that is asked for so often will be asked for again.
  private static let maxAsked = 2
  private static let maxAskedBlocks = 4_096

  /// Notes of each of `duplicates` whether its document differs from that of the event it repeats. O(documents of
  /// the blocks with these events) for those that `recent` does not have.
  mutating func compare(
    _ duplicates: inout [DuplicateEvent], of stream: EventStream, prunedSeq: UInt64,
    _ recent: RecentDocuments, _ store: BlockStore, _ transaction: borrowing ReadTransaction
  ) throws {
    // Of documents that may be gone nothing can be said.
    let known = duplicates.indices.filter { duplicates[$0].firstSeq > prunedSeq }
    var older: [Int] = []
    for index in known {
      if let original = recent.hash(of: duplicates[index].firstSeq) {
        duplicates[index].compare(original)
      } else {
        older.append(index)
      }
    }
    older.sort { duplicates[$0].firstSeq < duplicates[$1].firstSeq }
    var rest = older[...]
    while let first = rest.first.map({ duplicates[$0].firstSeq }) {
      guard
        let summary = try store.summaries(
          ofStream: stream.definition.id, from: first, limit: 1, transaction
        ).first
      else { throw Self.damage(first) }
      let part = rest.prefix { duplicates[$0].firstSeq <= summary.lastSeq }
      // One that begins after the event is not the one it was in.
      if part.isEmpty { throw Self.damage(first) }
      rest = rest.dropFirst(part.count)
      let originals = try hashes(
        of: part.map { duplicates[$0].firstSeq }, summary, stream, store, transaction)
      for (index, original) in zip(part, originals) { duplicates[index].compare(original) }
    }
  }

  /// Of events of one block, ascending; an event may be there twice.
  private mutating func hashes(
    of seqs: [UInt64], _ summary: BlockSummary, _ stream: EventStream, _ store: BlockStore,
    _ transaction: borrowing ReadTransaction
  ) throws -> [UInt64] {
    let name = BlockName(summary)
    if let block = blocks[name] {
      if order.last != name, let place = order.firstIndex(of: name) {
        order.append(order.remove(at: place))
      }
      return try Self.events(seqs, block.seqs).map { block.hashes[$0] }
    }
    let reader = try store.reader(summary, transaction, ZstdDecompressor())
    let blockSeqs = try reader.seqs()
    let events = try Self.events(seqs, blockSeqs)
    if asked.count >= Self.maxAskedBlocks { asked = [:] }
    asked[name, default: 0] += 1
    guard asked[name] == Self.maxAsked || events.count > blockSeqs.count / Self.maxAsked else {
      let wanted = events.indices.filter { $0 == 0 || events[$0] != events[$0 - 1] }
        .map { events[$0] }
      let found = try Self.hashes(of: wanted, reader, stream)
      let byEvent = Dictionary(uniqueKeysWithValues: zip(wanted, found))
      return events.compactMap { byEvent[$0] }
    }
    let all = try Self.hashes(of: nil, reader, stream)
    keep(Block(seqs: blockSeqs, hashes: all), name)
    return events.map { all[$0] }
  }

  private mutating func keep(_ block: Block, _ name: BlockName) {
    while let oldest = order.first, hashCount + block.hashes.count > Self.maxHashes {
      hashCount -= blocks.removeValue(forKey: oldest)?.hashes.count ?? 0
      order.removeFirst()
    }
    asked[name] = nil
    blocks[name] = block
    order.append(name)
    hashCount += block.hashes.count
  }

  /// The places of events in their block.
  private static func events(_ seqs: [UInt64], _ block: EventSeqs) throws -> [Int] {
    try seqs.map { seq in
      guard let event = block.index(of: seq) else { throw damage(seq) }
      return event
    }
  }

  /// Of the documents of some events, or of all.
  private static func hashes(
    of events: [Int]?, _ reader: BlockReader, _ stream: EventStream
  ) throws -> [UInt64] {
    let state = stream.schema.snapshot()
    let program = ShapeProgram(state.trie.shapes)
    let documents =
      if let events {
        try DocumentRenderer.documents(
          reader, columns: state.columns, program: program, of: events)
      } else {
        try DocumentRenderer.documents(reader, columns: state.columns, program: program)
      }
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
