import RE2
import Testing

struct RegularExpressionTests {
  private func matches(_ pattern: String, _ text: String) throws -> Bool {
    try RegularExpression(pattern).matches(text)
  }

  @Test func aMatchMayBeAnywhere() throws {
    #expect(try matches("b+", "abbc"))
    #expect(try !matches("^b", "abbc"))
    #expect(try matches("", ""))
    #expect(try !matches("a", ""))
    #expect(try !matches("a", "A"))
    #expect(try matches("(?i)a", "A"))
    // A text may have any bytes, zero among them.
    #expect(try matches("b$", "a\0b"))
  }

  @Test func aCharacterIsOneScalar() throws {
    #expect(try matches("^.$", "\u{E9}"))
    #expect(try !matches("^.$", "e\u{301}"))
    #expect(try matches("^.{2}$", "e\u{301}"))
    #expect(try !matches("\u{E9}", "e\u{301}"))
    #expect(try matches(#"\p{Greek}"#, "α"))
  }

  /// Exponential for engines that backtrack: 2^40 steps.
  @Test func timeIsLinearInTheText() throws {
    let text = String(repeating: "a", count: 40)
    #expect(try !matches("^(a+)+$", text + "!"))
    #expect(try !matches("^(a|a)*b$", String(repeating: "a", count: 1_000_000)))
    #expect(try !matches("(x+x+)+y", String(repeating: "x", count: 100_000)))
  }

  @Test(
    arguments: [
      ("(", "missing ): (", nil),
      (#"(a)\1"#, #"invalid escape sequence: \1"#, "backreferences"),
      (#"(?P<n>a)\k<n>"#, #"invalid escape sequence: \k"#, "backreferences"),
      ("(?=a)", "invalid perl operator: (?=", "lookahead"),
      ("(?!a)", "invalid perl operator: (?!", "lookahead"),
      ("(?<=a)b", "invalid perl operator: (?<", "lookbehind"),
      ("(?<!a)b", "invalid perl operator: (?<", "lookbehind"),
      ("((a{100}){100}){100}", "invalid repetition size: {100}", nil),
    ] as [(String, String, String?)])
  func whatIsNoPatternIsSaid(_ pattern: String, _ message: String, _ hint: String?) {
    #expect {
      _ = try RegularExpression(pattern)
    } throws: { error in
      guard let refusal = error as? RegularExpression.Refusal else { return false }
      let isHinted = hint.map { refusal.hint?.contains($0) ?? false } ?? (refusal.hint == nil)
      return refusal.message == message && isHinted
    }
  }

  @Test func aPatternThatIsTooLargeIsRefused() {
    let pattern = String(repeating: #"\pL{1000}"#, count: 100)
    #expect(throws: RegularExpression.Refusal.self) { _ = try RegularExpression(pattern) }
  }

  @Test func groupsAreFound() throws {
    let expression = try RegularExpression("(?P<first>a+)(x)?(b*)")
    #expect(expression.groupNames == ["first", nil, nil])
    let text = "..aab"
    #expect(expression.find(in: text.utf8Span.span.bytes) == [2..<5, 2..<4, nil, 4..<5])
    let ended = "caa"
    #expect(expression.find(in: ended.utf8Span.span.bytes) == [1..<3, 1..<3, nil, 3..<3])
    let other = "xb"
    #expect(expression.find(in: other.utf8Span.span.bytes) == nil)
    let empty = ""
    #expect(try RegularExpression("(.*)").find(in: empty.utf8Span.span.bytes) == [0..<0, 0..<0])
  }
}
