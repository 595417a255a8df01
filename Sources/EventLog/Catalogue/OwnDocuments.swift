import LMDB
import Synchronization
import Zstd

/// The documents of the catalogue as far as they were read. The log only grows, so each is read once, however often the
/// catalogue is asked for. O(documents) of memory.
final class OwnDocuments: Sendable {
  private let read = Mutex<[CatalogueDocument]>([])

  /// The documents that `transaction` sees, in order. Those after `committedSeq` are not kept: a transaction that writes
  /// may yet take them back. O(documents that are new).
  func documents(
    _ own: EventStream, committedSeq: UInt64, _ store: BlockStore,
    _ transaction: borrowing ReadTransaction
  ) throws -> [CatalogueDocument] {
    let known = read.withLock { $0 }
    let added = try store.documents(of: own, after: known.last?.seq ?? 0, transaction)
    if added.isEmpty { return known }
    let kept = added.prefix { $0.seq <= committedSeq }
    read.withLock { read in read += kept.drop { $0.seq <= read.last?.seq ?? 0 } }
    return known + added
  }
}

extension BlockStore {
  /// The documents of one of the log's own streams after event `seq`, in order. O(documents).
  func documents(
    of own: EventStream, after seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> [CatalogueDocument] {
    let summaries = try summaries(ofStream: own.definition.id, from: seq + 1, transaction)
    if summaries.isEmpty { return [] }
    let decompressor = ZstdDecompressor()
    let state = own.schema.snapshot()
    let program = ShapeProgram(state.trie.shapes)
    var found: [CatalogueDocument] = []
    for summary in summaries {
      let reader = try reader(summary, transaction, decompressor)
      let documents = try DocumentRenderer.documents(
        reader, columns: state.columns, program: program)
      let seqs = try reader.seqs()
      for index in documents.ends.indices where seqs[index] > seq {
        let bytes = Array(documents.bytes[documents.range(index)])
        found.append(CatalogueDocument(seq: seqs[index], bytes))
      }
    }
    return found
  }
}
