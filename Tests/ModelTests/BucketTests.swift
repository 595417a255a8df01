import Testing

@testable import Model

@Suite struct BucketTests {
  private func buckets(_ length: String, _ zone: String) throws -> Buckets {
    Buckets(length: try BucketLength(parsing: length), zone: try ZoneRules(named: zone))
  }

  /// The starts of buckets from one UTC time on, as RFC 3339, and the end of the last.
  private func starts(
    _ length: String, _ zone: String, from: String, _ count: Int
  ) throws -> [String] {
    let from = try #require(Timestamp(from)).ns
    let all = try buckets(length, zone).starts(from: from, until: .max)
    return all.prefix(count).map { Timestamp(ns: $0).description }
  }

  /// Neighbouring buckets meet, and every time between the bounds of one is in it.
  private func checkPartition(
    _ buckets: Buckets, at time: Int64, _ random: inout SeededGenerator
  ) throws {
    let what = "\(buckets.length) in \(buckets.zone.name) at \(time)"
    let range = buckets.range(of: time)
    let (start, end) = (range.lowerBound, range.upperBound)
    try check(start <= time && (time < end || time == .max), "\(what) is not in \(range)")
    try checkEqual(buckets.start(of: time), start, "start of \(what)")
    try checkEqual(buckets.end(ofBucketStarting: start), end, "end of \(what)")
    for other in [start, end - 1, Int64.random(in: range, using: &random)] {
      try checkEqual(buckets.range(of: other), range, "\(what): bucket of \(other)")
    }
    if end < .max { try checkEqual(buckets.start(of: end), end, "\(what): start of the next") }
    if start > .min {
      try checkEqual(buckets.range(of: start - 1).upperBound, start, "\(what): end before")
    }
  }

  /// Told of one length only if neighbours are so, also where the zone's clocks change.
  @Test func bucketsOfOneLength() throws {
    let now = try #require(Timestamp("2024-06-01T00:00:00Z")).ns
    for (length, zone, isOne) in [
      ("1m", "UTC", true), ("7m", "UTC", true), ("1h", "Europe/Berlin", true),
      ("15m", "Australia/Lord_Howe", true), ("1h", "Australia/Lord_Howe", false),
      ("7h", "Europe/Berlin", false), ("1d", "UTC", false), ("1mo", "UTC", false),
    ] {
      let buckets = try buckets(length, zone)
      #expect(buckets.areOfOneLength(from: now) == isOne, "\(length) in \(zone)")
      // The zone's local mean time differed by seconds.
      if zone != "UTC" { #expect(!buckets.areOfOneLength(from: .min + 1)) }
    }
    rounds(500) { random in
      let length = try BucketLength(parsing: random.pick(["1m", "15m", "1h", "2h", "7h"]))
      let buckets = Buckets(length: length, zone: random.pick(ZoneSamples.zones))
      let time = Int64.random(in: 0...1_800_000_000, using: &random) * 1_000_000_000
      if !buckets.areOfOneLength(from: time) { return }
      for time in [time, Int64.random(in: time...(2 * time + 1), using: &random)] {
        let range = buckets.range(of: time)
        try checkEqual(
          range.upperBound - range.lowerBound, length.nominalNs, "\(length) in \(buckets.zone.name)"
        )
      }
    }
  }

  @Test func bucketsPartitionTime() {
    rounds(20_000) { random in
      let zone = random.pick(ZoneSamples.zones)
      let buckets = Buckets(length: random.pick(ZoneSamples.lengths), zone: zone)
      try checkPartition(buckets, at: ZoneSamples.time(in: zone, &random), &random)
    }
  }

  @Test func theEndsOfTimeAreSafe() {
    rounds(200) { random in
      let zone = random.pick(
        ZoneSamples.zones + ["-23:59", "+23:59"].compactMap { try? ZoneRules(named: $0) })
      for length in ZoneSamples.lengths {
        let buckets = Buckets(length: length, zone: zone)
        let near = Int64(truncatingIfNeeded: random.word() >> 1)
        for time in [.min, .min + 1, .min + near, .max - near, .max - 1, .max] {
          try checkPartition(buckets, at: time, &random)
        }
        try checkEqual(buckets.start(of: .min), .min, "the first start of \(length)")
        try checkEqual(buckets.range(of: .max).upperBound, .max, "the last end of \(length)")
      }
    }
  }

  /// Days of 23, 23.5, 24.5 and 25 hours sum up to the year.
  @Test func bucketsOfAYearSumToIt() {
    rounds(300) { random in
      let zone = random.pick(ZoneSamples.zones)
      let year = Buckets(length: .years(1), zone: zone)
        .range(of: ZoneSamples.time(in: zone, &random))
      let length = random.pick(["1d", "1mo", "1q", "7h", "6h", "1h", "30m"])
      let buckets = Buckets(length: try BucketLength(parsing: length), zone: zone)
      var sum: Int64 = 0
      var last: Int64 = .min
      for start in buckets.starts(from: year.lowerBound, until: year.upperBound) {
        try check(start > last, "\(start) does not follow \(last)")
        let range = buckets.range(of: start).clamped(to: year)
        sum += range.upperBound - range.lowerBound
        last = start
      }
      let what = "\(length) in \(zone.name) in \(year)"
      try checkEqual(sum, year.upperBound - year.lowerBound, what)
    }
  }

  /// Against a label for every minute: where it changes a bucket begins, and nowhere else.
  @Test func fixedBucketsFollowTheWallClock() {
    let minute = 60 * ZoneSamples.secondNs
    rounds(500) { random in
      let zone = random.pick(ZoneSamples.zones)
      let lengthNs = random.pick([7, 15, 30, 60, 300, 360, 420, 720]) * minute
      let buckets = Buckets(length: .fixed(ns: lengthNs), zone: zone)
      let changes = zone.changesNs.filter { ZoneSamples.testedNs.contains($0) }
      let around = changes.isEmpty ? 0 : random.pick(changes).flooredQuotient(minute)
      for number in around - 1_440...around + 1_440 {
        let time = number * minute
        let (before, after) = (zone.offsetNs(at: time - 1), zone.offsetNs(at: time))
        // On zones whose offset has seconds, boundaries are not on minutes.
        guard before % minute == 0, after % minute == 0 else { break }
        let label = (time + after).flooredQuotient(lengthNs)
        let labelBefore = (time - 1 + before).flooredQuotient(lengthNs)
        let isStart =
          (after - before) % lengthNs == 0
          ? (time + after).flooredRemainder(lengthNs) == 0 : label != labelBefore
        try checkEqual(
          buckets.start(of: time) == time, isStart,
          "\(buckets.length) in \(zone.name) begins at \(time)")
      }
    }
  }

  @Test func cursorsAgree() {
    rounds(300) { random in
      let zone = random.pick(ZoneSamples.zones)
      let buckets = Buckets(length: random.pick(ZoneSamples.lengths), zone: zone)
      var cursor = BucketCursor(buckets)
      try checkEqual(cursor.start(of: .max), buckets.start(of: .max), "last")
      var time = ZoneSamples.time(in: zone, &random)
      for _ in 0..<50 {
        time += Int64.random(in: -5 * ZoneSamples.hourNs...5 * ZoneSamples.hourNs, using: &random)
        let what = "\(buckets.length) in \(zone.name) at \(time)"
        try checkEqual(cursor.start(of: time), buckets.start(of: time), what)
      }
    }
  }

  @Test func daysOfClockChanges() throws {
    #expect(
      try starts("1d", "Europe/Paris", from: "2024-03-30T23:00:00Z", 3) == [
        "2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z", "2024-04-01T22:00:00Z",
      ])
    #expect(
      try starts("1d", "Australia/Lord_Howe", from: "2024-04-06T13:00:00Z", 2) == [
        "2024-04-06T13:00:00Z", "2024-04-07T13:30:00Z",
      ])
    // Midnight of 2018-11-04 does not exist.
    #expect(
      try starts("1d", "America/Sao_Paulo", from: "2018-11-03T12:00:00Z", 3) == [
        "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z",
      ])
    // Samoa skipped 2011-12-30.
    #expect(
      try starts("1d", "Pacific/Apia", from: "2011-12-29T10:00:00Z", 3) == [
        "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z",
      ])
    // At 00:01 of 2008-11-02 clocks went back to 23:01: that hour stays in the new day.
    #expect(
      try starts("1d", "America/St_Johns", from: "2008-11-02T03:00:00Z", 2) == [
        "2008-11-02T02:30:00Z", "2008-11-03T03:30:00Z",
      ])
  }

  @Test func hoursOfClockChanges() throws {
    let paris = try buckets("1h", "Europe/Paris")
    let day = try buckets("1d", "Europe/Paris")
      .range(of: try #require(Timestamp("2024-10-27T12:00:00Z")).ns)
    let hours = Array(paris.starts(from: day.lowerBound, until: day.upperBound))
    #expect(hours.count == 25)
    #expect(zip(hours, hours.dropFirst()).allSatisfy { $1 - $0 == ZoneSamples.hourNs })
    // At 02:00 clocks go back to 01:30: the hour from 01:00 has 90 minutes.
    #expect(
      try starts("1h", "Australia/Lord_Howe", from: "2024-04-06T14:00:00Z", 3) == [
        "2024-04-06T14:00:00Z", "2024-04-06T15:30:00Z", "2024-04-06T16:30:00Z",
      ])
    #expect(
      try starts("6h", "Europe/Paris", from: "2024-10-26T22:00:00Z", 3) == [
        "2024-10-26T22:00:00Z", "2024-10-27T05:00:00Z", "2024-10-27T11:00:00Z",
      ])
  }

  @Test func longLengthsCountFrom1970() throws {
    #expect(
      try starts("1w", "UTC", from: "1970-01-01T00:00:00Z", 2) == [
        "1969-12-29T00:00:00Z", "1970-01-05T00:00:00Z",
      ])
    #expect(
      try starts("2d", "UTC", from: "1969-12-31T00:00:00Z", 2) == [
        "1969-12-30T00:00:00Z", "1970-01-01T00:00:00Z",
      ])
    #expect(
      try starts("1q", "Asia/Kolkata", from: "2024-02-29T00:00:00Z", 2) == [
        "2023-12-31T18:30:00Z", "2024-03-31T18:30:00Z",
      ])
    #expect(
      try starts("7h", "Asia/Kolkata", from: "1969-12-31T18:30:00Z", 2) == [
        "1969-12-31T18:30:00Z", "1970-01-01T01:30:00Z",
      ])
    #expect(
      try starts("1y", "UTC", from: "1969-06-01T00:00:00Z", 2) == [
        "1969-01-01T00:00:00Z", "1970-01-01T00:00:00Z",
      ])
    #expect(try starts("1y", "UTC", from: "1969-06-01T00:00:00Z", 0).isEmpty)
    #expect(Array(try buckets("1d", "UTC").starts(from: 5, until: 5)).isEmpty)
  }
}

@Suite struct BucketLengthTests {
  @Test(
    arguments: [
      ("1s", "1s", 1), ("30 s", "30s", 30), ("90s", "90s", 90), ("60 seconds", "1m", 60),
      ("15m", "15m", 900), ("15 minutes", "15m", 900), ("90 min", "90m", 5_400),
      ("1h", "1h", 3_600), ("6 hours", "6h", 21_600), ("1439m", "1439m", 86_340),
      ("86399s", "86399s", 86_399), ("24h", "1d", 86_400), ("86400s", "1d", 86_400),
      ("48h", "2d", 172_800), ("1d", "1d", 86_400), ("1 day", "1d", 86_400),
      ("366d", "366d", 31_622_400), ("1w", "1w", 604_800), ("7d", "7d", 604_800),
      ("2 weeks", "2w", 1_209_600), ("1mo", "1mo", 2_629_746), ("1 month", "1mo", 2_629_746),
      ("1q", "3mo", 7_889_238), ("2 quarters", "6mo", 15_778_476), ("12mo", "1y", 31_556_952),
      ("4q", "1y", 31_556_952), ("1y", "1y", 31_556_952), ("007m", "7m", 420),
    ] as [(String, String, Int64)])
  func parses(text: String, canonical: String, seconds: Int64) throws {
    let length = try BucketLength(parsing: text)
    #expect(length.description == canonical)
    #expect(length.nominalNs == seconds * ZoneSamples.secondNs)
    #expect(length.isValid)
    #expect(try BucketLength(parsing: canonical) == length)
  }

  @Test(
    arguments: [
      ("", .noCount), ("h", .noCount), ("-1h", .noCount), (" 1h", .noCount),
      ("1.5h", .unknownUnit(".5h")),
      ("15", .noUnit), ("15 ", .noUnit), ("1M", .unknownUnit("M")),
      ("1 fortnight", .unknownUnit("fortnight")),
      ("1h ", .unknownUnit("h ")), ("0s", .zero), ("0d", .zero), ("00mo", .zero),
      ("367d", .tooLong),
      ("53w", .tooLong), ("13mo", .tooLong), ("5q", .tooLong), ("2y", .tooLong), ("8784h", nil),
      ("8808h", .tooLong), ("36h", .notWholeDays), ("99999999999999999999s", .tooLong),
      ("99999999h", .notWholeDays), ("1\u{e9}", .unknownUnit("\u{e9}")),
      ("1h\0", .unknownUnit("h\0")),
    ] as [(String, BucketLengthError.Reason?)])
  func refuses(text: String, reason: BucketLengthError.Reason?) {
    do {
      _ = try BucketLength(parsing: text)
      #expect(reason == nil)
    } catch {
      #expect(error == reason.map { BucketLengthError(text: text, reason: $0) })
    }
  }

  @Test(
    arguments: [
      (
        "15",
        "bad bucket length \"15\": it has no unit: write s, m, h, d, w, mo, q or y after the number"
      ),
      ("1M", "bad bucket length \"1M\": write \"m\" for minutes or \"mo\" for months"),
      ("1x", "bad bucket length \"1x\": there is no unit \"x\": write s, m, h, d, w, mo, q or y"),
      ("2y", "bad bucket length \"2y\": the longest is \"1y\""),
      ("0s", "bad bucket length \"0s\": the shortest is \"1s\""),
      ("", "bad bucket length \"\": write a whole number and a unit, such as \"15m\" or \"1 day\""),
      (
        "36h",
        "bad bucket length \"36h\": over a day, hours, minutes and seconds must make whole days, such as \"48h\""
      ),
    ])
  func errorTexts(text: String, wanted: String) {
    let error = #expect(throws: BucketLengthError.self) { try BucketLength(parsing: text) }
    #expect(error?.description == wanted)
  }

  @Test func lengthsThatAreNotValid() {
    let lengths: [BucketLength] = [
      .fixed(ns: 0), .fixed(ns: .min), .fixed(ns: 86_400_000_000_000), .fixed(ns: 1_500_000_000),
      .days(0), .days(367), .weeks(-1), .months(13), .years(2), .years(.max), .days(.min),
    ]
    for length in lengths {
      #expect(!length.isValid)
      _ = (length.nominalNs, length.description)
    }
  }
}
