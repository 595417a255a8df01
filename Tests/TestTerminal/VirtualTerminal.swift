import Terminal

/// A screen that understands what the renderer writes, as xterm does; anything else is an error.
package struct VirtualTerminal {
  package struct Cell: Equatable {
    package var text = " "
    /// Whether it is the right half of a wide character.
    package var isTail = false
    package var style = ""
  }

  package private(set) var columns: Int
  package let rows: Int
  package private(set) var cells: [[Cell]]
  package private(set) var row = 0
  package private(set) var column = 0
  /// The cursor stands behind the last column: the next character goes to the next row.
  private var isWrapPending = false
  private var style = ""
  package private(set) var bells = 0
  package private(set) var erasures = 0
  package private(set) var errors: [String] = []
  /// Whether text may run over the end of a row, which the renderer never does.
  private let breaksRows: Bool
  /// An escape sequence that is not complete yet.
  private var pending = ""

  package init(columns: Int, rows: Int, breaksRows: Bool = false) {
    self.breaksRows = breaksRows
    (self.columns, self.rows) = (columns, rows)
    cells = Array(repeating: Self.blank(columns), count: rows)
  }

  private static func blank(_ columns: Int) -> [Cell] {
    Array(repeating: Cell(), count: columns)
  }

  /// The rows without spaces at their ends, and without empty rows at the end.
  package var text: [String] {
    var lines = cells.map { row in
      var line = row.filter { !$0.isTail }.map(\.text).joined()
      while line.last == " " { line.removeLast() }
      return line
    }
    while lines.last == "" { lines.removeLast() }
    return lines
  }

  package mutating func feed(_ output: String) {
    var rest = pending + output
    pending = ""
    while let character = rest.first {
      if character == "\u{1B}" {
        guard let end = rest.dropFirst(2).firstIndex(where: { $0.isLetter || $0 == "~" }) else {
          pending = rest
          return
        }
        escape(String(rest[...end].dropFirst()))
        rest = String(rest[rest.index(after: end)...])
      } else {
        rest.removeFirst()
        take(character)
      }
    }
  }

  private mutating func take(_ character: Character) {
    switch character {
    case "\r\n":
      take("\r")
      take("\n")
    case "\r": (column, isWrapPending) = (0, false)
    case "\n":
      isWrapPending = false
      lineFeed()
    case "\u{7}": bells += 1
    default: put(character)
    }
  }

  private mutating func lineFeed() {
    if row + 1 < rows {
      row += 1
    } else {
      cells.removeFirst()
      cells.append(Self.blank(columns))
    }
  }

  private mutating func put(_ character: Character) {
    let width = DisplayText.width(of: String(character))
    if DisplayText.printable(String(character)) != String(character) || width == 0 {
      errors.append("\(character.debugDescription) is written as it is")
      return
    }
    if isWrapPending || column + width > columns {
      if !breaksRows { errors.append("the terminal breaks a row at \(character)") }
      column = 0
      lineFeed()
      isWrapPending = false
    }
    // Half of a wide character leaves a blank.
    for place in column..<column + width where cells[row][place].isTail {
      if place > 0 && place == column { cells[row][place - 1] = Cell() }
    }
    if column + width < columns && cells[row][column + width].isTail {
      cells[row][column + width] = Cell()
    }
    cells[row][column] = Cell(text: String(character), style: style)
    for place in column + 1..<max(column + 1, column + width) {
      cells[row][place] = Cell(text: "", isTail: true, style: style)
    }
    column += width
    if column == columns { (column, isWrapPending) = (columns - 1, true) }
  }

  private mutating func escape(_ sequence: String) {
    guard let final = sequence.last, sequence.hasPrefix("[") else {
      errors.append("ESC \(sequence)")
      return
    }
    let parameters = sequence.dropFirst().dropLast()
    let count = max(1, Int(parameters) ?? 1)
    switch final {
    case "m": style = parameters == "0" ? "" : String(parameters)
    case "h", "l": if !["?2004"].contains(parameters) { errors.append("ESC \(sequence)") }
    case "A": row = max(0, row - count)
    case "B": row = min(rows - 1, row + count)
    case "C": column = min(columns - 1, column + count)
    case "D": column = max(0, column - count)
    case "H": (row, column) = (0, 0)
    case "J": eraseDown(all: parameters == "2")
    case "K": for place in column..<columns { cells[row][place] = Cell() }
    default: errors.append("ESC \(sequence)")
    }
    if "ABCDHJK".contains(final) {
      if isWrapPending { errors.append("ESC \(sequence) at the margin") }
      isWrapPending = false
    }
  }

  private mutating func eraseDown(all: Bool) {
    erasures += 1
    for line in (all ? 0 : row)..<rows {
      for place in (line == row && !all ? column : 0)..<columns { cells[line][place] = Cell() }
    }
  }

  /// Breaks the rows anew for another width, as VTE and others do with rows that were never joined.
  package mutating func resize(columns new: Int) {
    var lines: [[Cell]] = []
    var place = (row: 0, column: 0)
    let last = max(row, cells.lastIndex { $0.contains { $0 != Cell() } } ?? 0)
    for (index, line) in cells[...last].enumerated() {
      let used = (line.lastIndex { $0 != Cell() } ?? -1) + 1
      let kept = Array(line.prefix(max(used, index == row ? column : 0)))
      let parts = stride(from: 0, to: max(1, kept.count), by: new).map {
        Array(kept[$0..<min($0 + new, kept.count)])
      }
      if index == row {
        place = (lines.count + min(column / new, parts.count), column % new)
      }
      lines += parts.map { $0 + Array(repeating: Cell(), count: new - $0.count) }
    }
    while lines.count <= place.row { lines.append(Self.blank(new)) }
    let scrolled = max(0, lines.count - rows)
    lines.removeFirst(scrolled)
    while lines.count < rows { lines.append(Self.blank(new)) }
    (cells, columns) = (lines, new)
    (row, column) = (max(0, place.row - scrolled), place.column)
    isWrapPending = false
  }
}
