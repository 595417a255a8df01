import Bytes
import EventLog

/// The samples that blocks add to the series of their cells. They stand in columns, and here is but where: four bytes for
/// each, and eight for each series of a cell.
struct SeriesRuns: Sendable {
  let times: [Int64]
  let numbers: FactExacts
  let names: ByteStrings
  /// Places of facts by cell, then by series, then in the order of the log.
  private(set) var facts: [Int32] = []
  /// The number of each series among the names, those of one cell together; -1 is the one without a name.
  private var series: [Int32] = []
  /// Where the facts of each end, and where the series of each cell do.
  private var factEnds: [Int32] = []
  private var seriesEnds: [Int32] = []

  init(_ numbers: FactExacts, _ times: [Int64], names: ByteStrings) {
    (self.numbers, self.times, self.names) = (numbers, times, names)
  }

  /// Adds the next sample of a cell. Those of one series follow each other.
  mutating func append(fact: Int32, ofSeries number: Int32) {
    if factEnds.count == (seriesEnds.last.map { Int($0) } ?? 0) || series.last != number {
      series.append(number)
      factEnds.append(Int32(facts.count))
    }
    facts.append(fact)
    factEnds[factEnds.count - 1] = Int32(facts.count)
  }

  mutating func endCell() { seriesEnds.append(Int32(series.count)) }

  /// The series of a cell.
  func series(ofCell cell: Int) -> Range<Int> { seriesEnds.run(cell) }

  func name(_ index: Int) -> [UInt8] { series[index] < 0 ? [] : names[Int(series[index])] }

  /// Calls `body` with each sample of a series, in the order of the log.
  func forEachSample(_ index: Int, _ body: (Sample) -> Void) {
    for place in factEnds.run(index) {
      let fact = Int(facts[place])
      body(Sample(timeNs: times[fact], value: numbers.kept(fact)))
    }
  }
}
