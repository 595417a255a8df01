import Bytes

/// The first and the last text among the values of a cell, by the places of their facts. Merges in any order.
struct TextEnds: Sendable, Equatable {
  var firstAt = FactPlace.end
  var first: [UInt8] = []
  var lastAt = FactPlace.start
  var last: [UInt8] = []

  var isEmpty: Bool { firstAt > lastAt }

  mutating func merge(_ other: TextEnds) {
    if other.isEmpty { return }
    if other.firstAt < firstAt { (firstAt, first) = (other.firstAt, other.first) }
    if other.lastAt >= lastAt { (lastAt, last) = (other.lastAt, other.last) }
  }

  /// What it takes in memory beside itself. O(1).
  var byteCount: Int { first.capacity + last.capacity }

  /// Appends nothing when there are no texts.
  func encode(_ header: CellHeader, into bytes: inout [UInt8]) {
    if isEmpty { return }
    bytes.append(firstAt, lastAt, header)
    bytes.append(sized: first)
    bytes.append(sized: last)
  }

  init() {}

  init(_ reader: inout ByteReader, _ header: CellHeader) throws(MalformedBytes) {
    (firstAt, lastAt) = try FactPlace.read(&reader, header)
    first = try reader.array(byteCount: try reader.count())
    last = try reader.array(byteCount: try reader.count())
  }
}

extension [UInt8] {
  /// Appends bytes behind their count.
  mutating func append(sized bytes: [UInt8]) {
    append(varint: UInt64(bytes.count))
    append(contentsOf: bytes)
  }
}
