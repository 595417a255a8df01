import Bytes
import Testing

struct TextTests {
  /// é as one scalar, and as e with a combining accent.
  private let composed: Text = "\u{E9}"
  private let decomposed: Text = "e\u{301}"

  @Test func textsThatUnicodeHoldsEqualAreNotEqual() {
    #expect(composed.string == decomposed.string)
    #expect(composed != decomposed)
    #expect(Set([composed, decomposed, "\u{E9}"]).count == 2)
    #expect([composed: 1, decomposed: 2][composed] == 1)
    // The sign of Kelvin is canonically the letter K.
    #expect(Text("\u{212A}") != "K")
    #expect(composed != decomposed.string)
    #expect(decomposed.string != composed)
  }

  @Test func aTextEqualsItsBytes() {
    #expect(Text(decoding: Array("caf\u{E9}".utf8)) == "caf\u{E9}")
    #expect(Text("") == Text(decoding: []))
    #expect(Text("") < "a")
    #expect(!(Text("a") < ""))
    #expect(Text("x\(1)y") == "x1y")
    #expect([Text("a"), "b"].joined(separator: ", ") == "a, b")
  }

  /// Texts of all lengths up to beyond those that Swift keeps within a string.
  private static func text(_ random: inout SeededGenerator) -> [UInt8] {
    let parts = ["a", "e", "\u{301}", "\u{E9}", "\u{212A}", "K", "\u{1F600}"]
    return (0..<random.below(9)).flatMap { _ in Array(random.pick(parts).utf8) }
  }

  @Test func equalityHashesAndOrderAreThoseOfBytes() {
    rounds(2_000) { random in
      let (a, b) = (Self.text(&random), Self.text(&random))
      let (left, right) = (Text(decoding: a), Text(decoding: b))
      try checkEqual(left == right, a == b, "\(a) == \(b)")
      try checkEqual(left < right, a.lexicographicallyPrecedes(b), "\(a) < \(b)")
      try check(Array(left.utf8) == a, "\(a) is kept")
      let again = Text(decoding: a)
      try check(left == again && left.hashValue == again.hashValue, "\(a) hashes the same")
    }
  }
}
