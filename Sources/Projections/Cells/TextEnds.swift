import Bytes
import EventLog

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

  /// Those of each run. O(facts).
  static func ends(
    _ labels: FactLabels, _ columns: FactColumns, _ runs: FactRuns
  ) throws -> [TextEnds] {
    let times = try columns.times()
    return (0..<runs.cellCount).map { cell in
      var (first, last): (Int?, Int?)
      for index in runs.range(cell) {
        let fact = Int(runs.facts[index])
        if labels.codes[fact] < 0 { continue }
        // Facts of one time stand in the order of the log.
        if first.map({ times[fact] < times[$0] }) ?? true { first = fact }
        if last.map({ times[fact] >= times[$0] }) ?? true { last = fact }
      }
      var ends = TextEnds()
      guard let first, let last else { return ends }
      ends.first = labels.names[Int(labels.codes[first])]
      ends.firstAt = columns.place(first, times[first])
      ends.last = labels.names[Int(labels.codes[last])]
      ends.lastAt = columns.place(last, times[last])
      return ends
    }
  }

  func encode(_ header: CellHeader, into bytes: inout [UInt8]) {
    bytes.append(isEmpty ? 0 : 1)
    if isEmpty { return }
    bytes.append(firstAt, lastAt, header)
    bytes.append(sized: first)
    bytes.append(sized: last)
  }

  init() {}

  init(_ reader: inout ByteReader, _ header: CellHeader) throws(MalformedBytes) {
    if try reader.integer(UInt8.self) == 0 { return }
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
