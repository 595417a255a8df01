import Model

/// Values as numbers: in doubles where these hold all of them, else by the numbers themselves.
extension QueryValue {
  /// The number in the case of its form: `unsigned` only above `Int64.max`, `number` only when it is not whole or
  /// beyond 64 bits.
  @inlinable public init(_ number: Number) {
    switch number.form {
    case .signed(let value): self = .integer(value)
    case .unsigned(let value): self = .unsigned(value)
    case .real(let value): self = .number(value)
    }
  }

  /// Nil when it is none.
  @inlinable public var number: Number? {
    switch self {
    case .integer(let value): Number(value)
    case .unsigned(let value): Number(value)
    case .number(let value): Number(value)
    default: nil
    }
  }

  /// The nearest double; NaN when it is no number.
  @inlinable public var double: Double {
    switch self {
    case .number(let value): value
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    default: .nan
    }
  }

  /// Whether it is a number or NULL.
  @inlinable public var isNumberOrNull: Bool {
    switch self {
    case .number, .integer, .unsigned, .null: true
    default: false
    }
  }
}

extension ValueColumn {
  /// As the nearest doubles; NaN where there is no number.
  public var doubles: [Double] {
    switch self {
    case .numbers(let values): values
    case .exact(let values): values.map { $0?.double ?? .nan }
    case .integers(let values), .times(let values): values.map { Double($0) }
    case .texts(let values): Array(repeating: .nan, count: values.count)
    case .values(let values): values.map(\.double)
    }
  }

  /// As numbers; nil where there is none.
  public var exact: [Number?] {
    switch self {
    case .numbers(let values): values.map { Number($0) }
    case .exact(let values): values
    case .integers(let values), .times(let values): values.map { Number($0) }
    case .texts(let values): Array(repeating: nil, count: values.count)
    case .values(let values): values.map(\.number)
    }
  }

  /// Whether doubles would lose digits of an integer. O(rows).
  public var isBeyondDoubles: Bool {
    switch self {
    case .numbers, .texts, .times: false
    case .exact(let values): values.contains { $0?.isBeyondDoubles ?? false }
    case .integers(let values): values.contains { Number($0).isBeyondDoubles }
    case .values(let values): values.contains { $0.number?.isBeyondDoubles ?? false }
    }
  }

  /// Whether it has numbers and NULLs only. O(rows) for values of several kinds.
  public var isOfNumbers: Bool {
    switch self {
    case .numbers, .exact, .integers: true
    case .texts, .times: false
    case .values(let values): values.allSatisfy(\.isNumberOrNull)
    }
  }

  /// Numbers as a column: in doubles if they all fit.
  public init(exact numbers: [Number?]) {
    let isBeyond = numbers.contains { $0?.isBeyondDoubles ?? false }
    self = isBeyond ? .exact(numbers) : .numbers(numbers.map { $0?.double ?? .nan })
  }
}
