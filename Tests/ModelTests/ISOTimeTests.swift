import Bytes
import Testing

@testable import Model

/// The forms of ISO 8601 beside RFC 3339, and local times.
@Suite struct ISOTimeTests {
  static let base: Int64 = 1_717_200_000_000_000_000

  @Test(
    arguments: [
      ("2024-06-01T00:00:00+0000", 0), ("2024-06-01T00:00:00-0700", 25_200_000_000_000),
      ("2024-06-01T00:00:00.123456-0700", 25_200_123_456_000), ("2024-06-01 00:00:00+00", 0),
      ("2024-06-01T00:00:00+02", -7_200_000_000_000), ("2024-06-01T00:00Z", 0),
      ("2024-06-01T00:00-03:30", 12_600_000_000_000), ("20240601T000000Z", 0),
      ("20240601T0000z", 0), ("20240601T000000,5+0530", -19_799_500_000_000),
      ("2024-06-01T00:00:00,25Z", 250_000_000), ("20240601t000001.000000001-00", 1_000_000_001),
    ] as [(String, Int64)])
  func formsAreReadAndWrittenAgain(text: String, offset: Int64) throws {
    let time = try #require(parsed(text))
    #expect(time.ns == Self.base + offset)
    #expect(time.format != .irreproducible)
    #expect(written(time) == text)
  }

  /// Clear, but not to be written again from the instant.
  @Test(arguments: [
    "20240601T00:00:00Z", "2024-06-01T000000Z", "20240601 00:00Z",
    "2024-06-01T00:00:00.0000000009+0000", "2024-05-31T23:59:60+0000",
  ])
  func mixedFormsAreRead(text: String) throws {
    let time = try #require(parsed(text))
    #expect(time.ns == Self.base)
    #expect(time.format == .irreproducible)
  }

  @Test(arguments: [
    "2024-06-01T00Z", "2024-06-01T00:00:00+", "2024-06-01T00:00:00+2", "2024-06-01T00:00:00+020",
    "2024-06-01T00:00:00+02:", "2024-06-01T00:00:00+02000", "2024-06-01T00:00.5Z",
    "2024-06-01T00:00:00Z+02", "2024-06-01T00:00:00 +02", "2024-06T00:00Z", "202406T000000Z",
    "2024-06-01T00:00:00−05", "20240601T000000", "20240601", "2024-06-01", "20240631T000000Z",
    "20240601T0000.5Z", "20240601T00000Z", "2024-06-01T00:0Z", "16770601T000000Z",
    "+2024-06-01T00Z",
  ])
  func refuses(text: String) { #expect(parsed(text) == nil) }

  @Test func randomFormsComeBackByteForByte() {
    rounds(2_000) { random in
      let wanted = TimeText.randomISO(&random)
      guard let time = parsed(wanted.text) else {
        throw Mismatch(description: "\(wanted.text) is not read")
      }
      try checkEqual(time.ns, wanted.ns, wanted.text)
      try check(time.format != .irreproducible, "\(wanted.text) is irreproducible")
      try checkEqual(written(time), wanted.text, "text")
    }
  }

  /// The oracle is the zone's way from instants to local times.
  @Test(arguments: [
    "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC",
  ])
  func randomLocalTimes(name: String) throws {
    let zone = try ZoneRules(named: name)
    let parser = TimeParser(TimeReading(zone: zone))
    let changes = zone.changesNs.filter { abs($0) < 9_000_000_000_000_000_000 }
    rounds(500) { random in
      var parser = parser
      let near = changes.isEmpty ? 0 : random.pick(changes)
      let seconds = near / 1_000_000_000 + Int64(random.within(-10_000...10_000))
      let localNs = zone.localNs(at: seconds * 1_000_000_000)
      let local = Timestamp(ns: localNs).description.dropLast()
      let bytes = Array(local.utf8)
      let showings = Set(zone.offsets).map { localNs - $0 * 1_000_000_000 }
        .filter { zone.localNs(at: $0) == localNs }
      let time = parser.parse(bytes.rawSpan, 0..<bytes.count)
      try checkEqual(
        time?.ns, showings.count == 1 ? seconds * 1_000_000_000 : nil, "\(local) in \(name)")
      if let time, time.format != .irreproducible {
        try checkEqual(written(time), String(local), "text")
      } else if time == nil {
        try checkEqual(
          parser.refusal(of: bytes.rawSpan, 0..<bytes.count), .repeated(zone: name), "\(local)")
      }
    }
  }

  @Test func localTimesThatNameNoInstantAreRefused() throws {
    let reading = TimeReading(zone: try ZoneRules(named: "Europe/Paris"))
    #expect(refusal("2024-03-31T02:30:00", reading) == .skipped(zone: "Europe/Paris"))
    #expect(refusal("2024-10-27 02:30:00", reading) == .repeated(zone: "Europe/Paris"))
    #expect(parsed("2024-10-27 02:30:00+02:00", reading)?.ns == 1_729_989_000_000_000_000)
    #expect(parsed("2024-03-31T03:00", reading)?.ns == 1_711_846_800_000_000_000)
    let date = try #require(parsed("2024-06-01", reading))
    #expect(date.ns == Self.base - 7_200_000_000_000)
    #expect(written(date) == "2024-06-01")
    #expect(parsed("2014-02-14 14:30:00", TimeReading(zone: .utc))?.ns == 1_392_388_200_000_000_000)
  }

  @Test(
    arguments: [
      ("2024-W01-1T00:00:00Z", .weekDate), ("2024W011", .weekDate), ("2024-001", .ordinalDate),
      ("2024-001T00:00:00Z", .ordinalDate), ("2024001T000000Z", .ordinalDate),
      ("2024-07-30T12:00:00", .noZone), ("2024-07-30", .noZone), ("20240730T120000", .noZone),
      ("yesterday", .unreadable), ("1704067200", .quotedNumber), ("2024001", .quotedNumber),
      ("27.10.2024 01:30", .otherForm), ("10/27/2024", .otherForm),
      ("2262-06-01T00:00:00Z", .outOfYears), ("1600-02-29T00:00:00Z", .outOfYears),
      ("2262-13-01T00:00:00Z", .unreadable),
      ("2024-07-30T25:00:00", .unreadable), ("", .unreadable),
    ] as [(String, TimeRefusal)])
  func refusalsSayWhy(text: String, reason: TimeRefusal) {
    #expect(refusal(text) == reason)
  }

  @Test func numbersOutOfRangeSayTheirUnit() {
    for (text, unit) in [("99999999999", .seconds), ("-9300000000000", .milliseconds)]
      as [(String, TimeFormat.EpochUnit)]
    {
      let bytes = Array(text.utf8)
      let reason = TimeParser().refusal(ofNumber: bytes.rawSpan, 0..<bytes.count)
      #expect(reason == .outOfYearsBySize(unit))
    }
  }
}
