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
    append(jsonString: Text(string).rawSpan)
  }

  /// The same of a text that is UTF-8 bytes. O(bytes).
  public mutating func append(jsonString utf8: ArraySlice<UInt8>) {
    append(jsonString: utf8.rawSpan)
  }

  /// The same of bytes that are read in place. O(bytes).
  public mutating func append(jsonString utf8: RawSpan) {
    append(UInt8(ascii: "\""))
    var start = 0
    while true {
      let end = Self.plainEnd(utf8, from: start)
      append(span: utf8.extracting(start..<end))
      if end == utf8.byteCount { break }
      append(escaped: utf8.byte(at: end))
      start = end + 1
    }
    append(UInt8(ascii: "\""))
  }

  /// Where the first byte from `start` on is that does not stand for itself in a JSON string, eight at a time; the end when all
  /// do.
  private static func plainEnd(_ utf8: RawSpan, from start: Int) -> Int {
    var index = start
    while index <= utf8.byteCount - 8 {
      let found = escapes(in: utf8.word(at: index))
      if found != 0 { return index + found.trailingZeroBitCount / 8 }
      index += 8
    }
    while index < utf8.byteCount, isPlain(utf8.byte(at: index)) { index += 1 }
    return index
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  /// The lowest bit that is set is in the first byte of the word that does not stand for itself; others may be set above it.
  private static func escapes(in word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    func zeros(_ word: UInt64) -> UInt64 { (word &- ones) & ~word }
    let controls = (word &- 0x20 &* ones) & ~word
    let quotes = zeros(word ^ UInt64(UInt8(ascii: "\"")) &* ones)
    let backslashes = zeros(word ^ UInt64(UInt8(ascii: "\\")) &* ones)
    return (controls | quotes | backslashes) & (0x80 &* ones)
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
