import Model

/// Phase 1 of a format: finds where documents end, as bytes arrive.
///
/// The reader calls ``scan(_:)`` after each read, ``take(_:)`` when it wants a chunk, and
/// ``finish(_:)`` once there is no more to read. All take time linear in the new bytes.
protocol DocumentCutter: Sendable {
  /// Whether a chunk taken now would hold documents or refusals.
  var hasDocuments: Bool { get }

  /// The cutter wants its documents taken before it scans on.
  var isFull: Bool { get }

  /// Nothing that follows can be a document.
  var isDone: Bool { get }

  /// What was decided about the file and is to be told to who reads it.
  var note: String? { get }
  /// The names of fields, as the first line of a table gives them; nil of other formats.
  var fieldNames: String? { get }

  /// Whether what no end follows is a whole document all the same, so that nothing more can come of it.
  func isWhole(_ buffer: SourceBuffer) -> Bool

  /// Looks at the bytes that were not scanned yet. Drops the bytes of a document over the limit,
  /// so that the buffer's size stays bounded.
  mutating func scan(_ buffer: inout SourceBuffer) throws(FileError)

  /// Closes the last document, at the source's end.
  mutating func finish(_ buffer: inout SourceBuffer) throws(FileError)

  /// Takes the whole documents out of the buffer.
  mutating func take(_ buffer: inout SourceBuffer) -> FileChunk
}

extension DocumentCutter {
  var note: String? { nil }
  var fieldNames: String? { nil }
}

/// A line or row whose bytes are dropped as they arrive, because it is over the limit.
struct OversizeLine {
  let position: Int64
  private let head: [UInt8]
  private var lastByte: UInt8
  /// It was refused before its end had come.
  private(set) var isRefused = false

  /// An open line of this many bytes is over the limit even if a "\r" ends it.
  static let largestOpenLine = Limits.maxDocumentBytes + 1

  /// Begins with the line's first bytes, at least one, and drops them.
  init(dropping buffer: inout SourceBuffer) {
    position = buffer.position
    head = headForLedger(buffer.bytes.span)
    lastByte = 0
    drop(buffer.bytes.count, from: &buffer)
  }

  /// Goes on in the middle of one that was refused before.
  init(refusedBefore position: Int64) {
    (self.position, head, lastByte, isRefused) = (position, [], 0, true)
  }

  /// Drops the next bytes of the line.
  mutating func drop(_ count: Int, from buffer: inout SourceBuffer) {
    guard count > 0 else { return }
    lastByte = buffer.bytes[count - 1]
    buffer.drop(count)
  }

  /// The refusal of a line whose end may never come; nil when it was refused before.
  mutating func refusedUnended() -> RefusedDocument? {
    if isRefused { return nil }
    isRefused = true
    return RefusedDocument(
      position: position,
      reason: "line of more than \(Limits.maxOpenLineBytes) bytes is over the limit of "
        + "\(Limits.maxDocumentBytes) bytes; what follows it is read from the next line end on",
      head: head)
  }

  /// The refusal of the line, which ends before `endPosition` or before a "\r" there; nil when it was refused before.
  func refused(endPosition: Int64) -> RefusedDocument? {
    if isRefused { return nil }
    let end = lastByte == Byte.carriageReturn ? endPosition - 1 : endPosition
    return RefusedDocument(oversize: Int(end - position), position: position, head: head)
  }
}

extension RefusedDocument {
  init(oversize byteCount: Int, position: Int64, head: [UInt8]) {
    self.init(
      position: position,
      reason: "document of \(byteCount) bytes is over the limit of "
        + "\(Limits.maxDocumentBytes) bytes",
      head: head)
  }
}

/// A copy of the first bytes of a document, as many as the ledger keeps.
func headForLedger(_ document: Span<UInt8>) -> [UInt8] {
  let count = min(document.count, Limits.ledgerHeadBytes)
  return [UInt8](capacity: count) { head in
    for index in 0..<count { head.append(document[index]) }
  }
}
