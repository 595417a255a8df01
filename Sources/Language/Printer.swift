extension Expression {
  /// The text that parses to this expression again, in the one form it has.
  public var canonicalText: String {
    var printer = Printer()
    printer.expression(self)
    return printer.text
  }
}

extension Predicate {
  /// The text that parses to this predicate again, in the one form it has.
  public var canonicalText: String {
    var printer = Printer()
    printer.predicate(self)
    return printer.text
  }
}

extension Item {
  /// The expression, and AS with the alias if there is one.
  public var canonicalText: String {
    guard let alias else { return expression.canonicalText }
    return expression.canonicalText + " AS " + Printer.name(alias, isFirst: true)
  }
}

extension FieldPath {
  /// The path with quotes where they are needed.
  public var canonicalText: String {
    let names = path.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false)
    return names.enumerated().map { Printer.name(String($1), isFirst: $0 == 0) }
      .joined(separator: ".")
  }
}

extension Literal {
  public var canonicalText: String {
    switch self {
    case .number(_, let text): text
    case .string(let text): Printer.string(text)
    case .bool(let value): value ? "TRUE" : "FALSE"
    }
  }
}

extension Comparison {
  public var canonicalText: String {
    switch self {
    case .eq: "="
    case .ne: "!="
    case .lt: "<"
    case .le: "<="
    case .gt: ">"
    case .ge: ">="
    }
  }
}

/// A text with every `mark` in it doubled.
func doubling(_ mark: Unicode.Scalar, in text: String) -> String {
  // Character by character would miss a mark that an accent follows.
  var doubled = String.UnicodeScalarView()
  for scalar in text.unicodeScalars {
    doubled.append(scalar)
    if scalar == mark { doubled.append(scalar) }
  }
  return String(doubled)
}

/// Writes the canonical form: keywords in capitals, functions in small letters, one space, and no
/// more parentheses than needed.
struct Printer {
  private(set) var text = ""

  // MARK: Expressions

  /// How tightly the outermost operator of an expression binds.
  private enum Binding: Int {
    case sum, product, unary, operand

    init(_ expression: Expression) {
      switch expression {
      case .binary(.add, _, _), .binary(.subtract, _, _): self = .sum
      case .binary: self = .product
      case .negate: self = .unary
      case .number(let value): self = value.sign == .minus ? .unary : .operand
      case .aggregate: self = .operand
      }
    }
  }

  mutating func expression(_ expression: Expression) {
    switch expression {
    case .number(let value): text += Self.number(value)
    case .aggregate(let aggregate): self.aggregate(aggregate)
    case .negate(let operand):
      text += "-"
      // Two minus signs in a row would be a comment.
      self.expression(operand, atLeast: .operand)
    case .binary(let op, let left, let right):
      let isSum = op == .add || op == .subtract
      self.expression(left, atLeast: isSum ? .sum : .product)
      text += Self.symbol(op)
      self.expression(right, atLeast: isSum ? .product : .unary)
    }
  }

  private mutating func expression(_ expression: Expression, atLeast binding: Binding) {
    parenthesized(Binding(expression).rawValue < binding.rawValue) { $0.expression(expression) }
  }

  private static func symbol(_ op: BinaryOperator) -> String {
    switch op {
    case .add: " + "
    case .subtract: " - "
    case .multiply: " * "
    case .divide: " / "
    }
  }

  private mutating func aggregate(_ aggregate: Aggregate) {
    let argument = aggregate.argument?.canonicalText ?? "*"
    switch aggregate.function {
    case .percentile(let percent): text += Self.percentile(percent, argument)
    case .top(let count): text += "top(\(argument), \(count)"
    default: text += "\(aggregate.function.name)(\(argument)"
    }
    if let filter = aggregate.filter {
      text += " WHERE "
      predicate(filter)
    }
    text += ")"
  }

  /// `p99.9(x`, or the long form for a percentile that has an exponent.
  private static func percentile(_ percent: Double, _ argument: String) -> String {
    let number = number(percent)
    let isPlain = number.utf8.allSatisfy { $0.isDigit || $0 == UInt8(ascii: ".") }
    return isPlain ? "p\(number)(\(argument)" : "percentile(\(argument), \(number)"
  }

  // MARK: Predicates

  private enum LogicBinding: Int {
    case or, and, not

    init(_ predicate: Predicate) {
      switch predicate {
      case .or: self = .or
      case .and: self = .and
      default: self = .not
      }
    }
  }

  mutating func predicate(_ predicate: Predicate) {
    switch predicate {
    case .or(let left, let right):
      self.predicate(left, atLeast: .or)
      text += " OR "
      self.predicate(right, atLeast: .and)
    case .and(let left, let right):
      self.predicate(left, atLeast: .and)
      text += " AND "
      self.predicate(right, atLeast: .not)
    case .not(let operand):
      text += "NOT "
      self.predicate(operand, atLeast: .not)
    case .constant(let value):
      text += value ? "TRUE" : "FALSE"
    default:
      text += Self.test(predicate)
    }
  }

  private mutating func predicate(_ predicate: Predicate, atLeast binding: LogicBinding) {
    parenthesized(LogicBinding(predicate).rawValue < binding.rawValue) {
      $0.predicate(predicate)
    }
  }

  /// The text of a predicate on one field.
  private static func test(_ predicate: Predicate) -> String {
    func not(_ isNegated: Bool) -> String { isNegated ? "NOT " : "" }
    switch predicate {
    case .compare(let field, let comparison, let literal):
      return "\(field.canonicalText) \(comparison.canonicalText) \(literal.canonicalText)"
    case .in(let field, let literals, let isNegated):
      let list = literals.map(\.canonicalText).joined(separator: ", ")
      return "\(field.canonicalText) \(not(isNegated))IN (\(list))"
    case .between(let field, let low, let high, let isNegated):
      return "\(field.canonicalText) \(not(isNegated))BETWEEN \(low.canonicalText)"
        + " AND \(high.canonicalText)"
    case .like(let field, let pattern, let isNegated):
      return "\(field.canonicalText) \(not(isNegated))LIKE \(string(pattern))"
    case .matches(let field, let pattern, let isNegated):
      return "\(field.canonicalText) \(isNegated ? "!~" : "~") \(string(pattern))"
    case .isNull(let field, let isNegated):
      return "\(field.canonicalText) IS \(not(isNegated))NULL"
    case .and, .or, .not, .constant:
      return ""
    }
  }

  // MARK: Words

  private mutating func parenthesized(_ isNeeded: Bool, _ body: (inout Printer) -> Void) {
    if isNeeded { text += "(" }
    body(&self)
    if isNeeded { text += ")" }
  }

  static func string(_ text: String) -> String { "'\(doubling("'", in: text))'" }

  /// A name, quoted when it would not be read as one. Only the first of a path can be a keyword.
  static func name(_ name: String, isFirst: Bool) -> String {
    let scalars = name.unicodeScalars
    let isPlain =
      scalars.first.map { isNameScalar($0, isFirst: true) } ?? false
      && scalars.dropFirst().allSatisfy { isNameScalar($0, isFirst: false) }
      && !(isFirst && Keyword(word: name) != nil)
    return isPlain ? name : "\"\(doubling("\"", in: name))\""
  }

  /// The shortest digits that parse to the same number, whole ones without a fraction.
  static func number(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
