import Bytes

/// CSV as RFC 4180 has it, and TSV with backslashes. NULL is an empty cell; a text without
/// characters is `""` in CSV.
struct SeparatedRendering: AnswerRendering {
  private let names: [Text]
  private let form: SeparatedForm
  private let hasHeader: Bool
  private var rows: RowRuns<SeparatedForm>

  init(_ answer: Answer, _ format: AnswerFormat, hasHeader: Bool) {
    names = answer.columns.map { Text($0.name) }
    form = SeparatedForm(isCSV: format == .csv)
    self.hasHeader = hasHeader
    let separator = Array((format == .csv ? "," : "\t").utf8)
    rows = RowRuns(
      answer, form,
      RowFrame(before: names.indices.map { $0 == 0 ? [] : separator }, end: Array("\n".utf8)))
  }

  func begin(_ pieces: inout Pieces) {
    guard hasHeader else { return }
    for (index, name) in names.enumerated() {
      if index > 0 { pieces.put(form.isCSV ? "," : "\t") }
      form.append(name, to: &pieces)
    }
    pieces.put("\n")
  }

  mutating func write(rows: Range<Int>, _ pieces: inout Pieces) -> Int {
    self.rows.write(rows: rows, &pieces)
  }

  func end(_ pieces: inout Pieces) {}
}

private struct SeparatedForm: CellForm {
  let isCSV: Bool

  func appendNull(to pieces: inout Pieces) {}

  func append(timeNs ns: Int64, _ times: inout TimeCells, to pieces: inout Pieces) {
    times.append(ns, to: &pieces)
  }

  func append(_ entries: [QueryValue.TopEntry], to pieces: inout Pieces) {
    append(Text(QueryValue.text(of: entries)), to: &pieces)
  }

  func append(_ text: Text, to pieces: inout Pieces) {
    isCSV ? append(csv: text, to: &pieces) : append(tsv: text, to: &pieces)
  }

  private func append(csv text: Text, to pieces: inout Pieces) {
    let needsQuotes =
      text.isEmpty
      || text.utf8.contains {
        $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == 0x0A || $0 == 0x0D
      }
    guard needsQuotes else { return pieces.bytes.append(span: text.rawSpan) }
    pieces.put("\"")
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") { pieces.bytes.append(byte) }
      pieces.bytes.append(byte)
    }
    pieces.put("\"")
  }

  private func append(tsv text: Text, to pieces: inout Pieces) {
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
