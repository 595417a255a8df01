/// A pattern of SQL's LIKE, matched with all of a text: `%` is any text, `_` any one Unicode scalar.
public struct LikePattern: Sendable {
  private let bytes: [UInt8]

  private static let anyText = UInt8(ascii: "%")
  private static let anyScalar = UInt8(ascii: "_")
  /// Steps between two calls of `check`.
  private static let stepsOfCheck = 1 << 16

  /// Any text is a pattern; there is no escape for `%` and `_`.
  public init(_ pattern: Text) { bytes = Array(pattern.utf8) }

  /// Whether all of `text`, which is UTF-8, is like the pattern. Greedy with one place to go back to: O(text) for most
  /// patterns, O(text x pattern) at worst, so `check` is called now and then, and what it throws ends the matching.
  public func matches(_ text: RawSpan, _ check: () throws -> Void) rethrows -> Bool {
    let pattern = bytes.span
    var (at, of) = (0, 0)
    // Where the last `%` may begin anew.
    var retry: (at: Int, of: Int)?
    var steps = 0
    while at < text.byteCount {
      steps += 1
      if steps == Self.stepsOfCheck {
        steps = 0
        try check()
      }
      if of < pattern.count, pattern[of] == Self.anyText {
        of += 1
        retry = (at, of)
      } else if of < pattern.count, pattern[of] == Self.anyScalar {
        at = Self.scalarEnd(text, at)
        of += 1
      } else if of < pattern.count, pattern[of] == text.byte(at: at) {
        at += 1
        of += 1
      } else if let last = retry {
        // Scalars are not cut: what `_` stands for begins where one does.
        (at, of) = (Self.scalarEnd(text, last.at), last.of)
        retry = (at, of)
      } else {
        return false
      }
    }
    while of < pattern.count, pattern[of] == Self.anyText { of += 1 }
    return of == pattern.count
  }

  /// Where the scalar that begins at `start` ends.
  private static func scalarEnd(_ text: RawSpan, _ start: Int) -> Int {
    var end = start + 1
    while end < text.byteCount, text.byte(at: end) & 0xC0 == 0x80 { end += 1 }
    return end
  }
}
