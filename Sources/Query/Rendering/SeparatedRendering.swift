/// CSV as RFC 4180 has it, and TSV with backslashes. NULL is an empty cell; a text without
/// characters is `""` in CSV.
struct SeparatedRendering: RowRendering {
  private let answer: Answer
  private let isCSV: Bool
  private let hasHeader: Bool
  private var times = TimeCells()

  init(_ answer: Answer, _ format: AnswerFormat, hasHeader: Bool) {
    (self.answer, self.hasHeader) = (answer, hasHeader)
    isCSV = format == .csv
  }

  private var separator: Unicode.Scalar { isCSV ? "," : "\t" }

  func begin(_ pieces: inout Pieces) {
    guard hasHeader else { return }
    for (index, column) in answer.columns.enumerated() {
      if index > 0 { pieces.put(separator) }
      append(column.name, to: &pieces)
    }
    pieces.put("\n")
  }

  mutating func write(row: Int, _ pieces: inout Pieces) {
    for (index, column) in answer.columns.enumerated() {
      if index > 0 { pieces.put(separator) }
      append(column.values, row, to: &pieces)
    }
    pieces.put("\n")
  }

  func end(_ pieces: inout Pieces) {}

  private mutating func append(_ column: ValueColumn, _ row: Int, to pieces: inout Pieces) {
    switch column {
    case .numbers(let values): if values[row].isFinite { pieces.append(values[row]) }
    case .exact(let values): if let number = values[row] { pieces.append(number) }
    case .integers(let values): pieces.append(values[row])
    case .texts(let values): if let text = values[row] { append(text.string, to: &pieces) }
    case .times(let values): times.append(values[row], to: &pieces)
    case .values(let values):
      switch values[row] {
      case .null: break
      case .bool(let value): pieces.append(value ? "true" : "false")
      case .integer(let value): pieces.append(value)
      case .unsigned(let value): pieces.append(value)
      case .number(let value): if value.isFinite { pieces.append(value) }
      case .text(let text): append(text.string, to: &pieces)
      case .time(let ns): times.append(ns, to: &pieces)
      case .top(let entries): append(QueryValue.text(of: entries), to: &pieces)
      }
    }
  }

  private func append(_ text: String, to pieces: inout Pieces) {
    isCSV ? append(csv: text, to: &pieces) : append(tsv: text, to: &pieces)
  }

  private func append(csv text: String, to pieces: inout Pieces) {
    let needsQuotes =
      text.isEmpty
      || text.utf8.contains {
        $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == 0x0A || $0 == 0x0D
      }
    guard needsQuotes else { return pieces.append(text) }
    pieces.put("\"")
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") { pieces.bytes.append(byte) }
      pieces.bytes.append(byte)
    }
    pieces.put("\"")
  }

  private func append(tsv text: String, to pieces: inout Pieces) {
    for byte in text.utf8 {
      switch byte {
      case 0x09: pieces.append("\\t")
      case 0x0A: pieces.append("\\n")
      case 0x0D: pieces.append("\\r")
      case UInt8(ascii: "\\"): pieces.append("\\\\")
      default: pieces.bytes.append(byte)
      }
    }
  }
}

extension QueryValue {
  /// The most frequent values and their counts: `ok (12), low (3)`.
  package static func text(of entries: [TopEntry]) -> String {
    entries.map { "\($0.value) (\($0.count))" }.joined(separator: ", ")
  }
}
