import Bytes
import EventLog

extension SeriesRuns {
  /// For each cell its series. A series is what one value of `labels` tells apart: one device. O(facts log facts).
  init(_ numbers: FactExacts, _ times: [Int64], _ runs: FactRuns, _ labels: FactLabels?) {
    self.init(numbers, times, names: labels?.names ?? ByteStrings())
    // An empty label and none are one.
    let unnamed = Int64(names.indices.first { names.range($0).isEmpty } ?? -1)
    for cell in 0..<runs.cellCount {
      // Sorted by label, and then by place.
      let places = runs.range(cell).map { index in
        let fact = Int(runs.facts[index])
        let code = labels.map { $0.codes.isEmpty ? -1 : $0.codes[fact] } ?? -1
        return UInt64((code == unnamed ? -1 : code) + 1) << 32 | UInt64(fact)
      }.sorted()
      for place in places {
        append(fact: Int32(place & 0xFFFF_FFFF), ofSeries: Int32(place >> 32) - 1)
      }
      endCell()
    }
  }
}
