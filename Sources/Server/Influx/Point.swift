/// A line of the line protocol, read. Names and texts are without their escapes, in the order of the line.
struct Point: Equatable {
  /// UTF-8, of the line itself where it has no escape.
  typealias Bytes = ArraySlice<UInt8>

  struct Tag: Equatable {
    var name: Bytes
    var value: Bytes
  }

  struct Field: Equatable {
    var name: Bytes
    var value: FieldValue
  }

  struct Time: Equatable {
    var ns: Int64
    /// That the line counts in.
    var unit: TimestampUnit
  }

  var measurement: Bytes
  var tags: [Tag] = []
  /// At least one.
  var fields: [Field] = []
  /// Nil where the line leaves it to the server.
  var time: Time?
}

/// A value with its type. Numbers are their digits, as JSON has them, so that none is rounded.
enum FieldValue: Equatable {
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
enum BooleanSpelling: CaseIterable {
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
enum TimestampUnit: String, CaseIterable {
  case nanoseconds = "ns"
  case microseconds = "us"
  case milliseconds = "ms"
  case seconds = "s"
  case minutes = "m"
  case hours = "h"

  var ns: Int64 {
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
  init(guessing number: Int64) {
    switch number.magnitude {
    case ..<5_000_000_000: self = .seconds
    case ..<5_000_000_000_000: self = .milliseconds
    case ..<5_000_000_000_000_000: self = .microseconds
    default: self = .nanoseconds
    }
  }
}

/// What is wrong with a line, in InfluxDB's words.
struct LineFault: Error, Equatable {
  var reason: String
  init(_ reason: String) { self.reason = reason }
}
