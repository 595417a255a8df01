/// A line of the line protocol, read. Names and texts are without their escapes, in the order of the line.
public struct Point: Equatable, Sendable {
  /// UTF-8, of the line itself where it has no escape.
  public typealias Bytes = ArraySlice<UInt8>

  /// What points are told apart by, beside their time.
  public struct Tag: Equatable, Sendable {
    public var name: Bytes
    public var value: Bytes

    public init(name: Bytes, value: Bytes) { (self.name, self.value) = (name, value) }
  }

  /// What was measured.
  public struct Field: Equatable, Sendable {
    public var name: Bytes
    public var value: FieldValue

    public init(name: Bytes, value: FieldValue) { (self.name, self.value) = (name, value) }
  }

  /// When that was.
  public struct Time: Equatable, Sendable {
    /// Since 1970.
    public var ns: Int64
    /// That the line counts in.
    public var unit: TimestampUnit

    public init(ns: Int64, unit: TimestampUnit) { (self.ns, self.unit) = (ns, unit) }
  }

  public var measurement: Bytes
  public var tags: [Tag] = []
  /// At least one.
  public var fields: [Field] = []
  /// Nil where the line leaves it to the server.
  public var time: Time?

  /// Has no field yet.
  public init(measurement: Bytes) { self.measurement = measurement }
}

/// A value with its type. Numbers are their digits, as JSON has them, so that none is rounded.
public enum FieldValue: Equatable, Sendable {
  case float(Point.Bytes)
  case integer(Point.Bytes)
  case unsigned(Point.Bytes)
  case boolean(Bool, BooleanSpelling)
  case string(Point.Bytes)

  /// Stands for the type in ``PointDocument``.
  var letter: UInt8 {
    switch self {
    case .float: UInt8(ascii: "f")
    case .integer: UInt8(ascii: "i")
    case .unsigned: UInt8(ascii: "u")
    case .boolean(_, let spelling): spelling.letter
    case .string: UInt8(ascii: "s")
    }
  }
}

/// How a client writes booleans.
public enum BooleanSpelling: CaseIterable, Sendable {
  case small, capitalized, capitals, letter, capitalLetter

  /// Stands for the type and the spelling in ``PointDocument``.
  var letter: UInt8 {
    switch self {
    case .small: UInt8(ascii: "b")
    case .capitalized: UInt8(ascii: "B")
    case .capitals: UInt8(ascii: "C")
    case .letter: UInt8(ascii: "t")
    case .capitalLetter: UInt8(ascii: "T")
    }
  }

  func word(_ value: Bool) -> String {
    switch self {
    case .small: value ? "true" : "false"
    case .capitalized: value ? "True" : "False"
    case .capitals: value ? "TRUE" : "FALSE"
    case .letter: value ? "t" : "f"
    case .capitalLetter: value ? "T" : "F"
    }
  }
}

/// What timestamps count.
public enum TimestampUnit: String, CaseIterable, Sendable {
  case nanoseconds = "ns"
  case microseconds = "us"
  case milliseconds = "ms"
  case seconds = "s"
  case minutes = "m"
  case hours = "h"

  public var ns: Int64 {
    switch self {
    case .nanoseconds: 1
    case .microseconds: 1_000
    case .milliseconds: 1_000_000
    case .seconds: 1_000_000_000
    case .minutes: 60_000_000_000
    case .hours: 3_600_000_000_000
    }
  }

  /// The unit in which a number is a time of about now, as InfluxDB 3 guesses it.
  public init(guessing number: Int64) {
    switch number.magnitude {
    case ..<5_000_000_000: self = .seconds
    case ..<5_000_000_000_000: self = .milliseconds
    case ..<5_000_000_000_000_000: self = .microseconds
    default: self = .nanoseconds
    }
  }
}

/// What is wrong with a line, in InfluxDB's words.
public struct LineFault: Error, Equatable {
  public var reason: String
  public init(_ reason: String) { self.reason = reason }
}
