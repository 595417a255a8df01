import Bytes
import Testing

struct LikePatternTests {
  private static func isLike(_ text: String, _ pattern: Text) -> Bool {
    let bytes = Array(text.utf8)
    return LikePattern(pattern).matches(bytes.rawSpan) {}
  }

  @Test func anUnderscoreIsOneScalar() {
    #expect(Self.isLike("\u{E9}", "_"))
    #expect(!Self.isLike("e\u{301}", "_"))
    #expect(Self.isLike("e\u{301}", "__"))
    #expect(Self.isLike("\u{1F600}x", "_x"))
    #expect(!Self.isLike("", "_"))
    #expect(Self.isLike("", "%"))
    #expect(Self.isLike("100%", "100%"))
  }

  @Test func aLongMatchCanBeStopped() {
    struct Stop: Error {}
    let text = [UInt8](repeating: UInt8(ascii: "a"), count: 100_000)
    let pattern = LikePattern(Text("%" + String(repeating: "a", count: 50_000) + "b"))
    #expect(throws: Stop.self) { _ = try pattern.matches(text.rawSpan) { throw Stop() } }
  }

  /// The definition, without any cleverness.
  private static func isLike(
    _ text: ArraySlice<Unicode.Scalar>, _ pattern: ArraySlice<Unicode.Scalar>
  )
    -> Bool
  {
    guard let first = pattern.first else { return text.isEmpty }
    switch first {
    case "%":
      return (text.startIndex...text.endIndex).contains { isLike(text[$0...], pattern.dropFirst()) }
    case _ where text.isEmpty: return false
    default:
      return (first == "_" || first == text.first) && isLike(text.dropFirst(), pattern.dropFirst())
    }
  }

  @Test func matchesAreThoseOfTheDefinition() throws {
    rounds(3_000) { random in
      let scalars: [Unicode.Scalar] = ["a", "b", "\u{E9}", "e", "\u{301}", "_", "%"]
      let text = (0..<random.below(7)).map { _ in scalars[random.below(5)] }
      let pattern = (0..<random.below(7)).map { _ in random.pick(scalars) }
      func string(_ scalars: [Unicode.Scalar]) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
      }
      try checkEqual(
        Self.isLike(string(text), Text(string(pattern))), Self.isLike(text[...], pattern[...]),
        "\(text) LIKE \(pattern)")
    }
  }
}
