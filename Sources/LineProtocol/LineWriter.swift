import Bytes

/// Writes points as lines in the usual way, which most clients have: what the store gives back where it did not have to
/// keep the line itself.
public enum LineWriter {
  /// O(bytes).
  public static func line(_ point: Point) -> [UInt8] {
    var line: [UInt8] = []
    append(measurement: point.measurement, to: &line)
    for tag in point.tags {
      line.append(UInt8(ascii: ","))
      append(name: tag.name, to: &line)
      line.append(UInt8(ascii: "="))
      append(name: tag.value, to: &line)
    }
    for (index, field) in point.fields.enumerated() {
      line.append(UInt8(ascii: index == 0 ? " " : ","))
      append(name: field.name, to: &line)
      line.append(UInt8(ascii: "="))
      append(field.value, to: &line)
    }
    if let time = point.time {
      line.append(UInt8(ascii: " "))
      line.append(contentsOf: String(time.ns / time.unit.ns).utf8)
    }
    return line
  }

  /// With its escapes. O(bytes).
  public static func append(measurement: Point.Bytes, to line: inout [UInt8]) {
    append(measurement, escapes: .commaOrBlank, to: &line)
  }

  /// The name of a tag or field, or the value of a tag, with its escapes. O(bytes).
  public static func append(name: Point.Bytes, to line: inout [UInt8]) {
    append(name, escapes: .any, to: &line)
  }

  /// The value of a field that is a text, within its quotes. O(bytes).
  public static func append(string text: Point.Bytes, to line: inout [UInt8]) {
    line.append(UInt8(ascii: "\""))
    for byte in text {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        line.append(UInt8(ascii: "\\"))
      }
      line.append(byte)
    }
    line.append(UInt8(ascii: "\""))
  }

  private static func append(
    _ name: Point.Bytes, escapes: LineCursor.Specials, to line: inout [UInt8]
  ) {
    guard name.contains(where: escapes.contains) else {
      line.append(contentsOf: name)
      return
    }
    for byte in name {
      if escapes.contains(byte) { line.append(UInt8(ascii: "\\")) }
      line.append(byte)
    }
  }

  private static func append(_ value: FieldValue, to line: inout [UInt8]) {
    switch value {
    case .float(let digits): line.append(contentsOf: digits)
    case .integer(let digits): line.append(contentsOf: digits + [UInt8(ascii: "i")])
    case .unsigned(let digits): line.append(contentsOf: digits + [UInt8(ascii: "u")])
    case .boolean(let value, let spelling): line.append(contentsOf: spelling.word(value).utf8)
    case .string(let text): append(string: text, to: &line)
    }
  }
}
