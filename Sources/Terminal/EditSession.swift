/// One text being edited, and its picture on the terminal.
final class EditSession {
  var editor: LineEditor
  private var renderer: Renderer
  private let prompts: (first: String, others: String)
  private let output: Int32
  private var size: TerminalSize
  private var isBellDue = false

  init(editor: LineEditor, prompts: (String, String), output: Int32) {
    self.editor = editor
    self.prompts = prompts
    self.output = output
    renderer = Renderer(isColored: Console.isColored)
    size = Descriptor.size(of: output)
  }

  private var frame: Frame {
    EditorPicture(prompt: prompts.first, continuation: prompts.others, size: size)
      .frame(of: editor)
  }

  /// The first picture, in a row of its own: what was printed or typed before may have left the
  /// cursor in the middle of one. A row of spaces runs over then, and only then.
  func begin() throws {
    let spaces = String(repeating: " ", count: size.columns - 1)
    try write("\(spaces)\r\u{1B}[K")
    try draw()
  }

  func draw() throws {
    let bell = isBellDue ? "\u{7}" : ""
    isBellDue = false
    try write(renderer.draw(frame, size: size) + bell)
  }

  /// Rings once with the next picture, however often it was asked for.
  func bell() { isBellDue = true }

  func resize() throws {
    let newSize = Descriptor.size(of: output)
    if newSize == size { return }
    size = newSize
    try write(renderer.erasedAfterResize(size))
    try draw()
  }

  func clearScreen() throws {
    renderer.reset()
    try write("\u{1B}[H\u{1B}[2J")
  }

  /// The screen may show anything, with the cursor at the beginning of a row.
  func drawAnew() throws {
    renderer.reset()
    size = Descriptor.size(of: output)
    try draw()
  }

  func suspend(_ mode: RawMode) throws {
    try finish()
    try mode.suspend()
    try drawAnew()
  }

  /// Leaves the text on the screen, `mark` behind it, and goes to the next row.
  func finish(mark: String = "") throws {
    editor.menu = nil
    editor.search = nil
    var last = frame
    let row = last.rows.count - 1
    let marked = last.rows[row] + Glyph.all(mark, .faint)
    if Frame.width(of: marked) <= size.columns { last.rows[row] = marked }
    try write(renderer.finish(last, size: size))
  }

  private func write(_ text: String) throws {
    if text.isEmpty { return }
    if try !Descriptor.write(Array(text.utf8), to: output) {
      throw TerminalError("the terminal is closed")
    }
  }
}
