/// Writes one flat JSON object, fields in the order given.
public struct JSONObjectWriter {
  private var bytes: [UInt8] = [UInt8(ascii: "{")]

  public init() {}

  public mutating func field(_ name: String, _ value: String) {
    key(name)
    bytes.append(jsonString: value)
  }

  public mutating func field(_ name: String, _ value: Int64) {
    key(name)
    bytes.append(contentsOf: String(value).utf8)
  }

  /// Not a number and the infinities have no JSON form and become null.
  public mutating func field(_ name: String, _ value: Double) {
    key(name)
    bytes.append(contentsOf: (value.isFinite ? String(value) : "null").utf8)
  }

  public mutating func null(_ name: String) {
    key(name)
    bytes.append(contentsOf: "null".utf8)
  }

  /// A value that is JSON already.
  public mutating func field(_ name: String, json: [UInt8]) {
    key(name)
    bytes.append(contentsOf: json)
  }

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
  /// Appends `string` as a JSON string, quotes included.
  public mutating func append(jsonString string: String) {
    append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        append(UInt8(ascii: "\\"))
        append(byte)
      case 0x0A: append(contentsOf: "\\n".utf8)
      case 0x0D: append(contentsOf: "\\r".utf8)
      case 0x09: append(contentsOf: "\\t".utf8)
      case 0..<0x20:
        append(contentsOf: "\\u00".utf8)
        append("0123456789abcdef".utf8[Int(byte >> 4)])
        append("0123456789abcdef".utf8[Int(byte & 15)])
      default: append(byte)
      }
    }
    append(UInt8(ascii: "\""))
  }
}

extension String.UTF8View {
  fileprivate subscript(offset: Int) -> UInt8 { self[index(startIndex, offsetBy: offset)] }
}
