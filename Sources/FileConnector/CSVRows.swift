/// The rows of a chunk, as phase 1 found them.
struct CSVRows: Sendable {
  let header: CSVHeader
  /// For each row, the index after its line end; a row begins where the one before ends.
  let ends: [UInt32]
  /// The number of the first row's line in the file, from 1.
  let firstLine: Int
}

/// One field's bytes within a row.
struct CSVField {
  /// The content, without the quotes around it.
  var start: Int
  var end: Int
  var isQuoted: Bool
  /// Bytes stand between the closing quote and the next delimiter.
  var hasTextAfterQuote = false
}

/// Walks over the fields of one row, whose quotes are known to be closed.
struct CSVFieldCursor {
  private var index: Int
  private let end: Int
  private let delimiter: UInt8
  private var hasMore = true

  /// - Parameter range: the row without its line end.
  init(_ range: Range<Int>, delimiter: UInt8) {
    index = range.lowerBound
    end = range.upperBound
    self.delimiter = delimiter
  }

  /// The next field, without the blanks around it; `nil` after the last. A row has one field more than
  /// delimiters.
  @inline(__always)
  mutating func next(in bytes: Span<UInt8>) -> CSVField? {
    guard hasMore else { return nil }
    skipBlanks(bytes)
    var field = CSVField(start: index, end: index, isQuoted: false)
    if index < end && bytes[index] == Byte.quote {
      closeQuote(&field, bytes)
      skipBlanks(bytes)
    }
    let afterQuote = index
    while index < end && bytes[index] != delimiter { index += 1 }
    if field.isQuoted {
      field.hasTextAfterQuote = index > afterQuote
    } else {
      field.end = index
      while field.end > field.start && bytes[field.end - 1] == Byte.space { field.end -= 1 }
    }
    hasMore = index < end
    index += 1
    return field
  }

  @inline(__always)
  private mutating func skipBlanks(_ bytes: Span<UInt8>) {
    while index < end && bytes[index] == Byte.space { index += 1 }
  }

  /// Goes on to after the closing quote.
  private mutating func closeQuote(_ field: inout CSVField, _ bytes: Span<UInt8>) {
    field.isQuoted = true
    index += 1
    field.start = index
    while let quote = ByteSearch.first(Byte.quote, in: bytes, from: index, to: end) {
      index = quote + 1
      field.end = quote
      guard index < end && bytes[index] == Byte.quote else { return }
      index += 1
    }
    field.end = end
    index = end
  }
}

/// Finds the ends of rows, across any cut of the bytes. A line ends by "\n", "\r\n" or "\r".
struct CSVRowScanner {
  private enum State {
    /// Blanks may stand before a quote.
    case rowStart, fieldStart
    case unquoted, quoted
    /// After a quote in a quoted field: its end, or the first of a doubled quote.
    case quoteSeen
    /// After a "\r": a "\n" belongs to the same line end.
    case returnSeen
  }

  private var state = State.rowStart
  /// `nil` takes any of the known delimiters for one, as long as the header was not read.
  private let delimiter: UInt8?
  /// One for each time that it stands outside of quotes.
  private(set) var seenDelimiters: [UInt8] = []

  static let knownDelimiters = [Byte.comma, Byte.semicolon, Byte.tab]

  init(delimiter: UInt8?) {
    self.delimiter = delimiter
  }

  var isInQuotes: Bool { state == .quoted }

  /// Moves `index` to after the row's line end; false when the bytes end before, or when they end with a
  /// "\r" that a "\n" may follow.
  mutating func findEnd(in bytes: Span<UInt8>, _ index: inout Int) -> Bool {
    if state == .rowStart, delimiter != nil, let end = Self.plainEnd(in: bytes, from: index) {
      index = end
      return true
    }
    while index < bytes.count {
      if state == .quoted {
        let quote = ByteSearch.first(Byte.quote, in: bytes, from: index, to: bytes.count)
        index = quote ?? bytes.count
        guard quote != nil else { return false }
      }
      let byte = bytes[index]
      if state == .returnSeen {
        index += byte == Byte.newline ? 1 : 0
        state = .rowStart
        return true
      }
      index += 1
      if step(byte) {
        state = .rowStart
        return true
      }
    }
    return false
  }

  /// The end of a row without quotes; nil when it has some, or no end.
  @inline(__always)
  private static func plainEnd(in bytes: Span<UInt8>, from start: Int) -> Int? {
    let found = ByteSearch.firstLineEndOrQuote(in: bytes, from: start)
    guard found < bytes.count, bytes[found] != Byte.quote else { return nil }
    if bytes[found] == Byte.newline { return found + 1 }
    guard found + 1 < bytes.count else { return nil }
    return found + (bytes[found + 1] == Byte.newline ? 2 : 1)
  }

  /// Takes one byte; true after a "\n" that ends the row.
  @inline(__always)
  private mutating func step(_ byte: UInt8) -> Bool {
    switch state {
    case .quoted:
      if byte == Byte.quote { state = .quoteSeen }
      return false
    case .quoteSeen where byte == Byte.quote, .rowStart where byte == Byte.quote,
      .fieldStart where byte == Byte.quote:
      state = .quoted
      return false
    case .rowStart where byte == Byte.space, .fieldStart where byte == Byte.space:
      state = .fieldStart
      return false
    default:
      state =
        isDelimiter(byte) ? .fieldStart : byte == Byte.carriageReturn ? .returnSeen : .unquoted
      return byte == Byte.newline
    }
  }

  @inline(__always)
  private mutating func isDelimiter(_ byte: UInt8) -> Bool {
    if let delimiter { return byte == delimiter }
    guard Self.knownDelimiters.contains(byte) else { return false }
    seenDelimiters.append(byte)
    return true
  }
}

/// The row before `end` without its line end, "\n", "\r\n" or "\r".
@inline(__always)
func rowContent(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Range<Int> {
  var end = end
  if end > start && bytes[end - 1] == Byte.newline { end -= 1 }
  if end > start && bytes[end - 1] == Byte.carriageReturn { end -= 1 }
  return start..<end
}
