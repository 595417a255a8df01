/// What is understood of InfluxQL: what clients ask before they write, and what shells look around by.
enum InfluxQLStatement: Equatable {
  case createDatabase(String)
  case showDatabases
  case showRetentionPolicies
  case showMeasurements
  case other

  /// The statements of a text, which semicolons part. O(bytes).
  static func all(_ text: String) -> [InfluxQLStatement] {
    var statements: [[Substring]] = [[]]
    var rest = text[...]
    while let word = nextWord(&rest) {
      if word == ";" {
        statements.append([])
      } else {
        statements[statements.count - 1].append(word)
      }
    }
    return statements.filter { !$0.isEmpty }.map(Self.init)
  }

  private init(_ words: [Substring]) {
    let keywords = words.prefix(6).map { $0.uppercased() }
    if keywords.starts(with: ["CREATE", "DATABASE"]), words.count > 2 {
      let isIfNotExists = keywords.dropFirst(2).starts(with: ["IF", "NOT", "EXISTS"])
      let name = isIfNotExists ? words.dropFirst(5).first : words[2]
      self = name.map { .createDatabase(Self.unquoted($0)) } ?? .other
    } else if keywords == ["SHOW", "DATABASES"] {
      self = .showDatabases
    } else if keywords.starts(with: ["SHOW", "RETENTION", "POLICIES"]) {
      self = .showRetentionPolicies
    } else if keywords.starts(with: ["SHOW", "MEASUREMENTS"]) {
      self = .showMeasurements
    } else {
      self = .other
    }
  }

  /// A word, a text in quotes with them, or a semicolon.
  private static func nextWord(_ text: inout Substring) -> Substring? {
    text = text.drop { $0.isWhitespace }
    guard let first = text.first else { return nil }
    var end = text.index(after: text.startIndex)
    if first == "\"" || first == "'" {
      while end < text.endIndex, text[end] != first {
        if text[end] == "\\" { text.formIndex(after: &end) }
        if end < text.endIndex { text.formIndex(after: &end) }
      }
      if end < text.endIndex { text.formIndex(after: &end) }
    } else if first != ";" {
      end = text.firstIndex { $0.isWhitespace || $0 == ";" } ?? text.endIndex
    }
    defer { text = text[end...] }
    return text[..<end]
  }

  private static func unquoted(_ word: Substring) -> String {
    guard let first = word.first, first == "\"" || first == "'", word.count > 1, word.last == first
    else { return String(word) }
    return String(word.dropFirst().dropLast()).replacing("\\\(first)", with: "\(first)")
  }
}
