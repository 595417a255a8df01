import Testing

@testable import Terminal

@Suite struct KeyDecoderTests {
  private func keys(_ text: String) -> [Key] {
    var decoder = KeyDecoder()
    return decoder.decode(Array(text.utf8)) + decoder.timeOut()
  }

  @Test(
    arguments: [
      ("aé日", [.text("a"), .text("é"), .text("日")]),
      ("e\u{301}", [.text("e"), .text("\u{301}")]),
      (
        "\r\n\t\u{7F}\u{8}",
        [
          .special(.enter), .special(.enter), .special(.tab), .special(.backspace),
          .special(.backspace),
        ]
      ),
      ("\u{1}\u{1A}\u{1F}\u{0}", [.control("a"), .control("z"), .control("_"), .control("@")]),
      ("\u{1B}", [.special(.escape)]),
      ("\u{1B}\u{1B}[A", [.special(.escape), .special(.up)]),
      ("\u{1B}b\u{1B}é\u{1B}\u{7F}", [.alt("b"), .alt("é"), .special(.backspace, .alt)]),
      (
        "\u{1B}[A\u{1B}OB\u{1B}[C\u{1B}OD",
        [
          .special(.up), .special(.down), .special(.right), .special(.left),
        ]
      ),
      (
        "\u{1B}[H\u{1B}OF\u{1B}[1~\u{1B}[4~\u{1B}[7~\u{1B}[8~",
        [
          .special(.home), .special(.end), .special(.home), .special(.end), .special(.home),
          .special(.end),
        ]
      ),
      (
        "\u{1B}[3~\u{1B}[5~\u{1B}[6~\u{1B}[2~",
        [
          .special(.delete), .special(.pageUp), .special(.pageDown), .special(.insert),
        ]
      ),
      (
        "\u{1B}[1;5C\u{1B}[1;3D\u{1B}O5C\u{1B}Od\u{1B}[3;5~",
        [
          .special(.right, .control), .special(.left, .alt), .special(.right, .control),
          .special(.left, .control), .special(.delete, .control),
        ]
      ),
      (
        "\u{1B}[Z\u{1B}[I\u{1B}[[A!\u{1B}[99~",
        [
          .special(.tab, .shift), .unknown, .unknown, .text("!"), .unknown,
        ]
      ),
      (
        "\u{1B}[200~a\r\nb\rc\u{1B}[31m\u{3}\t\u{1B}[201~d",
        [
          .paste("a\nb\nc[31m\t"), .text("d"),
        ]
      ),
      ("\u{1B}[200~\u{1B}\u{1B}[201~", [.paste("")]),
      ("\u{1B}[1;\u{3}", [.unknown, .control("c")]),
      ("\u{85}", [.unknown]),
    ] as [(String, [Key])])
  func decodes(_ text: String, _ wanted: [Key]) {
    #expect(keys(text) == wanted)
  }

  @Test func wrongBytesAreReplaced() {
    var decoder = KeyDecoder()
    #expect(
      decoder.decode([0xFF, 0x61, 0xC3, 0x62, 0xED, 0xA0, 0x80, 0x80])
        == ["\u{FFFD}", "a", "\u{FFFD}", "b", "\u{FFFD}", "\u{FFFD}"].map { .text($0) })
  }

  /// Where bytes are cut makes no difference, and any bytes are decoded.
  @Test func cutsMakeNoDifference() {
    let pieces = ["\u{1B}", "[", "O", "1;5", "C", "~", "200~", "201~", "日", "é", "a", "\r"]
    rounds(500) { random in
      var bytes: [UInt8] = []
      for _ in 0..<random.below(30) {
        if random.oneIn(4) {
          bytes.append(UInt8(truncatingIfNeeded: random.next()))
        } else {
          bytes += random.pick(pieces).utf8
        }
      }
      var (whole, parts) = (KeyDecoder(), KeyDecoder())
      let wanted = whole.decode(bytes) + whole.timeOut()
      var got: [Key] = []
      while !bytes.isEmpty {
        let count = random.within(1...bytes.count)
        got += parts.decode(bytes.prefix(count))
        bytes.removeFirst(count)
      }
      try checkEqual(got + parts.timeOut(), wanted, "keys")
    }
  }

  @Test func aLongPasteIsCut() {
    var decoder = KeyDecoder()
    let text = String(repeating: "x", count: KeyDecoder.maxPasteBytes + 5)
    let keys = decoder.decode(Array("\u{1B}[200~\(text)\u{1B}[201~y".utf8))
    #expect(keys.count == 2 && keys.last == .text("y"))
    #expect(keys.first == .paste(String(text.prefix(KeyDecoder.maxPasteBytes))))
  }
}
