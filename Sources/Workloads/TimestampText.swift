/// Times as text. All are milliseconds since 1970 in UTC, not before 1970 nor after 9999.
enum TimestampText {
  static let dayMs: Int64 = 86_400_000

  /// Year, month and day of a day counted from 1970-01-01, after H. Hinnant, "chrono-Compatible
  /// Low-Level Date Algorithms", `civil_from_days`: the year is taken to begin in March, so that
  /// the leap day comes last. O(1).
  static func civilDate(ofDay day: Int) -> (year: Int, month: Int, day: Int) {
    let sinceEraZero = day + 719_468
    let (era, dayOfEra) = sinceEraZero.quotientAndRemainder(dividingBy: 146_097)
    let leapDays = dayOfEra / 1_460 - dayOfEra / 36_524 + dayOfEra / 146_096
    let yearOfEra = (dayOfEra - leapDays) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (
      year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
      month: month,
      day: dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    )
  }

  /// Overwrites the `yyyy-MM-dd` at `offset`.
  static func overwriteDate(ofDay day: Int, at offset: Int, in bytes: inout [UInt8]) {
    let date = civilDate(ofDay: day)
    bytes.overwrite(at: offset, digitsOf: date.year, width: 4)
    bytes.overwrite(at: offset + 5, digitsOf: date.month, width: 2)
    bytes.overwrite(at: offset + 8, digitsOf: date.day, width: 2)
  }

  /// Overwrites the `HH:mm:ss` at `offset`.
  static func overwriteTime(ofSecond second: Int, at offset: Int, in bytes: inout [UInt8]) {
    bytes.overwrite(at: offset, digitsOf: second / 3_600, width: 2)
    bytes.overwrite(at: offset + 3, digitsOf: second / 60 % 60, width: 2)
    bytes.overwrite(at: offset + 6, digitsOf: second % 60, width: 2)
  }
}
