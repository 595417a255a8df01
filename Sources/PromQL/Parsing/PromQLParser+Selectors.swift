import Bytes
import RE2

/// Selectors with their matchers, range, offset and time.
extension PromQLParser {
  /// `name` is the word before the braces, if there is one.
  mutating func selector(named name: PromQLToken?) throws(PromQLError) -> Node {
    let start = name?.span.lowerBound ?? token.span.lowerBound
    var end = name?.span.upperBound ?? start
    var matchers = name.map { [Matcher(metric: Text($0.text))] } ?? []
    if try takeIf("{") {
      while !isAt("}") {
        let place = token.span
        let matcher = try self.matcher()
        if matcher.name == Labels.metricName, matcher.comparison == .equal,
          matchers.contains(where: { $0.name == Labels.metricName && $0.comparison == .equal })
        {
          throw error("metric name must not be set twice", at: place)
        }
        matchers.append(matcher)
        if try !takeIf(",") { break }
      }
      end = token.span.upperBound
      try expect("}", "in a selector")
    }
    if matchers.allSatisfy(\.acceptsAbsent) {
      throw error(
        "vector selector must contain at least one non-empty matcher", at: start..<end)
    }
    var selector = Selector(matchers)
    if isAt("[") { selector.rangeMs = try range() }
    try modify(&selector)
    if isAt("[") {
      throw error(
        selector.rangeMs == nil
          ? "no offset and @ modifiers allowed before range"
          : "subqueries are not in the subset: a range stands once, after a selector",
        at: token.span)
    }
    return Node(form: .selector(selector), span: start..<max(end, token.span.lowerBound))
  }

  private mutating func matcher() throws(PromQLError) -> Matcher {
    let isQuoted = if case .text = token.kind { true } else { false }
    let name = try labelName()
    if isQuoted, isAt(",") || isAt("}") { return Matcher(metric: name) }
    guard token.kind == .symbol, let comparison = Matcher.Comparison(rawValue: token.text) else {
      throw unexpected("in label matching, expected one of \"=\", \"!=\", \"=~\", \"!~\"")
    }
    try take()
    guard case .text(let value) = token.kind else {
      throw unexpected("in label matching, expected a text in quotes")
    }
    let place = try take().span
    do throws(RegularExpression.Refusal) {
      return try Matcher(name, comparison, value)
    } catch {
      throw self.error("the regular expression is not legal: \(error)", at: place)
    }
  }

  private mutating func range() throws(PromQLError) -> Int64 {
    try take()
    let ms = try duration(in: "a range")
    if token.text.hasPrefix(":") {
      throw error(
        "subqueries are not in the subset: a range is a duration alone", at: token.span)
    }
    try expect("]", "in a range")
    return ms
  }

  private mutating func duration(in place: String) throws(PromQLError) -> Int64 {
    guard case .duration(let ms) = token.kind else {
      throw unexpected("in \(place), expected a duration such as 5m")
    }
    if ms == 0 { throw error("duration must be greater than 0", at: token.span) }
    try take()
    return ms
  }

  // MARK: Offset and @

  private mutating func modify(_ selector: inout Selector) throws(PromQLError) {
    var hasOffset = false
    while true {
      let place = token.span
      if isAtWord("offset") {
        if hasOffset { throw error("offset may not be set multiple times", at: place) }
        hasOffset = true
        try take()
        let isAhead = try takeIf("-")
        let ms = try duration(in: "an offset")
        selector.offsetMs = isAhead ? -ms : ms
      } else if isAt("@") {
        if selector.at != nil {
          throw error("@ <timestamp> may not be set multiple times", at: place)
        }
        try take()
        selector.at = try time()
      } else {
        return
      }
    }
  }

  private mutating func time() throws(PromQLError) -> Selector.At {
    let place = token.span
    if isAtWord("start", "end") {
      let isStart = try take().text.lowercased() == "start"
      try expect("(", "after @ start or @ end")
      try expect(")", "after @ start or @ end")
      return isStart ? .start : .end
    }
    let isNegative = try takeIf("-")
    if !isNegative { _ = try takeIf("+") }
    guard case .number(let seconds) = token.kind else {
      throw unexpected("after @, expected a time in seconds, start() or end()")
    }
    try take()
    guard let ms = PromQLTime.ms(seconds: isNegative ? -seconds : seconds) else {
      throw error("timestamp out of bounds for @ modifier", at: place)
    }
    return .ms(ms)
  }
}

/// Times as Prometheus counts them.
public enum PromQLTime {
  /// Those that nanoseconds in 64 bits hold, with room for ranges and offsets beside them.
  public static let limitMs: Int64 = 9_000_000_000_000

  /// Milliseconds since 1970, rounded; nil beyond ``limitMs``, some 285 years.
  public static func ms(seconds: Double) -> Int64? {
    let ms = (seconds * 1_000).rounded()
    guard ms.isFinite, abs(ms) <= Double(limitMs) else { return nil }
    return Int64(ms)
  }
}
