import Language

/// What stands around the cursor.
struct CompletionContext {
  /// What is being typed: a word, a path, or a string from its quote on; empty behind a blank.
  let word: String
  /// The tokens of the statement before the word.
  let tokens: [TextToken]
  let isInString: Bool
  /// The field that the string is compared with.
  let fieldOfString: String?
  /// The stream or KPI of FROM, wherever in the statement it is.
  let target: String?
  /// Whether keywords are typed in small letters.
  let isLowercase: Bool

  init(_ text: String, before: String) {
    let all = TextToken.all(of: before)
    let start = (all.lastIndex { $0.kind == .semicolon } ?? -1) + 1
    var tokens = Array(all[start...]).filter { $0.kind != .comment }
    isInString = tokens.last.map { Self.isOpenString($0, before) } ?? false
    let end = before.utf8.count
    var wordStart = end
    if isInString, let open = tokens.popLast() {
      wordStart = open.range.lowerBound
    } else {
      let utf8 = Array(before.utf8)
      while wordStart > 0, Self.isWordByte(utf8[wordStart - 1]) { wordStart -= 1 }
      tokens.removeAll { $0.range.upperBound > wordStart }
    }
    word = String(decoding: before.utf8.dropFirst(wordStart), as: UTF8.self)
    self.tokens = tokens
    fieldOfString = isInString ? Self.field(before: tokens) : nil
    target = Self.target(of: text, around: end)
    isLowercase = Self.isLowercase(word, tokens)
  }

  var last: TextToken? { tokens.last }

  /// The last word in small letters, if it may be one of the language.
  var lastWord: String { last.map(Self.word) ?? "" }

  /// Whether the statement has a word, in small letters, before the cursor.
  func hasWord(_ word: String) -> Bool { tokens.contains { Self.word($0) == word } }

  private static func word(_ token: TextToken) -> String {
    switch token.kind {
    case .keyword, .function, .name, .number: token.text.lowercased()
    default: ""
    }
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), 0x80...0xFF:
      true
    default: false
    }
  }

  /// Quotes within a string are doubled, so one without an end has an odd number of them.
  private static func isOpenString(_ token: TextToken, _ text: String) -> Bool {
    guard token.kind == .string else { return false }
    let quotes = text.utf8.dropFirst(token.range.lowerBound).prefix(token.range.count)
      .count { $0 == UInt8(ascii: "'") }
    return quotes % 2 == 1
  }

  /// The path before `=`, `LIKE` or `IN ('a', `.
  private static func field(before tokens: [TextToken]) -> String? {
    var rest = tokens[...]
    while let last = rest.last, last.kind == .string || last.isList {
      rest.removeLast()
    }
    guard let test = rest.last, test.kind == .operator || ["in", "like"].contains(word(test))
    else { return nil }
    if test.kind == .operator && test.isDot { return nil }
    rest.removeLast()
    if rest.last.map(word) == "not" { rest.removeLast() }
    return path(endOf: rest)
  }

  /// `a.b` at the end of the tokens.
  private static func path(endOf tokens: ArraySlice<TextToken>) -> String? {
    var names: [String] = []
    var rest = tokens
    while let name = rest.popLast(), [.name, .keyword].contains(name.kind), !name.text.isEmpty {
      names.append(name.text)
      guard let dot = rest.last, dot.isDot else { break }
      rest.removeLast()
    }
    return names.isEmpty ? nil : names.reversed().joined(separator: ".")
  }

  private static func target(of text: String, around cursor: Int) -> String? {
    let tokens = TextToken.all(of: text)
    let end = tokens.firstIndex { $0.kind == .semicolon && $0.range.lowerBound >= cursor }
    let before = tokens[..<(end ?? tokens.endIndex)]
    let start = before.lastIndex { $0.kind == .semicolon && $0.range.upperBound <= cursor }
    let statement = before[((start ?? -1) + 1)...]
    guard let from = statement.firstIndex(where: { word($0) == "from" }) else { return nil }
    var names: [String] = []
    for token in statement[(from + 1)...] {
      if token.isDot { continue }
      guard token.kind == .name || names.isEmpty, !token.text.isEmpty else { break }
      names.append(token.text)
    }
    return names.isEmpty ? nil : names.joined(separator: ".")
  }

  private static func isLowercase(_ word: String, _ tokens: [TextToken]) -> Bool {
    if word.contains(where: \.isLetter) { return word.first?.isLowercase == true }
    guard let keyword = tokens.first(where: { $0.kind == .keyword }) else { return false }
    return keyword.text.first?.isLowercase == true
  }
}

extension TextToken {
  /// Whether it parts the values of a list, or opens it.
  fileprivate var isList: Bool { text == "(" || text == "," }
  fileprivate var isDot: Bool { text == "." && kind == .operator }
}
