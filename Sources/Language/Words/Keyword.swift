/// The words that are no names unless quoted.
enum Keyword: String, CaseIterable {
  case select, from, `where`, group, by, having, order, limit, `as`
  case and, or, not, `in`, between, like, `is`, null, `true`, `false`

  init?(word: String) { self.init(rawValue: asciiLowercased(word)) }
}
