/// One document's place within a batch's bytes and within its source.
public struct DocumentRange: Sendable, Equatable {
  /// Offset of the first byte in ``DocumentBatch/bytes``.
  public var start: UInt32
  public var byteCount: UInt32
  /// Where the document stands in its source: a byte offset of the (decompressed) file, a Kafka offset.
  public var position: Int64

  @inlinable
  public init(start: UInt32, byteCount: UInt32, position: Int64) {
    self.start = start
    self.byteCount = byteCount
    self.position = position
  }
}

/// A document that its connector could not hand over, such as one over ``Limits/maxDocumentBytes``.
public struct RefusedDocument: Sendable, Equatable {
  public var position: Int64
  public var reason: String
  /// The first KiB of the document, for the ledger.
  public var head: [UInt8]

  public init(position: Int64, reason: String, head: [UInt8]) {
    self.position = position
    self.reason = reason
    self.head = head
  }
}

/// Documents of one source partition, in source order: the unit that is appended and committed with
/// its source position.
public struct DocumentBatch: Sendable {
  /// The documents' bytes. Bytes outside of every range (separators) have no meaning.
  public var bytes: [UInt8]
  public var documents: [DocumentRange]
  public var refused: [RefusedDocument]
  /// The source position just after this batch; committed with it, so that a source can go on there.
  public var endPosition: Int64
  /// What a connector wants to know when it goes on after this batch; committed with it, even where none of its
  /// documents is new.
  public var progress: SourceProgress?
  /// The request that the documents are of; committed with them, even where none of them is new. The batch has no more
  /// than ``Limits/maxBlockEvents`` documents then, so that it is one commit.
  public var request: RequestMark?

  public init(
    bytes: [UInt8], documents: [DocumentRange], refused: [RefusedDocument] = [],
    endPosition: Int64, progress: SourceProgress? = nil
  ) {
    self.bytes = bytes
    self.documents = documents
    self.refused = refused
    self.endPosition = endPosition
    self.progress = progress
  }
}
