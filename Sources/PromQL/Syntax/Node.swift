import Bytes

/// An expression, and where it stands in its text.
public struct Node: Sendable {
  /// What an expression is. A number that is negative is a ``negated(_:)`` positive one.
  public indirect enum Form: Sendable {
    case number(Double)
    /// Only as an argument.
    case text(Text)
    case selector(Selector)
    case parenthesized(Node)
    case negated(Node)
    case binary(BinaryOperation)
    case aggregation(Aggregation)
    case call(Function, [Node])
  }

  public var form: Form
  /// Offsets in bytes.
  public var span: Range<Int>

  /// What is in the parentheses, if it is in any.
  var unwrapped: Node {
    if case .parenthesized(let inner) = form { return inner.unwrapped }
    return self
  }
}

/// What an expression gives.
public enum ValueType: String, Sendable {
  /// A number at each time.
  case scalar
  case text = "string"
  /// Series with at most one value at each time.
  case vector = "instant vector"
  /// Series with all samples of a stretch of time.
  case range = "range vector"
}

/// Series, and the time at which they are looked at.
public struct Selector: Sendable, Equatable {
  /// The time that replaces that of the query.
  public enum At: Sendable, Equatable {
    case ms(Int64)
    case start
    case end
  }

  /// At least one does not take the empty text.
  public var matchers: [Matcher]
  /// How far back samples are taken; nil for the value at the time itself.
  public var rangeMs: Int64?
  /// How much earlier it looks; below 0 it looks ahead.
  public var offsetMs: Int64 = 0
  public var at: At?

  /// At the time of the query.
  public init(_ matchers: [Matcher]) { self.matchers = matchers }
}

/// Two expressions and an operator.
public struct BinaryOperation: Sendable {
  /// The operators, as they are written.
  public enum Operator: String, Sendable, CaseIterable {
    case power = "^"
    case multiply = "*"
    case divide = "/"
    case modulo = "%"
    case add = "+"
    case subtract = "-"
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="

    /// Whether it keeps or drops values rather than computing new ones.
    public var isComparison: Bool {
      switch self {
      case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
      default: false
      }
    }

    /// Those of a higher one bind closer.
    var precedence: Int {
      switch self {
      case .power: 4
      case .multiply, .divide, .modulo: 3
      case .add, .subtract: 2
      default: 1
      }
    }
  }

  /// By which labels two series belong together.
  public struct Matching: Sendable, Equatable {
    /// Whether these labels are compared, or all others.
    public var isOn: Bool
    public var labels: [Text]
  }

  public var operation: Operator
  /// Whether a comparison gives 0 and 1.
  public var isBool = false
  /// Nil compares all labels.
  public var matching: Matching?
  public var left: Node
  public var right: Node
}

/// A vector whose series are put together in groups.
public struct Aggregation: Sendable {
  /// The operators, as they are written.
  public enum Operator: String, Sendable, CaseIterable {
    case sum, avg, min, max, count, topk, bottomk, quantile, stddev

    /// Whether a number stands before the vector.
    var hasParameter: Bool {
      switch self {
      case .topk, .bottomk, .quantile: true
      default: false
      }
    }
  }

  public var operation: Operator
  public var parameter: Node?
  public var argument: Node
  /// Nil puts all series into one group.
  public var grouping: Grouping?
}

/// Which labels tell groups apart.
public struct Grouping: Sendable, Equatable {
  /// Whether it is all labels but these.
  public var isWithout: Bool
  public var labels: [Text]

  /// `by`, or `without` some labels.
  public init(isWithout: Bool, labels: [Text]) {
    (self.isWithout, self.labels) = (isWithout, labels)
  }

  /// The labels of the group that a series belongs to.
  public func group(_ series: Labels) -> Labels {
    isWithout ? series.dropping(labels + [Labels.metricName]) : series.keeping(labels)
  }
}
