/// Cuts a text into tokens, one at each call. What is no token becomes an invalid one, so the lexer
/// always gets to the end. Linear time.
struct Lexer {
  let bytes: [UInt8]
  private var cursor = 0
  /// Where the last token ended when it was a name: a dot there goes on with the path.
  private var nameEnd = -1

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The next token; at the end, the end each time.
  mutating func next() -> Token {
    var token = skipBlanks() ?? scan()
    if token.kind == .word, let keyword = Keyword(word: token.text) {
      token.kind = .keyword(keyword)
    }
    nameEnd = token.isName ? token.span.end : -1
    return token
  }

  private func peek(_ ahead: Int = 0) -> UInt8 {
    cursor + ahead < bytes.count ? bytes[cursor + ahead] : 0
  }

  private mutating func scan() -> Token {
    guard cursor < bytes.count else {
      return Token(kind: .end, span: TextSpan(cursor, cursor))
    }
    switch peek() {
    case UInt8(ascii: "'"): return quoted(.string)
    case UInt8(ascii: "\""), UInt8(ascii: "`"): return quoted(.quotedName)
    case let byte where byte.isDigit: return number()
    case UInt8(ascii: ".") where peek(1).isDigit && nameEnd != cursor: return number()
    case UInt8(ascii: "$"): return parameter()
    case UInt8(ascii: ";"): return semicolon()
    default: return word() ?? symbol()
    }
  }

  private mutating func parameter() -> Token {
    let start = cursor
    cursor += 1
    guard skipNameScalars(isFirst: true) else {
      return invalid(
        start, cursor, "'$' is not part of the language", hint: "a parameter is written $name")
    }
    let name = String(decoding: bytes[(start + 1)..<cursor], as: UTF8.self)
    var token = invalid(
      start, cursor, "there are no parameters here", hint: "write the value itself")
    token.kind = .parameter
    token.text = name
    return token
  }

  private mutating func semicolon() -> Token {
    cursor += 1
    var token = invalid(
      cursor - 1, cursor, "';' is not part of the language", hint: "leave it out")
    token.kind = .semicolon
    return token
  }

  // MARK: Blanks

  /// Skips white space and comments. A comment without an end is a token of its own.
  private mutating func skipBlanks() -> Token? {
    while cursor < bytes.count {
      switch (peek(), peek(1)) {
      case (0x20, _), (0x09...0x0D, _):
        cursor += 1
      case (UInt8(ascii: "-"), UInt8(ascii: "-")):
        while cursor < bytes.count, bytes[cursor] != UInt8(ascii: "\n") { cursor += 1 }
      case (UInt8(ascii: "/"), UInt8(ascii: "*")):
        if let token = skipBlockComment() { return token }
      case (0xC2, 0xA0):  // a no-break space, as copied from a web page
        cursor += 2
      default:
        return nil
      }
    }
    return nil
  }

  private mutating func skipBlockComment() -> Token? {
    let start = cursor
    cursor += 2
    while cursor + 1 < bytes.count {
      if bytes[cursor] == UInt8(ascii: "*"), bytes[cursor + 1] == UInt8(ascii: "/") {
        cursor += 2
        return nil
      }
      cursor += 1
    }
    cursor = bytes.count
    return invalid(start, start + 2, "the comment has no end", hint: "end it with */")
  }

  // MARK: Names, strings and numbers

  private mutating func word() -> Token? {
    let start = cursor
    guard skipNameScalars(isFirst: true) else { return nil }
    skipPercentileFraction(from: start)
    return Token(kind: .word, span: TextSpan(start, cursor), text: text(from: start))
  }

  /// Returns whether there was any.
  private mutating func skipNameScalars(isFirst: Bool) -> Bool {
    let start = cursor
    while cursor < bytes.count {
      let (scalar, length) = scalar(at: cursor, of: bytes)
      guard isNameScalar(scalar, isFirst: isFirst && cursor == start) else { break }
      cursor += length
    }
    return cursor > start
  }

  /// Takes the `.9` of `p99.9(` into the word. Without the parenthesis it is a path.
  private mutating func skipPercentileFraction(from start: Int) {
    guard bytes[start] | 0x20 == UInt8(ascii: "p"), cursor > start + 1,
      bytes[(start + 1)..<cursor].allSatisfy(\.isDigit), peek() == UInt8(ascii: "."),
      peek(1).isDigit
    else { return }
    var end = cursor + 1
    while end < bytes.count, bytes[end].isDigit { end += 1 }
    if end < bytes.count, bytes[end] == UInt8(ascii: "(") { cursor = end }
  }

  /// Reads up to the quote that it begins with; two of them stand for one.
  private mutating func quoted(_ kind: Token.Kind) -> Token {
    let start = cursor
    let quote = peek()
    var content: [UInt8] = []
    cursor += 1
    while cursor < bytes.count {
      if bytes[cursor] == quote {
        cursor += 1
        guard peek() == quote, cursor < bytes.count else {
          return Token(
            kind: kind, span: TextSpan(start, cursor),
            text: String(decoding: content, as: UTF8.self))
        }
      }
      content.append(bytes[cursor])
      cursor += 1
    }
    let mark = String(UnicodeScalar(quote))
    return invalid(
      start, cursor, kind == .string ? "the string has no end" : "the quoted name has no end",
      hint: "end it with \(mark); within it, two \(mark) stand for one")
  }

  private mutating func number() -> Token {
    let start = cursor
    skipDigits()
    if peek() == UInt8(ascii: "."), peek(1).isDigit {
      cursor += 1
      skipDigits()
    }
    let sign = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-") ? 1 : 0
    if peek() | 0x20 == UInt8(ascii: "e"), peek(1 + sign).isDigit {
      cursor += 1 + sign
      skipDigits()
    }
    let end = cursor
    if peek() == UInt8(ascii: ".") { cursor += 1 }
    if skipNameScalars(isFirst: false) || cursor > end {
      var token = invalid(
        start, cursor, "'\(shown(bytes[start..<cursor], limit: 40))' is not a number",
        hint: cursor > end + 1 || bytes[cursor - 1] != UInt8(ascii: ".")
          ? "a name that begins with a digit is written in double quotes" : nil)
      if let kind = lengthKind(start, unitAt: end) {
        token.kind = kind
        token.text = text(from: start)
      }
      return token
    }
    if cursor - start > LanguageLimits.maxNumberBytes {
      return invalid(
        start, cursor,
        "a number has at most \(LanguageLimits.maxNumberBytes) characters")
    }
    return Token(kind: .number, span: TextSpan(start, cursor), text: text(from: start))
  }

  /// What a count and a unit of time are that stand from `start` to the cursor; nil when they do not.
  private func lengthKind(_ start: Int, unitAt end: Int) -> Token.Kind? {
    guard cursor - end <= 8, bytes[start..<end].allSatisfy(\.isDigit) else { return nil }
    let word = String(decoding: bytes[end..<cursor], as: UTF8.self)
    if TimeUnit.isMillisecond(word) { return .milliseconds }
    return TimeUnit(word: word) == nil ? nil : .length
  }

  private mutating func skipDigits() {
    while peek().isDigit { cursor += 1 }
  }

  private func text(from start: Int) -> String {
    String(decoding: bytes[start..<cursor], as: UTF8.self)
  }

  // MARK: Symbols

  private mutating func symbol() -> Token {
    let start = cursor
    guard let (kind, length) = Self.symbol(peek(), peek(1)) else { return strangeCharacter() }
    cursor += length
    return Token(kind: kind, span: TextSpan(start, cursor))
  }

  private static func symbol(_ byte: UInt8, _ next: UInt8) -> (Token.Kind, length: Int)? {
    switch (Unicode.Scalar(byte), Unicode.Scalar(next)) {
    case ("(", _): (.leftParenthesis, 1)
    case (")", _): (.rightParenthesis, 1)
    case (",", _): (.comma, 1)
    case (".", _): (.dot, 1)
    case ("*", _): (.star, 1)
    case ("+", _): (.plus, 1)
    case ("-", _): (.minus, 1)
    case ("/", _): (.slash, 1)
    case ("~", _): (.matches, 1)
    case ("!", "~"): (.matchesNot, 2)
    case ("!", "="), ("<", ">"): (.comparison(.ne), 2)
    case ("<", "="): (.comparison(.le), 2)
    case (">", "="): (.comparison(.ge), 2)
    case ("=", "~"): nil
    case ("=", "="): (.comparison(.eq), 2)
    case ("=", _): (.comparison(.eq), 1)
    case ("<", _): (.comparison(.lt), 1)
    case (">", _): (.comparison(.gt), 1)
    default: nil
    }
  }

  private mutating func strangeCharacter() -> Token {
    let start = cursor
    let (scalar, length) = scalar(at: cursor, of: bytes)
    let isPair =
      "&|=".unicodeScalars.contains(scalar) && peek(1) != 0 && "&|~".utf8.contains(peek(1))
    cursor += isPair ? 2 : length
    let hint: String? =
      switch scalar {
      case "&": "write AND"
      case "|": isPair ? "write OR; no operator joins texts" : "write OR"
      case "!": "write NOT, or != for 'not equal'"
      case "=": "a regular expression is compared with ~, or !~"
      case "‘", "’", "“", "”", "´": "strings are written in plain single quotes: 'text'"
      case "−", "–", "—": "minus is written -"
      case ":" where peek() == UInt8(ascii: ":"):
        "there are no casts; numbers and strings are told by the function"
      case "@", "#", ":": "a name with such a character is written in double quotes"
      default: nil
      }
    let text = shown(bytes[start..<cursor], limit: 2)
    return invalid(start, cursor, "'\(text)' is not part of the language", hint: hint)
  }

  private func invalid(
    _ start: Int, _ end: Int, _ message: String, hint: String? = nil
  ) -> Token {
    let span = TextSpan(start, end)
    return Token(
      kind: .invalid, span: span, issue: LanguageError.Issue(span, message, hint: hint))
  }
}
