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
  var text = ""

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
      case .integer, .aggregate, .field, .string, .bool, .null, .parameter, .scalar, .window,
        .unknown:
        self = .operand
      }
    }
  }

  mutating func expression(_ expression: Expression) {
    switch expression {
    case .number(let value): text += Self.number(value)
    case .integer(let value): text += "\(value)"
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
    case .field(let field): text += field.canonicalText
    case .string(let string): text += Self.string(string.value.string)
    case .bool(let value): text += value.value ? "TRUE" : "FALSE"
    case .null: text += "NULL"
    case .parameter(let parameter): text += parameter.canonicalText
    case .scalar(let call):
      text += "\(call.function.name)("
      list(call.arguments) { $0.expression($1) }
      text += ")"
    case .window(let call): window(call)
    case .unknown(let call): list(call.arguments) { $0.expression($1) }
    }
  }

  private mutating func window(_ call: WindowCall) {
    text += "\(call.function.name)("
    expression(call.argument)
    if let length = call.length { text += ", \(length.canonicalText)" }
    text += ")"
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
    case .percentile(let percent):
      text += Self.percentile(percent, argument, aggregate.spelling)
    case .top(let count): text += "top(\(argument), \(count)"
    default: text += "\(aggregate.function.name)(\(argument)"
    }
    if let filter = aggregate.filter {
      text += " WHERE "
      predicate(filter)
    }
    text += ")"
  }

  /// `p99.9(x`, or as it was written; a percentile that has an exponent is a share.
  private static func percentile(
    _ percent: Double, _ argument: String, _ spelling: PercentileSpelling
  ) -> String {
    let number = number(percent)
    let isPlain = number.utf8.allSatisfy { $0.isDigit || $0 == UInt8(ascii: ".") }
    switch spelling {
    case .median where percent == 50: return "median(\(argument)"
    case .long where percent == 0 || percent >= 1: return "percentile(\(argument), \(number)"
    case .short where isPlain, .median where isPlain, .long where isPlain:
      return "p\(number)(\(argument)"
    default: return "quantile(\(argument), \(DecimalPoint.shifted(number, by: -2))"
    }
  }

  // MARK: Words

  mutating func list<Element>(_ elements: [Element], _ print: (inout Printer, Element) -> Void) {
    for (index, element) in elements.enumerated() {
      if index > 0 { text += ", " }
      print(&self, element)
    }
  }

  mutating func parenthesized(_ isNeeded: Bool, _ body: (inout Printer) -> Void) {
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
