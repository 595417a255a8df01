/// A picture of what the editor shows: rows of glyphs, none wider than the terminal, and a cursor.
struct Frame: Equatable {
  var rows: [[Glyph]] = [[]]
  var cursorRow = 0
  var cursorColumn = 0

  static func width(of row: some Sequence<Glyph>) -> Int { row.reduce(0) { $0 + $1.width } }

  /// `height` rows around the cursor, as few as possible away from those that begin at `top`.
  func window(height: Int, top: Int) -> (frame: Frame, top: Int) {
    if rows.count <= height { return (self, 0) }
    let lowest = min(cursorRow, rows.count - height)
    let top = min(max(top, cursorRow - height + 1, 0), lowest)
    var window = self
    window.rows = Array(rows[top..<top + height])
    window.cursorRow -= top
    return (window, top)
  }
}

/// Lays glyphs out in rows of a given width.
struct FrameBuilder {
  let columns: Int
  private(set) var frame = Frame()
  private var column = 0

  init(columns: Int) { self.columns = columns }

  mutating func append(_ glyph: Glyph) {
    if column + glyph.width > columns { breakLine() }
    frame.rows[frame.rows.count - 1].append(glyph)
    column += glyph.width
  }

  mutating func append(_ glyphs: [Glyph]) { for glyph in glyphs { append(glyph) } }

  mutating func breakLine() {
    frame.rows.append([])
    column = 0
  }

  /// Puts the cursor where a glyph of that width would go.
  mutating func markCursor(width: Int) {
    if column + width > columns { breakLine() }
    frame.cursorRow = frame.rows.count - 1
    frame.cursorColumn = column
  }
}
