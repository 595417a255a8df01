/// The list of candidates below the text: one a line with its description while they fit, else in
/// columns. What does not fit is counted.
struct MenuLayout {
  let columns: Int
  let rows: Int

  /// At most `rows` lines, each at most `columns` wide.
  func lines(of menu: CompletionMenu) -> [[Glyph]] {
    let hasDescriptions = menu.candidates.contains { $0.description != nil }
    if hasDescriptions && menu.candidates.count <= rows { return described(menu) }
    return grid(menu)
  }

  private func described(_ menu: CompletionMenu) -> [[Glyph]] {
    let widest = menu.candidates.map { DisplayText.width(of: $0.text) }.max() ?? 0
    let nameWidth = min(widest, max(8, columns / 2))
    return menu.candidates.enumerated().map { index, candidate in
      var line = entry(candidate, width: nameWidth, isSelected: index == menu.selected)
      let room = columns - Frame.width(of: line) - 2
      if let description = candidate.description, room > 4 {
        line += Glyph.all("  " + DisplayText.truncated(description, to: room), .faint)
      }
      return clipped(line)
    }
  }

  /// Columns are filled one after another, as `ls` does.
  private func grid(_ menu: CompletionMenu) -> [[Glyph]] {
    let count = menu.candidates.count
    let widest = menu.candidates.map { DisplayText.width(of: $0.text) }.max() ?? 0
    let nameWidth = min(widest, columns - Self.marginWidth - 1)
    let across = max(1, columns / (nameWidth + Self.marginWidth + 1))
    let down = (count + across - 1) / across
    let shown = down <= rows ? down : max(1, rows - 1)
    // The rows that hold the selected one.
    let selectedRow = menu.selected.map { $0 % down } ?? 0
    let top = min(max(0, selectedRow - shown + 1), down - shown)
    var lines: [[Glyph]] = (top..<top + shown).map { row in
      let indices = stride(from: row, to: count, by: down)
      return clipped(
        indices.flatMap { index in
          entry(menu.candidates[index], width: nameWidth, isSelected: index == menu.selected)
            + Glyph.all(" ")
        })
    }
    if shown < down && rows > 1 {
      let visible = (top..<top + shown).reduce(0) { $0 + (count - $1 + down - 1) / down }
      lines.append(clipped(Glyph.all("  … and \(count - visible) more", .faint)))
    }
    return lines
  }

  private static let marginWidth = 2

  private func entry(
    _ candidate: Completion.Candidate, width: Int, isSelected: Bool
  ) -> [Glyph] {
    let name = DisplayText.padded(DisplayText.truncated(candidate.text, to: width), to: width)
    return Glyph.all(isSelected ? "> " : "  ") + Glyph.all(name, isSelected ? .selected : nil)
  }

  private func clipped(_ line: [Glyph]) -> [Glyph] {
    var width = 0
    return Array(
      line.prefix {
        width += $0.width
        return width <= columns
      })
  }
}
