import Testing

@testable import Model

@Suite struct TimePatternTests {
  @Test(
    arguments: [
      ("%d.%m.%Y %H:%M", "31.12.2013 21:15", "2013-12-31T21:15:00Z"),
      ("%d.%m.%Y %H:%M", "1.2.2013   9:05", "2013-02-01T09:05:00Z"),
      ("%m/%d/%Y %I:%M %p", "12/31/2013 9:15 PM", "2013-12-31T21:15:00Z"),
      ("%m/%d/%Y %I:%M %p", "12/31/2013 12:15 am", "2013-12-31T00:15:00Z"),
      ("%m/%d/%y %I:%M%p", "1/2/69 12:15PM", "1969-01-02T12:15:00Z"),
      ("%d/%b/%Y:%H:%M:%S %z", "02/Jan/2006:15:04:05 -0700", "2006-01-02T22:04:05Z"),
      ("%a, %d %b %Y %T GMT", "Mon, 01 Jan 2024 00:00:00 GMT", "2024-01-01T00:00:00Z"),
      ("%a %b %e %T %Y", "Tue Jul  2 01:02:03 2024", "2024-07-02T01:02:03Z"),
      ("%A, %B %d, %Y", "Sunday, may 26, 1996", "1996-05-26T00:00:00Z"),
      ("%Y%m%d%H%M%S%f", "20240601235959123", "2024-06-01T23:59:59.123Z"),
      ("%Y-%j", "2024-366", "2024-12-31T00:00:00Z"),
      ("%F %T.%f%z", "2024-06-01 00:00:00.5+02", "2024-05-31T22:00:00.500Z"),
      ("100%% %d.%m.%y", "100% 5.6.24", "2024-06-05T00:00:00Z"),
      ("%F %T", "2016-12-31 23:59:60", "2017-01-01T00:00:00Z"),
    ])
  func patternsAreRead(pattern: String, text: String, instant: String) throws {
    let time = try #require(parsed(text, try reading(pattern)))
    #expect(Timestamp(ns: time.ns).description == instant)
    #expect(time.format == .irreproducible)
  }

  @Test(
    arguments: [
      ("%d.%m.%Y", "31.11.2013"), ("%d.%m.%Y", "1.13.2013"), ("%d.%m.%Y", "1.1.13"),
      ("%d.%m.%Y", "1.1.2013 "), ("%d.%m.%Y", " 1.1.20133"), ("%d.%m.%Y %H:%M", "1.1.2013 24:00"),
      ("%d.%m.%Y %H:%M", "1.1.201309:00"), ("%I %p %F", "13 PM 2024-01-01"),
      ("%a %F", "Tue 2024-01-01"), ("%Y-%j", "2023-366"), ("%b %d %Y", "Janu 1 2024"),
      ("%Y%m%d", "1969010"), ("%d.%m.%Y", "2024-06-01T00:00:00Z"), ("%F", "1677-12-31"),
      ("%d.%m.%Y", ""),
    ])
  func otherTextsAreRefused(pattern: String, text: String) throws {
    let reading = try reading(pattern)
    #expect(parsed(text, reading) == nil)
    #expect(refusal(text, reading) == .notOfPattern(pattern))
  }

  @Test(
    arguments: [
      ("", "does not name the day"), ("%H:%M", "does not name the day"), ("%Y %d", "name the day"),
      ("%Y-%m-%d %", "ends within a directive"), ("%Q", "has %Q; use %Y"),
      ("%F %Y", "has %Y twice"), ("%F %b", "has both %m and %b"), ("%F %I", "needs %I and %p"),
      ("%F %p", "needs %I and %p"), ("%F %H %p", "has both %H and %p"),
    ])
  func uselessPatternsAreRefused(pattern: String, problem: String) throws {
    let error = try #require(throws: TimePatternError.self) { try TimePattern(pattern) }
    #expect(error.description.contains(problem), "\(error)")
  }

  /// A pattern says how all times are written, so that day and month are never mixed up.
  @Test func numbersAreReadByThePatternUnlessAUnitIsGiven() throws {
    let byDay = try reading("%Y%m%d")
    #expect(number("20131231", byDay) == 1_388_448_000_000_000_000)
    #expect(number("1388448000", byDay) == nil)
    #expect(TimeParser(byDay).parse(mantissa: 20_131_231, scale: 0) == nil)
    var both = byDay
    both.unit = .seconds
    #expect(number("1388448000", both) == 1_388_448_000_000_000_000)
    #expect(parsed("20131231", both)?.ns == 1_388_448_000_000_000_000)
  }

  @Test func patternsWithoutAnOffsetNeedAZone() throws {
    let pattern = try TimePattern("%d.%m.%Y %H:%M")
    #expect(!pattern.namesOffset)
    #expect(refusal("31.12.2013 21:15", TimeReading(pattern: pattern)) == .noZone)
    let paris = TimeReading(zone: try ZoneRules(named: "Europe/Paris"), pattern: pattern)
    #expect(parsed("31.12.2013 21:15", paris)?.ns == 1_388_520_900_000_000_000)
    #expect(refusal("27.10.2024 02:30", paris) == .repeatedInPattern(zone: "Europe/Paris"))
    #expect(try TimePattern("%F %T %z").namesOffset)
  }

  private func reading(_ pattern: String) throws -> TimeReading {
    TimeReading(zone: .utc, pattern: try TimePattern(pattern))
  }
}
