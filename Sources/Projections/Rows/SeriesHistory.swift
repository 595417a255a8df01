import EventLog

/// The samples of one group's series before a time that only moves on.
struct SeriesHistory {
  private let panes: [(bucketNs: Int64, summaries: SeriesSummaries)]
  private var next = 0
  private var last: [[UInt8]: Sample?] = [:]

  init(_ panes: [(bucketNs: Int64, summaries: SeriesSummaries)]) { self.panes = panes }

  /// For each of the series its last sample before `startNs`: among the panes, or else by `find`.
  mutating func before(
    _ startNs: Int64, _ wanted: SeriesSummaries, _ find: ([UInt8]) throws -> Sample?
  ) throws -> [Sample?] {
    while next < panes.count, panes[next].bucketNs < startNs {
      for one in panes[next].summaries.series { last[one.name] = one.summary.last }
      next += 1
    }
    return try wanted.series.map { one in
      if let known = last[one.name] { return known }
      let found = try find(one.name)
      last[one.name] = .some(found)
      return found
    }
  }
}

/// The last sample of each series of some cells.
struct LastSamples {
  private var groups = StringTable()
  /// By measure, group and series.
  private var samples: [[[[UInt8]: Sample]]] = []

  init() {}

  /// Those of cells of one bucket.
  init(_ hot: HotCells) {
    guard let bucket = hot.buckets.values.first else { return }
    samples = Array(repeating: [], count: hot.kpi.plan.measures.count)
    for row in 0..<bucket.cells.count {
      let group = hot.group(row, bucket)
      _ = groups.number(group.rawSpan)
      for measure in samples.indices {
        let state = bucket.cells.measures[measure]
        let series = state.needs.contains(.series) ? state.samples[row].series : []
        samples[measure].append(
          Dictionary(
            uniqueKeysWithValues: series.compactMap { one in one.last.map { (one.name, $0) } }))
      }
    }
  }

  func last(_ series: [UInt8], _ group: [UInt8], _ measure: Int) -> Sample? {
    var groups = groups
    let known = groups.count
    let number = Int(groups.number(group.rawSpan))
    return number < known ? samples[measure][number][series] : nil
  }
}
