import Foundation
import Testing

@testable import Terminal

@Suite struct WidthTests {
  /// Every assigned code point by Python's tables. What is not as there is stated here.
  @Test func widthsAreThoseOfPython() throws {
    let script = """
      import sys, unicodedata as u
      for c in range(0x110000):
        ch = chr(c)
        cat = u.category(ch)
        if cat not in ('Cn', 'Cs', 'Cc', 'Co'):
          print(c, cat, u.east_asian_width(ch))
      """
    let text = try TemporaryDirectory().shell("python3 -c \"\(script)\"")
    if text.isEmpty { return print("python3 is missing: widths are not compared") }
    var wrong: [String] = []
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ")
      let scalar = try #require(UInt32(fields[0]).flatMap(Unicode.Scalar.init))
      // Another category in Unicode 15.
      if scalar.value == 0x1171E { continue }
      let got = DisplayWidth.of(scalar)
      let wanted = Self.wanted(scalar, category: fields[1], isWide: "WF".contains(fields[2]))
      if got != wanted { wrong.append("\(line): \(got)") }
    }
    #expect(wrong.isEmpty, "\(wrong.count) differ: \(wrong.prefix(20))")
  }

  private static func wanted(
    _ scalar: Unicode.Scalar, category: Substring, isWide: Bool
  ) -> Int {
    switch scalar.value {
    // Latin-1, the soft hyphen with it, is one column throughout.
    case 0..<0x300: return 1
    // Vowels and final consonants of Hangul join the block before them.
    case 0x1160...0x11FF, 0xD7B0...0xD7FF: return 0
    // Format characters that are seen.
    case 0x600...0x605, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD: return 1
    // Wide since Unicode 16, not on terminals.
    case 0x2630...0x2637, 0x268A...0x268F, 0x4DC0...0x4DFF, 0x1D300...0x1D376: return 1
    default: break
    }
    return ["Mn", "Me", "Cf"].contains(category) ? 0 : isWide ? 2 : 1
  }

  @Test(arguments: [
    ("", 0), ("abc", 3), ("日本語", 6), ("e\u{301}", 1), ("ｆｕｌｌ", 8), ("한국", 4),
    ("\u{1112}\u{1161}\u{11AB}", 2), ("👩‍👩‍👧", 2), ("🇫🇷", 2), ("🇫", 1), ("❤", 1),
    ("❤\u{FE0F}", 2), ("1\u{FE0F}\u{20E3}", 2), ("👍🏽", 2), ("กำ", 2), ("क्षि", 3), ("…─⠿█", 4),
    ("\u{200B}", 0), ("a\nb", 4), ("\r\n", 4), ("\u{1B}[0m", 9), ("\u{202E}", 8), ("\u{9F}", 6),
  ])
  func width(_ text: String, _ width: Int) {
    #expect(DisplayText.width(of: text) == width)
    #expect(DisplayText.width(of: DisplayText.printable(text)) == width)
  }

  @Test func printable() {
    #expect(DisplayText.printable("a\tb\r\n\u{1B}[31m\u{7F}é") == #"a\tb\r\n\u{1b}[31m\u{7f}é"#)
    #expect(DisplayText.printable("\u{202E}日本") == #"\u{202e}日本"#)
  }

  @Test func truncatesAndPads() {
    #expect(DisplayText.truncated("日本語", to: 6) == "日本語")
    #expect(DisplayText.truncated("日本語", to: 5) == "日本…")
    #expect(DisplayText.truncated("日本語", to: 4) == "日…")
    #expect(DisplayText.truncated("日本語", to: 0) == "")
    #expect(DisplayText.truncated("a\nbcd", to: 4) == #"a\n…"#)
    #expect(DisplayText.truncated("abcdef", to: 5, mark: "...") == "ab...")
    #expect(DisplayText.padded("日本", to: 6) == "日本  ")
    #expect(DisplayText.padded("12", to: 4, .trailing) == "  12")
    #expect(DisplayText.padded("longer", to: 4) == "longer")
  }

  @Test func randomTextKeepsItsLimits() {
    rounds(500) { random in
      let text = Texts.any(&random)
      let width = random.below(12)
      let cut = DisplayText.truncated(text, to: width)
      try check(DisplayText.width(of: cut) <= width, "\(text.debugDescription) to \(width)")
      let printable = DisplayText.printable(text)
      try checkEqual(DisplayText.printable(printable), printable, "printed twice")
      try checkEqual(
        DisplayText.width(of: DisplayText.padded(text, to: width)),
        max(width, DisplayText.width(of: text)), "padded \(text.debugDescription)")
    }
  }
}

/// Random texts with all that is hard to show.
enum Texts {
  static let pieces = [
    "a", "b", "Z", " ", "  ", "_", "9", ".", ";", "日", "本", "é", "e\u{301}", "\u{301}", "👩‍👩‍👧",
    "🇫🇷", "🇫", "❤\u{FE0F}", "\u{FE0F}", "\u{200D}", "한", "ｆ", "\t", "\u{202E}", "กำ", "\u{FFFD}",
    "\u{200B}",
  ]

  static func any(_ random: inout SeededGenerator) -> String {
    (0..<random.below(20)).map { _ in random.pick(pieces) }.joined()
  }
}
