/// Writes one flat JSON object, fields in the order given.
public struct JSONObjectWriter {
  private var bytes: [UInt8] = [UInt8(ascii: "{")]

  /// An object without fields.
  public init() {}

  /// A string. Names may repeat: nothing is checked, as in all fields. O(bytes).
  public mutating func field(_ name: String, _ value: String) {
    key(name)
    bytes.append(jsonString: value)
  }

  /// A whole number, in digits.
  public mutating func field(_ name: String, _ value: Int64) {
    key(name)
    bytes.append(contentsOf: String(value).utf8)
  }

  /// Not a number and the infinities have no JSON form and become null.
  public mutating func field(_ name: String, _ value: Double) {
    key(name)
    bytes.append(contentsOf: (value.isFinite ? String(value) : "null").utf8)
  }

  /// A field that is null.
  public mutating func null(_ name: String) {
    key(name)
    bytes.append(contentsOf: "null".utf8)
  }

  /// A value that is JSON already.
  public mutating func field(_ name: String, json: [UInt8]) {
    key(name)
    bytes.append(contentsOf: json)
  }

  /// Closes the object and gives its bytes: UTF-8, without a line break.
  public consuming func finish() -> [UInt8] {
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }

  private mutating func key(_ name: String) {
    if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
    bytes.append(jsonString: name)
    bytes.append(UInt8(ascii: ":"))
  }
}

extension [UInt8] {
  /// Appends `string` as a JSON string, quotes included. O(bytes).
  public mutating func append(jsonString string: String) {
    append(UInt8(ascii: "\""))
    if Self.isPlain(string.utf8Span.span) {
      append(contentsOf: string.utf8)
    } else {
      for byte in string.utf8 {
        if Self.isPlain(byte) { append(byte) } else { append(escaped: byte) }
      }
    }
    append(UInt8(ascii: "\""))
  }

  /// The same of a text that is UTF-8 bytes. O(bytes).
  public mutating func append(jsonString utf8: ArraySlice<UInt8>) {
    append(UInt8(ascii: "\""))
    var plainStart = utf8.startIndex
    for index in utf8.indices where !Self.isPlain(utf8[index]) {
      append(contentsOf: utf8[plainStart..<index])
      append(escaped: utf8[index])
      plainStart = index + 1
    }
    append(contentsOf: utf8[plainStart...])
    append(UInt8(ascii: "\""))
  }

  /// Whether a byte stands for itself in a JSON string.
  private static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  private static func isPlain(_ bytes: Span<UInt8>) -> Bool {
    for index in bytes.indices where !isPlain(bytes[index]) { return false }
    return true
  }

  private mutating func append(escaped byte: UInt8) {
    append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(byte)
    case 0x0A: append(UInt8(ascii: "n"))
    case 0x0D: append(UInt8(ascii: "r"))
    case 0x09: append(UInt8(ascii: "t"))
    default:
      append(contentsOf: "u00".utf8)
      for digit in [byte >> 4, byte & 15] { append(digit < 10 ? 48 + digit : 87 + digit) }
    }
  }
}
