/// A piece of a text as an editor shows it: what the lexer sees, and what a word most likely means
/// where it stands.
public struct TextToken: Sendable, Equatable {
  /// What an editor shows differently. A `name` is that of a stream, field, KPI or column, and an `operator` any mark
  /// that is none of the others, such as a comma.
  public enum Kind: Sendable, Equatable {
    case keyword, function, name, string, number, parameter, `operator`, semicolon, comment
    /// What is no part of the language, or has no end.
    case invalid
  }

  /// Offsets of UTF-8 bytes.
  public var range: Range<Int>
  public var kind: Kind
  /// A word or operator as written; a string or quoted name without its marks, if it is ended.
  public var text: String

  public init(_ range: Range<Int>, _ kind: Kind, text: String = "") {
    self.range = range
    self.kind = kind
    self.text = text
  }

  /// The tokens of a text that may be wrong or not ended yet, in ascending order, comments too. It
  /// never fails. O(bytes).
  public static func all(of text: String) -> [TextToken] {
    var builder = TextTokenBuilder(Array(text.utf8))
    return builder.build()
  }
}

/// Tells tokens apart by their neighbours. A parser would know better, but only of a text without
/// mistakes.
private struct TextTokenBuilder {
  private let bytes: [UInt8]
  private var tokens: [TextToken] = []
  /// Whether a name or value is more likely next than a clause.
  private var expectsName = false

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func build() -> [TextToken] {
    var lexer = Lexer(bytes)
    var end = 0
    var token = lexer.next()
    while true {
      addComments(end..<token.span.start)
      if token.kind == .end { return tokens }
      let next = lexer.next()
      let isCall = next.kind == .leftParenthesis
      let kind = kind(of: token, before: next, isCall: isCall)
      // A comment without an end is marked at its beginning.
      end = kind == .comment ? next.span.start : token.span.end
      let text =
        kind == .operator
        ? String(decoding: bytes[token.span.start..<end], as: UTF8.self) : token.text
      tokens.append(TextToken(token.span.start..<end, kind, text: text))
      remember(token)
      token = next
    }
  }

  private func kind(of token: Token, before next: Token, isCall: Bool) -> TextToken.Kind {
    switch token.kind {
    case .keyword: .keyword
    case .word: kind(ofWord: token, before: next, isCall: isCall)
    case .quotedName: .name
    case .string: .string
    case .number, .length, .milliseconds: .number
    case .parameter: .parameter
    case .semicolon: .semicolon
    case .invalid: unfinished(bytes[token.span.start...].prefix(2))
    default: .operator
    }
  }

  /// What is not ended yet is what it will be.
  private func unfinished(_ start: ArraySlice<UInt8>) -> TextToken.Kind {
    switch start.first {
    case UInt8(ascii: "'"): .string
    case UInt8(ascii: "\""), UInt8(ascii: "`"): .name
    case UInt8(ascii: "/"): .comment
    default: .invalid
    }
  }

  private func kind(ofWord token: Token, before next: Token, isCall: Bool) -> TextToken.Kind {
    if isCall && token.isFunction { return .function }
    if next.kind == .dot || isAfterDot { return .name }
    if isAfterNumber, TimeUnit(word: token.text) != nil { return .number }
    guard let word = token.word else { return .name }
    // `AS OF` and `now - 5m` stand where a name could.
    return expectsName && ![.of, .now, .today, .yesterday].contains(word) ? .name : .keyword
  }

  private var isAfterDot: Bool {
    tokens.last.map { $0.kind == .operator && $0.text == "." } ?? false
  }

  private var isAfterNumber: Bool { tokens.last?.kind == .number }

  private mutating func remember(_ token: Token) {
    expectsName =
      switch token.kind {
      case .keyword(let keyword):
        switch keyword {
        case .null, .true, .false, .group, .order, .limit: false
        default: true
        }
      case .word: [.kpi, .stream, .facet, .describe].contains(token.word)
      case .leftParenthesis, .comma, .dot, .plus, .minus, .slash, .comparison, .matches,
        .matchesNot:
        true
      default: false
      }
  }

  /// What the lexer has passed over without blanks.
  private mutating func addComments(_ gap: Range<Int>) {
    var cursor = gap.lowerBound
    while cursor < gap.upperBound {
      switch bytes[cursor] {
      case UInt8(ascii: "-"):
        let end =
          bytes[cursor..<gap.upperBound].firstIndex(of: UInt8(ascii: "\n")) ?? gap.upperBound
        tokens.append(TextToken(cursor..<end, .comment))
        cursor = end
      case UInt8(ascii: "/"):
        let end = endOfBlock(cursor + 2, gap.upperBound)
        tokens.append(TextToken(cursor..<end, .comment))
        cursor = end
      default: cursor += 1
      }
    }
  }

  private func endOfBlock(_ start: Int, _ limit: Int) -> Int {
    var cursor = start
    while cursor + 1 < limit {
      if bytes[cursor] == UInt8(ascii: "*"), bytes[cursor + 1] == UInt8(ascii: "/") {
        return cursor + 2
      }
      cursor += 1
    }
    return limit
  }
}

extension Token {
  /// Whether there is a function of that name.
  fileprivate var isFunction: Bool {
    let name = asciiLowercased(text)
    if Vocabulary.functions.contains(name) { return true }
    return name.first == "p" && Double(name.dropFirst()) != nil
  }
}
