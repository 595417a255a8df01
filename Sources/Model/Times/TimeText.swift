import Bytes

/// Writes times as text, each in the form it was read in.
public struct TimeWriter: Sendable {
  private var cachedDay: Int64 = .min
  /// "YYYY-MM-" and "DD" of the cached day.
  private var cachedDate: (UInt64, UInt64) = (0, 0)

  /// The longest text of a time.
  public static let maxBytes = 40

  /// A writer that has written no date yet: the first one is computed.
  public init() {}

  /// Appends the text of `ns` in `format`, without quotes: the inverse of ``TimeParser``. O(1).
  @_lifetime(sink: copy sink)
  public mutating func append(_ ns: Int64, _ format: TimeFormat, to sink: inout ByteSink) {
    if format.isEpoch {
      appendEpoch(ns, format, to: &sink)
    } else if format.isRFC3339 {
      appendRFC3339(ns, format, to: &sink)
    } else {
      appendISO8601(ns, format, to: &sink)
    }
  }

  /// Writes the forms of ISO 8601 that RFC 3339 leaves out.
  @inline(never)
  @_lifetime(sink: copy sink)
  private func appendISO8601(_ ns: Int64, _ format: TimeFormat, to sink: inout ByteSink) {
    let minutes = Int64(format.zone == .minus ? -format.offsetMinutes : format.offsetMinutes)
    let seconds = ns.flooredQuotient(1_000_000_000) + minutes * 60
    let date = CivilDate(daysSinceEpoch: Int(seconds.flooredQuotient(86_400)))
    let secondOfDay = Int(seconds.flooredRemainder(86_400))
    sink.append(decimal: UInt64(date.year), minDigits: 4)
    if !format.isBasic { sink.append(UInt8(ascii: "-")) }
    sink.append(twoDigits: date.month)
    if !format.isBasic { sink.append(UInt8(ascii: "-")) }
    sink.append(twoDigits: date.day)
    guard format.separator != 0 else { return }
    sink.append(format.separator)
    sink.append(twoDigits: secondOfDay / 3600)
    if !format.isBasic { sink.append(UInt8(ascii: ":")) }
    sink.append(twoDigits: secondOfDay / 60 % 60)
    if format.hasSeconds {
      if !format.isBasic { sink.append(UInt8(ascii: ":")) }
      sink.append(twoDigits: secondOfDay % 60)
      appendFraction(ns, format, to: &sink)
    }
    appendOffset(format, to: &sink)
  }

  @_lifetime(sink: copy sink)
  private func appendFraction(_ ns: Int64, _ format: TimeFormat, to sink: inout ByteSink) {
    let digits = min(format.fractionDigits, 9)
    guard digits > 0 else { return }
    sink.append(format.hasComma ? UInt8(ascii: ",") : UInt8(ascii: "."))
    let fractionNs = ns.flooredRemainder(1_000_000_000)
    sink.append(
      decimal: UInt64(fractionNs / TimeParser.powersOfTen[9 - digits]), minDigits: digits)
  }

  @_lifetime(sink: copy sink)
  private func appendOffset(_ format: TimeFormat, to sink: inout ByteSink) {
    guard format.offsetStyle != .absent else { return }
    switch format.zone {
    case .z: sink.append(UInt8(ascii: "Z"))
    case .lowercaseZ: sink.append(UInt8(ascii: "z"))
    case .plus, .minus:
      sink.append(format.zone == .plus ? UInt8(ascii: "+") : UInt8(ascii: "-"))
      sink.append(twoDigits: format.offsetMinutes / 60)
      if format.offsetStyle == .hours { return }
      if format.offsetStyle == .colon { sink.append(UInt8(ascii: ":")) }
      sink.append(twoDigits: format.offsetMinutes % 60)
    }
  }

  @_lifetime(sink: copy sink)
  private mutating func appendRFC3339(
    _ ns: Int64, _ format: TimeFormat, to sink: inout ByteSink
  ) {
    let zone = format.zone
    let minutes = Int64(zone == .minus ? -format.offsetMinutes : format.offsetMinutes)
    // The offset is added to the seconds: adding it to the nanoseconds could overflow at the edges.
    let seconds = ns.flooredQuotient(1_000_000_000) + minutes * 60
    let day = seconds.flooredQuotient(86_400)
    if day != cachedDay { remember(day) }
    sink.append(word: cachedDate.0, byteCount: 8)
    sink.append(word: cachedDate.1, byteCount: 2)
    sink.append(format.separator)
    let secondOfDay = Int(seconds - day * 86_400)
    sink.append(twoDigits: secondOfDay / 3600)
    sink.append(UInt8(ascii: ":"))
    sink.append(twoDigits: secondOfDay / 60 % 60)
    sink.append(UInt8(ascii: ":"))
    sink.append(twoDigits: secondOfDay % 60)
    appendFraction(ns, format, to: &sink)
    appendOffset(format, to: &sink)
  }

  @_lifetime(sink: copy sink)
  private func appendEpoch(_ ns: Int64, _ format: TimeFormat, to sink: inout ByteSink) {
    let unitNs = format.unit.nanoseconds
    if ns < 0 { sink.append(UInt8(ascii: "-")) }
    let (whole, rest) = ns.magnitude.quotientAndRemainder(dividingBy: unitNs.magnitude)
    sink.append(decimal: whole)
    let digits = format.fractionDigits
    guard digits > 0 else { return }
    // The rest in units of 10^-digits; digits finer than a nanosecond are zeros.
    var fraction = rest
    var divisor = unitNs.magnitude
    for _ in 0..<digits {
      if divisor >= 10 { divisor /= 10 } else { fraction *= 10 }
    }
    sink.append(UInt8(ascii: "."))
    sink.append(decimal: fraction / divisor, minDigits: digits)
  }

  private mutating func remember(_ day: Int64) {
    let date = CivilDate(daysSinceEpoch: Int(day))
    func pair(_ value: Int) -> UInt64 { UInt64(48 + value / 10 | (48 + value % 10) << 8) }
    let hyphen = UInt64(UInt8(ascii: "-"))
    cachedDay = day
    cachedDate.0 =
      pair(date.year / 100) | pair(date.year % 100) << 16 | hyphen << 32
      | pair(date.month) << 40 | hyphen << 56
    cachedDate.1 = pair(date.day)
  }
}

/// An instant, for people: parsing what they type and printing RFC 3339 in UTC.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  public var ns: Int64

  /// The years that nanoseconds in 64 bits hold wholly, 1678 to 2261: those that times of documents can be.
  public static let wholeYears: Range<Int64> =
    -9_214_560_000_000_000_000..<9_214_646_400_000_000_000

  /// `ns` is in nanoseconds since 1970-01-01T00:00:00Z.
  public init(ns: Int64) { self.ns = ns }

  /// Reads RFC 3339, or a date alone, which means its first instant in UTC.
  public init?(_ text: String) {
    let isDate = text.utf8.count == 10
    let bytes = Array((isDate ? text + "T00:00:00Z" : text).utf8)
    var parser = TimeParser()
    guard let time = parser.parse(bytes.rawSpan, 0..<bytes.count) else { return nil }
    ns = time.ns
  }

  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.ns < right.ns }

  public var description: String {
    let fraction = ns.flooredRemainder(1_000_000_000)
    let digits = fraction == 0 ? 0 : fraction % 1_000_000 == 0 ? 3 : fraction % 1_000 == 0 ? 6 : 9
    var text: [UInt8] = Array(repeating: 0, count: TimeWriter.maxBytes + ByteSink.slack)
    let count = text.withSink { sink in
      var writer = TimeWriter()
      writer.append(
        ns,
        .rfc3339(
          separator: UInt8(ascii: "T"), fractionDigits: digits, zone: .z, offsetMinutes: 0),
        to: &sink)
      return sink.count
    }
    return String(decoding: text.prefix(count), as: UTF8.self)
  }
}
