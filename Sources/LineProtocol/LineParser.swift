import Model

/// Reads lines of InfluxDB's line protocol:
/// `measurement,tag=value field=1.5,other="text" 1717200000000000000`.
///
/// Escapes are those of InfluxDB 1: a backslash before a comma, a blank or, in names and values of tags and names of
/// fields, an equals sign takes it as it is; before anything else it is itself. In strings it is one before a quote or
/// another backslash.
///
/// Source: <https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/>.
public struct LineParser: Sendable {
  /// What timestamps count; nil takes it from their size.
  public var unit: TimestampUnit?

  public init(unit: TimestampUnit?) { self.unit = unit }

  /// Longer strings are refused.
  public static let maxStringBytes = 65_536

  /// The point of a line, which has no line break but in strings. Nil for comments and blank lines. O(bytes).
  public func point(_ line: Point.Bytes) throws(LineFault) -> Point? {
    var text = LineCursor(line)
    text.skipBlanks()
    guard let first = text.peek, first != UInt8(ascii: "#") else { return nil }
    guard Self.isUTF8(line) else { throw LineFault("invalid UTF-8") }
    guard first != UInt8(ascii: ",") else { throw LineFault("missing measurement") }
    var point = Point(measurement: text.name(until: .commaOrBlank))
    while text.take(UInt8(ascii: ",")) { point.tags.append(try Self.tag(&text)) }
    try Self.requireUnlike(point.tags)
    text.skipBlanks()
    guard text.peek != nil else { throw LineFault("missing fields") }
    repeat { point.fields.append(try text.field()) } while text.take(UInt8(ascii: ","))
    text.skipBlanks()
    point.time = try time(&text)
    return point
  }

  /// What may be the measurement of a line that is none.
  public static func measurement(_ line: Point.Bytes) -> Point.Bytes {
    var text = LineCursor(line)
    text.skipBlanks()
    return text.name(until: .commaOrBlank)
  }

  private static func isUTF8(_ line: Point.Bytes) -> Bool {
    line.allSatisfy { $0 < 0x80 } || String(validating: line, as: UTF8.self) != nil
  }

  private static func tag(_ text: inout LineCursor) throws(LineFault) -> Point.Tag {
    let name = text.name(until: .any)
    guard !name.isEmpty else { throw LineFault("missing tag key") }
    guard text.take(UInt8(ascii: "=")) else { throw LineFault("missing tag value") }
    let value = text.name(until: .any)
    guard text.peek != UInt8(ascii: "=") else { throw LineFault("invalid tag format") }
    guard !value.isEmpty else { throw LineFault("missing tag value") }
    return Point.Tag(name: name, value: value)
  }

  private static func requireUnlike(_ tags: [Point.Tag]) throws(LineFault) {
    // Most clients sort their tags, which spares the set.
    let isSorted = zip(tags, tags.dropFirst()).allSatisfy {
      $0.name.lexicographicallyPrecedes($1.name)
    }
    if !isSorted, Set(tags.map(\.name)).count < tags.count { throw LineFault("duplicate tags") }
  }

  /// The rest of the line: a timestamp, or nothing.
  private func time(_ text: inout LineCursor) throws(LineFault) -> Point.Time? {
    var word = text.rest
    while word.last == UInt8(ascii: " ") { word.removeLast() }
    guard !word.isEmpty else { return nil }
    let digits = word.first == UInt8(ascii: "-") ? word.dropFirst() : word
    guard digits.allSatisfy(LineCursor.isDigit), !digits.isEmpty else {
      throw LineFault("bad timestamp")
    }
    guard let number = Int64(String(decoding: word, as: UTF8.self)) else {
      throw LineFault("time outside range")
    }
    let unit = unit ?? TimestampUnit(guessing: number)
    let (ns, isOver) = number.multipliedReportingOverflow(by: unit.ns)
    guard !isOver, Timestamp.wholeYears.contains(ns) else { throw LineFault("time outside range") }
    return Point.Time(ns: ns, unit: unit)
  }
}
