import Bytes
import Model

/// Bytes to be handed out.
struct Pieces {
  var bytes: [UInt8] = []

  init() { bytes.reserveCapacity(Self.size + (24 << 10)) }

  private static let size = 1 << 16
  var isLarge: Bool { bytes.count >= Self.size }

  mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
  /// A character of ASCII.
  mutating func put(_ character: Unicode.Scalar) { bytes.append(UInt8(ascii: character)) }

  mutating func append(_ value: Int64) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    append(value.magnitude)
  }

  mutating func append(_ value: UInt64) {
    var rest = value
    let start = bytes.count
    repeat {
      bytes.append(UInt8(truncatingIfNeeded: 48 + rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
  }

  /// All digits of a number, those of 64 bits that are whole without a fraction; it is neither NaN nor infinite.
  mutating func append(_ value: Double) {
    if let whole = Int64(exactly: value) { return append(whole) }
    if let short = value.shortDecimal {
      if value < 0 { bytes.append(UInt8(ascii: "-")) }
      return append(short)
    }
    if let whole = UInt64(exactly: value) { return append(whole) }
    append(value.description)
  }

  private mutating func append(_ short: ShortDecimal) {
    let start = bytes.count
    var whole = short.digits
    for _ in 0..<short.decimals {
      bytes.append(UInt8(truncatingIfNeeded: 48 + whole % 10))
      whole /= 10
    }
    bytes.append(UInt8(ascii: "."))
    repeat {
      bytes.append(UInt8(truncatingIfNeeded: 48 + whole % 10))
      whole /= 10
    } while whole > 0
    bytes[start...].reverse()
  }

  /// The same of a number that is finite.
  mutating func append(_ number: Number) {
    switch number.form {
    case .signed(let value): append(value)
    case .unsigned(let value): append(value)
    case .real(let value): append(value)
    }
  }

  /// Six significant digits, which are enough for people.
  mutating func append(short value: Double) {
    guard value.magnitude >= 1e-4, value.magnitude < 1e15 else { return append(value) }
    var scale = 1.0
    while value.magnitude * scale < 100_000 && scale < 1e9 { scale *= 10 }
    append((value * scale).rounded() / scale)
  }

  /// Two digits of a number below 100.
  mutating func append(twoDigits value: Int) {
    bytes.append(UInt8(truncatingIfNeeded: 48 + value / 10))
    bytes.append(UInt8(truncatingIfNeeded: 48 + value % 10))
  }

  /// A JSON string, quotes included.
  mutating func append(json text: String) {
    bytes.append(jsonString: text)
  }

  /// A text for a terminal: what could steer it is U+FFFD, and it stays on one line.
  mutating func append(shown text: String) {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return append(text) }
    var isAtLineStart = false
    for scalar in text.unicodeScalars {
      // A text of several lines stays on one.
      if isAtLineStart, scalar == " " || scalar == "\n" { continue }
      isAtLineStart = scalar == "\n"
      switch scalar.properties.generalCategory {
      case _ where isAtLineStart: append(" ↵ ")
      case .control, .format, .lineSeparator, .paragraphSeparator: append("\u{FFFD}")
      default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
  }

  /// `count` blanks.
  mutating func append(blanks count: Int) {
    for _ in 0..<max(0, count) { bytes.append(UInt8(ascii: " ")) }
  }
}
