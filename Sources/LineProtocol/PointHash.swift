import Bytes
import Checksum

/// What a point is known again by: 128 bits of its measurement, tags, time and fields with their values, in whatever order.
enum PointHash {
  /// 32 hexadecimal digits. O(bytes + n log n).
  static func text(_ point: Point, ns: Int64) -> [UInt8] {
    var bytes: [UInt8] = []
    append(point.measurement, to: &bytes)
    bytes.append(varint: UInt64(point.tags.count))
    for tag in point.tags.sortedByName(\.name) {
      append(tag.name, to: &bytes)
      append(tag.value, to: &bytes)
    }
    bytes.append(littleEndian: ns)
    for field in point.fields.sortedByName(\.name) {
      append(field.name, to: &bytes)
      append(field.value, to: &bytes)
    }
    let hash = checksum128(bytes.rawSpan)
    return digits(hash.high) + digits(hash.low)
  }

  /// With its length before it, so that no two lists of texts are the same bytes.
  private static func append(_ text: Point.Bytes, to bytes: inout [UInt8]) {
    bytes.append(varint: UInt64(text.count))
    bytes.append(contentsOf: text)
  }

  private static func append(_ value: FieldValue, to bytes: inout [UInt8]) {
    switch value {
    case .float(let text), .integer(let text), .unsigned(let text), .string(let text):
      bytes.append(value.letter)
      append(text, to: &bytes)
    case .boolean(let value, _): bytes.append(value ? 1 : 0)
    }
  }

  private static func digits(_ word: UInt64) -> [UInt8] {
    (0..<16).map { index in
      let digit = UInt8(truncatingIfNeeded: word >> (60 - 4 * index)) & 15
      return digit < 10 ? 48 + digit : 87 + digit
    }
  }
}

extension Array {
  /// In the order of names' bytes; those of one name stay in theirs. O(n) when they are in order.
  fileprivate func sortedByName(_ name: (Element) -> Point.Bytes) -> [Element] {
    let isSorted = zip(self, dropFirst()).allSatisfy {
      !name($1).lexicographicallyPrecedes(name($0))
    }
    return isSorted ? self : sorted { name($0).lexicographicallyPrecedes(name($1)) }
  }
}
