/// How the times of a stream are to be read where they do not say it themselves.
///
/// Without any of it, a text has to be ISO 8601 with `Z` or an offset, and the size of a number tells its
/// unit.
public struct TimeReading: Sendable, Equatable {
  /// The zone of texts that name none. Nil refuses them: guessing would be worse.
  public var zone: ZoneRules?
  /// The unit of numbers since the epoch, also of those in quotes. Nil takes it from their size, and
  /// refuses numbers in quotes.
  public var unit: TimeFormat.EpochUnit?
  /// The form of texts; nil is ISO 8601. Numbers are read by it, too, unless ``unit`` is given: `20131231`
  /// is a date then.
  public var pattern: TimePattern?

  /// Without anything said, a text has to be ISO 8601 with `Z` or an offset.
  public init(
    zone: ZoneRules? = nil, unit: TimeFormat.EpochUnit? = nil, pattern: TimePattern? = nil
  ) {
    self.zone = zone
    self.unit = unit
    self.pattern = pattern
  }
}

/// Where a user says how times are to be read, and by which words.
public enum TimeWords: Sendable {
  /// The options of `nilo ingest`.
  case options
  /// The clauses of a statement.
  case clauses

  var zone: String { self == .options ? "--time-zone" : "ZONE 'name'" }
  var unit: String { self == .options ? "--time-unit" : "UNIT" }
  var format: String { self == .options ? "--time-format" : "FORMAT '...'" }
}

/// Why a text or a number is no time.
public enum TimeRefusal: Error, Sendable, Equatable, CustomStringConvertible {
  /// Neither ISO 8601 nor an epoch number that can be held.
  case unreadable
  case weekDate
  case ordinalDate
  /// It names no zone, and no zone was given.
  case noZone
  /// Clocks of the zone never showed it: they were set forward over it.
  case skipped(zone: String)
  /// Clocks of the zone showed it twice: they were set back over it.
  case repeated(zone: String)
  /// The same of a text whose form has no offset.
  case repeatedInPattern(zone: String)
  /// A date or a number, but in a form that has to be said.
  case otherForm
  /// A number in quotes, without a unit that was given.
  case quotedNumber
  /// A date of a year that cannot be held.
  case outOfYears
  /// A number that its size says is of a unit in which it is out of range.
  case outOfYearsBySize(TimeFormat.EpochUnit)
  /// It does not have the form that was given.
  case notOfPattern(String)
  /// A number that is out of range in the unit that was given.
  case outOfRange(TimeFormat.EpochUnit)

  /// As ``text(_:)`` by the words of `nilo ingest`.
  public var description: String { text(.options) }

  /// What follows "is ...," in a sentence.
  public func text(_ words: TimeWords) -> String {
    switch self {
    case .unreadable:
      "which is no time: write it like 2024-07-30T12:00:00Z, with Z or an offset such as +02:00 at its end, or as "
        + "a number since 1970"
    case .weekDate: "a week date; write the month and the day, such as 2024-07-30T12:00:00Z"
    case .ordinalDate: "an ordinal date; write the month and the day, such as 2024-07-30T12:00:00Z"
    case .noZone:
      "which has no zone; write Z or an offset at its end, or say which zone the stream's times are of: \(words.zone)"
    case .skipped(let zone):
      "which no clock of \(zone) showed, as clocks were set forward; write an offset at its end"
    case .repeated(let zone):
      "which clocks of \(zone) showed twice, as they were set back; write an offset at its end"
    case .repeatedInPattern(let zone):
      "which clocks of \(zone) showed twice, as they were set back; write an offset at its end, and %z in the form"
    case .otherForm:
      "which is in a form that has to be said: \(words.format); or write it like 2024-07-30T12:00:00Z, with Z or an "
        + "offset such as +02:00 at its end"
    case .quotedNumber:
      "a number in quotes, of which \(words.unit) has to say the unit: s, ms, us or ns"
    case .outOfYears: "which is not within the years 1678 to 2261"
    case .outOfYearsBySize(let unit):
      "by its size a number of \(unit.abbreviation), which is not within the years 1678 to 2261; "
        + "\(words.unit) says another unit"
    case .notOfPattern(let pattern): "expected the form \(pattern.debugDescription)"
    case .outOfRange(let unit):
      "expected a number of \(unit.abbreviation) within the years 1678 to 2261"
    }
  }
}
