/// Columns and rows of a terminal.
struct TerminalSize: Equatable, Sendable {
  var columns: Int
  var rows: Int

  /// Sizes that are unknown, as 0, are those of a VT100; very small ones are taken as larger.
  init(columns: Int, rows: Int) {
    self.columns = columns <= 0 ? 80 : max(columns, 8)
    self.rows = rows <= 0 ? 24 : max(rows, 2)
  }
}
