import Bytes

/// A JSON object for each row, on a line of its own. Values that are absent are left out.
struct NDJSONRows: TextRows {
  let columns: [ExportColumn]
  /// The name of each column, quoted, with the colon.
  private let keys: [[UInt8]]

  init(_ columns: [ExportColumn]) {
    self.columns = columns
    keys = columns.map { column in
      var key: [UInt8] = []
      key.append(jsonString: column.name)
      key.append(UInt8(ascii: ":"))
      return key
    }
  }

  let head: [UInt8] = []

  func append(_ text: ArraySlice<UInt8>, of column: Int, to bytes: inout [UInt8]) {
    bytes.append(jsonString: text)
  }

  @_lifetime(sink: copy sink)
  func write(_ cells: inout RowCells, to sink: inout ByteSink) -> Bool {
    sink.append(UInt8(ascii: "{"))
    var isFirst = true
    for column in columns.indices where cells.has(column) {
      if !isFirst { sink.append(UInt8(ascii: ",")) }
      isFirst = false
      sink.append(keys[column], range: 0..<keys[column].count)
      cells.write(column, timeQuote: true, to: &sink)
    }
    sink.append(UInt8(ascii: "}"))
    sink.append(UInt8(ascii: "\n"))
    return true
  }
}
