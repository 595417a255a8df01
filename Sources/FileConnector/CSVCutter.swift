import Model

/// Phase 1 of CSV: reads the header, then finds the ends of rows.
struct CSVCutter: DocumentCutter {
  private let path: String
  private var header: CSVHeader?
  private var scanner = CSVRowScanner(delimiter: nil)
  /// What to look at next.
  private var index = 0
  private var rowEnds: [UInt32] = []
  private var refused: [RefusedDocument] = []
  private var oversize: OversizeLine?
  /// The number of the line that the buffer begins with.
  private var firstLine = 1
  private var isAtEnd = false
  private var rowLimit = Int.max

  /// How many bytes a chunk's rows may grow by, for their keys. Without it, a long header over
  /// short rows would make a batch of many gigabytes.
  private static let largestKeyBytes = 64 << 20

  var isDone: Bool { false }
  var hasDocuments: Bool { !rowEnds.isEmpty || !refused.isEmpty }
  var isFull: Bool { rowEnds.count >= rowLimit }

  init(path: String) {
    self.path = path
  }

  mutating func scan(_ buffer: inout SourceBuffer) throws(FileError) {
    if header == nil { try scanHeader(&buffer) }
    guard header != nil else { return }
    if oversize != nil { dropOversize(&buffer) }
    guard oversize == nil else { return }
    scanRows(buffer.bytes.span)
    if rowEnds.isEmpty && buffer.bytes.count > OversizeLine.largestOpenLine {
      countLines(buffer, buffer.bytes.count)
      oversize = OversizeLine(dropping: &buffer)
      index = 0
    }
  }

  mutating func finish(_ buffer: inout SourceBuffer) throws(FileError) {
    isAtEnd = true
    let count = buffer.bytes.count
    if header == nil && count > 0 {
      guard !scanner.isInQuotes else {
        throw .unusableHeader(path, "a quoted field of the header is not closed")
      }
      let row = rowContent(buffer.bytes.span, from: 0, to: count)
      if !row.isEmpty { try readHeader(buffer.bytes.span.extracting(row)) }
      drop(count, from: &buffer)
      return
    }
    if let oversize {
      refused.append(oversize.refused(endPosition: buffer.endPosition))
      self.oversize = nil
      return
    }
    let start = rowEnds.last.map { Int($0) } ?? 0
    guard start < count else { return }
    if scanner.isInQuotes {
      refuseOpenRow(buffer, from: start)
    } else {
      rowEnds.append(UInt32(count))
    }
  }

  mutating func take(_ buffer: inout SourceBuffer) -> FileChunk {
    let position = buffer.position
    let line = firstLine
    let count = isAtEnd ? buffer.bytes.count : rowEnds.last.map { Int($0) } ?? 0
    countLines(buffer, count)
    let bytes = buffer.take(count)
    index -= count
    defer {
      rowEnds = []
      refused = []
    }
    var layout = FileChunk.Layout.documents([])
    if let header {
      layout = .rows(CSVRows(header: header, ends: rowEnds, firstLine: line))
    }
    return FileChunk(
      bytes: bytes, position: position, endPosition: buffer.position, refused: refused,
      layout: layout)
  }

  private mutating func scanRows(_ bytes: Span<UInt8>) {
    while !isFull && index < bytes.count && scanner.findEnd(in: bytes, &index) {
      rowEnds.append(UInt32(index))
    }
  }

  /// Drops what still belongs to the row that is over the limit.
  private mutating func dropOversize(_ buffer: inout SourceBuffer) {
    guard var row = oversize else { return }
    let isEnded = scanner.findEnd(in: buffer.bytes.span, &index)
    countLines(buffer, index)
    row.drop(isEnded ? index - 1 : index, from: &buffer)
    index = 0
    oversize = row
    if isEnded {
      refused.append(row.refused(endPosition: buffer.position))
      oversize = nil
      buffer.drop(1)
    }
  }

  private mutating func refuseOpenRow(_ buffer: SourceBuffer, from start: Int) {
    let line = firstLine + ByteSearch.count(Byte.newline, in: buffer.bytes.span, 0..<start)
    refused.append(
      RefusedDocument(
        position: buffer.position + Int64(start),
        reason: "line \(line): a quoted field is not closed before the end of the file",
        head: headForLedger(buffer.bytes.span.extracting(start...))))
  }

  private mutating func countLines(_ buffer: SourceBuffer, _ count: Int) {
    firstLine += ByteSearch.count(Byte.newline, in: buffer.bytes.span, 0..<count)
  }

  private mutating func drop(_ count: Int, from buffer: inout SourceBuffer) {
    countLines(buffer, count)
    buffer.drop(count)
    index -= count
  }
}

extension CSVCutter {
  /// Reads the first line that is not empty as the header, and drops it.
  private mutating func scanHeader(_ buffer: inout SourceBuffer) throws(FileError) {
    while header == nil && scanner.findEnd(in: buffer.bytes.span, &index) {
      let row = rowContent(buffer.bytes.span, from: 0, to: index)
      if !row.isEmpty { try readHeader(buffer.bytes.span.extracting(row)) }
      drop(index, from: &buffer)
    }
    if header == nil && buffer.bytes.count > Limits.maxDocumentBytes {
      throw .unusableHeader(
        path, "the header line is over the limit of \(Limits.maxDocumentBytes) bytes")
    }
  }

  private mutating func readHeader(_ row: Span<UInt8>) throws(FileError) {
    do throws(CSVHeader.Fault) {
      let header = try CSVHeader(row, delimiters: scanner.seenDelimiters)
      scanner = CSVRowScanner(delimiter: header.delimiter)
      self.header = header
      rowLimit = max(1, Self.largestKeyBytes / header.keys.count)
    } catch {
      throw .unusableHeader(path, error.problem)
    }
  }
}
