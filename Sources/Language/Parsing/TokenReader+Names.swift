import Bytes

/// Names and numbers, and the hints that go with them.
extension TokenReader {
  /// Reads `name.name...`; after a dot a keyword is a name as well.
  mutating func fieldPath() throws(Issue) -> FieldPath {
    let name = token
    guard name.isName else { throw unexpected("a field", hint: quotedNameHint) }
    advance()
    return try path(after: name)
  }

  /// Reads what follows the first name of a path, which has been taken.
  mutating func path(after name: Token) throws(Issue) -> FieldPath {
    var path = name.text
    while accept(.dot) {
      switch token.kind {
      case .word, .quotedName, .keyword: path += "." + token.text
      default:
        throw unexpected(
          "a name after '.'",
          hint: "a name that is not of letters, digits and _ is written in double quotes")
      }
      advance()
    }
    return FieldPath(path, span: span(from: name.span))
  }

  /// Reads the name of a stream or KPI; `expected` says which.
  mutating func name(_ expected: String) throws(Issue) -> Name {
    let first = token
    guard first.isName else {
      let text = brief(Printer.name(first.text, isFirst: true))
      throw unexpected(
        expected, hint: first.kind == .string ? "a name is written \(text)" : quotedNameHint)
    }
    advance()
    let path = try path(after: first)
    if path.path.isEmpty { throw Issue(path.span, "the name is empty") }
    return Name(path.path.string, span: path.span)
  }

  /// Reads `field, ...`: at least one.
  mutating func fieldPaths() throws(Issue) -> [FieldPath] {
    var fields: [FieldPath] = []
    repeat { fields.append(try fieldPath()) } while accept(.comma)
    return fields
  }

  /// Reads a text in single quotes; `expected` says which.
  mutating func string(_ expected: String) throws(Issue) -> Spanned<String> {
    let string = token
    guard accept(.string) else {
      let text = brief(doubling("'", in: token.text))
      throw unexpected(
        expected, hint: token.isName ? "write it in single quotes: '\(text)'" : nil)
    }
    return Spanned(string.text, span: string.span)
  }

  /// The same as a text of users, that is its bytes.
  mutating func quotedText(_ expected: String) throws(Issue) -> Spanned<Text> {
    let string = try string(expected)
    return Spanned(Text(string.value), span: string.span)
  }

  /// Reads a number without sign, fraction and exponent; `expected` says which.
  mutating func wholeNumber<Number: FixedWidthInteger>(
    _ expected: String
  ) throws(Issue) -> Spanned<Number> {
    let number = token
    guard number.kind == .number, number.text.utf8.allSatisfy(\.isDigit) else {
      throw unexpected(expected)
    }
    guard let value = Number(number.text) else {
      throw Issue(number.span, "the number is too large")
    }
    advance()
    return Spanned(value, span: number.span)
  }

  /// Takes a number without a sign, with its text in the form that ``Literal`` has.
  mutating func number() throws(Issue) -> (value: Double, text: String) {
    var digits = Array(token.text.utf8.map { $0 == UInt8(ascii: "E") ? UInt8(ascii: "e") : $0 })
    let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
    digits.removeFirst(zeros)
    if digits.first?.isDigit != true { digits.insert(UInt8(ascii: "0"), at: 0) }
    let text = String(decoding: digits, as: UTF8.self)
    guard let value = Double(text), value.isFinite else {
      throw Issue(token.span, "the number is too large")
    }
    advance()
    return (value, text)
  }

  /// A text cut short for a message.
  func brief(_ text: String) -> String { shown(Array(text.utf8)[...], limit: 40) }

  // MARK: Hints

  /// For a token that stands where a name has to.
  var quotedNameHint: String? {
    switch token.kind {
    case .keyword(.select) where isOfStatements, .keyword(.from) where isOfStatements,
      .keyword(.as) where isOfStatements, .keyword(.where) where isOfStatements:
      nil
    case .keyword, .string: "a name like that is written in double quotes: \"\(brief(token.text))\""
    default: nil
    }
  }

  /// For a minus after a field.
  var hyphenHint: String? {
    token.kind == .minus ? "a name with '-' in it is written in double quotes" : nil
  }

  /// For a word that may be a misspelt keyword.
  func keywordHint(_ keywords: [String]) -> String? {
    guard token.kind == .word else { return nil }
    return Spelling.nearest(token.text, keywords).map { "did you mean \($0)?" }
  }
}
