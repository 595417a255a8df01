import Bytes

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
    return expression.canonicalText + " AS " + Printer.name(alias.string, isFirst: true)
  }

  /// The alias, or else the canonical text of the expression.
  public var name: Text {
    if let alias { return alias }
    // A field is called so without the quotes that it may need in a text.
    if case .field(let path) = expression { return path.path }
    return Text(expression.canonicalText)
  }
}

extension ColumnMeaning {
  /// As it stands behind an item, such as `UNIT '°C' TARGET 20`; empty when nothing is said.
  public var canonicalText: String {
    var printer = Printer()
    printer.meaning(self)
    return String(printer.text.dropFirst())
  }
}

extension GroupField {
  /// The field, and AS with the alias if there is one.
  public var canonicalText: String {
    guard let alias else { return path.canonicalText }
    // AS OF is another clause.
    let isOf = asciiLowercased(alias.string) == "of"
    return path.canonicalText + " AS "
      + (isOf ? "\"\(alias.string)\"" : Printer.name(alias.string, isFirst: true))
  }
}

extension FieldPath {
  /// The path with quotes where they are needed.
  public var canonicalText: String {
    if isPlain { return path.string }
    let names = path.string.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false)
    return names.enumerated().map { Printer.name(String($1), isFirst: $0 == 0) }
      .joined(separator: ".")
  }

  /// Whether all levels are names of ASCII that need no quotes, as mostly: paths are printed wherever columns get their names.
  /// O(bytes).
  private var isPlain: Bool {
    var first = 0
    var isStart = true
    for (index, byte) in path.utf8.enumerated() {
      if byte == UInt8(ascii: ".") {
        if isStart { return false }
        if first == 0 { first = index }
      } else if !UnicodeScalar(byte).isASCII || !isNameScalar(UnicodeScalar(byte), isFirst: isStart)
      {
        return false
      }
      isStart = byte == UInt8(ascii: ".")
    }
    if isStart { return false }
    return Keyword(word: first == 0 ? path.string : String(path.string.prefix(first))) == nil
  }
}

extension Literal {
  /// The value as it is written: strings in single quotes, numbers with the digits that they had.
  public var canonicalText: String {
    switch self {
    case .number(_, let text): text
    case .string(let text): Printer.string(text.string)
    case .bool(let value): value ? "TRUE" : "FALSE"
    case .parameter(let parameter): parameter.canonicalText
    }
  }
}

extension Parameter {
  /// The name with its `$`.
  public var canonicalText: String { "$" + name.string }
}

extension Comparison {
  /// The operator as it is written; `!=` and not `<>`.
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

extension Name {
  /// The name with quotes where they are needed.
  public var canonicalText: String { FieldPath(text).canonicalText }
}

extension TimeLength {
  /// The count and the short unit: `24h`.
  public var canonicalText: String { "\(amount)\(unit.rawValue)" }
}

extension TimeExpression {
  /// The text that parses to this time again, in the one form it has.
  public var canonicalText: String {
    let start =
      switch base {
      case .now: "NOW"
      case .today: "TODAY"
      case .yesterday: "YESTERDAY"
      case .text(let text): Printer.string(text)
      case .ago(let length): "\(length.canonicalText) AGO"
      case .parameter(let parameter): parameter.canonicalText
      }
    return offsets.reduce(into: start) { text, offset in
      text += (offset.isBack ? " - " : " + ") + offset.length.canonicalText
    }
  }
}

extension AsOf {
  /// The text from AS OF on.
  public var canonicalText: String {
    switch self {
    case .time(let time): "AS OF \(time.canonicalText)"
    case .seq(let seq): "AS OF SEQ \(seq.value)"
    }
  }
}

extension TargetCall {
  /// The kind and its text or its options: `file('report.csv')`.
  public var canonicalText: String {
    if options.isEmpty { return "\(kind)(\(Printer.string(argument.value)))" }
    var printer = Printer()
    printer.options(options)
    return "\(kind)(\(printer.text))"
  }
}

extension Condition {
  /// The text that parses to this condition again, in the one form it has.
  public var canonicalText: String {
    var printer = Printer()
    printer.condition(self)
    return printer.text
  }
}

extension Select {
  /// The text that parses to this query again, its clauses in the one order they have.
  public var canonicalText: String {
    var printer = Printer()
    printer.select(self)
    return printer.text
  }
}

extension Statement {
  /// The text that parses to this statement again, in the one form it has; without a `;`.
  public var canonicalText: String {
    var printer = Printer()
    printer.statement(body)
    return printer.text
  }
}

extension TimeLength {
  /// In the largest unit that gives it whole; parts of a second are cut off, and there is at least one.
  public init(ns: Int64) {
    let seconds = max(1, ns / 1_000_000_000)
    let units: [(Int64, TimeUnit)] = [(86_400, .day), (3_600, .hour), (60, .minute)]
    let (length, unit) = units.first { seconds % $0.0 == 0 } ?? (1, .second)
    self.init(seconds / length, unit)
  }

  /// A length as the language writes it, `5m`; one that it cannot write is in seconds all the same: `0s`, `1.5s`.
  public static func text(ns: Int64) -> String {
    let (seconds, rest) = ns.quotientAndRemainder(dividingBy: 1_000_000_000)
    if rest != 0 { return "\(Double(ns) / 1e9)s" }
    return seconds > 0 ? TimeLength(ns: ns).canonicalText : "\(seconds)s"
  }
}
