/// The field names of a CSV file, ready to be written as JSON keys.
struct CSVHeader: Sendable {
  let delimiter: UInt8
  /// Each name as `"name":`, one after the other.
  let keys: [UInt8]
  private let keyEnds: [Int]

  var count: Int { keyEnds.count }

  /// Why a header line cannot be used.
  struct Fault: Error {
    let problem: String
  }

  /// Parses the header.
  /// - Parameters:
  ///   - row: the line without its line end.
  ///   - delimiters: those that stand in it outside of quotes.
  init(_ row: Span<UInt8>, delimiters: [UInt8]) throws(Fault) {
    delimiter = CSVRowScanner.knownDelimiters.first(where: delimiters.contains) ?? Byte.comma
    guard ByteSearch.isUTF8(row) else {
      throw Fault(problem: "the header line is not valid UTF-8")
    }
    var keys: [UInt8] = []
    var ends: [Int] = []
    var names: Set<[UInt8]> = []
    var cursor = CSVFieldCursor(0..<row.count, delimiter: delimiter)
    while let field = cursor.next(in: row) {
      if field.hasTextAfterQuote {
        throw Fault(problem: "field \(ends.count + 1) of the header has text after its quotes")
      }
      let start = keys.count
      keys.append(addingCapacity: JSONText.stringBound(field.end - field.start) + 1) { out in
        JSONText.appendString(
          row, field.start..<field.end, hasDoubledQuotes: field.isQuoted, to: &out)
        out.append(Byte.colon)
      }
      guard names.insert(Array(keys[start...])).inserted else {
        let name = String(decoding: keys[start..<(keys.count - 1)], as: UTF8.self)
        throw Fault(problem: "the header names the field \(name) twice")
      }
      ends.append(keys.count)
    }
    self.keys = keys
    self.keyEnds = ends
  }

  @inline(__always)
  func key(_ index: Int) -> Range<Int> {
    (index == 0 ? 0 : keyEnds[index - 1])..<keyEnds[index]
  }
}
