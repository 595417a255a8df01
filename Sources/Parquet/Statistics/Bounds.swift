import Bytes

/// A value as the least or the greatest of others.
enum Bound: Sendable, Equatable {
  case integer(Int64)
  case double(Double)
  case boolean(Bool)
  case string([UInt8])

  /// As statistics have it: the plain encoding, a string without its length.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    switch self {
    case .integer(let value): bytes.append(littleEndian: value)
    case .double(let value): bytes.append(littleEndian: value.bitPattern)
    case .boolean(let value): bytes.append(value ? 1 : 0)
    case .string(let value): bytes = value
    }
    return bytes
  }

  /// Of one kind. Strings are ordered by their bytes.
  static func < (left: Bound, right: Bound) -> Bool {
    switch (left, right) {
    case (.integer(let a), .integer(let b)): a < b
    case (.double(let a), .double(let b)): a < b
    case (.boolean(let a), .boolean(let b)): !a && b
    case (.string(let a), .string(let b)): a.rawSpan.precedes(b.rawSpan)
    default: preconditionFailure("bounds of two kinds")
    }
  }
}

/// The least and the greatest of some values, or what is less and greater than these where they are long.
struct Bounds: Sendable, Equatable {
  private(set) var least: Bound
  private(set) var greatest: Bound
  private(set) var isLeastExact = true
  private(set) var isGreatestExact = true

  init(_ least: Bound, _ greatest: Bound) { (self.least, self.greatest) = (least, greatest) }

  /// Makes them those of other values as well.
  mutating func formUnion(_ other: Bounds) {
    if other.least < least { (least, isLeastExact) = (other.least, other.isLeastExact) }
    if greatest < other.greatest {
      (greatest, isGreatestExact) = (other.greatest, other.isGreatestExact)
    }
  }
}

extension Bounds {
  init(integers values: ArraySlice<Int64>) {
    var (least, greatest) = (Int64.max, Int64.min)
    let span = values.span
    for index in span.indices {
      least = min(least, span[index])
      greatest = max(greatest, span[index])
    }
    self.init(.integer(least), .integer(greatest))
  }

  /// Nil when one is NaN, which has no place in the order. The format would have it left out, but DuckDB then takes all
  /// values of a chunk whose bounds are equal for that one. A zero is taken for the one of its sign that no reader can be
  /// misled by: readers may take -0 for less than 0, or not.
  init?(doubleBits values: ArraySlice<Int64>) {
    var (least, greatest) = (Double.infinity, -Double.infinity)
    let span = values.span
    for index in span.indices {
      let value = Double(bitPattern: UInt64(bitPattern: span[index]))
      if value.isNaN { return nil }
      least = min(least, value)
      greatest = max(greatest, value)
    }
    self.init(.double(least == 0 ? -0.0 : least), .double(greatest == 0 ? 0.0 : greatest))
  }

  init(booleans values: ArraySlice<Int64>) {
    self.init(.boolean(!values.contains(0)), .boolean(values.contains(1)))
  }

  /// The longest string that is kept whole.
  static let maxStringBytes = 64

  /// Of strings that are UTF-8. Longer ones are cut to a beginning of theirs, and the greatest to the next text after it.
  init(least: [UInt8], greatest: [UInt8]) {
    self.init(.string(least), .string(greatest))
    if least.count > Self.maxStringBytes {
      self.least = .string(Self.prefix(of: least))
      isLeastExact = false
    }
    if greatest.count > Self.maxStringBytes,
      let next = Self.next(after: Self.prefix(of: greatest))
    {
      self.greatest = .string(next)
      isGreatestExact = false
    }
  }

  /// As many whole characters as there is room for.
  private static func prefix(of text: [UInt8]) -> [UInt8] {
    var end = maxStringBytes
    while end > 0, text[end] & 0xC0 == 0x80 { end -= 1 }
    return Array(text[..<end])
  }

  /// The least text that is greater than all that begin with `prefix`: its last character that has a next one is that,
  /// and ends it. Nil when none has.
  private static func next(after prefix: [UInt8]) -> [UInt8]? {
    var scalars = Array(String(decoding: prefix, as: UTF8.self).unicodeScalars)
    while let last = scalars.popLast() {
      // Surrogates are no characters.
      let value = last.value == 0xD7FF ? 0xE000 : last.value + 1
      guard let next = Unicode.Scalar(value) else { continue }
      var text = String.UnicodeScalarView(scalars)
      text.append(next)
      return Array(String(text).utf8)
    }
    return nil
  }
}
