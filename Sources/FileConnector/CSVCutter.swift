import Model

/// Phase 1 of CSV: reads the header, then finds the ends of rows.
struct CSVCutter: DocumentCutter {
  let path: String
  var preamble: CSVPreamble
  var header: CSVHeader?
  var scanner: CSVRowScanner
  /// What to look at next.
  var index = 0
  private var rowEnds: [UInt32] = []
  private var refused: [RefusedDocument] = []
  private var oversize: OversizeLine?
  /// The number of the line that the buffer begins with.
  private(set) var firstLine = 1
  /// The bytes before the buffer end with a "\r", and nothing was read after it.
  private var endsWithReturn = false
  private var isAtEnd = false
  private var rowLimit = Int.max
  /// The rows up to here are those of the header; others follow.
  private var endsTable = false
  /// The decimal mark of the rows after those in ``rowEnds``.
  private var nextMark: DecimalMark?
  /// The decimal mark; nil is to be found out.
  private var mark: DecimalMark?
  /// Where the table began and its header ended.
  var table = CSVTable()
  private(set) var note: String?

  /// How many bytes a chunk's rows may grow by, for their keys. Without it, a long header over
  /// short rows would make a batch of many gigabytes.
  private static let largestKeyBytes = 64 << 20

  var fieldNames: String? { header?.names }

  var isDone: Bool { false }
  var hasDocuments: Bool { !rowEnds.isEmpty || !refused.isEmpty }
  var isFull: Bool { rowEnds.count >= rowLimit || endsTable || nextMark != nil }

  /// - Parameter delimiter: nil is to be found in the header.
  init(path: String, delimiter: UInt8?, _ mark: DecimalMark?) {
    self.path = path
    self.mark = mark
    preamble = CSVPreamble(delimiter: delimiter)
    scanner = CSVRowScanner(delimiter: delimiter)
  }

  mutating func scan(_ buffer: inout SourceBuffer) throws(FileError) {
    if header == nil { try scanHeader(&buffer) }
    guard header != nil else { return }
    if oversize != nil { dropOversize(&buffer) }
    guard oversize == nil else { return }
    try scanRows(buffer.bytes.span)
    if rowEnds.isEmpty && buffer.bytes.count > OversizeLine.largestOpenLine {
      countLines(buffer, buffer.bytes.count)
      oversize = OversizeLine(dropping: &buffer)
      index = 0
    }
  }

  func isWhole(_ buffer: SourceBuffer) -> Bool { false }

  mutating func finish(_ buffer: inout SourceBuffer) throws(FileError) {
    isAtEnd = true
    let count = buffer.bytes.count
    if header == nil {
      try finishHeader(&buffer)
      return
    }
    if let oversize {
      refused += [oversize.refused(endPosition: buffer.endPosition)].compactMap(\.self)
      self.oversize = nil
      return
    }
    let start = rowEnds.last.map { Int($0) } ?? 0
    guard start < count else { return }
    if scanner.isInQuotes {
      refuseOpenRow(buffer, from: start)
    } else {
      try add(rowEnd: count, of: buffer.bytes.span)
    }
  }

  mutating func take(_ buffer: inout SourceBuffer) -> FileChunk {
    let position = buffer.position
    let line = firstLine
    let open = openByteCount(buffer)
    let count = isAtEnd && !isFull ? buffer.bytes.count : rowEnds.last.map { Int($0) } ?? 0
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
    if endsTable { beginTable(at: buffer.position) }
    if let nextMark { header?.decimalMark = nextMark }
    nextMark = nil
    table.isOfInflux = preamble.isOfInflux
    table.mark = mark
    return FileChunk(
      bytes: bytes, position: position, endPosition: buffer.position, refused: refused,
      layout: layout,
      end: CutPoint(
        offset: buffer.position - open, openByteCount: open, line: Int64(firstLine),
        state: .table(table)))
  }

  /// The bytes of a last row that no line end follows.
  private func openByteCount(_ buffer: SourceBuffer) -> Int64 {
    guard isAtEnd, !isFull, let last = buffer.bytes.last else { return 0 }
    let isEnded = last == Byte.newline || last == Byte.carriageReturn
    return isEnded && !scanner.isInQuotes ? 0 : Int64(buffer.bytes.count - lastRowStart)
  }

  /// Where the row begins that the file ends with.
  private var lastRowStart: Int {
    if scanner.isInQuotes { return rowEnds.last.map { Int($0) } ?? 0 }
    return rowEnds.count > 1 ? Int(rowEnds[rowEnds.count - 2]) : 0
  }

  private mutating func scanRows(_ bytes: Span<UInt8>) throws(FileError) {
    while !isFull && index < bytes.count && scanner.findEnd(in: bytes, &index) {
      try add(rowEnd: index, of: bytes)
    }
  }

  /// Takes the row before `end`, or, where it is to be read by another mark than those before it, leaves
  /// it to the next chunk.
  private mutating func add(rowEnd end: Int, of bytes: Span<UInt8>) throws(FileError) {
    let start = rowEnds.last.map { Int($0) } ?? 0
    if mark == nil, let header {
      try findMark(in: bytes, rowContent(bytes, from: start, to: end), header)
      if nextMark != nil {
        index = start
        scanner = CSVRowScanner(delimiter: header.delimiter)
        return
      }
    }
    rowEnds.append(UInt32(end))
    // A table of InfluxDB ends with an empty line.
    endsTable = preamble.isOfInflux && rowContent(bytes, from: start, to: end).isEmpty
  }

  /// Looks whether the row tells the decimal mark.
  private mutating func findMark(
    in bytes: Span<UInt8>, _ row: Range<Int>, _ header: CSVHeader
  ) throws(FileError) {
    let found = DecimalMarkSearch.evidence(in: bytes, row, delimiter: header.delimiter)
    guard found.evidence != .none else { return }
    let line = firstLine + ByteSearch.lineEndCount(in: bytes, 0..<row.lowerBound)
    let text = String(ByteSearch.text(bytes, found.field).prefix(40))
    switch found.evidence {
    case .none: return
    case .ambiguous: throw .ambiguousNumber(path, line: line, text)
    case .thousands:
      mark = .point
      note = "line \(line): \"\(text)\" has commas between thousands; such fields are texts"
    case .comma:
      mark = .comma
      if rowEnds.isEmpty { self.header?.decimalMark = .comma } else { nextMark = .comma }
      note =
        "line \(line): \"\(text)\" is read as \(text.replacing(",", with: ".")), and so is each "
        + "number with a comma from here on; --decimal-mark point keeps them as texts"
    }
  }

  /// Drops what still belongs to the row that is over the limit.
  private mutating func dropOversize(_ buffer: inout SourceBuffer) {
    guard var row = oversize else { return }
    let isEnded = scanner.findEnd(in: buffer.bytes.span, &index)
    countLines(buffer, index)
    let end = isEnded ? rowContent(buffer.bytes.span, from: 0, to: index).upperBound : index
    row.drop(end, from: &buffer)
    oversize = row
    if isEnded {
      refused += [row.refused(endPosition: buffer.position)].compactMap(\.self)
      oversize = nil
      buffer.drop(index - end)
    }
    index = 0
  }

  private mutating func refuseOpenRow(_ buffer: SourceBuffer, from start: Int) {
    let line = firstLine + ByteSearch.lineEndCount(in: buffer.bytes.span, 0..<start)
    refused.append(
      RefusedDocument(
        position: buffer.position + Int64(start),
        reason: "line \(line): a quoted field is not closed before the end of the file",
        head: headForLedger(buffer.bytes.span.extracting(start...))))
  }

  private mutating func countLines(_ buffer: SourceBuffer, _ count: Int) {
    guard count > 0 else { return }
    firstLine += ByteSearch.lineEndCount(in: buffer.bytes.span, 0..<count)
    // The "\r" before it is counted already.
    if endsWithReturn && buffer.bytes[0] == Byte.newline { firstLine -= 1 }
    endsWithReturn = count == buffer.bytes.count && buffer.bytes[count - 1] == Byte.carriageReturn
  }

  mutating func drop(_ count: Int, from buffer: inout SourceBuffer) {
    countLines(buffer, count)
    buffer.drop(count)
    index -= count
  }

  /// The rows that follow are those of `header`.
  mutating func begin(_ header: CSVHeader) {
    var header = header
    // Semicolons stand between fields where commas stand within numbers.
    if header.delimiter != Byte.semicolon { mark = mark ?? .point }
    header.decimalMark = mark ?? .point
    scanner = CSVRowScanner(delimiter: header.delimiter)
    // A chunk is one block, so that its rows and its place in the file are one commit.
    rowLimit = min(max(1, Self.largestKeyBytes / header.keys.count), Limits.maxBlockEvents)
    self.header = header
  }

  /// Goes on in the middle of a table, at the line of that number; `bytes` are those from the table's start to its header's
  /// end.
  mutating func resume(
    _ table: CSVTable, _ bytes: [UInt8], line: Int64
  ) throws(FileError) {
    mark = mark ?? table.mark
    self.table = table
    preamble.resume(isOfInflux: table.isOfInflux, isFirstLine: table.start == 0)
    var buffer = SourceBuffer()
    buffer.bytes = bytes
    if table.start == 0 { _ = try buffer.skipMark(isEnd: true, path) }
    try scanHeader(&buffer)
    if header == nil { try finishHeader(&buffer) }
    self.table.headerEnd = table.headerEnd
    (firstLine, endsWithReturn, index) = (Int(line), false, 0)
  }

  /// The rows that follow are those of a header that is still to come.
  private mutating func beginTable(at position: Int64) {
    endsTable = false
    header = nil
    table.start = position
    table.headerEnd = position
    scanner = CSVRowScanner(delimiter: preamble.delimiter)
  }
}
