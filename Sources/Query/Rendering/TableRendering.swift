import Model

/// Aligned columns, two blanks between them, numbers to the right. Values are written twice, once to
/// measure them, so that no text of each has to be kept.
struct TableRendering: RowRendering {
  private let answer: Answer
  private let options: AnswerRenderer
  private var cells: PeopleCells
  private var widths: [Int] = []

  init(_ answer: Answer, _ options: AnswerRenderer) {
    (self.answer, self.options) = (answer, options)
    cells = PeopleCells(answer)
    widths = measured()
  }

  func begin(_ pieces: inout Pieces) {
    guard options.hasHeader else { return }
    for (index, column) in answer.columns.enumerated() {
      let start = beginCell(index, &pieces)
      pieces.append(nameOf: column)
      endCell(index, from: start, &pieces)
    }
    pieces.put("\n")
  }

  mutating func write(row: Int, _ pieces: inout Pieces) {
    for (index, column) in answer.columns.enumerated() {
      let start = beginCell(index, &pieces)
      cells.append(column, row, to: &pieces)
      endCell(index, from: start, &pieces)
    }
    pieces.put("\n")
  }

  func end(_ pieces: inout Pieces) {
    if options.hasFooter { pieces.appendFooter(answer, hasTiming: options.hasTiming) }
  }

  private func isNumber(_ column: Int) -> Bool {
    let kind = answer.columns[column].kind
    return kind == .number || kind == .integer
  }

  private mutating func measured() -> [Int] {
    var cell = Pieces()
    return answer.columns.map { column in
      var widest = 0
      if options.hasHeader {
        cell.append(nameOf: column)
        widest = width(cell.bytes[...])
      }
      for row in 0..<answer.rowCount {
        // Who takes the pieces ends what is cancelled.
        if row & 4_095 == 4_095, Cancellation.isRequested { break }
        cell.bytes.removeAll(keepingCapacity: true)
        cells.append(column, row, to: &cell)
        widest = max(widest, width(cell.bytes[...]))
      }
      cell.bytes.removeAll(keepingCapacity: true)
      return widest
    }
  }

  private func width(_ bytes: ArraySlice<UInt8>) -> Int {
    if bytes.allSatisfy({ $0 < 0x80 }) { return bytes.count }
    return options.width(String(decoding: bytes, as: UTF8.self))
  }

  private func beginCell(_ column: Int, _ pieces: inout Pieces) -> Int {
    if column > 0 { pieces.append("  ") }
    return pieces.bytes.count
  }

  /// Aligns what was written from `start` on.
  private func endCell(_ column: Int, from start: Int, _ pieces: inout Pieces) {
    let blanks = widths[column] - width(pieces.bytes[start...])
    if isNumber(column) {
      pieces.bytes.insert(
        contentsOf: repeatElement(UInt8(ascii: " "), count: max(0, blanks)), at: start)
    } else if column < answer.columns.count - 1 {
      pieces.append(blanks: blanks)
    }
  }
}

/// A line for each value, the names aligned.
struct VerticalRendering: RowRendering {
  private let answer: Answer
  private let options: AnswerRenderer
  private var cells: PeopleCells
  private let names: [String]
  private let widths: [Int]

  init(_ answer: Answer, _ options: AnswerRenderer) {
    (self.answer, self.options) = (answer, options)
    cells = PeopleCells(answer)
    names = answer.columns.map { column in
      var name = Pieces()
      name.append(nameOf: column)
      return String(decoding: name.bytes, as: UTF8.self)
    }
    widths = names.map { options.width($0) }
  }

  func begin(_ pieces: inout Pieces) {}

  mutating func write(row: Int, _ pieces: inout Pieces) {
    let widest = widths.max() ?? 0
    pieces.append("-[ row \(grouped(UInt64(row + 1))) ]-\n")
    for (index, column) in answer.columns.enumerated() {
      pieces.append(names[index])
      pieces.append(blanks: widest - widths[index] + 2)
      cells.append(column, row, to: &pieces)
      pieces.put("\n")
    }
  }

  func end(_ pieces: inout Pieces) {
    if options.hasFooter { pieces.appendFooter(answer, hasTiming: options.hasTiming) }
  }
}

/// A table of Markdown; `|` and line ends in texts are escaped.
struct MarkdownRendering: RowRendering {
  private let answer: Answer
  private let options: AnswerRenderer
  private var cells: PeopleCells

  init(_ answer: Answer, _ options: AnswerRenderer) {
    (self.answer, self.options) = (answer, options)
    cells = PeopleCells(answer)
  }

  func begin(_ pieces: inout Pieces) {
    pieces.put("|")
    for column in answer.columns {
      let start = beginCell(&pieces)
      pieces.append(nameOf: column)
      endCell(from: start, &pieces)
    }
    pieces.append("\n|")
    for column in answer.columns {
      pieces.append(column.kind == .number || column.kind == .integer ? " ---: |" : " --- |")
    }
    pieces.put("\n")
  }

  mutating func write(row: Int, _ pieces: inout Pieces) {
    pieces.put("|")
    for column in answer.columns {
      let start = beginCell(&pieces)
      cells.append(column, row, to: &pieces)
      endCell(from: start, &pieces)
    }
    pieces.put("\n")
  }

  func end(_ pieces: inout Pieces) {
    let hasBounds = answer.columns.contains { $0.isApproximate }
    if options.hasFooter && (hasBounds || !answer.meta.notes.isEmpty) {
      pieces.put("\n")
      pieces.appendBounds(answer)
      pieces.appendNotes(answer.meta)
    }
  }

  private func beginCell(_ pieces: inout Pieces) -> Int {
    pieces.put(" ")
    return pieces.bytes.count
  }

  /// Escapes what was written from `start` on.
  private func endCell(from start: Int, _ pieces: inout Pieces) {
    if pieces.bytes[start...].contains(UInt8(ascii: "|")) {
      let escaped = pieces.bytes[start...].flatMap {
        $0 == UInt8(ascii: "|") ? [UInt8(ascii: "\\"), $0] : [$0]
      }
      pieces.bytes.replaceSubrange(start..., with: escaped)
    }
    pieces.append(" |")
  }
}
