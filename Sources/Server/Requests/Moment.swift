import Hummingbird
import Model
import Query

/// A time in a path or a query string.
enum Moment {
  /// Numbers of seconds from here on are taken for milliseconds: these begin in 1973, seconds end in 5138.
  private static let firstMilliseconds = 100_000_000_000.0

  /// RFC 3339, a date or a time without an offset, which are on the clocks of `zone` as in statements, or seconds or
  /// milliseconds since 1970; nil for anything else.
  static func parse(_ text: String, in zone: ZoneRules = .utc) -> Int64? {
    if let ns = zone.timeNs(written: text) ?? Timestamp(text)?.ns { return ns }
    guard let number = Double(text), number.isFinite,
      text.utf8.allSatisfy({
        $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0)
      })
    else { return nil }
    let nsPerUnit: Int64 = abs(number) < firstMilliseconds ? 1_000_000_000 : 1_000_000
    if let whole = Int64(text) {
      let (ns, overflows) = whole.multipliedReportingOverflow(by: nsPerUnit)
      return overflows ? nil : ns
    }
    return Int64(exactly: (number * Double(nsPerUnit)).rounded())
  }

  /// The same of a time with an offset whose plus sign was not encoded, and so is a blank: `2024-06-01T00:00:00 02:00`.
  fileprivate static func parse(withPlusIn text: String) -> Int64? {
    guard let blank = text.lastIndex(of: " "), text[..<blank].contains("T") else { return nil }
    return parse("\(text[..<blank])+\(text[text.index(after: blank)...])")
  }
}

extension Request {
  /// A time of the query string, in nanoseconds since 1970; nil when there is none. One without an offset is on the clocks of
  /// `zone`. Throws a ``Problem`` for what is no time.
  func timeParameter(_ name: String, in zone: ZoneRules = .utc) throws(Problem) -> Int64? {
    guard let text = queryParameter(name) else { return nil }
    guard let ns = Moment.parse(text, in: zone) ?? Moment.parse(withPlusIn: text) else {
      throw .noTime(name, text)
    }
    return ns
  }
}

extension Problem {
  /// What stands in `name` is no time.
  static func noTime(_ name: String, _ text: String) -> Problem {
    Problem(
      .badRequest,
      "\(name) \(text) is no time: write it as RFC 3339, 2024-06-01T00:00:00Z, a date, or seconds or milliseconds since 1970"
    )
  }
}
