import Bytes
import Crypto
import FileConnector
import Model
import Store

/// The documents of a request with a key, which may have come before as a whole or up to some document.
struct KeyedDocuments: Sendable {
  /// What is known of the request from before.
  private let receipt: RequestReceipt?
  /// That of the documents so far.
  private var mark: RequestMark
  /// Of the source, its position, and the documents so far.
  private var hash = SHA256()

  init(
    _ key: IdempotencyKey, _ receipt: RequestReceipt?, of target: IngestTarget,
    _ progress: SourceProgress?, nowNs: Int64
  ) {
    self.receipt = receipt
    mark = RequestMark(
      name: key.name, documentCount: 0, fingerprint: [], isWhole: false,
      expiresNs: nowNs + IdempotencyKey.keptNs)
    add(Array(target.source.utf8)[...])
    add((progress?.position ?? [])[...])
  }

  /// What of the next chunk is not stored yet, in batches of a block at most, of which each has to be durable before the
  /// next is begun: so what is stored is a beginning of the request. `progress` goes with the last one.
  ///
  /// Throws a ``Problem`` of kind `idempotency` when the documents are not those that were stored. O(bytes of the chunk).
  mutating func rest(
    of chunk: FileChunk, isLast: Bool, _ progress: SourceProgress?
  ) throws(Problem) -> [DocumentBatch] {
    var chunk = chunk.documents()
    _ = chunk.number(from: Int64(mark.documentCount))
    var batches: [DocumentBatch] = []
    var batch = DocumentBatch(bytes: chunk.bytes, documents: [], endPosition: 0)
    func close(_ batch: inout DocumentBatch, _ mark: RequestMark, _ hash: SHA256) {
      batch.request = mark
      batch.request?.fingerprint = Array(hash.finalize())
      batch.endPosition = Int64(mark.documentCount)
      batches.append(batch)
      (batch.documents, batch.refused) = ([], [])
    }
    var refused = chunk.refused[...]
    func isRefusedNext(before document: DocumentRange?) -> Bool {
      guard let next = refused.first else { return false }
      return document.map { next.position < $0.position } ?? true
    }
    var documents = chunk.documents[...]
    while !documents.isEmpty || !refused.isEmpty {
      if isRefusedNext(before: documents.first) {
        let document = refused.removeFirst()
        add(document.head[...])
        if try isNew() { batch.refused.append(document) }
      } else {
        let document = documents.removeFirst()
        let start = Int(document.start)
        add(chunk.bytes[start..<(start + Int(document.byteCount))])
        if try isNew() { batch.documents.append(document) }
      }
      if batch.documents.count + batch.refused.count == Limits.maxBlockEvents {
        close(&batch, mark, hash)
      }
    }
    if !batch.documents.isEmpty || !batch.refused.isEmpty { close(&batch, mark, hash) }
    guard isLast, mark.documentCount > 0 else { return batches }
    try requireAll()
    // All may be stored, and not be known to be all.
    if batches.isEmpty, receipt?.mark.isWhole != true { close(&batch, mark, hash) }
    if let last = batches.indices.last {
      batches[last].request?.isWhole = true
      batches[last].progress = progress
    }
    return batches
  }

  /// Takes note of the bytes of the next document, or of what else the request consists of.
  private mutating func add(_ bytes: ArraySlice<UInt8>) {
    var length: [UInt8] = []
    length.append(littleEndian: UInt64(bytes.count))
    hash.update(data: length)
    hash.update(data: bytes)
  }

  /// Counts a document, and says whether it is not stored yet.
  private mutating func isNew() throws(Problem) -> Bool {
    mark.documentCount += 1
    guard let stored = receipt?.mark, mark.documentCount <= stored.documentCount else {
      if receipt?.mark.isWhole == true { throw Self.other }
      return true
    }
    if mark.documentCount == stored.documentCount, Array(hash.finalize()) != stored.fingerprint {
      throw Self.other
    }
    return false
  }

  /// Throws unless all that is stored came again.
  private func requireAll() throws(Problem) {
    if let stored = receipt?.mark, mark.documentCount < stored.documentCount { throw Self.other }
  }

  private static var other: Problem {
    Problem(
      .idempotency,
      "a request with this Idempotency-Key brought other documents, or another source or position; send each request "
        + "with a key of its own, and the same request with the same key")
  }
}
