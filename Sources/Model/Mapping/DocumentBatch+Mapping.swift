extension DocumentBatch {
  /// The batch with what a mapping makes of its documents, which keep the positions of those that they are of. What cannot be
  /// mapped is refused. O(bytes).
  public consuming func mapped(by mapping: DocumentMapping) -> DocumentBatch {
    if mapping.isIdentity { return self }
    var mapped = DocumentBatch(
      bytes: [], documents: [], refused: refused, endPosition: endPosition, progress: progress)
    mapped.request = request
    for range in documents {
      let document = Array(bytes[Int(range.start)..<Int(range.start) + Int(range.byteCount)])
      do throws(MappingFault) {
        for record in try mapping.records(in: document) {
          mapped.append(record, of: document, mapping, at: range.position)
        }
      } catch {
        mapped.refuse(document, "\(error)", at: range.position)
      }
    }
    mapped.refused.sort { $0.position < $1.position }
    return mapped
  }

  /// Adds what is made of one record. One that cannot be mapped is refused alone.
  private mutating func append(
    _ record: Range<Int>, of document: [UInt8], _ mapping: DocumentMapping, at position: Int64
  ) {
    do throws(MappingFault) {
      let made = try mapping.documents(of: document, record)
      guard made.reduce(bytes.count, { $0 + $1.count }) <= Self.maxMappedBytes else {
        throw MappingFault(
          "what is made of it and of those before it takes more than \(Self.maxMappedBytes) bytes; hand over fewer at once"
        )
      }
      for document in made { append(document, at: position) }
    } catch {
      refuse(Array(document[record]), "\(error)", at: position)
    }
  }

  /// Of what is made of one batch.
  private static var maxMappedBytes: Int { 512 << 20 }

  /// Adds a document; one over the limit is refused.
  public mutating func append(_ document: [UInt8], at position: Int64) {
    guard document.count <= Limits.maxDocumentBytes else {
      return refuse(
        document,
        "document of \(document.count) bytes is over the limit of \(Limits.maxDocumentBytes) bytes",
        at: position)
    }
    documents.append(
      DocumentRange(
        start: UInt32(bytes.count), byteCount: UInt32(document.count), position: position))
    bytes += document
  }

  /// Adds what is no document, for the ledger.
  public mutating func refuse(_ document: [UInt8], _ reason: String, at position: Int64) {
    refused.append(
      RefusedDocument(
        position: position, reason: reason, head: Array(document.prefix(Limits.ledgerHeadBytes))))
  }
}
