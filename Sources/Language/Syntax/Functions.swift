/// A function of values of one row.
public enum ScalarFunction: String, Sendable, Equatable, CaseIterable {
  case abs, round, floor, ceil, sqrt, ln, log10, exp, power, coalesce, nullif, greatest, least

  /// The name that the language has for it.
  public var name: String { rawValue }

  /// How many arguments it takes.
  public var arity: ClosedRange<Int> {
    switch self {
    case .abs, .floor, .ceil, .sqrt, .ln, .log10, .exp: 1...1
    case .round: 1...2
    case .power, .nullif: 2...2
    case .coalesce, .greatest, .least: 1...Int.max
    }
  }

  var arityText: String {
    switch self {
    case .round: "a number, and how many digits to keep"
    case .power: "two values: the base and the exponent"
    case .nullif: "two values: NULL is what equals the second"
    case .coalesce, .greatest, .least: "one value or more"
    default: "one value"
    }
  }
}

/// A call of a function of values: `round(avg(x), 1)`. It has as many arguments as its function
/// takes.
public struct ScalarCall: Sendable, Equatable {
  public var function: ScalarFunction
  public var arguments: [Expression]
  public var span: TextSpan

  public init(
    _ function: ScalarFunction, _ arguments: [Expression], span: TextSpan = .none
  ) {
    self.function = function
    self.arguments = arguments
    self.span = span
  }
}

/// A function of a row's value and of those before it in the same group.
public enum WindowFunction: String, Sendable, Equatable, CaseIterable {
  /// How many standard deviations the value is from the mean of the time before it.
  case zscore
  /// The change since the value before, or since that of a length of time ago, in percent.
  case percentChange = "pct_change"

  /// The name that the language has for it.
  public var name: String { rawValue }
}

/// A call of a window function: `zscore(avg(temperature), 24h)`.
public struct WindowCall: Sendable, Equatable {
  public var function: WindowFunction
  public var argument: Expression
  /// How far back it looks. Nil, which only `pct_change` may have, is to the value before.
  public var length: TimeLength?
  public var span: TextSpan

  public init(
    _ function: WindowFunction, _ argument: Expression, length: TimeLength? = nil,
    span: TextSpan = .none
  ) {
    self.function = function
    self.argument = argument
    self.length = length
    self.span = span
  }
}

extension AggregateFunction {
  /// Whether a row begins with the last sample before it, of each series for itself.
  public var takesEarlierSample: Bool {
    switch self {
    case .rate, .increase, .timeAverage: true
    default: false
    }
  }
}
