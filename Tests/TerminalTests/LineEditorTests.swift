import Testing

@testable import Terminal

@Suite struct LineEditorTests {
  /// The text after keys, with `|` at the cursor. Keys are written as a terminal sends them.
  private func edited(
    _ keys: String, history: [String] = [], hooks: LineHooks = LineHooks()
  ) -> String {
    var editor = LineEditor(history: history, hooks: hooks)
    return apply(keys, to: &editor)
  }

  @discardableResult
  private func apply(_ keys: String, to editor: inout LineEditor) -> String {
    var decoder = KeyDecoder()
    for key in decoder.decode(Array(keys.utf8)) + decoder.timeOut() { _ = editor.apply(key) }
    let buffer = editor.buffer
    return "\(buffer[0..<buffer.cursor])|\(buffer[buffer.cursor..<buffer.end])"
  }

  @Test(arguments: [
    // Moving.
    ("abc\u{1B}[D\u{1B}[Dx", "ax|bc"), ("abc\u{1}x", "x|abc"), ("abc\u{1B}[Hx\u{1B}[Fy", "xabcy|"),
    ("ab cd_9.ef\u{1B}b\u{1B}b", "ab |cd_9.ef"), ("ab cd\u{1}\u{1B}f\u{1B}f", "ab cd|"),
    ("ab cd\u{1B}[1;5D", "ab |cd"), ("日本\u{2}\u{2}\u{6}", "日|本"),
    ("a👩‍👩‍👧b\u{2}\u{2}", "a|👩‍👩‍👧b"), ("e\u{301}\u{2}", "|e\u{301}"),
    // Deleting.
    ("abc\u{7F}", "ab|"), ("a👩‍👩‍👧\u{7F}", "a|"), ("abc\u{1}\u{4}\u{1B}[3~", "|c"),
    // Cutting and putting back.
    ("ab cd.ef\u{17}", "ab |"), ("ab cd.ef\u{1B}\u{7F}", "ab cd.|"),
    ("one two\u{17}\u{17}\u{19}\u{19}", "one twoone two|"),
    ("abc\u{1}\u{B}\u{19}\u{19}", "abcabc|"), ("ab cd\u{1}\u{1B}d\u{1B}d\u{19}", "ab cd|"),
    ("abc\u{2}\u{15}\u{5}\u{19}", "cab|"), ("ab\u{1B}\rcd\u{1B}[A\u{B}", "ab|cd"),
    // Swapping.
    ("ab\u{14}", "ba|"), ("abc\u{2}\u{2}\u{14}", "ba|c"), ("a\u{14}", "a|"), ("\u{14}", "|"),
    // Undoing.
    ("ab cd\u{1F}", "ab|"), ("ab cd\u{1F}\u{1F}\u{1F}", "|"), ("abc\u{15}\u{1F}", "abc|"),
    ("a\u{7F}\u{7F}\u{1F}\u{1F}", "|"),
    // Several lines.
    ("abcd\u{1B}\rx\u{1B}\refgh\u{1B}[A\u{1B}[A!", "abcd!|\nx\nefgh"),
    ("日本\u{1B}\rabcdef\u{1B}[D\u{1B}[A", "日本|\nabcdef"),
    ("ab\u{1B}\rcd\u{1}x\u{1B}[1;5Hy", "y|ab\nxcd"),
    ("\u{1B}[200~a\r\nb\u{1B}[201~", "a\nb|"), ("ab\u{1B}\r\u{15}", "ab|"),
    // Characters that join with what follows.
    ("🇷\u{2}🇫", "🇫🇷|"), ("\u{301}\u{1}e", "e\u{301}|"),
  ])
  func keys(_ keys: String, _ wanted: String) { #expect(edited(keys) == wanted) }

  @Test(arguments: [
    ("\u{10}", "two|"), ("\u{10}\u{10}", "one\nlast|"), ("\u{10}\u{10}\u{1B}[A\u{1B}[A", "zero|"),
    ("\u{10}\u{10}\u{10}\u{10}\u{10}", "zero|"), ("new\u{10}\u{10}\u{E}\u{E}", "new|"),
    ("\u{10}!\u{10}\u{E}", "two!|"), ("\u{1B}<", "zero|"), ("\u{1B}<\u{1B}>", "|"),
    ("\u{12}o", "tw|o"), ("\u{12}o\u{12}", "|one\nlast"), ("\u{12}o\u{12}\u{12}\u{12}", "zer|o"),
    ("\u{12}o\u{12}\u{12}\u{13}", "|one\nlast"), ("\u{12}LAST", "|"), ("\u{12}last\u{7}", "|"),
    ("x\u{12}last\u{3}", "x|"), ("\u{12}lastx\u{7F}\u{5}", "one\nlast|"),
    ("\u{12}zero\u{5}\u{E}", "one\nlast|"), ("\u{12}zq\u{7F}\u{7F}", "|"),
  ])
  func history(_ keys: String, _ wanted: String) {
    #expect(edited(keys, history: ["zero", "one\nlast", "two"]) == wanted)
  }

  @Test func enterAsksWhetherTheTextIsComplete() {
    var editor = LineEditor(hooks: LineHooks(isComplete: { $0.hasSuffix(";") }))
    #expect(editor.apply(.special(.enter)) == .submit(""))
    #expect(apply("a\rb\r", to: &editor) == "a\nb\n|")
    apply(";", to: &editor)
    #expect(editor.apply(.special(.enter)) == .submit("a\nb\n;"))
  }

  @Test func otherEffects() {
    var editor = LineEditor()
    #expect(editor.apply(.control("d")) == .endOfFile)
    #expect(editor.apply(.control("c")) == .cancel)
    #expect(editor.apply(.control("l")) == .clearScreen)
    #expect(editor.apply(.control("z")) == .suspend)
    #expect(editor.apply(.special(.left)) == .bell)
    #expect(editor.apply(.text("a")) == .redraw)
    #expect(editor.apply(.control("d")) == .bell)
    #expect(editor.apply(.paste(String(repeating: "x", count: LineEditor.maxTextBytes))) == .bell)
    #expect(editor.buffer.text == "a")
  }

  private let hooks = LineHooks(complete: { text, cursor in
    let words = ["SELECT", "SELF", "site", "sitemap"]
    let before = String(text.utf8.prefix(cursor)) ?? ""
    let word = before.split(separator: " ", omittingEmptySubsequences: false).last ?? ""
    return Completion(
      replaceRange: cursor - word.utf8.count..<cursor,
      candidates: words.filter { $0.lowercased().hasPrefix(word.lowercased()) }.map { .init($0) })
  })

  @Test(arguments: [
    ("sele\t", "SELECT|"), ("se\t", "SEL|"), ("se\t\t", "SELECT|"), ("se\t\t\t", "SELF|"),
    ("se\t\t\t\t", "SELECT|"), ("se\t\u{1B}[Z", "SELF|"), ("se\t\t\u{7}", "se|"), ("q\t", "q|"),
    ("si\t", "site|"), ("se\t\t\rx", "SELECTx|"), ("x si y\u{2}\u{2}\t\t\t", "x sitemap| y"),
    ("se\t\t\u{1F}", "SEL|"),
  ])
  func completes(_ keys: String, _ wanted: String) {
    #expect(edited(keys, hooks: hooks) == wanted)
  }

  @Test func wrongRangesOfCompletionAreTakenAsNearOnes() {
    for range in [-5 ..< -1, 1..<2, 2..<99, 50..<60] {
      let hooks = LineHooks(complete: { _, _ in
        Completion(replaceRange: range, candidates: [.init("x"), .init("xy")])
      })
      _ = edited("日本\t\t\t", hooks: hooks)
    }
  }

  @Test func whatWasCutOutlivesTheText() {
    var editor = LineEditor()
    apply("abc\u{15}", to: &editor)
    var next = LineEditor(killed: editor.killed)
    #expect(apply("\u{19}", to: &next) == "abc|")
  }
}
