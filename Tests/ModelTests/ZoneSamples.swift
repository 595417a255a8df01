import Foundation
import Testing

@testable import Model

/// The zones that random tests choose from, and what other programs know of them.
enum ZoneSamples {
  static let names = [
    "Africa/Cairo", "Africa/Casablanca", "Africa/Johannesburg", "Africa/Monrovia",
    "America/Argentina/Buenos_Aires", "America/Anchorage", "America/Bogota", "America/Caracas",
    "America/Chicago", "America/Havana", "America/Los_Angeles", "America/Mexico_City",
    "America/New_York", "America/Nuuk", "America/Santiago", "America/Sao_Paulo",
    "America/Scoresbysund", "America/St_Johns", "Antarctica/Troll", "Asia/Beirut", "Asia/Gaza",
    "Asia/Hong_Kong", "Asia/Jerusalem", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Pyongyang",
    "Asia/Tehran", "Asia/Tokyo", "Atlantic/Azores", "Australia/Lord_Howe", "Australia/Sydney",
    "Etc/GMT+12", "Europe/Amsterdam", "Europe/Dublin", "Europe/London", "Europe/Moscow",
    "Europe/Paris", "Pacific/Apia", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Kiritimati",
    "Pacific/Kwajalein", "UTC",
  ]

  static let zones: [ZoneRules] = names.compactMap { try? ZoneRules(named: $0) }

  static let lengths: [BucketLength] = [
    "1s", "7s", "50s", "1m", "7m", "15m", "30m", "1h", "5h", "6h", "7h", "12h", "1439m", "1d",
    "2d", "7d", "1w", "2w", "1mo", "1q", "5mo", "1y",
  ].compactMap { try? BucketLength(parsing: $0) }

  static let secondNs: Int64 = 1_000_000_000
  static let hourNs = 3_600 * secondNs
  /// 1950 to 2100.
  static let testedNs = -631_152_000 * secondNs..<4_102_444_800 * secondNs

  /// Any time of 1950 to 2100, half of them near a clock change.
  static func time(in zone: ZoneRules, _ random: inout SeededGenerator) -> Int64 {
    let changes = zone.changesNs.filter { testedNs.contains($0) }
    guard !changes.isEmpty, random.oneIn(2) else {
      return Int64.random(in: testedNs, using: &random)
    }
    let span = random.pick([1, 2 * secondNs, 3 * hourNs, 50 * hourNs])
    return random.pick(changes) + Int64.random(in: -span...span, using: &random)
  }

  struct Answer {
    var zone: ZoneRules
    var timeNs: Int64
    var offsetNs, dayNs, weekNs, monthNs: Int64
  }

  /// What Python's zoneinfo says of random times in every zone; nil if there is no Python with zone data.
  static func pythonAnswers(
    perZone count: Int, _ random: inout SeededGenerator
  ) throws -> [Answer]? {
    var asked: [(zone: ZoneRules, timeNs: Int64)] = []
    for zone in zones { for _ in 0..<count { asked.append((zone, time(in: zone, &random))) } }
    let questions = asked.map { "\($0.zone.name) \($0.timeNs.flooredQuotient(secondNs))\n" }
    guard let text = try Python.run("zones.py", questions.joined()) else { return nil }
    let lines = text.split(separator: "\n")
    try checkEqual(lines.count, asked.count, "answers of zones.py")
    return try zip(asked, lines).map { question, line in
      let numbers = line.split(separator: " ").compactMap { Int64($0) }.map { $0 * secondNs }
      try checkEqual(numbers.count, 4, "numbers of \(line)")
      return Answer(
        zone: question.zone, timeNs: question.timeNs, offsetNs: numbers[0], dayNs: numbers[1],
        weekNs: numbers[2], monthNs: numbers[3])
    }
  }
}
