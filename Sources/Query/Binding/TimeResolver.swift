import Bytes
import Language
import Model

/// Finds the instants of times in a query.
struct TimeResolver {
  var zone: ZoneRules
  var nowNs: Int64
  var parameters: [Text: QueryValue]

  func ns(_ time: TimeExpression) throws(LanguageError.Issue) -> Int64 {
    var ns = try base(time)
    for offset in time.offsets {
      ns = offset.length.added(to: ns, times: offset.isBack ? -1 : 1, in: zone)
    }
    return ns
  }

  /// From SINCE to before UNTIL; `Int64.min` and `.max` for no bound. Throws when there is no time between them.
  func range(
    since: TimeExpression?, until: TimeExpression?
  ) throws(LanguageError.Issue) -> Range<Int64> {
    var (low, high) = (Int64.min, Int64.max)
    if let since { low = try ns(since) }
    if let until { high = try ns(until) }
    guard low < high else {
      throw LanguageError.Issue(
        until?.span ?? since?.span ?? .none, "UNTIL is not after SINCE", hint: Self.rangeHint)
    }
    return low..<high
  }

  /// The same, where it may be that there is no time between them; throws when UNTIL is before SINCE.
  func bounds(
    since: TimeExpression?, until: TimeExpression?
  ) throws(LanguageError.Issue) -> Range<Int64> {
    let low = if let since { try ns(since) } else { Int64.min }
    let high = if let until { try ns(until) } else { Int64.max }
    if low > high, let until {
      throw LanguageError.Issue(until.span, "UNTIL is before SINCE", hint: Self.rangeHint)
    }
    return low..<max(low, high)
  }

  static let rangeHint = "the range goes from SINCE, the earlier time, to before UNTIL"

  private func base(_ time: TimeExpression) throws(LanguageError.Issue) -> Int64 {
    switch time.base {
    case .now: return nowNs
    case .today: return midnight
    case .yesterday: return TimeLength(1, .day).added(to: midnight, times: -1, in: zone)
    case .ago(let length): return length.added(to: nowNs, times: -1, in: zone)
    case .text(let text): return try parse(text, time.span)
    case .parameter(let parameter):
      switch try parameters.value(of: parameter) {
      case .time(let ns): return ns
      case .text(let text): return try parse(text.string, parameter.span)
      default:
        throw LanguageError.Issue(
          parameter.span, "the parameter $\(parameter.name) is no time", hint: Self.hint)
      }
    }
  }

  /// Says which instant was taken for a local time that clocks showed twice or never; nil for all others, and for a date
  /// alone, which is its first instant.
  func note(_ time: TimeExpression) -> String? {
    let text: String
    switch time.base {
    case .text(let written): text = written
    case .parameter(let parameter):
      guard case .text(let value)? = parameters[parameter.name] else { return nil }
      text = value.string
    default: return nil
    }
    guard text.utf8.count > 10, let taken = Self.parse(text, in: zone),
      let local = Self.parse(text, in: .utc), !Self.hasOffset(text)
    else { return nil }
    let name = zone.name
    switch zone.instants(showing: local) {
    case .once: return nil
    case .never:
      return "no clock of \(name) showed '\(text)', as clocks were set forward: "
        + "\(shown(taken)) is taken"
    case .twice(let first, let last):
      return "clocks of \(name) showed '\(text)' twice, as they were set back: the first, "
        + "\(shown(first)), is taken; for the second write \(shown(last))"
    }
  }

  /// A time on the zone's clock.
  func shown(_ ns: Int64) -> String { zone.text(ofTimeNs: ns) }

  private static func hasOffset(_ text: String) -> Bool {
    text.utf8.dropFirst(10).contains { "Zz+-".utf8.contains($0) }
  }

  private var midnight: Int64 { Buckets(length: .days(1), zone: zone).start(of: nowNs) }

  private static let hint = "write '2024-06-01', '2024-06-01T12:00' or '2024-06-01T12:00:00Z'"

  private func parse(_ text: String, _ span: TextSpan) throws(LanguageError.Issue) -> Int64 {
    if let ns = Self.parse(text, in: zone) { return ns }
    throw Self.issue(text, span)
  }

  /// What is wrong with a text that could not be read.
  static func issue(_ text: String, _ span: TextSpan) -> LanguageError.Issue {
    let year = text.prefix(4)
    // As it would be in a year that has all days.
    if year.utf8.count == 4, year.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains),
      parse("2000" + text.dropFirst(4), in: .utc) != nil
    {
      let years = Timestamp.wholeYears
      let (first, last) = (Timestamp(ns: years.lowerBound), Timestamp(ns: years.upperBound - 1))
      let range = "times go from \("\(first)".prefix(10)) to \("\(last)".prefix(10))"
      let isOfRange = (1678...2261).contains(Int(year) ?? 0)
      return LanguageError.Issue(
        span, isOfRange ? "'\(text)' is no time" : "'\(text)' is out of range",
        hint: isOfRange ? "its year has no such day" : range)
    }
    return LanguageError.Issue(span, "'\(text)' is no time", hint: hint)
  }

  /// Reads a date, or a date and a time; without an offset it is on the zone's clock.
  static func parse(_ text: String, in zone: ZoneRules) -> Int64? {
    var bytes = Array(text.utf8)
    if bytes.count == 10 { bytes += Array("T00:00:00".utf8) }
    guard bytes.count >= 16, bytes.count <= 64 else { return nil }
    // Seconds may be left out.
    if bytes.count == 16 || bytes[16] != UInt8(ascii: ":") {
      bytes.insert(contentsOf: Array(":00".utf8), at: 16)
    }
    let hasOffset = bytes[16...].contains {
      $0 == UInt8(ascii: "Z") || $0 == UInt8(ascii: "z") || $0 == UInt8(ascii: "+")
        || $0 == UInt8(ascii: "-")
    }
    if !hasOffset { bytes.append(UInt8(ascii: "Z")) }
    var parser = TimeParser()
    guard let time = parser.parse(bytes.rawSpan, 0..<bytes.count) else { return nil }
    return hasOffset ? time.ns : zone.timeNs(showing: time.ns)
  }
}

extension ZoneRules {
  /// The instant that a text of a statement means: a date, or a date and a time, on this zone's clocks where it has no offset.
  /// Nil for anything else.
  package func timeNs(written text: String) -> Int64? { TimeResolver.parse(text, in: self) }
}

extension TimeRange {
  /// The range in the zone of a KPI, as REBUILD KPI takes it. Throws when it is empty, or a time cannot be read.
  public static func rebuilt(
    since: TimeExpression?, until: TimeExpression?, in zone: ZoneRules, nowNs: Int64
  ) throws(LanguageError.Issue) -> Range<Int64> {
    try TimeResolver(zone: zone, nowNs: nowNs, parameters: [:]).range(since: since, until: until)
  }
}

extension [Text: QueryValue] {
  func value(of parameter: Parameter) throws(LanguageError.Issue) -> QueryValue {
    if let value = self[parameter.name] { return value }
    let nearest = Spelling.nearest(parameter.name, keys.sorted())
    throw LanguageError.Issue(
      parameter.span, "the parameter $\(parameter.name) has no value",
      hint: nearest.map { "did you mean $\($0)?" })
  }
}
