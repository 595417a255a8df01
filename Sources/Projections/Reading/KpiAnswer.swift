import Bytes
import Model

/// Rows of a KPI, with what one has to know of them.
public struct KpiAnswer: Sendable {
  public enum Source: String, Sendable { case cells, columns }

  public var definition: KpiDefinition
  public internal(set) var columns = KpiColumns()
  /// How far the stream's event time has got.
  public var watermarkNs: Int64?
  public var source = Source.cells
  /// Share of the log that the cells have, while they are being filled; the rows are complete all the same.
  public var fillingProgress: Double?
  /// The answer holds for the log up to this event.
  public var asOfSeq: UInt64 = 0

  /// One row.
  public struct Row: Sendable, Equatable {
    /// The bucket's start.
    public var timeNs: Int64
    /// The dimensions; nil where a fact has none.
    public var group: [Text?]
    public var values: [KpiValue]
    /// Facts that took part.
    public var facts: UInt64
    public var firstSeq: UInt64
    public var lastSeq: UInt64
    /// The watermark has passed the bucket's end by the KPI's lateness.
    public var isFinal: Bool
    /// Blocks that have changed the row after it was final.
    public var revision: UInt32
  }

  /// By time and group, each made when it is asked for.
  public var rows: Rows { Rows(columns: columns) }

  public struct Rows: RandomAccessCollection, Sendable {
    let columns: KpiColumns
    public var startIndex: Int { 0 }
    public var endIndex: Int { columns.count }
    public subscript(row: Int) -> Row { columns.row(row) }
  }
}

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
  public var headers: [CellHeader] = []
  /// Whether the watermark has passed the end of the row's bucket by the KPI's lateness.
  public var isFinal: [Bool] = []

  public var count: Int { timesNs.count }

  func row(_ row: Int) -> KpiAnswer.Row {
    KpiAnswer.Row(
      timeNs: timesNs[row], group: groups[Int(groupOfRow[row])], values: items.map { $0[row] },
      facts: headers[row].facts, firstSeq: headers[row].firstSeq, lastSeq: headers[row].lastSeq,
      isFinal: isFinal[row], revision: headers[row].revision)
  }
}

/// The values of one item.
public enum ItemColumn: Sendable {
  /// NaN where there is nothing to compute from.
  case numbers([Double])
  case integers([Int64])
  /// Some are integers that no double holds; nil where there is nothing to compute from.
  case exact([Number?])
  case values([KpiValue])

  public subscript(row: Int) -> KpiValue {
    switch self {
    case .numbers(let numbers): numbers[row].isNaN ? .null : .number(numbers[row])
    case .integers(let integers): .integer(integers[row])
    case .exact(let numbers): numbers[row].map(KpiValue.init) ?? .null
    case .values(let values): values[row]
    }
  }

  /// As numbers; NaN where there is none.
  var doubles: [Double] {
    switch self {
    case .numbers(let numbers): numbers
    case .integers(let integers): integers.map { Double($0) }
    case .exact(let numbers): numbers.map { $0?.double ?? .nan }
    case .values(let values): values.map { $0.number?.double ?? .nan }
    }
  }

  /// As numbers; nil where there is none.
  var exact: [Number?] {
    switch self {
    case .numbers(let numbers): numbers.map { Number($0) }
    case .integers(let integers): integers.map { Number($0) }
    case .exact(let numbers): numbers
    case .values(let values): values.map(\.number)
    }
  }

  /// Whether doubles would lose digits of an integer. O(rows).
  var isBeyondDoubles: Bool {
    switch self {
    case .numbers: false
    case .integers(let integers): integers.contains { Number($0).isBeyondDoubles }
    case .exact(let numbers): numbers.contains { $0?.isBeyondDoubles ?? false }
    case .values(let values): values.contains { $0.number?.isBeyondDoubles ?? false }
    }
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

  /// An integer only when no double holds it: what a value is must not depend on the others of its column.
  public init(_ number: Number) {
    if !number.isBeyondDoubles {
      self = .number(number.double)
      return
    }
    switch number.form {
    case .signed(let value): self = .integer(value)
    case .unsigned(let value): self = .unsigned(value)
    case .real(let value): self = .number(value)
    }
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

  /// The nearest double; nil when it is no number.
  var double: Double? { number?.double }
}
