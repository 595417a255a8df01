import Bytes

/// CSV as RFC 4180 has it, with a header. A value that is absent is an empty cell; a text without characters is `""`.
struct CSVRows: TextRows {
  let columns: [ExportColumn]

  init(_ columns: [ExportColumn]) { self.columns = columns }

  var head: [UInt8] {
    var bytes: [UInt8] = []
    for (index, column) in columns.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      append(Array(column.name.utf8)[...], of: index, to: &bytes)
    }
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }

  func append(_ text: ArraySlice<UInt8>, of column: Int, to bytes: inout [UInt8]) {
    let quote = UInt8(ascii: "\"")
    let isPlain =
      !text.isEmpty
      && text.allSatisfy { $0 != UInt8(ascii: ",") && $0 != quote && $0 != 0x0A && $0 != 0x0D }
    if isPlain { return bytes.append(contentsOf: text) }
    bytes.append(quote)
    for byte in text {
      if byte == quote { bytes.append(quote) }
      bytes.append(byte)
    }
    bytes.append(quote)
  }

  @_lifetime(sink: copy sink)
  func write(_ cells: inout RowCells, to sink: inout ByteSink) -> Bool {
    for column in columns.indices {
      if column > 0 { sink.append(UInt8(ascii: ",")) }
      if cells.has(column) { cells.write(column, timeQuote: false, to: &sink) }
    }
    sink.append(UInt8(ascii: "\n"))
    return true
  }
}
