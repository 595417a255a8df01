/// The words that are no names unless quoted.
enum Keyword: String, CaseIterable {
  case select, from, `where`, group, by, having, order, limit, `as`
  case and, or, not, `in`, between, like, `is`, null, `true`, `false`

  init?(word: String) {
    // Most words are longer than all of them.
    if word.utf8.count > Self.maxLength { return nil }
    self.init(rawValue: asciiLowercased(word))
  }

  private static let maxLength = allCases.map(\.rawValue.utf8.count).max() ?? 0
}
