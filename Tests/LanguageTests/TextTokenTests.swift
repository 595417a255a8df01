import Language
import TestSupport
import Testing

/// What an editor is told of a text that is being typed.
@Suite struct TextTokenTests {
  /// Each token as a letter for its kind and what it covers.
  private func show(_ text: String) -> String {
    TextToken.all(of: text).map { token in
      let letter: Character =
        switch token.kind {
        case .keyword: "k"
        case .function: "f"
        case .name: "n"
        case .string: "s"
        case .number: "d"
        case .parameter: "p"
        case .operator: "o"
        case .semicolon: "e"
        case .comment: "c"
        case .invalid: "!"
        }
      let bytes = Array(text.utf8)[token.range]
      return "\(letter):\(String(decoding: bytes, as: UTF8.self))"
    }.joined(separator: " ")
  }

  @Test(arguments: [
    (
      "select Avg(x) from w since 3 hours ago;",
      "k:select f:Avg o:( n:x o:) k:from n:w k:since d:3 d:hours k:ago e:;"
    ),
    ("SELECT last(last), value", "k:SELECT f:last o:( n:last o:) o:, n:value"),
    ("LAST 5m AS OF yesterday", "k:LAST d:5m k:AS k:OF k:yesterday"),
    ("GROUP BY time, a.key EVERY 1h", "k:GROUP k:BY n:time o:, n:a o:. n:key k:EVERY d:1h"),
    ("p99.9(x) p200(x)", "f:p99.9 o:( n:x o:) f:p200 o:( n:x o:)"),
    ("x = 'it''s' -- why\nAND $p", "n:x o:= s:'it''s' c:-- why k:AND p:$p"),
    ("a /* b\n*/ c", "n:a c:/* b\n*/ n:c"),
    ("x = 'open; -- no", "n:x o:= s:'open; -- no"),
    ("\"open", "n:\"open"), ("a /* open ;", "n:a c:/* open ;"), ("a ? b", "n:a !:? n:b"),
    ("", ""), (" \n", ""),
  ])
  func kinds(_ text: String, _ expected: String) {
    #expect(show(text) == expected)
  }

  /// Tokens of any text are in order, within it, and have all that is not blank.
  @Test func anyTextHasTokens() {
    var generator = SeededGenerator(seed: 4)
    let pieces = [
      "select", " ", "'", "\"", "--", "/*", "*/", "\n", "é", "1e", "$", ".", ";", "~", "(",
    ]
    for _ in 0..<2_000 {
      let text = (0..<generator.below(20)).map { _ in generator.pick(pieces) }.joined()
      let bytes = Array(text.utf8)
      var end = 0
      for token in TextToken.all(of: text) {
        #expect(token.range.lowerBound >= end && token.range.upperBound <= bytes.count)
        #expect(!token.range.isEmpty)
        let gap = bytes[end..<max(end, token.range.lowerBound)]
        #expect(gap.allSatisfy { $0 == 0x20 || $0 == 0x0A }, "\(text)")
        end = token.range.upperBound
      }
      #expect(bytes[end...].allSatisfy { $0 == 0x20 || $0 == 0x0A }, "\(text)")
    }
  }
}
