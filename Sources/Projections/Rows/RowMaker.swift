import Asking
import Model

/// Makes the rows of an answer of panes: of each bucket's own, or of windows over several.
struct RowMaker {
  /// Looks for the last sample of a series of a group before a bucket.
  typealias FindSample = (_ series: [UInt8], _ group: [UInt8], _ measure: Int, _ bucketNs: Int64)
    throws -> Sample?

  private let kpi: CompiledKpi
  private let items: [CellItem]
  private let panes: Panes
  private let watermarkNs: Int64?

  /// `items` are computed from the cells of `panes`.
  init(_ kpi: CompiledKpi, _ items: [CellItem], _ panes: Panes, watermarkNs: Int64?) {
    self.kpi = kpi
    self.items = items
    self.panes = panes
    self.watermarkNs = watermarkNs
  }

  /// The rows of the buckets that start within `range`. O(cells), and for rolling windows O(cells x width of a window)
  /// at worst, however far apart they are.
  ///
  /// The facts are those of `times`, where they cut a bucket. `plan` is how the panes were gathered.
  func columns(
    _ range: Range<Int64>, within times: Range<Int64>, _ plan: AggregatePlan, _ find: FindSample
  ) throws -> AggregateResult {
    var rows = kpi.panesPerWindow > 1 ? try windows(range) : try buckets(range)
    if panes.cells.hasSeries {
      try findBefore(&rows) { try find($0, $1, $2, max($3, times.lowerBound)) }
      rows.spans = rows.spans.map { $0.clamped(to: times) }
    }
    let evaluator = CellEvaluator(rows: rows)
    var result = AggregateResult(plan: plan)
    result.timesNs = rows.timesNs
    result.groupOfRow = rows.groupOfRow
    result.groups = panes.labels
    for item in items {
      try Cancellation.check()
      let (column, overflows) = evaluator.column(item)
      result.values.append(column)
      result.overflows.append(overflows)
    }
    let headers = rows.cells.headers
    result.facts = rows.places.map { headers[Int($0)].facts }
    result.firstSeqs = rows.places.map { headers[Int($0)].firstSeq }
    result.lastSeqs = rows.places.map { headers[Int($0)].lastSeq }
    result.revisions = rows.places.map { headers[Int($0)].revision }
    result.watermarkNs = watermarkNs
    var (lastNs, isFinal) = (Int64.min, false)
    result.isFinal = rows.timesNs.map { timeNs in
      if timeNs != lastNs { (lastNs, isFinal) = (timeNs, kpi.isFinal(timeNs, watermarkNs)) }
      return isFinal
    }
    return result
  }

  /// A row for each cell.
  private func buckets(_ range: Range<Int64>) throws -> CellRows {
    var places = panes.buckets.indices.filter {
      panes.codes[$0] >= 0 && range.contains(panes.buckets[$0])
    }
    // Cells on disk come in order of their groups.
    if !panes.isSorted {
      try Cancellation.check()
      let ranks = panes.ranks
      places.sort {
        (panes.buckets[$0], ranks[Int(panes.codes[$0])]) < (
          panes.buckets[$1], ranks[Int(panes.codes[$1])]
        )
      }
    }
    return rows(
      places.map { ($0, panes.buckets[$0], panes.codes[$0], panes.buckets[$0]) }, panes.cells)
  }

  /// The rows of `cells` given by place, bucket, group, and where the time that they cover begins.
  private func rows(
    _ found: [(place: Int, bucketNs: Int64, code: Int32, startNs: Int64)], _ cells: CellColumns
  ) -> CellRows {
    var rows = CellRows(cells: cells)
    rows.places = found.map { Int32($0.place) }
    rows.timesNs = found.map(\.bucketNs)
    rows.groupOfRow = found.map(\.code)
    if panes.cells.hasSeries {
      rows.spans = found.map { row in
        let endNs = kpi.buckets.end(ofBucketStarting: row.bucketNs)
        // What is to come is not known.
        return row.startNs..<max(row.startNs, min(endNs, watermarkNs ?? endNs))
      }
    }
    return rows
  }

  /// Places of cells by group, each in order of time.
  private func placesByGroup() -> [[Int]] {
    var places = [[Int]](repeating: [], count: panes.labels.count)
    for place in panes.codes.indices where panes.codes[place] >= 0 {
      places[Int(panes.codes[place])].append(place)
    }
    return places
  }

  // MARK: Rolling windows

  /// For each bucket and group the merge of the window that ends with it.
  private func windows(_ range: Range<Int64>) throws -> CellRows {
    let widthNs = Int64(kpi.panesPerWindow) * kpi.definition.every.nominalNs
    let ranks = panes.ranks
    var merged = panes.cells.emptied
    var found: [(place: Int, bucketNs: Int64, code: Int32, startNs: Int64)] = []
    for (code, places) in placesByGroup().enumerated() {
      var start = 0
      while start < places.count {
        // Cells that no window has in common do not need the panes between them.
        var end = start + 1
        while end < places.count,
          panes.buckets[places[end]].saturatingSubtracting(panes.buckets[places[end - 1]]) <= 2
            * widthNs
        { end += 1 }
        for row in try windows(run: places[start..<end], widthNs, range, into: &merged) {
          found.append((row.place, row.bucketNs, Int32(code), row.startNs))
        }
        start = end
      }
    }
    found.sort {
      ($0.bucketNs, ranks[Int($0.code)]) < ($1.bucketNs, ranks[Int($1.code)])
    }
    return rows(found, merged)
  }

  /// The windows of cells that are near each other.
  private func windows(
    run places: ArraySlice<Int>, _ widthNs: Int64, _ range: Range<Int64>,
    into merged: inout CellColumns
  ) throws -> [(place: Int, bucketNs: Int64, startNs: Int64)] {
    guard let first = places.first, let last = places.last else { return [] }
    // There may be many short runs.
    try Cancellation.check()
    let width = kpi.panesPerWindow
    var starts: [Int64] = []
    var row: [Int?] = []
    var next = places.startIndex
    var bucket = panes.buckets[first]
    var left = width
    // The last cell is part of windows up to a width after it.
    while bucket < range.upperBound, left > 0 || bucket <= panes.buckets[last] {
      try Cancellation.check(at: starts.count)
      starts.append(bucket)
      let isHere = next < places.endIndex && panes.buckets[places[next]] == bucket
      row.append(isHere ? places[next] : nil)
      if isHere { next += 1 }
      if bucket >= panes.buckets[last] { left -= 1 }
      let end = kpi.buckets.end(ofBucketStarting: bucket)
      if end == bucket { break }
      bucket = end
    }
    let windows = RollingWindows(
      row, of: panes.cells, chunks: starts.map { $0.flooredQuotient(widthNs) })
    let before = panes.cells.hasSeries ? startsBefore(starts[0], count: width - 1) : []
    return try starts.indices.compactMap { index in
      try Cancellation.check(at: index)
      let low = index - width + 1
      guard range.contains(starts[index]), windows.append(max(0, low)...index, to: &merged)
      else { return nil }
      return (
        merged.count - 1, starts[index],
        low >= 0 ? starts[low] : before.isEmpty ? starts[0] : before[-low - 1]
      )
    }
  }

  /// The starts of the buckets before one, the nearest first.
  private func startsBefore(_ bucketNs: Int64, count: Int) -> [Int64] {
    var starts: [Int64] = []
    var bucket = bucketNs
    while starts.count < count {
      if bucket > .min { bucket = kpi.buckets.start(of: bucket - 1) }
      starts.append(bucket)
    }
    return starts
  }

  // MARK: Series

  /// Finds the samples before the span of each row: among the cells that were read, or else by `find`.
  private func findBefore(_ rows: inout CellRows, _ find: FindSample) throws {
    let placesByGroup = placesByGroup()
    for measure in panes.cells.measures.indices
    where panes.cells.measures[measure].needs.contains(.series) {
      let summaries = panes.cells.measures[measure].summaries
      var histories = placesByGroup.map { places in
        SeriesHistory(places.map { (panes.buckets[$0], summaries[$0]) })
      }
      for row in rows.places.indices {
        try Cancellation.check(at: row)
        let place = Int(rows.places[row])
        let code = Int(rows.groupOfRow[row])
        let startNs = rows.spans[row].lowerBound
        let before = try histories[code].before(
          startNs, rows.cells.measures[measure].summaries[place]
        ) { try find($0, panes.groups[code], measure, startNs) }
        rows.cells.setBefore(before, measure: measure, row: place)
      }
    }
  }
}
