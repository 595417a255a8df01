import Foundation
import Language

/// Random trees of the kind that the parser makes.
struct Generator {
  var random: SeededGenerator

  private static let names = [
    "a", "city", "_x9", "temp", "count", "p99", "Select", "in", "NULL", "true", "@timestamp", "a b",
    "5xx", "x-y", "température", "\"", "'", "`", "", "--", "/*", "e\u{301}", "\u{301}", "'\u{301}",
    "\"\u{301}", "日本", "\n", "\0", "😀", "distinct", "last", "where", "asc", "liKe",
  ]

  mutating func field() -> FieldPath {
    let count = random.oneIn(3) ? random.within(2...4) : 1
    return FieldPath((0..<count).map { _ in random.pick(Self.names) }.joined(separator: "."))
  }

  mutating func dimension() -> GroupField {
    guard random.oneIn(3) else { return GroupField(field()) }
    let name = random.pick(Self.names + ["of", "OF"])
    return GroupField(field(), alias: Text(name.isEmpty ? "a.b" : name))
  }

  mutating func item() -> Item {
    var alias: String?
    if random.oneIn(2) {
      let name = random.pick(Self.names)
      alias = name.isEmpty ? "a.b" : name
    }
    return Item(expression(random.below(6)), alias: alias.map { Text($0) })
  }

  mutating func expression(_ depth: Int) -> Language.Expression {
    if depth == 0 || random.oneIn(5) {
      if random.oneIn(8) {
        let whole = random.word()
        return UInt64(exactly: Double(whole)) == whole ? .number(Double(whole)) : .integer(whole)
      }
      return random.oneIn(3) ? .number(number()) : .aggregate(aggregate(depth))
    }
    if random.oneIn(5) { return .negate(expression(depth - 1)) }
    return .binary(
      random.pick(BinaryOperator.allCases), expression(depth - 1), expression(depth - 1))
  }

  private mutating func number() -> Double {
    switch random.below(4) {
    case 0: return Double(random.below(1000))
    case 1: return Double(random.below(100_000)) / 1000
    default:
      let value = Double(bitPattern: random.word()).magnitude
      return value.isFinite ? value : 0
    }
  }

  private mutating func aggregate(_ depth: Int) -> Aggregate {
    let plain: [AggregateFunction] = [
      .count, .sum, .avg, .min, .max, .stddev, .variance, .distinct, .first, .last, .delta, .rate,
      .increase, .timeAverage,
    ]
    let function: AggregateFunction =
      switch random.below(4) {
      case 0: .percentile(random.pick([0, 0.1, 1e-7, 50, 95, 99.9, 99.999, 100, 1 / 3]))
      case 1: .top(random.within(1...1000))
      default: random.pick(plain)
      }
    let argument = function == .count && random.oneIn(2) ? nil : field()
    return Aggregate(
      function, argument, filter: random.oneIn(3) ? predicate(min(depth, 3)) : nil)
  }

  mutating func predicate(_ depth: Int) -> Language.Predicate {
    if depth > 0, !random.oneIn(4) {
      switch random.below(3) {
      case 0: return .and(predicate(depth - 1), predicate(depth - 1))
      case 1: return .or(predicate(depth - 1), predicate(depth - 1))
      default: return .not(predicate(depth - 1))
      }
    }
    let isNegated = random.oneIn(2)
    switch random.below(7) {
    case 0: return .in(field(), (0...random.below(4)).map { _ in literal() }, isNegated: isNegated)
    case 1: return .between(field(), literal(), literal(), isNegated: isNegated)
    case 2: return .like(field(), pattern: Text(string()), isNegated: isNegated)
    case 3: return .matches(field(), pattern: Spanned(Text(string())), isNegated: isNegated)
    case 4: return .isNull(field(), isNegated: isNegated)
    case 5: return .constant(isNegated)
    default: return .compare(field(), random.pick(Comparison.allCases), literal())
    }
  }

  mutating func string() -> String {
    (0..<random.below(3)).map { _ in random.pick(Self.names) }.joined()
  }

  private mutating func literal() -> Literal {
    switch random.below(3) {
    case 0: return .string(Text(string()))
    case 1: return .bool(random.oneIn(2))
    default:
      let text =
        (random.oneIn(2) ? "-" : "")
        + random.pick(["0", "7", "1.50", "0.5", "1e3", "2.5e-7", "9007199254740993", "1e+20"])
      return .number(Double(text) ?? 0, text: text)
    }
  }
}
