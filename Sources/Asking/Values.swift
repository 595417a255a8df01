import Bytes
import Model

/// One value of an answer.
public enum QueryValue: Sendable, Equatable {
  /// Nothing to compute from: a gap is never 0.
  case null
  case bool(Bool)
  case integer(Int64)
  /// An integer above `Int64.max`.
  case unsigned(UInt64)
  case number(Double)
  case text(Text)
  /// Nanoseconds since 1970, UTC.
  case time(Int64)
  /// The most frequent values, with how often they occur.
  case top([TopEntry])

  /// One of the most frequent values. Its true count is from `count - error` to `count`.
  public struct TopEntry: Sendable, Equatable {
    public var value: Text
    public var count: UInt64
    /// The count may be this much too high.
    public var error: UInt64
    public init(value: Text, count: UInt64, error: UInt64) {
      (self.value, self.count, self.error) = (value, count, error)
    }
  }
}

extension QueryValue {
  /// The text that a string is.
  public static func text(_ string: String) -> QueryValue { .text(Text(string)) }

  /// Of texts in it. O(entries).
  fileprivate var textByteCount: Int {
    switch self {
    case .text(let text): text.utf8.count
    case .top(let entries):
      entries.reduce(entries.count * MemoryLayout<TopEntry>.stride) { $0 + $1.value.utf8.count }
    default: 0
    }
  }
}

/// The values of a column.
public enum ValueColumn: Sendable, Equatable {
  /// NaN is NULL; infinities do not occur.
  case numbers([Double])
  /// Some are integers that no double holds; nil is NULL, and infinities do not occur.
  case exact([Number?])
  /// Without NULLs.
  case integers([Int64])
  case texts([Text?])
  /// Without NULLs.
  case times([Int64])
  case values([QueryValue])

  /// The number of rows.
  @inlinable public var count: Int {
    switch self {
    case .numbers(let values): values.count
    case .exact(let values): values.count
    case .integers(let values), .times(let values): values.count
    case .texts(let values): values.count
    case .values(let values): values.count
    }
  }

  /// What the values take, about. O(1), and O(rows) of texts.
  public var byteCount: Int {
    switch self {
    case .numbers(let values): values.count * MemoryLayout<Double>.stride
    case .exact(let values): values.count * MemoryLayout<Number?>.stride
    case .integers(let values), .times(let values): values.count * MemoryLayout<Int64>.stride
    case .texts(let values):
      values.reduce(values.count * MemoryLayout<Text?>.stride) { $0 + ($1?.utf8.count ?? 0) }
    case .values(let values):
      values.reduce(values.count * MemoryLayout<QueryValue>.stride) { $0 + $1.textByteCount }
    }
  }

  /// The value of a row from 0 to before ``count``; traps beyond. O(1).
  @inlinable public subscript(row: Int) -> QueryValue {
    switch self {
    case .numbers(let values): values[row].isNaN ? .null : .number(values[row])
    case .exact(let values): values[row].map(QueryValue.init) ?? .null
    case .integers(let values): .integer(values[row])
    case .texts(let values): values[row].map(QueryValue.text) ?? .null
    case .times(let values): .time(values[row])
    case .values(let values): values[row]
    }
  }
}
