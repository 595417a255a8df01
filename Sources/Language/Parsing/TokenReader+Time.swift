import Bytes

extension TokenReader {
  // MARK: Lengths

  /// Reads a count and a unit, `24 hours` or `24h`. `numberAlone` is what to say of a count without
  /// a unit.
  mutating func timeLength(
    hint: String? = nil, numberAlone: Issue? = nil
  ) throws(Issue) -> TimeLength {
    let start = token
    switch start.kind {
    case .length:
      advance()
      return try splitLength(start)
    case .number:
      advance()
      let unit = token.kind == .word ? TimeUnit(word: token.text) : nil
      guard let unit else {
        if let numberAlone, token.kind != .word || clause != nil { throw numberAlone }
        throw noUnit()
      }
      let amount = try timeAmount(start.text, start.span)
      advance()
      return TimeLength(amount, unit, span: span(from: start.span))
    default:
      throw noLength(hint)
    }
  }

  /// Reads a count and `ms`, together or apart.
  mutating func milliseconds() throws(Issue) -> Int64 {
    let digits = token.text.prefix { $0 != "m" && $0 != "M" }
    let amount = try timeAmount(String(digits), token.span)
    if token.kind == .number { advance() }
    advance()
    return amount
  }

  private func splitLength(_ token: Token) throws(Issue) -> TimeLength {
    let digits = token.text.prefix { $0.isASCII && $0.isNumber }
    let amount = try timeAmount(String(digits), token.span)
    guard let unit = TimeUnit(word: String(token.text.dropFirst(digits.count))) else {
      throw Issue(token.span, "expected a unit of time")
    }
    return TimeLength(amount, unit, span: token.span)
  }

  private func timeAmount(_ digits: String, _ span: TextSpan) throws(Issue) -> Int64 {
    guard digits.utf8.allSatisfy(\.isDigit) else {
      throw Issue(
        span, "a length of time has a whole number",
        hint: "take a shorter unit, for example 90 minutes in place of 1.5 hours")
    }
    guard let amount = Int64(digits), 1...LanguageLimits.maxTimeAmount ~= amount else {
      throw Issue(
        span, "a length of time is from 1 to \(LanguageLimits.maxTimeAmount) of a unit")
    }
    return amount
  }

  private func noUnit() -> Issue {
    let expected = "a unit of time: s, m, h, d, w, mo, q or y"
    if token.kind == .word, token.text == "M" {
      return unexpected(expected, hint: "write m for minutes or mo for months")
    }
    let near = token.kind == .word ? Spelling.nearest(token.text, Vocabulary.timeUnits) : nil
    return unexpected(expected, hint: near.flatMap { $0.count > 3 ? "did you mean \($0)?" : nil })
  }

  private func noLength(_ hint: String?) -> Issue {
    let expected = "a length of time"
    let usual = "a count and a unit, for example 5 minutes, 1h or 30d"
    switch token.kind {
    case .invalid where text(token.span).utf8.first?.isDigit == true:
      return Issue(
        token.span, "expected \(expected), found \(found)",
        hint: text(token.span).hasSuffix("M") ? "write m for minutes or mo for months" : usual)
    case .word where TimeUnit(word: token.text) != nil:
      return unexpected(expected, hint: "write 1 \(brief(token.text))")
    case .word where asciiLowercased(token.text) == "interval":
      return unexpected(expected, hint: "write the count and the unit alone, for example 1 hour")
    case .string:
      return unexpected(expected, hint: "write it without quotes, for example 1 hour")
    default:
      return unexpected(expected, hint: hint ?? usual)
    }
  }

  // MARK: Points in time

  /// Reads a time: a word, a text or a length ago, and lengths added to it.
  mutating func time() throws(Issue) -> TimeExpression {
    let start = token.span
    let base = try timeBase()
    var offsets: [TimeExpression.Offset] = []
    while token.kind == .plus || token.kind == .minus {
      let isBack = token.kind == .minus
      advance()
      offsets.append(TimeExpression.Offset(isBack: isBack, try timeLength()))
    }
    return TimeExpression(base, offsets: offsets, span: span(from: start))
  }

  private mutating func timeBase() throws(Issue) -> TimeExpression.Base {
    switch token.kind {
    case .string: return .text(try string("a time").value)
    case .parameter:
      let parameter = Parameter(Text(token.text), span: token.span)
      advance()
      return .parameter(parameter)
    case .number, .length: return try ago()
    case .word:
      if accept(.now) {
        // As in SQL.
        if accept(.leftParenthesis) { try expect(.rightParenthesis, "')'") }
        return .now
      }
      if accept(.today) { return .today }
      if accept(.yesterday) { return .yesterday }
    default: break
    }
    throw noTime()
  }

  private mutating func ago() throws(Issue) -> TimeExpression.Base {
    let length = try timeLength(
      numberAlone: Issue(
        token.span, "a number alone is no time",
        hint: "a time is written in quotes, for example '2024-07-30T12:00Z'"))
    guard accept(.ago) else {
      throw unexpected(
        "AGO", hint: "write \(length.canonicalText) AGO; a length alone stands after LAST")
    }
    return .ago(length)
  }

  private func noTime() -> Issue {
    var hint: String? = "for example '2024-07-30T12:00Z', NOW, TODAY, YESTERDAY or 3 hours ago"
    switch token.kind {
    case .quotedName:
      hint = "double quotes are for names; write '\(brief(doubling("'", in: token.text)))'"
    case .word:
      hint = keywordHint(["NOW", "TODAY", "YESTERDAY"]) ?? hint
    case .minus, .plus:
      hint = "write NOW before it, or 3 hours ago"
    default: break
    }
    return unexpected("a time", hint: hint)
  }

  // MARK: States of the log

  /// Reads what follows AS OF.
  mutating func asOf() throws(Issue) -> AsOf {
    if accept(.seq) { return .seq(try wholeNumber("a sequence number")) }
    let first = token
    do { return .time(try time()) } catch {
      guard first.kind == .number, error.span == first.span else { throw error }
      let number = brief(first.text)
      throw Issue(
        first.span, error.message, hint: "the state after event \(number) is AS OF SEQ \(number)")
    }
  }
}
