import Model

/// Aligned columns, two blanks between them, numbers to the right. Values are written twice, once to
/// measure them, so that no text of each has to be kept.
struct TableRendering {
  private let answer: Answer
  private let options: AnswerRenderer

  init(_ answer: Answer, _ options: AnswerRenderer) {
    (self.answer, self.options) = (answer, options)
  }

  func write(_ pieces: inout Pieces, _ flush: (inout Pieces) throws -> Void) rethrows {
    var cells = PeopleCells(answer)
    let widths = widths(&cells)
    if options.hasHeader {
      line(to: &pieces, widths) { column, cell in
        cell.append(nameOf: answer.columns[column])
      }
    }
    for row in 0..<answer.rowCount {
      line(to: &pieces, widths) { column, cell in
        cells.append(answer.columns[column], row, to: &cell)
      }
      try flush(&pieces)
    }
    if options.hasFooter { pieces.appendFooter(answer, hasTiming: options.hasTiming) }
  }

  private func isNumber(_ column: Int) -> Bool {
    let kind = answer.columns[column].kind
    return kind == .number || kind == .integer
  }

  private func widths(_ cells: inout PeopleCells) -> [Int] {
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

  private func line(
    to pieces: inout Pieces, _ widths: [Int], _ cell: (Int, inout Pieces) -> Void
  ) {
    for column in answer.columns.indices {
      if column > 0 { pieces.append("  ") }
      let start = pieces.bytes.count
      cell(column, &pieces)
      let blanks = widths[column] - width(pieces.bytes[start...])
      if isNumber(column) {
        pieces.bytes.insert(
          contentsOf: repeatElement(UInt8(ascii: " "), count: max(0, blanks)), at: start)
      } else if column < answer.columns.count - 1 {
        pieces.append(blanks: blanks)
      }
    }
    pieces.put("\n")
  }
}

/// A line for each value, the names aligned.
struct VerticalRendering {
  private let answer: Answer
  private let options: AnswerRenderer

  init(_ answer: Answer, _ options: AnswerRenderer) {
    (self.answer, self.options) = (answer, options)
  }

  func write(_ pieces: inout Pieces, _ flush: (inout Pieces) throws -> Void) rethrows {
    var cells = PeopleCells(answer)
    let names = answer.columns.map { column in
      var name = Pieces()
      name.append(nameOf: column)
      return String(decoding: name.bytes, as: UTF8.self)
    }
    let widths = names.map { options.width($0) }
    let widest = widths.max() ?? 0
    for row in 0..<answer.rowCount {
      pieces.append("-[ row \(grouped(UInt64(row + 1))) ]-\n")
      for (index, column) in answer.columns.enumerated() {
        pieces.append(names[index])
        pieces.append(blanks: widest - widths[index] + 2)
        cells.append(column, row, to: &pieces)
        pieces.put("\n")
      }
      try flush(&pieces)
    }
    if options.hasFooter { pieces.appendFooter(answer, hasTiming: options.hasTiming) }
  }
}

/// A table of Markdown; `|` and line ends in texts are escaped.
struct MarkdownRendering {
  private let answer: Answer
  private let options: AnswerRenderer

  init(_ answer: Answer, _ options: AnswerRenderer) {
    (self.answer, self.options) = (answer, options)
  }

  func write(_ pieces: inout Pieces, _ flush: (inout Pieces) throws -> Void) rethrows {
    var cells = PeopleCells(answer)
    line(to: &pieces) { column, cell in cell.append(nameOf: answer.columns[column]) }
    pieces.put("|")
    for column in answer.columns {
      pieces.append(column.kind == .number || column.kind == .integer ? " ---: |" : " --- |")
    }
    pieces.put("\n")
    for row in 0..<answer.rowCount {
      line(to: &pieces) { column, cell in
        cells.append(answer.columns[column], row, to: &cell)
      }
      try flush(&pieces)
    }
    let hasBounds = answer.columns.contains { $0.isApproximate }
    if options.hasFooter && (hasBounds || !answer.meta.notes.isEmpty) {
      pieces.put("\n")
      pieces.appendBounds(answer)
      pieces.appendNotes(answer.meta)
    }
  }

  private func line(to pieces: inout Pieces, _ cell: (Int, inout Pieces) -> Void) {
    pieces.put("|")
    for column in answer.columns.indices {
      pieces.put(" ")
      let start = pieces.bytes.count
      cell(column, &pieces)
      if pieces.bytes[start...].contains(UInt8(ascii: "|")) {
        let escaped = pieces.bytes[start...].flatMap {
          $0 == UInt8(ascii: "|") ? [UInt8(ascii: "\\"), $0] : [$0]
        }
        pieces.bytes.replaceSubrange(start..., with: escaped)
      }
      pieces.append(" |")
    }
    pieces.put("\n")
  }
}
