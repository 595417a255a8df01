extension JSONObjectWriter {
  /// A whole number, in digits, or null.
  public mutating func field(_ name: String, _ value: UInt64?) {
    if let value { field(name, json: Array(String(value).utf8)) } else { null(name) }
  }

  /// A string, or null.
  public mutating func field(_ name: String, optional value: String?) {
    if let value { field(name, value) } else { null(name) }
  }

  /// True or false.
  public mutating func field(_ name: String, _ value: Bool) {
    field(name, json: Array((value ? "true" : "false").utf8))
  }

  /// Seconds to the millisecond.
  public mutating func field(_ name: String, seconds: Double) {
    field(name, (seconds * 1_000).rounded() / 1_000)
  }

  /// An array of values that are JSON already.
  public mutating func field(_ name: String, array values: [[UInt8]]) {
    var bytes: [UInt8] = [UInt8(ascii: "[")]
    for (index, value) in values.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes.append(contentsOf: value)
    }
    bytes.append(UInt8(ascii: "]"))
    field(name, json: bytes)
  }

  /// An array of strings.
  public mutating func field(_ name: String, strings: [String]) {
    field(
      name,
      array: strings.map { string in
        var bytes: [UInt8] = []
        bytes.append(jsonString: string)
        return bytes
      })
  }
}

/// One JSON object, its fields in the order they are given.
public func jsonObject(_ body: (inout JSONObjectWriter) -> Void) -> [UInt8] {
  var writer = JSONObjectWriter()
  body(&writer)
  return writer.finish()
}
