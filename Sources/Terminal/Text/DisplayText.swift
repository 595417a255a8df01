/// Text for a terminal, measured in columns. Escape sequences are text here, too: styles go around
/// what was measured and cut.
public enum DisplayText {
  /// On which side of a field its text stands.
  public enum Alignment: Sendable {
    case leading, trailing
  }

  /// The columns that `text` takes: wide East Asian characters and emoji two, combining marks none,
  /// control characters as many as their escapes. O(bytes), and fast for ASCII.
  public static func width(of text: some StringProtocol) -> Int {
    if isPlain(text) { return text.utf8.count }
    return text.reduce(0) { $0 + DisplayWidth.of($1) }
  }

  /// `text` with what would steer the terminal escaped: `\n`, `\t`, `\u{1b}`; also the characters
  /// that change the direction of writing. The same text again when there is no such character.
  public static func printable(_ text: String) -> String {
    if isPlain(text) || !text.unicodeScalars.contains(where: Escaping.isNeeded) { return text }
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if Escaping.isNeeded(scalar) {
        shown.append(contentsOf: Escaping.text(of: scalar).unicodeScalars)
      } else {
        shown.append(scalar)
      }
    }
    return String(shown)
  }

  /// The printable form of `text`, cut at a character so that it takes `width` columns at most,
  /// `mark` included, which stands where something was cut. O(bytes).
  public static func truncated(_ text: String, to width: Int, mark: String = "…") -> String {
    if self.width(of: text) <= width { return printable(text) }
    let room = width - self.width(of: mark)
    if room < 0 { return "" }
    var kept = ""
    var used = 0
    for character in text {
      used += DisplayWidth.of(character)
      if used > room { break }
      kept.append(character)
    }
    return printable(kept) + mark
  }

  /// The printable form of `text` with spaces up to `width` columns; longer text is not cut.
  public static func padded(
    _ text: String, to width: Int, _ alignment: Alignment = .leading
  ) -> String {
    let spaces = String(repeating: " ", count: max(0, width - self.width(of: text)))
    return alignment == .leading ? printable(text) + spaces : spaces + printable(text)
  }

  private static func isPlain(_ text: some StringProtocol) -> Bool {
    text.utf8.allSatisfy { 0x20..<0x7F ~= $0 }
  }
}
