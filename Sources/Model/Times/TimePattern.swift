import Bytes

/// The form of times that are not ISO 8601, as strptime(3) takes it: `%d.%m.%Y %H:%M`.
///
/// | directive | reads |
/// |---|---|
/// | `%Y`, `%y` | the year, of four digits or of two: 69 to 99 are of the twentieth century, others of the next |
/// | `%m`, `%b` | the month: a number, or its English name, whole or three letters |
/// | `%d`, `%j` | the day of the month or of the year |
/// | `%H`, `%I` with `%p` | the hour of 0 to 23, or of 1 to 12 with AM or PM |
/// | `%M`, `%S`, `%f` | minutes, seconds, and the digits of a fraction of a second |
/// | `%z` | `Z`, or an offset: `+0530`, `+05:30`, `+05` |
/// | `%a` | the English name of the weekday, which has to be that of the date |
/// | `%F`, `%T` | `%Y-%m-%d`, `%H:%M:%S` |
/// | `%%` | a percent sign |
///
/// A blank stands for one or more. Numbers may lack leading zeros where no digit follows. What the pattern
/// leaves out of the time of day is 0.
public struct TimePattern: Sendable, Equatable {
  public let text: String
  let items: [Item]

  enum Item: Equatable {
    case literal(UInt8)
    case blanks
    case field(Field)
  }

  enum Field: Character, CaseIterable {
    case year = "Y"
    case shortYear = "y"
    case month = "m"
    case monthName = "b"
    case day = "d"
    case dayOfYear = "j"
    case hour = "H"
    case halfDayHour = "I"
    case halfDay = "p"
    case minute = "M"
    case second = "S"
    case fraction = "f"
    case offset = "z"
    case weekday = "a"
  }

  /// Whether texts of this form name their offset, so that no zone is needed.
  public var namesOffset: Bool { items.contains(.field(.offset)) }

  /// - Throws: ``TimePatternError`` for a pattern that names no day, or that contradicts itself.
  public init(_ text: String) throws(TimePatternError) {
    self.text = text
    var items: [Item] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: " "):
        if items.last != .blanks { items.append(.blanks) }
      case UInt8(ascii: "%"):
        items += try Self.directive(rest.popFirst(), of: text)
      default:
        items.append(.literal(byte))
      }
    }
    self.items = items
    try check()
  }

  private static func directive(
    _ letter: UInt8?, of text: String
  ) throws(TimePatternError) -> [Item] {
    guard let letter else { throw TimePatternError(text, "ends within a directive") }
    let character = Character(Unicode.Scalar(letter))
    switch character {
    case "%": return [.literal(letter)]
    case "F": return [.field(.year), dash, .field(.month), dash, .field(.day)]
    case "T": return [.field(.hour), colon, .field(.minute), colon, .field(.second)]
    case "e": return [.field(.day)]
    case "B", "h": return [.field(.monthName)]
    case "A": return [.field(.weekday)]
    default:
      guard let field = Field(rawValue: character) else {
        let known = Field.allCases.map { "%\($0.rawValue)" }.joined(separator: " ")
        throw TimePatternError(text, "has %\(character); use \(known) %F %T or %%")
      }
      return [.field(field)]
    }
  }

  private static let dash = Item.literal(UInt8(ascii: "-"))
  private static let colon = Item.literal(UInt8(ascii: ":"))

  private func check() throws(TimePatternError) {
    func has(_ field: Field) -> Bool { items.contains(.field(field)) }
    for field in Field.allCases where items.count(where: { $0 == .field(field) }) > 1 {
      throw TimePatternError(text, "has %\(field.rawValue) twice")
    }
    for (one, other) in [
      (Field.year, Field.shortYear), (.month, .monthName), (.month, .dayOfYear),
      (.monthName, .dayOfYear), (.day, .dayOfYear), (.hour, .halfDayHour), (.hour, .halfDay),
    ] where has(one) && has(other) {
      throw TimePatternError(text, "has both %\(one.rawValue) and %\(other.rawValue)")
    }
    let hasDate = has(.dayOfYear) || (has(.month) || has(.monthName)) && has(.day)
    guard has(.year) || has(.shortYear), hasDate else {
      throw TimePatternError(text, "does not name the day; use %Y, %m and %d, or %Y and %j")
    }
    guard has(.halfDayHour) == has(.halfDay) else {
      throw TimePatternError(text, "needs %I and %p together, or %H")
    }
  }
}

/// A pattern that cannot be one of times.
public struct TimePatternError: Error, Equatable, CustomStringConvertible {
  public var text: String
  public var problem: String
  public var description: String { "the time format \(text.debugDescription) \(problem)" }

  init(_ text: String, _ problem: String) {
    self.text = text
    self.problem = problem
  }
}
