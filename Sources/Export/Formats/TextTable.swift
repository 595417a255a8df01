import Bytes
import EventLog
import Model

/// A form of rows as text.
protocol TextRows {
  var columns: [ExportColumn] { get }
  /// What stands before the rows.
  var head: [UInt8] { get }
  /// A text as it stands in a row, quoted where that has to be.
  func append(_ text: ArraySlice<UInt8>, of column: Int, to bytes: inout [UInt8])
  /// Writes a row; false, and nothing is kept of it, when the form cannot have it.
  @_lifetime(sink: copy sink)
  func write(_ cells: inout RowCells, to sink: inout ByteSink) -> Bool
}

/// Rows as text, some at a time into memory that is there already.
final class TextTable<Rows: TextRows>: TableWriter {
  private let rows: Rows
  private let put: ([UInt8]) throws -> Void
  private var buffer: [UInt8]
  private(set) var leftOut = 0
  let heldBytes = 0

  private static var sliceRows: Int { 1_024 }

  init(_ rows: Rows, _ put: @escaping ([UInt8]) throws -> Void) throws {
    (self.rows, self.put) = (rows, put)
    buffer = Array(repeating: 0, count: 1 << 18)
    if !rows.head.isEmpty { try put(rows.head) }
  }

  func append(_ batch: ExportRows) throws {
    var cells = RowCells(batch, rows.columns) { rows.append($0, of: $1, to: &$2) }
    var row = 0
    while row < batch.rowCount {
      let end = min(row + Self.sliceRows, batch.rowCount)
      let (written, rest, left) = write(row..<end, cells)
      guard let written else {
        // Not even these rows have room: they are written again into more.
        buffer = Array(repeating: 0, count: 2 * buffer.count)
        continue
      }
      try put(Array(buffer[..<written]))
      cells = rest
      leftOut += left
      row = end
    }
  }

  /// Writes some rows from the buffer's beginning on. Gives their bytes, nil if there was no room; the cells after them; and
  /// how many were left out.
  private func write(
    _ slice: Range<Int>, _ cells: RowCells
  ) -> (bytes: Int?, cells: RowCells, leftOut: Int) {
    var cells = cells
    var leftOut = 0
    let count = buffer.withSink { sink -> Int? in
      for row in slice {
        cells.row = row
        if !rows.write(&cells, to: &sink) { leftOut += 1 }
      }
      return sink.didOverflow ? nil : sink.count
    }
    return (count, cells, leftOut)
  }

  func flush() {}
  func finish() {}
}

/// The values of rows, one row after the other.
struct RowCells {
  /// A value, with what was made of texts ahead.
  private enum Values {
    case integers([Int64])
    case doubles([Double])
    case booleans([Bool])
    case times([Int64])
    case texts(ByteStrings)
    case labels([Int64], ByteStrings)
  }

  private struct Column {
    var values: Values
    var presence: Presence
    /// The place of the next value.
    var next = 0
  }

  private var columns: [Column]
  private var times = TimeWriter()
  var row = 0

  /// `quote` makes of each text what stands in a row.
  init(
    _ rows: ExportRows, _ columns: [ExportColumn],
    _ quote: (ArraySlice<UInt8>, Int, inout [UInt8]) -> Void
  ) {
    self.columns = zip(rows.columns, columns).enumerated().map { index, column in
      let (values, kind) = (column.0.values, column.1.kind)
      func quoted(_ texts: ByteStrings) -> ByteStrings {
        var quoted = ByteStrings()
        for place in texts.indices {
          quoted.extend { quote(texts.bytes[texts.range(place)], index, &$0) }
          quoted.finishString()
        }
        return quoted
      }
      let own: Values =
        switch values {
        case .integers(let values): kind == .time ? .times(values) : .integers(values)
        case .doubles(let values): .doubles(values)
        case .booleans(let values): .booleans(values)
        case .texts(let texts): .texts(quoted(texts))
        case .labels(let codes, let names): .labels(codes, quoted(names))
        }
      return Column(values: own, presence: column.0.presence)
    }
  }

  /// Whether the row has a value in a column; where it has, that one is to be written or passed over.
  @inline(__always)
  func has(_ column: Int) -> Bool { columns[column].presence[row] }

  /// Whether the value that the row has in a column is a text without characters, as it stands in a row.
  func isBlank(_ column: Int) -> Bool {
    let next = columns[column].next
    return switch columns[column].values {
    case .texts(let texts): texts.range(next).isEmpty
    case .labels(let codes, let names): names.range(Int(codes[next])).isEmpty
    default: false
    }
  }

  /// Passes over the value of a column that the row has.
  mutating func pass(_ column: Int) { columns[column].next += 1 }

  /// The time of the row in a column of times, which it has.
  mutating func takeTimeNs(_ column: Int) -> Int64 {
    defer { columns[column].next += 1 }
    guard case .times(let timesNs) = columns[column].values else { return 0 }
    return timesNs[columns[column].next]
  }

  /// Writes the value that the row has in a column: a number in the fewest digits that give it back, a time as RFC 3339,
  /// within quotes if there is one to put around it.
  @_lifetime(sink: copy sink)
  mutating func write(
    _ column: Int, timeQuote: Bool, integerMark: Bool = false, to sink: inout ByteSink
  ) {
    let next = columns[column].next
    columns[column].next += 1
    switch columns[column].values {
    case .integers(let values):
      let value = values[next]
      if value < 0 { sink.append(UInt8(ascii: "-")) }
      sink.append(decimal: value.magnitude)
      if integerMark { sink.append(UInt8(ascii: "i")) }
    case .doubles(let values): sink.append(shortest: values[next])
    case .booleans(let values):
      // "true" and "false", the first byte lowest.
      if values[next] {
        sink.append(word: 0x65_75_72_74, byteCount: 4)
      } else {
        sink.append(word: 0x65_73_6C_61_66, byteCount: 5)
      }
    case .times(let values):
      if timeQuote { sink.append(UInt8(ascii: "\"")) }
      times.append(values[next], .utc(values[next]), to: &sink)
      if timeQuote { sink.append(UInt8(ascii: "\"")) }
    case .texts(let texts): sink.append(texts.bytes, range: texts.range(next))
    case .labels(let codes, let names):
      sink.append(names.bytes, range: names.range(Int(codes[next])))
    }
  }
}

extension TimeFormat {
  /// RFC 3339 in UTC with as many digits of the second as the time has, by threes.
  static func utc(_ ns: Int64) -> TimeFormat {
    let fraction = ns.flooredRemainder(1_000_000_000)
    let digits =
      fraction == 0 ? 0 : fraction % 1_000_000 == 0 ? 3 : fraction % 1_000 == 0 ? 6 : 9
    return .rfc3339(
      separator: UInt8(ascii: "T"), fractionDigits: digits, zone: .z, offsetMinutes: 0)
  }
}

extension ByteSink {
  /// Appends a finite number in the fewest digits that give it back.
  @_lifetime(self: copy self)
  mutating func append(shortest value: Double) {
    let isNegative = value.sign == .minus
    if isNegative { append(UInt8(ascii: "-")) }
    // Negative zero has to stay a fraction: as an integer it would lose its sign.
    if let whole = UInt64(exactly: value.magnitude), whole < 1 << 53, whole > 0 || !isNegative {
      return append(decimal: whole)
    }
    if let short = value.shortDecimal {
      return append(decimal: short.digits, decimals: short.decimals)
    }
    let text = Array(value.magnitude.description.utf8)
    append(text, range: 0..<text.count)
  }
}
