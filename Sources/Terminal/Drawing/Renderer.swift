/// Turns pictures into what has to be written to a terminal, from one picture to the next: only
/// what is different is written again.
///
/// Positions are relative to the first row of the picture, wherever on the screen that is. Rows are
/// broken here, never by the terminal: after a full row its cursor is at the margin, and how it
/// goes on from there differs between terminals, so what follows is a return or a new line.
struct Renderer {
  let isColored: Bool
  private var shown = Frame()
  private var row = 0
  /// The column of the terminal's cursor; the picture's width when it stands behind a full row.
  private var column = 0
  private var columns = 80
  private(set) var windowTop = 0
  private var output = ""

  init(isColored: Bool) { self.isColored = isColored }

  /// What brings `frame` on the screen. The part around the cursor if it is taller than that.
  mutating func draw(_ frame: Frame, size: TerminalSize) -> String {
    let window = frame.window(height: size.rows, top: windowTop)
    windowTop = window.top
    columns = size.columns
    let new = window.frame
    for index in new.rows.indices {
      if index < shown.rows.count {
        update(index, from: shown.rows[index], to: new.rows[index])
      } else {
        move(toRow: index - 1, column: nil)
        output += "\r\n"
        (row, column) = (index, 0)
        write(new.rows[index])
      }
    }
    if new.rows.count < shown.rows.count {
      move(toRow: new.rows.count, column: 0)
      output += "\u{1B}[J"
    }
    move(toRow: new.cursorRow, column: new.cursorColumn)
    shown = new
    return taken()
  }

  /// The whole of `frame`, which scrolls if it is taller than the screen, and a new line after it:
  /// the text is done.
  mutating func finish(_ frame: Frame, size: TerminalSize) -> String {
    var end = frame
    end.cursorRow = frame.rows.count - 1
    end.cursorColumn = Frame.width(of: frame.rows[end.cursorRow])
    var written: String
    if frame.rows.count > size.rows {
      written = erased()
      written += draw(end, size: TerminalSize(columns: size.columns, rows: frame.rows.count))
    } else {
      written = draw(end, size: size)
    }
    reset()
    return written + "\r\n"
  }

  /// Takes the picture off the screen; the cursor is where it began.
  mutating func erased() -> String {
    move(toRow: 0, column: 0)
    output += "\u{1B}[J"
    let written = taken()
    reset()
    return written
  }

  /// The same after the terminal was made `size` wide, supposing that it broke wider rows anew.
  mutating func erasedAfterResize(_ size: TerminalSize) -> String {
    let above = shown.rows[..<min(row, shown.rows.count)].reduce(0) { sum, row in
      sum + max(1, (Frame.width(of: row) + size.columns - 1) / size.columns)
    }
    let up = min(above + column / size.columns, size.rows - 1)
    reset()
    return "\r" + (up > 0 ? "\u{1B}[\(up)A" : "") + "\u{1B}[J"
  }

  /// Forgets what is on the screen: the next picture begins at the cursor, which is in column 0.
  mutating func reset() {
    shown = Frame()
    (row, column) = (0, 0)
    windowTop = 0
  }

  private mutating func taken() -> String {
    defer { output = "" }
    return output
  }

  // MARK: Rows

  private mutating func update(_ index: Int, from old: [Glyph], to new: [Glyph]) {
    if old == new { return }
    let same = zip(old, new).prefix { $0 == $1 }.count
    let start = Frame.width(of: new[..<same])
    let (oldWidth, newWidth) = (Frame.width(of: old), Frame.width(of: new))
    var tail = 0
    if oldWidth == newWidth {
      // What stands behind the change has not moved.
      let rest = min(old.count, new.count) - same
      tail = zip(old.reversed(), new.reversed()).prefix(rest).prefix { $0 == $1 }.count
    }
    move(toRow: index, column: start)
    write(new[same..<new.count - tail])
    if newWidth < oldWidth { output += "\u{1B}[K" }
  }

  private mutating func write(_ glyphs: some Sequence<Glyph>) {
    var style: TextStyle?
    for glyph in glyphs {
      if glyph.style != style {
        change(from: style, to: glyph.style)
        style = glyph.style
      }
      output += glyph.text
      column += glyph.width
    }
    change(from: style, to: nil)
  }

  private mutating func change(from old: TextStyle?, to new: TextStyle?) {
    if !isColored { return }
    if old?.parameters != nil { output += "\u{1B}[0m" }
    if let parameters = new?.parameters { output += "\u{1B}[\(parameters)m" }
  }

  /// Any column will do if it is nil.
  private mutating func move(toRow newRow: Int, column newColumn: Int?) {
    if column >= columns {
      output += "\r"
      column = 0
    }
    if newRow < row { output += "\u{1B}[\(row - newRow)A" }
    if newRow > row { output += "\u{1B}[\(newRow - row)B" }
    row = newRow
    guard let newColumn, newColumn != column else { return }
    if newColumn == 0 {
      output += "\r"
    } else if newColumn > column {
      output += "\u{1B}[\(newColumn - column)C"
    } else {
      output += "\u{1B}[\(column - newColumn)D"
    }
    column = newColumn
  }
}
