import Bytes
import Foundation

@testable import Model

func parsed(_ text: String, _ reading: TimeReading = TimeReading()) -> ParsedTime? {
  // Not at the array's ends, so that reading beyond the range shows.
  let bytes = Array("9\(text)9".utf8)
  var parser = TimeParser(reading)
  return parser.parse(bytes.rawSpan, 1..<bytes.count - 1)
}

func number(_ text: String, _ reading: TimeReading = TimeReading()) -> Int64? {
  let bytes = Array("9\(text)9".utf8)
  var parser = TimeParser(reading)
  return parser.parse(number: bytes.rawSpan, 1..<bytes.count - 1)?.ns
}

func refusal(_ text: String, _ reading: TimeReading = TimeReading()) -> TimeRefusal {
  let bytes = Array("9\(text)9".utf8)
  return TimeParser(reading).refusal(of: bytes.rawSpan, 1..<bytes.count - 1)
}

func written(_ time: ParsedTime) -> String {
  var writer = TimeWriter()
  return written(time, with: &writer)
}

func written(_ time: ParsedTime, with writer: inout TimeWriter) -> String {
  var bytes = [UInt8](repeating: 0, count: TimeWriter.maxBytes + ByteSink.slack)
  let (count, didOverflow) = bytes.withSink { sink in
    writer.append(time.ns, time.format, to: &sink)
    return (sink.count, sink.didOverflow)
  }
  precondition(!didOverflow)
  return String(decoding: bytes.prefix(count), as: UTF8.self)
}

func padded(_ value: Int, _ width: Int) -> String {
  let text = String(value)
  return String(repeating: "0", count: max(0, width - text.count)) + text
}

/// An RFC 3339 text with the instant that it means, computed here from days counted one by one.
struct TimeText {
  var text: String
  var ns: Int64
  var isExact: Bool

  /// Days from 1970-01-01 to the first of January of each year from 1678 on.
  private static let yearDays: [Int] = {
    var days = [0]
    for year in 1678..<2262 { days.append(days[days.count - 1] + (isLeap(year) ? 366 : 365)) }
    let epoch = days[1970 - 1678]
    return days.map { $0 - epoch }
  }()

  static func isLeap(_ year: Int) -> Bool {
    year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
  }

  static func monthDays(_ year: Int) -> [Int] {
    [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  }

  static func random(_ random: inout SeededGenerator) -> TimeText {
    let year =
      random.oneIn(10)
      ? random.pick([1678, 1900, 1970, 2000, 2261])
      : random.within(1678...2261)
    let months = monthDays(year)
    let month = random.below(12)
    let day = random.within(1...months[month])
    let (hour, minute, second) = (random.below(24), random.below(60), random.below(60))
    let digits = random.within(0...9)
    let fraction = (0..<digits).map { _ in String(random.below(10)) }.joined()
    let separator = random.pick(["T", "T", "T", "t", " "])
    var zone = random.pick(["Z", "Z", "z", "+00:00", "-00:00", ""])
    var offset = 0
    if zone.isEmpty {
      let (hours, minutes) = (random.below(24), random.below(60))
      let isNegative = random.oneIn(2)
      zone = (isNegative ? "-" : "+") + padded(hours, 2) + ":" + padded(minutes, 2)
      offset = (hours * 60 + minutes) * (isNegative ? -60 : 60)
    }
    let text =
      padded(year, 4) + "-" + padded(month + 1, 2) + "-" + padded(day, 2) + separator
      + padded(hour, 2) + ":" + padded(minute, 2) + ":" + padded(second, 2)
      + (digits > 0 ? "." + fraction : "") + zone
    let days = yearDays[year - 1678] + months[..<month].reduce(0, +) + day - 1
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset
    let nanoseconds = Int64((fraction + "000000000").prefix(9)) ?? 0
    return TimeText(
      text: text, ns: Int64(seconds) * 1_000_000_000 + nanoseconds, isExact: true)
  }

  /// The like of ``random(_:)`` in a form that RFC 3339 leaves out.
  static func randomISO(_ random: inout SeededGenerator) -> TimeText {
    let base = Self.random(&random)
    var text = base.text
    var ns = base.ns
    if random.oneIn(2) { text = text.replacingOccurrences(of: ".", with: ",") }
    if random.oneIn(3), text.utf8.count < 26, !text.contains("."), !text.contains(",") {
      // Without seconds, which then are none.
      let start = text.index(text.startIndex, offsetBy: 16)
      let second = Int64(text[text.index(after: start)...].prefix(2)) ?? 0
      ns -= second * 1_000_000_000
      text.removeSubrange(start..<text.index(start, offsetBy: 3))
    }
    let zoneStart = text.lastIndex { "+-".contains($0) }
    if let zoneStart, text.distance(from: text.startIndex, to: zoneStart) > 10, random.oneIn(2) {
      var zone = text[zoneStart...].replacingOccurrences(of: ":", with: "")
      if zone.hasSuffix("00") && random.oneIn(2) { zone.removeLast(2) }
      text.replaceSubrange(zoneStart..., with: zone)
    }
    if random.oneIn(3) {
      let time = text.index(text.startIndex, offsetBy: 10)
      let end = text.index(time, offsetBy: text.dropFirst(16).first == ":" ? 9 : 6)
      let basic = text[..<end].filter { !"-:".contains($0) }
      text.replaceSubrange(..<end, with: basic)
    }
    return TimeText(text: text, ns: ns, isExact: true)
  }
}
