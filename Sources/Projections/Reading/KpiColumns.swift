import Bytes
import Model

/// The rows of an answer as columns, by time and group.
public struct KpiColumns: Sendable {
  /// The start of each row's bucket.
  public var timesNs: [Int64] = []
  /// Each row's place in `groups`.
  public var groupOfRow: [Int32] = []
  /// The dimensions of the groups; nil where a fact has none.
  public var groups: [[Text?]] = []
  /// One for each item.
  public var items: [ItemColumn] = []
  /// For each item how many rows have no value because a number is beyond the range of doubles.
  public var overflows: [Int] = []
  public var headers: [CellHeader] = []
  /// Whether the watermark has passed the end of the row's bucket by the KPI's lateness.
  public var isFinal: [Bool] = []

  public var count: Int { timesNs.count }
}

/// The values of one item.
public enum ItemColumn: Sendable {
  /// NaN where there is nothing to compute from.
  case numbers([Double])
  case integers([Int64])
  /// Some are integers that no double holds; nil where there is nothing to compute from.
  case exact([Number?])
  case values([KpiValue])

  /// Numbers: in doubles if these hold them all.
  static func make(_ numbers: [Number?]) -> ItemColumn {
    numbers.contains { $0?.isBeyondDoubles ?? false }
      ? .exact(numbers) : .numbers(numbers.map { $0?.double ?? .nan })
  }
}

/// A value of a KPI's row.
public enum KpiValue: Sendable, Equatable {
  /// Nothing to compute from: a gap is never 0.
  case null
  case integer(Int64)
  /// An integer above `Int64.max`.
  case unsigned(UInt64)
  case number(Double)
  /// A text; the first or last value of a field also when it is a boolean.
  case text(Text)
  case bool(Bool)
  /// The most frequent values, with how often they occur.
  case top([TopEntry])

  public struct TopEntry: Sendable, Equatable {
    public var value: Text
    public var count: UInt64
    /// The count may be this much too high.
    public var error: UInt64
  }

  public init(_ number: Number) {
    switch number.form {
    case .signed(let value): self = .integer(value)
    case .unsigned(let value): self = .unsigned(value)
    case .real(let value): self = .number(value)
    }
  }

  /// A number that was computed: as an integer where no double holds it, whatever stands beside it.
  init(computed number: Number) {
    self = number.isBeyondDoubles ? KpiValue(number) : .number(number.double)
  }

  /// Nil when it is none.
  public var number: Number? {
    switch self {
    case .integer(let value): Number(value)
    case .unsigned(let value): Number(value)
    case .number(let value): Number(value)
    case .null, .text, .bool, .top: nil
    }
  }
}
