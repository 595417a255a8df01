/// The field names of a CSV file, ready to be written as JSON keys.
struct CSVHeader: Sendable {
  let delimiter: UInt8
  var decimalMark = DecimalMark.point
  /// The first field has no name and no meaning, as in the CSV of InfluxDB.
  let ignoresFirst: Bool
  /// Which fields are strings whatever they look like; fields beyond it are not.
  var stringFields: [Bool] = []
  /// Each name as `"name":`, one after the other.
  let keys: [UInt8]
  private let keyEnds: [Int]

  var count: Int { keyEnds.count }

  /// The names with commas between them, as JSON strings.
  var names: String {
    var start = 0
    return keyEnds.map { end in
      defer { start = end }
      return String(decoding: keys[start..<end - 1], as: UTF8.self)
    }.joined(separator: ", ")
  }

  /// Why a header line cannot be used.
  struct Fault: Error {
    let problem: String
  }

  /// Parses the header.
  /// - Parameters:
  ///   - row: the line without its line end.
  ///   - isOfInflux: it follows annotations of InfluxDB.
  init(_ row: Span<UInt8>, delimiter: UInt8, isOfInflux: Bool) throws(Fault) {
    self.delimiter = delimiter
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
    let isUnnamed = keys.starts(with: Array("\"\":".utf8))
    let isResult = keys.starts(with: Array("\"\":\"result\":\"table\":".utf8))
    ignoresFirst = isUnnamed && (isOfInflux || isResult)
  }

  /// The delimiter that stands most often outside of quotes; of as many, the first known.
  static func delimiter(of seen: [UInt8]) -> UInt8 {
    var best = (delimiter: Byte.comma, count: 0)
    for delimiter in CSVRowScanner.knownDelimiters {
      let count = seen.count { $0 == delimiter }
      if count > best.count { best = (delimiter, count) }
    }
    return best.delimiter
  }

  @inline(__always)
  func key(_ index: Int) -> Range<Int> {
    (index == 0 ? 0 : keyEnds[index - 1])..<keyEnds[index]
  }
}
