/// How the editor's state is shown: prompts, the highlighted text, and the list of candidates.
struct EditorPicture {
  var prompt: String
  var continuation: String
  var size: TerminalSize

  /// Rows that a list takes at most.
  private static let maxMenuRows = 12

  /// O(bytes of the text), beside the hook that highlights it.
  func frame(of editor: LineEditor) -> Frame {
    var builder = FrameBuilder(columns: size.columns)
    builder.append(Glyph.all(prompt(of: editor), .prompt))
    append(editor, to: &builder)
    if let menu = editor.menu {
      let room = size.rows - 1 - builder.frame.rows.count
      let lines = MenuLayout(columns: size.columns, rows: min(max(room, 1), Self.maxMenuRows))
        .lines(of: menu)
      for line in lines {
        builder.breakLine()
        builder.append(line)
      }
    }
    return builder.frame
  }

  private func prompt(of editor: LineEditor) -> String {
    guard let search = editor.search else { return prompt }
    let direction = search.direction == .older ? "search back" : "search on"
    return "(\(search.isFailed ? "nothing found, " : "")\(direction)) `\(search.query)`: "
  }

  private func append(_ editor: LineEditor, to builder: inout FrameBuilder) {
    let text = editor.buffer.text
    var styles = StyleRanges(editor.hooks.highlight(text))
    var offset = 0
    var glyphs: [Glyph] = []
    for character in text {
      glyphs.removeAll(keepingCapacity: true)
      let isBreak = character == "\n"
      if !isBreak { Glyph.append(character, styles.style(at: offset), to: &glyphs) }
      if offset == editor.buffer.cursor { builder.markCursor(width: glyphs.first?.width ?? 1) }
      if isBreak {
        builder.breakLine()
        builder.append(Glyph.all(continuation, .faint))
      } else {
        builder.append(glyphs)
      }
      offset += character.utf8.count
    }
    if editor.buffer.cursor >= offset { builder.markCursor(width: 1) }
  }
}

/// Finds the style of ascending offsets. Ranges that do not ascend are skipped.
private struct StyleRanges {
  private let ranges: [(range: Range<Int>, style: TextStyle)]
  private var next = 0

  init(_ ranges: [(range: Range<Int>, style: TextStyle)]) { self.ranges = ranges }

  mutating func style(at offset: Int) -> TextStyle? {
    while next < ranges.count && ranges[next].range.upperBound <= offset { next += 1 }
    guard next < ranges.count, ranges[next].range.contains(offset) else { return nil }
    return ranges[next].style
  }
}
