import Bytes
import EventLog

/// The first and the last text among the values of a cell, by event time; at equal times by the log's order.
struct TextEnds: Sendable, Equatable {
  var firstNs = Int64.max
  var first: [UInt8] = []
  var lastNs = Int64.min
  var last: [UInt8] = []

  var isEmpty: Bool { firstNs > lastNs }

  mutating func merge(_ next: TextEnds) {
    if next.isEmpty { return }
    if next.firstNs < firstNs { (firstNs, first) = (next.firstNs, next.first) }
    if next.lastNs >= lastNs { (lastNs, last) = (next.lastNs, next.last) }
  }

  /// Those of each run. O(facts).
  static func ends(_ labels: FactLabels, _ times: [Int64], _ runs: FactRuns) -> [TextEnds] {
    (0..<runs.cellCount).map { cell in
      var ends = TextEnds()
      var (first, last): (Int64, Int64) = (-1, -1)
      for index in runs.range(cell) {
        let fact = Int(runs.facts[index])
        let code = labels.codes[fact]
        if code < 0 { continue }
        if times[fact] < ends.firstNs { (ends.firstNs, first) = (times[fact], code) }
        if times[fact] >= ends.lastNs { (ends.lastNs, last) = (times[fact], code) }
      }
      if first >= 0 { ends.first = labels.names[Int(first)] }
      if last >= 0 { ends.last = labels.names[Int(last)] }
      return ends
    }
  }

  func encode(into bytes: inout [UInt8]) {
    bytes.append(isEmpty ? 0 : 1)
    if isEmpty { return }
    bytes.append(signedVarint: firstNs)
    bytes.append(varint: UInt64(bitPattern: lastNs &- firstNs))
    bytes.append(sized: first)
    bytes.append(sized: last)
  }

  init() {}

  init(_ reader: inout ByteReader) throws(MalformedBytes) {
    if try reader.integer(UInt8.self) == 0 { return }
    firstNs = try reader.signedVarint()
    lastNs = firstNs &+ Int64(bitPattern: try reader.varint())
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
