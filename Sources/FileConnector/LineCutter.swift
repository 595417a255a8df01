import Model

/// Phase 1 of NDJSON: cuts after the last newline.
struct LineCutter: DocumentCutter {
  /// The number of the line that the buffer begins with, from 1.
  private var line: Int64
  /// The bytes up to and with the last newline.
  private var wholeCount = 0
  /// The lines that they are.
  private var lineCount = 0
  /// The bytes that were looked at, up to the last of them.
  private var scannedCount = 0
  /// Bytes of a last line without a newline, taken with those before it.
  private var openByteCount = 0
  private var refused: [RefusedDocument] = []
  private var oversize: OversizeLine?
  /// Bytes of a line over the limit that were dropped since the last chunk. When there are many, a chunk says so, and how far it
  /// has got: the line may have no end.
  private var droppedCount = 0

  var hasDocuments: Bool { wholeCount > 0 || !refused.isEmpty || isWithinLongLine }
  /// A chunk is one block, so that its documents and its place in the file are one commit.
  var isFull: Bool { lineCount >= Limits.maxBlockEvents || isWithinLongLine }
  var isDone: Bool { false }

  private var isWithinLongLine: Bool {
    oversize != nil && droppedCount > Limits.maxOpenLineBytes
  }

  /// `position` is that of the first byte where it is of a line that was refused before.
  init(line: Int64 = 1, refusedFrom position: Int64? = nil) {
    self.line = line
    oversize = position.map { OversizeLine(refusedBefore: $0) }
  }

  mutating func scan(_ buffer: inout SourceBuffer) {
    guard !isFull else { return }
    dropOversize(&buffer)
    if let newline = ByteSearch.last(Byte.newline, in: buffer.bytes.span, from: scannedCount) {
      addLines(buffer.bytes.span, to: newline + 1)
      if isFull { return }
    }
    scannedCount = buffer.bytes.count
    if wholeCount == 0 && scannedCount > OversizeLine.largestOpenLine {
      droppedCount = buffer.bytes.count
      oversize = OversizeLine(dropping: &buffer)
      scannedCount = 0
    }
  }

  func isWhole(_ buffer: SourceBuffer) -> Bool {
    guard oversize == nil else { return false }
    return JSONNesting.isOneDocument(buffer.bytes.span.extracting(wholeCount...))
  }

  mutating func finish(_ buffer: inout SourceBuffer) {
    if let refusal = oversize?.refused(endPosition: buffer.endPosition) { refused.append(refusal) }
    oversize = nil
    openByteCount = buffer.bytes.count - wholeCount
    wholeCount = buffer.bytes.count
  }

  mutating func take(_ buffer: inout SourceBuffer) -> FileChunk {
    let position = buffer.position
    let bytes = buffer.take(wholeCount)
    scannedCount -= wholeCount
    line += Int64(lineCount)
    if isWithinLongLine, let refusal = oversize?.refusedUnended() { refused.append(refusal) }
    let open = Int64(openByteCount)
    (wholeCount, lineCount, openByteCount, droppedCount) = (0, 0, 0, 0)
    defer { refused = [] }
    // Whoever goes on there has to refuse a line that was not refused yet.
    let unrefused = oversize.flatMap { $0.isRefused ? nil : $0.position }
    return FileChunk(
      bytes: bytes, position: position, endPosition: buffer.position, refused: refused,
      layout: .lines,
      end: CutPoint(
        offset: unrefused ?? buffer.position - open, openByteCount: open, line: line,
        state: .lines(withinRefused: oversize?.isRefused == true)))
  }

  /// Takes the lines before `end`, or as many of them as a chunk may have.
  private mutating func addLines(_ bytes: Span<UInt8>, to end: Int) {
    let count = ByteSearch.count(Byte.newline, in: bytes, wholeCount..<end)
    guard lineCount + count > Limits.maxBlockEvents else {
      (wholeCount, lineCount) = (end, lineCount + count)
      return
    }
    while !isFull,
      let newline = ByteSearch.first(Byte.newline, in: bytes, from: wholeCount, to: end)
    {
      (wholeCount, lineCount) = (newline + 1, lineCount + 1)
    }
    scannedCount = wholeCount
  }

  /// Drops what still belongs to the line that is over the limit.
  private mutating func dropOversize(_ buffer: inout SourceBuffer) {
    guard var line = oversize else { return }
    let count = buffer.bytes.count
    let newline = ByteSearch.first(Byte.newline, in: buffer.bytes.span, from: 0, to: count)
    line.drop(newline ?? count, from: &buffer)
    droppedCount += newline ?? count
    oversize = line
    if newline != nil {
      if let refusal = line.refused(endPosition: buffer.position) { refused.append(refusal) }
      oversize = nil
      buffer.drop(1)
      self.line += 1
    }
  }
}

/// Phase 2 of NDJSON: the lines of a chunk that are documents.
struct LineDocuments {
  private(set) var documents: [DocumentRange] = []
  private(set) var refused: [RefusedDocument] = []

  /// Linear, by memchr(3) from line to line.
  init(_ bytes: Span<UInt8>, position: Int64) {
    // A guess that saves most of the growth for documents of the usual size.
    documents.reserveCapacity(bytes.count / 256)
    var start = 0
    while start < bytes.count {
      let newline = ByteSearch.first(Byte.newline, in: bytes, from: start, to: bytes.count)
      var end = newline ?? bytes.count
      let next = newline.map { $0 + 1 } ?? end
      if end > start && bytes[end - 1] == Byte.carriageReturn { end -= 1 }
      if !Self.isBlank(bytes, start, end) {
        add(bytes, start, end, position)
      }
      start = next
    }
  }

  @inline(__always)
  private mutating func add(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ position: Int64) {
    guard end - start <= Limits.maxDocumentBytes else {
      let head = headForLedger(bytes.extracting(start..<end))
      refused.append(
        RefusedDocument(oversize: end - start, position: position + Int64(start), head: head))
      return
    }
    documents.append(
      DocumentRange(
        start: UInt32(start), byteCount: UInt32(end - start), position: position + Int64(start)))
  }

  @inline(__always)
  private static func isBlank(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    var index = start
    while index < end && Byte.isSpace(bytes[index]) { index += 1 }
    return index == end
  }
}
