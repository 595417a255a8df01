import Foundation
import Testing

@testable import Model

@Suite struct ZoneTests {
  @Test func allSamplesAreKnown() {
    #expect(ZoneSamples.zones.map(\.name) == ZoneSamples.names)
    #expect(ZoneSamples.lengths.count == 22)
  }

  @Test func offsetsAndCalendarStartsAreThoseOfPython() throws {
    let (day, week, month) = (BucketLength.days(1), BucketLength.weeks(1), BucketLength.months(1))
    var isCompared = true
    rounds(1) { random in
      guard let answers = try ZoneSamples.pythonAnswers(perZone: 300, &random) else {
        isCompared = false
        return
      }
      for answer in answers {
        let what = "\(answer.zone.name) at \(answer.timeNs)"
        try checkEqual(
          answer.zone.offsetNs(at: answer.timeNs), answer.offsetNs, "offset of \(what)")
        for (length, wanted) in [
          (day, answer.dayNs), (week, answer.weekNs), (month, answer.monthNs),
        ] {
          let buckets = Buckets(length: length, zone: answer.zone)
          try checkEqual(buckets.start(of: answer.timeNs), wanted, "\(length) of \(what)")
        }
      }
    }
    if !isCompared { print("python3 with zone data is missing: zones are not compared") }
  }

  @Test func everyZoneOfTheSystemIsRead() {
    let unread = ZoneNames.all.filter { (try? ZoneRules(named: $0)) == nil }
    #expect(unread.isEmpty)
    #expect(ZoneNames.all.count > 400)
  }

  @Test func tablesAscendAndReachTheEnd() throws {
    for zone in ZoneSamples.zones {
      #expect(zip(zone.changes, zone.changes.dropFirst()).allSatisfy { $0 < $1 })
      #expect(zip(zone.offsets, zone.offsets.dropFirst()).allSatisfy { $0 != $1 })
      #expect(zone.offsets.count == zone.changes.count + 1)
    }
    let paris = try ZoneRules(named: "Europe/Paris")
    // 2261-07-01 and 2262-01-01.
    #expect(paris.offsetNs(at: 9_198_748_800_000_000_000) == 2 * ZoneSamples.hourNs)
    #expect(paris.offsetNs(at: 9_214_646_400_000_000_000) == ZoneSamples.hourNs)
    #expect(paris.offsetNs(at: .min) == 561 * ZoneSamples.secondNs)
    #expect(paris.offsetNs(at: .max) == 2 * ZoneSamples.hourNs)
  }

  @Test(
    arguments: [
      ("UTC", 0), ("+05:30", 19_800), ("-00:45", -2_700), ("+00:00", 0), ("-23:59", -86_340),
    ] as [(String, Int64)])
  func fixedZones(name: String, seconds: Int64) throws {
    let zone = try ZoneRules(named: name)
    #expect(zone.name == name)
    #expect(zone.changesNs.isEmpty)
    #expect(zone.offsetNs(at: 0) == seconds * ZoneSamples.secondNs)
  }

  @Test(arguments: [
    "", "/", "..", "../../../etc/passwd", "/etc/passwd", "Europe/../Europe/Paris", "Europe/",
    "Europe", "Europe//Paris", "./UTC", "tzdata.zi", "leapseconds", "right/Europe/Paris",
    "posix/Europe/Paris", "localtime", "posixrules", "Factory", "Europe/Paris\0", "+5", "+24:00",
    "+05:60", "+0530", "+0a:00", "\u{665}", "CET-1CEST,M3.5.0,M10.5.0/3",
    String(repeating: "A", count: 10_000),
  ])
  func refuses(name: String) {
    #expect(throws: UnknownZoneError.self) { try ZoneRules(named: name) }
  }

  @Test(arguments: [
    ("europe/paris", "Europe/Paris"), ("Paris", "Europe/Paris"), ("Europe/Pari", "Europe/Paris"),
    ("new york", "America/New_York"), ("America/NewYork", "America/New_York"), ("utc", "UTC"),
    ("Asia/Calcuta", "Asia/Calcutta"),
  ])
  func proposes(name: String, nearest: String) {
    let error = #expect(throws: UnknownZoneError.self) { try ZoneRules(named: name) }
    #expect(error?.nearest == nearest)
  }

  @Test func errorTexts() {
    #expect(
      UnknownZoneError(name: "Pari\ns", nearest: "Europe/Paris").description
        == "unknown time zone \"Pari\\ns\"; write a name such as \"Europe/Paris\", \"UTC\", or an offset"
        + " such as \"+05:30\"; did you mean \"Europe/Paris\"?")
    #expect(throws: UnknownZoneError(name: "Mars/Olympus", nearest: nil)) {
      try ZoneRules(named: "Mars/Olympus")
    }
  }

  /// A damaged file is refused or read as some zone, and none traps.
  @Test func changedFilesAreSafe() throws {
    let path = "\(ZoneRules.directory)/Australia/Lord_Howe"
    let file = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
    rounds(2_000) { random in
      var bytes = Array(random.oneIn(4) ? file.prefix(random.below(file.count)) : file[...])
      for _ in 0..<random.within(1...4) where !bytes.isEmpty {
        bytes[random.oneIn(2) ? random.below(bytes.count) : random.below(min(44, bytes.count))] =
          UInt8(truncatingIfNeeded: random.next())
      }
      guard let zone = try? TZifReader.zone(name: "changed", bytes.rawSpan) else { return }
      let buckets = Buckets(length: random.pick(ZoneSamples.lengths), zone: zone)
      let time = Int64(bitPattern: random.next())
      let range = buckets.range(of: time)
      try check(range.contains(time) || time == .max, "\(time) is not in \(range)")
    }
  }

  /// Rules that few zones have: a southern summer, days counted, and daylight time all year long.
  @Test(
    arguments: [
      ("AEST-10AEDT,M10.1.0,M4.1.0/3", 1_704_067_200, 11), ("XST1XDT,J60/0,J300", 1_709_258_400, 0),
      ("XST1XDT,59/0,300", 1_709_168_399, -1), ("XST1XDT,59/0,300", 1_709_168_400, 0),
      ("XXX3EDT4,0/0,J365/23", 1_704_067_200, -4),
      ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1_720_000_000, -1),
    ] as [(String, Int64, Int64)])
  func rules(text: String, second: Int64, hours: Int64) throws {
    let rule = try #require(ZoneRule(Array(text.utf8)))
    let zone = ZoneRules(
      name: text, firstOffset: rule.standardOffset, changes: rule.changes(after: 0))
    #expect(zone.offsetNs(at: second * ZoneSamples.secondNs) == hours * ZoneSamples.hourNs)
  }
}
