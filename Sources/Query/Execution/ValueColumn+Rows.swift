import Bytes
import Model

extension ValueColumn {
  /// As texts, NULL where there is none; numbers and times are no texts.
  var texts: [Text?] {
    switch self {
    case .texts(let values): values
    case .values(let values): values.map(\.text)
    case .numbers, .exact, .integers, .times: Array(repeating: nil, count: count)
    }
  }

  /// The rows at `places`, in that order.
  func gather(_ places: [Int]) -> ValueColumn {
    switch self {
    case .numbers(let values): .numbers(places.map { values[$0] })
    case .exact(let values): .exact(places.map { values[$0] })
    case .integers(let values): .integers(places.map { values[$0] })
    case .texts(let values): .texts(places.map { values[$0] })
    case .times(let values): .times(places.map { values[$0] })
    case .values(let values): .values(places.map { values[$0] })
    }
  }

  /// The rows at `places`, NULL for places below 0. Integers and times become what can hold NULL if one is missing.
  func gather(optional places: [Int]) -> ValueColumn {
    guard places.contains(where: { $0 < 0 }) else { return gather(places) }
    return switch self {
    case .numbers(let values): .numbers(places.map { $0 < 0 ? .nan : values[$0] })
    case .exact(let values): .exact(places.map { $0 < 0 ? nil : values[$0] })
    case .integers(let values):
      ValueColumn(exact: places.map { $0 < 0 ? nil : Number(values[$0]) })
    case .texts(let values): .texts(places.map { $0 < 0 ? nil : values[$0] })
    case .times(let values): .values(places.map { $0 < 0 ? .null : .time(values[$0]) })
    case .values(let values): .values(places.map { $0 < 0 ? .null : values[$0] })
    }
  }

  /// Adds the rows of another column.
  mutating func append(_ other: ValueColumn) {
    switch (self, other) {
    case (.numbers(var values), .numbers(let others)):
      self = .values([])
      values += others
      self = .numbers(values)
    case (.exact(var values), .exact(let others)):
      self = .values([])
      values += others
      self = .exact(values)
    case (.integers(var values), .integers(let others)):
      self = .values([])
      values += others
      self = .integers(values)
    case (.texts(var values), .texts(let others)):
      self = .values([])
      values += others
      self = .texts(values)
    case (.times(var values), .times(let others)):
      self = .values([])
      values += others
      self = .times(values)
    case (.values(var values), _):
      self = .values([])
      for row in 0..<other.count { values.append(other[row]) }
      self = .values(values)
    case _ where count == 0: self = other
    case _ where other.count == 0: break
    default: appendOfOtherKind(other)
    }
  }

  private mutating func appendOfOtherKind(_ other: ValueColumn) {
    // Blocks of one kind of numbers each are numbers.
    if isOfNumbers && other.isOfNumbers {
      let isBeyond = isBeyondDoubles || other.isBeyondDoubles
      self = isBeyond ? .exact(exact + other.exact) : .numbers(doubles + other.doubles)
      return
    }
    self = .values((0..<count).map { self[$0] } + (0..<other.count).map { other[$0] })
  }

  /// What its rows take of memory at least.
  var bytes: Int { count * rowBytes }

  /// Bytes that a row takes at least.
  var rowBytes: Int {
    switch self {
    case .numbers, .integers, .times: 8
    case .texts, .exact: 16
    case .values: 32
    }
  }
}

extension QueryValue {
  /// Texts, and the words for truth; NULL for all else.
  var text: Text? {
    switch self {
    case .text(let text): text
    case .bool(let value): value ? "true" : "false"
    default: nil
    }
  }

  var isNull: Bool {
    switch self {
    case .null: true
    case .number(let value): value.isNaN
    default: false
    }
  }
}
