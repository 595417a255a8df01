import EventLog

extension SeriesRun {
  /// For each cell its series. A series is what one value of `labels` tells apart: one device. O(facts log facts).
  static func runs(
    _ numbers: FactExacts, _ times: [Int64], _ runs: FactRuns, _ labels: FactLabels?
  ) -> [[SeriesRun]] {
    // An empty label and none are one.
    let unnamed = labels?.names.indices.first { labels?.names.range($0).isEmpty == true } ?? -1
    return (0..<runs.cellCount).map { cell in
      // Sorted by label, and then by place.
      let places = runs.range(cell).map { index in
        let fact = Int(runs.facts[index])
        var code = labels.map { $0.codes.isEmpty ? -1 : $0.codes[fact] } ?? -1
        if code == Int64(unnamed) { code = -1 }
        return UInt64(code + 1) << 32 | UInt64(fact)
      }.sorted()
      var found: [SeriesRun] = []
      var last = UInt64.max
      for place in places {
        let code = place >> 32
        if code != last {
          let name = code == 0 ? [] : labels?.names[Int(code) - 1] ?? []
          found.append(SeriesRun(name: name, samples: []))
          last = code
        }
        let fact = Int(place & 0xFFFF_FFFF)
        found[found.count - 1].samples.append(
          Sample(timeNs: times[fact], value: numbers.kept(fact)))
      }
      return found
    }
  }
}
