import Bytes

/// Where a fact stands: by event time, then by the log's order, and then by its place among the facts of its event. No
/// two facts stand at one place, so the first and the last of some do not depend on the order of merging.
struct FactPlace: Sendable, Equatable {
  var timeNs: Int64
  var seq: UInt64
  /// From 0, among the facts of the event.
  var element: UInt32

  /// Behind and before all facts.
  static let end = FactPlace(timeNs: .max, seq: .max, element: .max)
  static let start = FactPlace(timeNs: .min, seq: 0, element: 0)
}

extension FactPlace: Comparable {
  static func < (left: FactPlace, right: FactPlace) -> Bool {
    if left.timeNs != right.timeNs { return left.timeNs < right.timeNs }
    if left.seq != right.seq { return left.seq < right.seq }
    return left.element < right.element
  }
}

// MARK: On disk: docs/formats/cells.md

extension [UInt8] {
  /// Appends the places of the first and the last fact of some of a cell's.
  mutating func append(_ first: FactPlace, _ last: FactPlace, _ header: CellHeader) {
    append(signedVarint: first.timeNs)
    append(varint: UInt64(bitPattern: last.timeNs &- first.timeNs))
    append(varint: first.seq &- header.firstSeq)
    append(varint: header.lastSeq &- last.seq)
    append(varint: UInt64(first.element))
    append(varint: UInt64(last.element))
  }
}

extension FactPlace {
  /// Reads what was appended.
  static func read(
    _ reader: inout ByteReader, _ header: CellHeader
  ) throws(MalformedBytes) -> (first: FactPlace, last: FactPlace) {
    var (first, last) = (FactPlace.start, FactPlace.start)
    first.timeNs = try reader.signedVarint()
    last.timeNs = first.timeNs &+ Int64(bitPattern: try reader.varint())
    first.seq = header.firstSeq &+ (try reader.varint())
    last.seq = header.lastSeq &- (try reader.varint())
    first.element = UInt32(truncatingIfNeeded: try reader.varint())
    last.element = UInt32(truncatingIfNeeded: try reader.varint())
    return (first, last)
  }
}
