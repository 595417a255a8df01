import EventLog

extension TextEnds {
  /// Those of each run. O(facts).
  static func ends(
    _ labels: FactLabels, _ columns: FactColumns, _ runs: FactRuns
  ) throws -> [TextEnds] {
    let (times, places) = (try columns.times(), columns.places)
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
      ends.firstAt = places.place(first, times[first])
      ends.last = labels.names[Int(labels.codes[last])]
      ends.lastAt = places.place(last, times[last])
      return ends
    }
  }
}
