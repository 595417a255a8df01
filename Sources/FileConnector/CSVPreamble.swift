import Model

/// What is known of a CSV file from the lines before its header.
struct CSVPreamble {
  /// Given by the file's name or by a line "sep=;"; nil is to be found in the header.
  var delimiter: UInt8?
  /// There were annotations of InfluxDB: a table ends with an empty line, and another may follow.
  var isOfInflux = false
  /// Which fields of the next header an annotation of InfluxDB says are strings; empty for none.
  var stringFields: [Bool] = []
  private var isPastFirstLine = false

  init(delimiter: UInt8?) { self.delimiter = delimiter }

  /// As it was where a table began in the middle of a file.
  mutating func resume(isOfInflux: Bool, isFirstLine: Bool) {
    if isFirstLine { return }
    (self.isOfInflux, isPastFirstLine) = (isOfInflux, true)
  }

  /// Takes a line that is not empty; true when it is no header.
  mutating func take(_ line: Span<UInt8>) -> Bool {
    defer { isPastFirstLine = true }
    if line[0] == Byte.hash {
      if Self.annotations.contains(where: { Self.starts(line, with: $0) }) { isOfInflux = true }
      if Self.starts(line, with: Self.datatype) { readTypes(line) }
      return true
    }
    guard !isPastFirstLine, line.count == Self.mark.count + 1, Self.starts(line, with: Self.mark),
      Self.isDelimiter(line[Self.mark.count])
    else { return false }
    delimiter = line[Self.mark.count]
    return true
  }

  private mutating func readTypes(_ line: Span<UInt8>) {
    stringFields = []
    var cursor = CSVFieldCursor(0..<line.count, delimiter: Byte.comma)
    while let field = cursor.next(in: line) {
      stringFields.append(ByteSearch.text(line, field.start..<field.end) == "string")
    }
  }

  /// What Excel reads the delimiter from.
  private static let mark = Array("sep=".utf8)
  private static let datatype = Array("#datatype,".utf8)
  private static let annotations = [Array("#group,".utf8), datatype, Array("#default,".utf8)]

  private static func isDelimiter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), Byte.quote:
      false
    default: byte == Byte.tab || 0x21...0x7E ~= byte
    }
  }

  private static func starts(_ line: Span<UInt8>, with word: [UInt8]) -> Bool {
    guard line.count >= word.count else { return false }
    return word.indices.allSatisfy { line[$0] == word[$0] }
  }
}

extension CSVCutter {
  /// Reads up to the header: the first line that is neither empty nor a comment. Drops all of it.
  mutating func scanHeader(_ buffer: inout SourceBuffer) throws(FileError) {
    while header == nil && findLineEnd(in: buffer.bytes.span) {
      try readLine(buffer.bytes.span.extracting(rowContent(buffer.bytes.span, from: 0, to: index)))
      drop(index, from: &buffer)
      table.headerEnd = buffer.position
    }
    if header == nil && buffer.bytes.count > Limits.maxDocumentBytes {
      throw .unusableHeader(
        path, "the header line is over the limit of \(Limits.maxDocumentBytes) bytes")
    }
  }

  /// Reads the header that ends with the file.
  mutating func finishHeader(_ buffer: inout SourceBuffer) throws(FileError) {
    let count = buffer.bytes.count
    guard count > 0 else { return }
    let isComment = buffer.bytes[0] == Byte.hash
    guard isComment || !scanner.isInQuotes else {
      throw .unusableHeader(path, "a quoted field of the header is not closed")
    }
    try readLine(buffer.bytes.span.extracting(rowContent(buffer.bytes.span, from: 0, to: count)))
    drop(count, from: &buffer)
    table.headerEnd = buffer.position
  }

  /// Moves the index to after the line that the buffer begins with. Quotes have no meaning in comments.
  private mutating func findLineEnd(in bytes: Span<UInt8>) -> Bool {
    guard !bytes.isEmpty && bytes[0] == Byte.hash else {
      return scanner.findEnd(in: bytes, &index)
    }
    while index < bytes.count {
      index += 1
      // A "\n" after the "\r" is an empty line, which is skipped.
      if bytes[index - 1] == Byte.newline || bytes[index - 1] == Byte.carriageReturn { return true }
    }
    return false
  }

  private mutating func readLine(_ line: Span<UInt8>) throws(FileError) {
    let seen = scanner.seenDelimiters
    defer { if header == nil { scanner = CSVRowScanner(delimiter: preamble.delimiter) } }
    guard line.indices.contains(where: { line[$0] != Byte.space }), !preamble.take(line) else {
      return
    }
    do throws(CSVHeader.Fault) {
      var header = try CSVHeader(
        line, delimiter: preamble.delimiter ?? CSVHeader.delimiter(of: seen),
        isOfInflux: preamble.isOfInflux)
      if header.ignoresFirst { preamble.isOfInflux = true }
      header.stringFields = preamble.stringFields
      preamble.stringFields = []
      begin(header)
    } catch {
      throw .unusableHeader(path, error.problem)
    }
  }
}
