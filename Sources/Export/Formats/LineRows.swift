import Bytes
import LineProtocol

/// InfluxDB's line protocol, with times in nanoseconds. A row without any field cannot be a point, and is left out.
struct LineRows: TextRows {
  let columns: [ExportColumn]
  private let measurement: [UInt8]
  /// Of each column its name as it stands in a line, with the equals sign.
  private let keys: [[UInt8]]
  private let tags: [Int]
  private let fields: [Int]
  private let timeColumn: Int?

  init(_ columns: [ExportColumn], measurement: String) {
    self.columns = columns
    var name: [UInt8] = []
    LineWriter.append(measurement: Array(measurement.utf8)[...], to: &name)
    self.measurement = name
    keys = columns.map { column in
      var key: [UInt8] = []
      Self.append(name: Array(column.name.utf8)[...], to: &key)
      key.append(UInt8(ascii: "="))
      return key
    }
    tags = columns.indices.filter { columns[$0].role == .tag }
    fields = columns.indices.filter { columns[$0].role == .field }
    timeColumn = columns.firstIndex { $0.role == .time }
  }

  let head: [UInt8] = []

  func append(_ text: ArraySlice<UInt8>, of column: Int, to bytes: inout [UInt8]) {
    if columns[column].role == .tag {
      Self.append(name: text, to: &bytes)
    } else {
      LineWriter.append(string: text, to: &bytes)
    }
  }

  /// A line break ends a point where it is not in a string: there it is `\n`.
  private static func append(name: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
    for (index, part) in name.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
    {
      if index > 0 { bytes.append(contentsOf: "\\n".utf8) }
      LineWriter.append(name: part, to: &bytes)
    }
  }

  @_lifetime(sink: copy sink)
  func write(_ cells: inout RowCells, to sink: inout ByteSink) -> Bool {
    let timeNs = timeColumn.flatMap { cells.has($0) ? cells.takeTimeNs($0) : nil }
    guard fields.contains(where: { cells.has($0) }) else {
      for column in tags where cells.has(column) { cells.pass(column) }
      return false
    }
    sink.append(measurement, range: 0..<measurement.count)
    for column in tags where cells.has(column) {
      // A tag without characters is none.
      if cells.isBlank(column) {
        cells.pass(column)
        continue
      }
      sink.append(UInt8(ascii: ","))
      sink.append(keys[column], range: 0..<keys[column].count)
      cells.write(column, timeQuote: false, to: &sink)
    }
    var separator = UInt8(ascii: " ")
    for column in fields where cells.has(column) {
      sink.append(separator)
      separator = UInt8(ascii: ",")
      sink.append(keys[column], range: 0..<keys[column].count)
      cells.write(column, timeQuote: true, integerMark: true, to: &sink)
    }
    if let timeNs {
      sink.append(UInt8(ascii: " "))
      if timeNs < 0 { sink.append(UInt8(ascii: "-")) }
      sink.append(decimal: timeNs.magnitude)
    }
    sink.append(UInt8(ascii: "\n"))
    return true
  }
}
