import Model

/// Phase 1 of JSON: finds the top-level values, and the elements of top-level arrays.
///
/// Only the structure is looked at: brackets, strings and escapes, and the commas of top-level
/// arrays. Whether a document is valid JSON is for the store to say.
struct JSONCutter: DocumentCutter {
  /// Where the scan stands between two documents.
  private enum Place {
    case topLevel
    /// After "[" of a top-level array.
    case arrayStart
    case afterElement
    case afterComma
  }

  /// The document that has begun and not ended.
  private struct OpenDocument {
    let position: Int64
    let isScalar: Bool
    /// Its first bytes, once it is over the limit and its bytes are dropped.
    var droppedHead: [UInt8]?
  }

  private var place = Place.topLevel
  private var open: OpenDocument?
  private var nesting = JSONNesting()
  /// What to look at next. It stands one past the end of the bytes when those end with the
  /// backslash of an escape.
  private var index = 0
  private var documents: [DocumentRange] = []
  /// For each of them, whether it stands alone or is the first of an array.
  private(set) var packBegins: [Bool] = []
  private var beginsPack = true
  private var refused: [RefusedDocument] = []
  /// Where the structure broke, and why.
  private var fault: (position: Int64, reason: String)?

  /// After the last document, and whether an array's next element may follow there.
  private var end: CutPoint
  /// The number of the line that the buffer begins with, from 1.
  private var line: Int64

  private(set) var isDone = false
  /// A chunk is one block, so that its documents and its place in the file are one commit.
  var isFull: Bool { documents.count >= Limits.maxBlockEvents }
  var hasDocuments: Bool { !documents.isEmpty || !refused.isEmpty }

  /// Begins at `offset`, after an element of an array if `isInArray` says so.
  init(offset: Int64 = 0, line: Int64 = 1, isInArray: Bool = false) {
    self.line = line
    place = isInArray ? .afterElement : .topLevel
    beginsPack = !isInArray
    end = CutPoint(offset: offset, line: line, state: .json(isInArray: isInArray))
  }

  mutating func scan(_ buffer: inout SourceBuffer) {
    guard !isDone else { return }
    while fault == nil && !isFull && index < buffer.bytes.count {
      step(buffer.bytes.span, buffer.position)
    }
    if let fault {
      let restCount = buffer.endPosition - fault.position
      if restCount >= Limits.ledgerHeadBytes { refuseRest(buffer) }
    } else {
      dropUseless(&buffer)
    }
  }

  func isWhole(_ buffer: SourceBuffer) -> Bool { fault == nil && open == nil && place == .topLevel }

  mutating func finish(_ buffer: inout SourceBuffer) {
    guard !isDone else { return }
    if let open, open.isScalar { close(buffer.bytes.span, buffer.position, at: buffer.bytes.count) }
    if fault == nil {
      if let open {
        let within = nesting.isInString ? "a string" : "a document (\(nesting.depth) levels open)"
        fault = (open.position, "the file ends within \(within)")
      } else if place != .topLevel {
        fault = (buffer.endPosition, "the file ends within an array: ']' is missing")
      }
    }
    if fault != nil { refuseRest(buffer) }
  }

  mutating func take(_ buffer: inout SourceBuffer) -> FileChunk {
    let position = buffer.position
    let count = wholeCount(buffer)
    if end.offset >= position {
      let range = 0..<Int(end.offset - position)
      end.line = line + Int64(ByteSearch.count(Byte.newline, in: buffer.bytes.span, range))
    }
    countLines(buffer, count)
    let bytes = buffer.take(count)
    index -= count
    defer {
      documents = []
      packBegins = []
      refused = []
    }
    return FileChunk(
      bytes: bytes, position: position, endPosition: buffer.position, refused: refused,
      layout: .documents(documents), end: end)
  }

  private mutating func countLines(_ buffer: SourceBuffer, _ count: Int) {
    line += Int64(ByteSearch.count(Byte.newline, in: buffer.bytes.span, 0..<count))
  }

  /// The bytes before an open document, or before the broken rest.
  private func wholeCount(_ buffer: SourceBuffer) -> Int {
    if isDone { return buffer.bytes.count }
    if let position = open?.position ?? fault?.position {
      return max(0, Int(position - buffer.position))
    }
    return min(index, buffer.bytes.count)
  }

  /// Drops the bytes that no document needs, among them those of a document over the limit.
  private mutating func dropUseless(_ buffer: inout SourceBuffer) {
    guard !hasDocuments else { return }
    var count = wholeCount(buffer)
    if open != nil {
      if open?.droppedHead == nil && buffer.bytes.count - count > Limits.maxDocumentBytes {
        open?.droppedHead = headForLedger(buffer.bytes.span.extracting(count...))
      }
      if open?.droppedHead != nil { count = buffer.bytes.count }
    }
    countLines(buffer, count)
    buffer.drop(count)
    index -= count
  }

  private mutating func refuseRest(_ buffer: SourceBuffer) {
    guard let fault else { return }
    let start = max(0, Int(fault.position - buffer.position))
    let head = open?.droppedHead ?? headForLedger(buffer.bytes.span.extracting(start...))
    refused.append(RefusedDocument(position: fault.position, reason: fault.reason, head: head))
    isDone = true
  }
}

extension JSONCutter {
  /// Goes on to the next document's start or end, at least a byte.
  private mutating func step(_ bytes: Span<UInt8>, _ position: Int64) {
    guard let open else {
      while index < bytes.count && Byte.isSpace(bytes[index]) { index += 1 }
      if index < bytes.count { between(bytes[index], position + Int64(index)) }
      return
    }
    if open.isScalar {
      while index < bytes.count && !Self.endsScalar(bytes[index]) { index += 1 }
      if index < bytes.count { close(bytes, position, at: index) }
    } else if nesting.scan(bytes, &index) {
      close(bytes, position, at: index)
    }
  }

  /// Looks at the byte that follows a document, a comma or a bracket.
  private mutating func between(_ byte: UInt8, _ position: Int64) {
    switch (byte, place) {
    case (Byte.comma, .afterElement): place = .afterComma
    case (Byte.closeBracket, .arrayStart), (Byte.closeBracket, .afterElement): place = .topLevel
    case (Byte.openBracket, .topLevel): (place, beginsPack) = (.arrayStart, true)
    case (Byte.closeBracket, .afterComma):
      fault = (position, "']' after ',': an element is missing")
    case (Byte.comma, _), (Byte.colon, _), (Byte.closeBrace, _), (Byte.closeBracket, _):
      let character = Character(Unicode.Scalar(byte))
      fault = (position, "'\(character)' stands where a document should begin")
    case (_, .afterElement):
      fault = (position, "',' or ']' is missing after an array's element")
    default:
      begin(byte, position)
    }
    index += 1
  }

  private mutating func begin(_ byte: UInt8, _ position: Int64) {
    let isNested = byte == Byte.openBrace || byte == Byte.openBracket
    let isString = byte == Byte.quote
    nesting = JSONNesting(depth: isNested ? 1 : 0, isInString: isString)
    open = OpenDocument(position: position, isScalar: !isNested && !isString)
  }

  /// Ends the open document before `end`.
  private mutating func close(_ bytes: Span<UInt8>, _ position: Int64, at end: Int) {
    guard let document = open else { return }
    open = nil
    if place != .topLevel { place = .afterElement }
    self.end.offset = position + Int64(end)
    self.end.state = .json(isInArray: place != .topLevel)
    let byteCount = position + Int64(end) - document.position
    let start = Int(document.position - position)
    if byteCount <= Limits.maxDocumentBytes {
      documents.append(
        DocumentRange(
          start: UInt32(start), byteCount: UInt32(byteCount), position: document.position))
      packBegins.append(beginsPack || place == .topLevel)
      beginsPack = false
    } else {
      let head = document.droppedHead ?? headForLedger(bytes.extracting(start..<end))
      refused.append(
        RefusedDocument(oversize: Int(byteCount), position: document.position, head: head))
    }
  }

  private static func endsScalar(_ byte: UInt8) -> Bool {
    switch byte {
    case Byte.comma, Byte.colon, Byte.quote, Byte.openBrace, Byte.closeBrace, Byte.openBracket,
      Byte.closeBracket:
      true
    default:
      Byte.isSpace(byte)
    }
  }
}

/// How deep within one document the scan stands.
struct JSONNesting {
  private(set) var depth = 0
  private(set) var isInString = false

  init(depth: Int = 0, isInString: Bool = false) {
    self.depth = depth
    self.isInString = isInString
  }

  /// Whether the bytes are an object or an array with its end, and white space. Linear.
  static func isOneDocument(_ bytes: Span<UInt8>) -> Bool {
    var index = 0
    while index < bytes.count && Byte.isSpace(bytes[index]) { index += 1 }
    guard index < bytes.count,
      bytes[index] == Byte.openBrace || bytes[index] == Byte.openBracket
    else { return false }
    index += 1
    var nesting = JSONNesting(depth: 1)
    guard nesting.scan(bytes, &index) else { return false }
    while index < bytes.count && Byte.isSpace(bytes[index]) { index += 1 }
    return index == bytes.count
  }

  /// Goes on from `index` to the document's end, and says whether that was reached.
  ///
  /// Brackets of the two kinds count alike: a mix-up ends the document where its writer meant it
  /// to end, and the store then refuses that document alone.
  mutating func scan(_ bytes: Span<UInt8>, _ index: inout Int) -> Bool {
    var (at, depth, isInString) = (index, self.depth, self.isInString)
    var isAtEnd = false
    while at < bytes.count && !isAtEnd {
      if isInString {
        at = ByteSearch.firstQuoteOrBackslash(in: bytes, from: at)
        guard at < bytes.count else { break }
        let isEscape = bytes[at] == Byte.backslash
        at += isEscape ? 2 : 1
        isInString = isEscape
        isAtEnd = !isInString && depth == 0
        continue
      }
      switch bytes[at] {
      case Byte.quote:
        isInString = true
      case Byte.openBrace, Byte.openBracket:
        depth += 1
      case Byte.closeBrace, Byte.closeBracket:
        depth -= 1
        isAtEnd = depth == 0
      default:
        break
      }
      at += 1
    }
    (index, self.depth, self.isInString) = (at, depth, isInString)
    return isAtEnd
  }
}
