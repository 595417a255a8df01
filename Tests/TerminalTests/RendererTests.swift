import Testing

@testable import Terminal

@Suite struct RendererTests {
  /// An editor, what it has written, and the screen that shows it.
  private struct Stage {
    var editor: LineEditor
    var renderer = Renderer(isColored: true)
    var screen: VirtualTerminal
    var size: TerminalSize

    init(columns: Int, rows: Int = 8, before: Int = 0, history: [String] = []) {
      editor = LineEditor(
        history: history,
        hooks: LineHooks(highlight: Stage.highlight, complete: Stage.complete))
      screen = VirtualTerminal(columns: columns, rows: rows)
      size = TerminalSize(columns: columns, rows: rows)
      for line in 0..<before { screen.feed("above \(line)\r\n") }
      draw()
    }

    var frame: Frame {
      EditorPicture(prompt: "> ", continuation: ". ", size: size).frame(of: editor)
    }

    mutating func draw() { screen.feed(renderer.draw(frame, size: size)) }

    mutating func apply(_ key: Key) {
      if editor.apply(key) == .clearScreen {
        renderer.reset()
        screen.feed("\u{1B}[H\u{1B}[2J")
      }
      draw()
    }

    mutating func type(_ text: String) {
      var decoder = KeyDecoder()
      for key in decoder.decode(Array(text.utf8)) { apply(key) }
    }

    static func highlight(_ text: String) -> [(range: Range<Int>, style: TextStyle)] {
      Array(text.utf8).enumerated().compactMap { offset, byte in
        byte == UInt8(ascii: "a") ? (offset..<offset + 1, TextStyle.keyword) : nil
      }
    }

    static func complete(_ text: String, _ cursor: Int) -> Completion {
      let words = (0..<text.utf8.count % 40).map { Completion.Candidate("word\($0)日") }
      return Completion(replaceRange: cursor..<cursor, candidates: words)
    }
  }

  @Test func longLinesAreBroken() {
    var stage = Stage(columns: 10)
    stage.type("abcdefgh")
    #expect(stage.screen.text == ["> abcdefgh"])
    #expect((stage.screen.row, stage.screen.column) == (1, 0))
    stage.type("日本語日本語")
    #expect(stage.screen.text == ["> abcdefgh", "日本語日本", "語"])
    stage.type("\u{1}x")
    #expect(stage.screen.text == ["> xabcdefg", "h日本語日", "本語"])
    #expect((stage.screen.row, stage.screen.column) == (0, 3))
    #expect(stage.screen.errors == [])
  }

  @Test func onlyChangesAreWritten() {
    var renderer = Renderer(isColored: false)
    let size = TerminalSize(columns: 20, rows: 5)
    var editor = LineEditor()
    func draw() -> String {
      renderer.draw(
        EditorPicture(prompt: "> ", continuation: "", size: size).frame(of: editor), size: size)
    }
    #expect(draw() == "> ")
    _ = editor.apply(.text("a"))
    #expect(draw() == "a")
    _ = editor.apply(.text("b"))
    _ = editor.apply(.text("c"))
    _ = draw()
    _ = editor.apply(.special(.left))
    #expect(draw() == "\u{1B}[1D")
    _ = editor.apply(.special(.backspace))
    #expect(draw() == "\u{1B}[1Dc\u{1B}[K\u{1B}[1D")
    _ = editor.apply(.control("t"))
    #expect(draw() == "\u{1B}[1Dca")
  }

  @Test func controlCharactersAreShown() {
    var stage = Stage(columns: 40)
    stage.apply(.paste("\u{301}a\tb\u{202E}\u{200B}"))
    #expect(stage.screen.text == ["> \u{25CC}\u{301}a    b\\u{202e}\\u{200b}"])
    #expect(stage.screen.errors == [])
  }

  @Test func aTallTextIsShownAroundTheCursorAndThenWhole() {
    var stage = Stage(columns: 10, rows: 4, before: 2)
    stage.apply(.paste((0..<9).map(String.init).joined(separator: "\n")))
    #expect(stage.screen.text == [". 5", ". 6", ". 7", ". 8"])
    for _ in 0..<6 { stage.apply(.special(.up)) }
    #expect(stage.screen.text == [". 2", ". 3", ". 4", ". 5"])
    stage.screen.feed(stage.renderer.finish(stage.frame, size: stage.size))
    #expect(stage.screen.text == [". 6", ". 7", ". 8"])
  }

  @Test func candidatesAreListedInColumns() {
    var stage = Stage(columns: 32)
    stage.type("abcdefg\t")
    #expect(
      stage.screen.text == [
        "> abcdefgword", "  word0日   word3日   word6日", "  word1日   word4日", "  word2日   word5日",
      ])
    stage.type("\t\t")
    #expect(stage.screen.text[0] == "> abcdefgword1日")
    #expect(stage.screen.text[2] == "> word1日   word4日   ".dropLast(3))
    stage.type(" ")
    #expect(stage.screen.text == ["> abcdefgword1日"])
  }

  @Test func descriptionsStandBesideCandidates() {
    let menu = CompletionMenu(
      candidates: [.init("avg", description: "the mean of the values"), .init("count")],
      range: 0..<0, selected: 1, start: TextBuffer())
    let lines = MenuLayout(columns: 24, rows: 5).lines(of: menu)
    let texts = lines.map { $0.map(\.text).joined() }
    #expect(texts == ["  avg    the mean of th…", "> count"])
  }

  /// After any keys the screen is as if the picture had been drawn on an empty one.
  @Test func theScreenIsThatOfAFreshDrawing() {
    rounds(150) { random in
      let history = (0..<3).map { _ in Texts.any(&random) + "\n" + Texts.any(&random) }
      var stage = Stage(
        columns: random.within(8...40), rows: random.within(2...12), before: random.below(10),
        history: history)
      for _ in 0..<60 {
        let key = Self.key(&random)
        if random.oneIn(20) {
          let columns = random.within(8...40)
          stage.screen.resize(columns: columns)
          stage.size = TerminalSize(columns: columns, rows: stage.size.rows)
          stage.screen.feed(stage.renderer.erasedAfterResize(stage.size))
          stage.draw()
        }
        stage.apply(key)
        try Self.checkFresh(stage, "\(key) after \(stage.editor.buffer.text.debugDescription)")
      }
    }
  }

  private static func checkFresh(_ stage: Stage, _ what: String) throws {
    var fresh = VirtualTerminal(columns: stage.size.columns, rows: stage.size.rows)
    var renderer = Renderer(isColored: true)
    let window = stage.frame.window(height: stage.size.rows, top: stage.renderer.windowTop)
    fresh.feed(renderer.draw(window.frame, size: stage.size))
    try checkEqual(stage.screen.errors, [], what)
    let top = stage.screen.row - fresh.row
    try check(top >= 0, "\(what): the picture's top is gone")
    let below = stage.screen.cells[top...]
    try check(
      below.elementsEqual(fresh.cells.prefix(below.count)),
      "\(what): \(stage.screen.text) is not \(fresh.text) from \(top) on")
    try checkEqual(stage.screen.column, fresh.column, what)
  }

  private static func key(_ random: inout SeededGenerator) -> Key {
    let specials: [Key.Special] = [
      .left, .right, .up, .down, .home, .end, .backspace, .delete, .tab, .pageUp,
    ]
    switch random.below(10) {
    case 0...4: return .text(random.pick(Texts.pieces))
    case 5...6: return .special(random.pick(specials), random.oneIn(4) ? .control : [])
    case 7: return .special(.enter, .alt)
    case 8: return .control(random.pick(Array("aebfkuwytrs_lpng")))
    default: return .paste(Texts.any(&random))
    }
  }
}
