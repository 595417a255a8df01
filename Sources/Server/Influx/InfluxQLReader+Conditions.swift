import Bytes
import Language
import Model
import RE2

/// Conditions on time, tags and fields.
extension InfluxQLReader {
  mutating func condition() throws(InfluxQLError) -> InfluxQLCondition { try any(0) }

  private static let maxDepth = 50

  private mutating func any(_ depth: Int) throws(InfluxQLError) -> InfluxQLCondition {
    guard depth < Self.maxDepth else {
      throw InfluxQLError("too many parentheses within one another")
    }
    var left = try all(depth)
    while takeIf("OR") {
      let right = try all(depth)
      guard !left.hasTime, !right.hasTime, let one = left.predicate, let other = right.predicate
      else { throw InfluxQLError("time stands beside OR only in parentheses of its own, by AND") }
      left.predicate = .or(one, other)
    }
    return left
  }

  private mutating func all(_ depth: Int) throws(InfluxQLError) -> InfluxQLCondition {
    var left = try one(depth)
    while takeIf("AND") { left = left.and(try one(depth)) }
    return left
  }

  private mutating func one(_ depth: Int) throws(InfluxQLError) -> InfluxQLCondition {
    if takeIf(symbol: "(") {
      let inner = try any(depth + 1)
      try expect(")")
      return inner
    }
    if isAt("TIME") { return try time() }
    let field = FieldPath(try name())
    guard let comparison = take(), comparison.kind == .symbol else {
      throw unexpected("expected an operator")
    }
    var condition = InfluxQLCondition()
    condition.predicate = try predicate(field, comparison.text)
    return condition
  }

  /// An absent tag is the empty text.
  private mutating func predicate(
    _ field: FieldPath, _ comparison: String
  ) throws(InfluxQLError) -> Predicate {
    let isNegative = takeIf(symbol: "-")
    guard let value = take() else { throw unexpected("expected a value") }
    let isAbsent = Predicate.isNull(field, isNegated: false)
    let comparisons: [String: Comparison] = [
      "=": .eq, "!=": .ne, "<>": .ne, "<": .lt, "<=": .le, ">": .gt, ">=": .ge,
    ]
    switch (value.kind, comparison) {
    case (.pattern, "=~"), (.pattern, "!~"):
      let isNegated = comparison == "!~"
      let takesEmpty: Bool
      do throws(RegularExpression.Refusal) {
        takesEmpty = try RegularExpression(value.text).matches("")
      } catch {
        throw InfluxQLError("the regular expression is not legal: \(error)")
      }
      let test = Predicate.matches(field, pattern: Spanned(Text(value.text)), isNegated: isNegated)
      return takesEmpty != isNegated ? .or(isAbsent, test) : test
    case (.text, "=") where value.text.isEmpty: return isAbsent
    case (.text, "!=") where value.text.isEmpty, (.text, "<>") where value.text.isEmpty:
      return .isNull(field, isNegated: true)
    case (.text, "!="), (.text, "<>"):
      return .or(isAbsent, .compare(field, .ne, .string(Text(value.text))))
    case (.text, "="): return .compare(field, .eq, .string(Text(value.text)))
    case (.number, _):
      guard let comparison = comparisons[comparison], let number = Double(value.text) else { break }
      let text = (isNegative ? "-" : "") + value.text
      return .compare(field, comparison, .number(isNegative ? -number : number, text: text))
    case (.word, "="), (.word, "!="):
      guard let bool = ["true": true, "false": false][value.text.lowercased()] else { break }
      return .compare(field, comparison == "=" ? .eq : .ne, .bool(bool))
    default: break
    }
    throw InfluxQLError("the condition \(field.path) \(comparison) \(value.text) is not answered")
  }

  // MARK: Time

  private mutating func time() throws(InfluxQLError) -> InfluxQLCondition {
    _ = take()
    guard let comparison = take(), comparison.kind == .symbol else {
      throw unexpected("expected an operator")
    }
    let ns = try instant()
    var condition = InfluxQLCondition()
    switch comparison.text {
    case ">": condition.sinceNs = ns.saturatingAdding(1)
    case ">=": condition.sinceNs = ns
    case "<": condition.untilNs = ns
    case "<=": condition.untilNs = ns.saturatingAdding(1)
    case "=": (condition.sinceNs, condition.untilNs) = (ns, ns.saturatingAdding(1))
    default: throw InfluxQLError("time \(comparison.text) is not answered")
    }
    return condition
  }

  /// `now() - 1h`, a time in quotes, or a number with a unit, of nanoseconds without one.
  private mutating func instant() throws(InfluxQLError) -> Int64 {
    var ns: Int64
    let isNegative = takeIf(symbol: "-")
    guard let token = take() else { throw unexpected("expected a time") }
    switch token.kind {
    case .word where token.isWord("NOW"):
      try expect("(")
      try expect(")")
      ns = nowNs
    case .text:
      guard
        let time = Timestamp(token.text) ?? Timestamp(token.text.replacing(" ", with: "T") + "Z")
      else { throw InfluxQLError("invalid operation: time and \(token.text) are not compatible") }
      ns = time.ns
    case .number: ns = try Self.length(token.text)
    default: throw unexpected("expected a time")
    }
    if isNegative { ns = -ns }
    while let sign = self.token, sign.isSymbol("+") || sign.isSymbol("-") {
      _ = take()
      guard let length = take(), length.kind == .number else {
        throw unexpected("expected duration")
      }
      let added = try Self.length(length.text)
      ns = sign.text == "+" ? ns.saturatingAdding(added) : ns.saturatingSubtracting(added)
    }
    return ns
  }

  /// In nanoseconds; several units may follow one another: `1h30m`.
  private static func length(_ text: String) throws(InfluxQLError) -> Int64 {
    let units: [String: Int64] = [
      "": 1, "ns": 1, "u": 1_000, "µ": 1_000, "ms": 1_000_000, "s": 1_000_000_000,
      "m": 60_000_000_000, "h": 3_600_000_000_000, "d": 86_400_000_000_000,
      "w": 604_800_000_000_000,
    ]
    var rest = text[...]
    var sum: Int64 = 0
    repeat {
      let digits = rest.prefix { $0.isNumber }
      rest = rest[digits.endIndex...]
      let unit = rest.prefix { !$0.isNumber }
      rest = rest[unit.endIndex...]
      guard let count = Int64(digits), let ns = units[String(unit)] else {
        throw InfluxQLError("\(text) is no time")
      }
      let (length, isBeyond) = count.multipliedReportingOverflow(by: ns)
      sum = sum.saturatingAdding(isBeyond ? .max : length)
    } while !rest.isEmpty
    return sum
  }
}
