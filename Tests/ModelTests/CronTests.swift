import Model
import Testing

@Suite struct CronTests {
  private func times(
    _ text: String, _ zone: String, after: String, _ count: Int
  ) throws -> [String] {
    let rules = try ZoneRules(named: zone)
    let cron = try CronTimes(text, zone: rules)
    var ns = try #require(Timestamp(after)).ns
    return try (0..<count).map { _ in
      ns = try #require(cron.next(after: ns))
      return Timestamp(ns: ns).description
    }
  }

  @Test func fields() throws {
    #expect(
      try times("*/20 8-9 * * *", "UTC", after: "2024-06-01T08:20:00Z", 5) == [
        "2024-06-01T08:40:00Z", "2024-06-01T09:00:00Z", "2024-06-01T09:20:00Z",
        "2024-06-01T09:40:00Z", "2024-06-02T08:00:00Z",
      ])
    #expect(
      try times("50/5,0 12 1,15 jan-feb *", "UTC", after: "2024-01-15T12:50:00Z", 3) == [
        "2024-01-15T12:55:00Z", "2024-02-01T12:00:00Z", "2024-02-01T12:50:00Z",
      ])
    // 7 is Sunday as well; 2024-06-02 was one.
    for day in ["0", "7", "SUN"] {
      #expect(
        try times("0 0 * * \(day)", "UTC", after: "2024-06-01T00:00:00Z", 2) == [
          "2024-06-02T00:00:00Z", "2024-06-09T00:00:00Z",
        ])
    }
  }

  /// When both days are restricted either counts; a step from * restricts nothing.
  @Test func days() throws {
    #expect(
      try times("0 0 13 * fri", "UTC", after: "2024-06-06T12:00:00Z", 4) == [
        "2024-06-07T00:00:00Z", "2024-06-13T00:00:00Z", "2024-06-14T00:00:00Z",
        "2024-06-21T00:00:00Z",
      ])
    #expect(
      try times("0 0 */10 * fri", "UTC", after: "2024-06-01T00:00:00Z", 2) == [
        "2024-06-21T00:00:00Z", "2024-10-11T00:00:00Z",
      ])
  }

  @Test func leapDays() throws {
    #expect(
      try times("0 0 29 2 *", "UTC", after: "2096-02-29T00:00:00Z", 2) == [
        "2104-02-29T00:00:00Z", "2108-02-29T00:00:00Z",
      ])
  }

  /// Berlin's clocks skipped 02:00 to 03:00 on 2024-03-31, and showed it twice on 2024-10-27.
  @Test func clockChanges() throws {
    #expect(
      try times("30 2 * * *", "Europe/Berlin", after: "2024-03-29T12:00:00Z", 3) == [
        "2024-03-30T01:30:00Z", "2024-03-31T01:00:00Z", "2024-04-01T00:30:00Z",
      ])
    // All that the gap has come at its end, once.
    #expect(
      try times("*/30 * * * *", "Europe/Berlin", after: "2024-03-31T00:29:00Z", 4) == [
        "2024-03-31T00:30:00Z", "2024-03-31T01:00:00Z", "2024-03-31T01:30:00Z",
        "2024-03-31T02:00:00Z",
      ])
    #expect(
      try times("30 2 * * *", "Europe/Berlin", after: "2024-10-26T12:00:00Z", 2) == [
        "2024-10-27T00:30:00Z", "2024-10-28T01:30:00Z",
      ])
    #expect(
      try times("0 * * * *", "Europe/Berlin", after: "2024-10-26T23:30:00Z", 3) == [
        "2024-10-27T00:00:00Z", "2024-10-27T02:00:00Z", "2024-10-27T03:00:00Z",
      ])
    // Clocks that are set back over midnight: St. John's, until 2011 at 00:01.
    #expect(
      try times("45 23 * * *", "America/St_Johns", after: "2010-11-06T12:00:00Z", 2) == [
        "2010-11-07T02:15:00Z", "2010-11-08T03:15:00Z",
      ])
  }

  @Test(
    arguments: [
      ("* * * *", "has 4 fields"), ("60 * * * *", "'60' is no minute"),
      ("5-1 * * * *", "ends before"),
      ("*/0 * * * *", "is no step"), ("0 0 30 2 *", "has such a day"),
      ("a * * * *", "'a' is no minute"),
      ("0 0 * foo *", "or jan to dec"), (", * * * *", "'' is no minute"),
      ("1/2/3 * * * *", "one step"),
      ("1-2-3 * * * *", "two ends"), ("-5 * * * *", "'' is no minute"),
    ])
  func refusals(_ text: String, _ message: String) throws {
    let error = #expect(throws: CronError.self) { try CronTimes(text, zone: .utc) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  /// Step by step the times of a zone are those that a walk over all its minutes finds.
  @Test func againstAllMinutes() throws {
    let texts = ["7,37 * * * *", "15 1-3 * * *", "0 0,12 * * 1", "*/45 2 28-31 3,10,11 *"]
    for zone in ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"] {
      let rules = try ZoneRules(named: zone)
      for text in texts {
        let cron = try CronTimes(text, zone: rules)
        let plain = try CronTimes(text, zone: .utc)
        for start in ["2024-03-29T00:00:00Z", "2024-10-05T00:00:00Z", "2024-11-01T00:00:00Z"] {
          let from = try #require(Timestamp(start)).ns
          let until = from + 5 * 86_400_000_000_000
          // Each local time once, at the instant that the zone takes it for.
          var expected: Set<Int64> = []
          var local = from - 2 * 86_400_000_000_000
          while let next = plain.next(after: local), next < until + 2 * 86_400_000_000_000 {
            let ns = rules.timeNs(showing: next)
            if ns > from, ns < until { expected.insert(ns) }
            local = next
          }
          var found: [Int64] = []
          var ns = from
          while let next = cron.next(after: ns), next < until {
            found.append(next)
            ns = next
          }
          #expect(found == expected.sorted(), "\(text) in \(zone) from \(start)")
        }
      }
    }
  }
}
