import EventLog
import LMDB
import Model

extension Projections {
  /// The rows of a KPI whose buckets start within `range`, by time and group. `groups` picks rows by dimension: nil as a
  /// value is the absent one. O(cells of the range).
  public func read(
    _ name: String, _ range: Range<Int64> = Int64.min..<Int64.max, groups: [String: String?] = [:]
  ) throws -> KpiAnswer {
    try log.environment.read { transaction in
      let live = try kpi(named: name, transaction)
      for dimension in groups.keys where !live.kpi.dimensions.contains(dimension) {
        throw KpiError(
          "KPI \(name) has no dimension \(dimension.debugDescription)"
            + (live.kpi.dimensions.isEmpty
              ? "" : "; it has: \(live.kpi.dimensions.joined(separator: ", "))"))
      }
      let head = try log.position(of: live.kpi.definition.stream, transaction)
      var answer = KpiAnswer(
        definition: live.kpi.definition, watermarkNs: head.watermarkNs, asOfSeq: head.lastSeq)
      var reader = KpiReader(live.kpi, groups, watermarkNs: head.watermarkNs)
      // The generation is that of this transaction: a rebuild may have switched since it began.
      let record = try KpiRecord.read(live.kpi.definition.id, records, transaction)
      if let record, record.isLive {
        let stored = CellReader(tables, live.kpi, record.generation)
        try reader.readCells(stored, range, transaction)
        answer.columns = try reader.columns(range) { name, group, measure, bucketNs in
          try stored.sample(
            ofSeries: name, group, measure: measure, before: bucketNs, transaction)
        }
      } else {
        answer.source = .columns
        answer.fillingProgress = live.progress ?? 0
        try reader.readColumns(log, range, transaction)
        answer.columns = try reader.columns(range) { _, _, _, _ in nil }
      }
      return answer
    }
  }
}

/// Gathers the cells that an answer needs, and makes rows of them.
struct KpiReader {
  /// Looks for the last sample of a series of a group before a bucket.
  typealias FindSample = (_ series: [UInt8], _ group: [UInt8], _ measure: Int, _ bucketNs: Int64)
    throws -> Sample?

  private let kpi: CompiledKpi
  private let watermarkNs: Int64?
  private var groups: GroupList
  private var cells: CellColumns
  /// The bucket and the group's code of each row of `cells`; the code is -1 where the group was not asked for.
  private var buckets: [Int64] = []
  private var codes: [Int32] = []

  /// One group's buckets are looked up one by one when there are at most this many.
  private static let maxLookups = 10_000

  init(_ kpi: CompiledKpi, _ wanted: [String: String?], watermarkNs: Int64?) {
    self.kpi = kpi
    self.watermarkNs = watermarkNs
    groups = GroupList(kpi.dimensions, wanted)
    cells = CellColumns(kpi.plan)
  }

  /// The buckets whose cells rows of `range` need.
  private func needed(_ range: Range<Int64>) -> Range<Int64> {
    guard kpi.panesPerWindow > 1 else { return range }
    // A window, and the chunk before it, with room for days that are an hour longer.
    let widthNs = Int64(kpi.panesPerWindow + 1) * kpi.definition.every.nominalNs
    let reach = widthNs.multipliedReportingOverflow(by: 3)
    return range.lowerBound.saturatingSubtracting(
      reach.overflow ? .max : reach.partialValue)..<range.upperBound
  }

  // MARK: Cells

  mutating func readCells(
    _ stored: CellReader, _ range: Range<Int64>, _ transaction: borrowing ReadTransaction
  ) throws {
    let range = needed(range)
    if try !readOneGroup(stored, range, transaction) {
      var (found, known) = (CellColumns(kpi.plan), groups)
      var places: (buckets: [Int64], codes: [Int32]) = ([], [])
      try stored.forEach(
        range, into: &found, transaction, code: { known.code($0) },
        { bucketNs, code, _ in
          places.buckets.append(bucketNs)
          places.codes.append(code)
        })
      (cells, groups, buckets, codes) = (found, known, places.buckets, places.codes)
    }
    if kpi.plan.hasSeries { cells.summarize() }
  }

  /// With all dimensions given there is one cell a bucket.
  private mutating func readOneGroup(
    _ stored: CellReader, _ range: Range<Int64>, _ transaction: borrowing ReadTransaction
  ) throws -> Bool {
    let every = kpi.definition.every.nominalNs
    guard let group = groups.onlyGroup, range.lowerBound > .min, range.upperBound < .max,
      range.upperBound.saturatingSubtracting(range.lowerBound) / every <= Self.maxLookups
    else { return false }
    let code = groups.code(group.rawSpan)
    var bucket = kpi.buckets.start(of: range.lowerBound)
    while bucket < range.upperBound {
      if bucket >= range.lowerBound, try stored.append(bucket, group, to: &cells, transaction) {
        buckets.append(bucket)
        codes.append(code)
      }
      bucket = kpi.buckets.end(ofBucketStarting: bucket)
    }
    return true
  }

  /// Computes the cells from the log's columns.
  mutating func readColumns(
    _ log: EventLog, _ range: Range<Int64>, _ transaction: borrowing ReadTransaction
  ) throws {
    var range = needed(range)
    // The sample before the first bucket may lie anywhere before it.
    if kpi.plan.hasSeries { range = .min..<range.upperBound }
    let hot = try ColumnScan(log, kpi, range).cells(transaction)
    for (bucketNs, bucket) in hot.buckets.sorted(by: { $0.key < $1.key }) {
      guard range.contains(bucketNs) else { continue }
      let rows = (0..<bucket.cells.count).map { ($0, hot.group($0, bucket)) }
        .sorted { $0.1.lexicographicallyPrecedes($1.1) }
      for (row, group) in rows {
        let code = groups.code(group.rawSpan)
        if code < 0 { continue }
        cells.append(row, of: bucket.cells)
        buckets.append(bucketNs)
        codes.append(code)
      }
    }
    if kpi.plan.hasSeries { cells.summarize() }
  }

  // MARK: Rows

  /// The rows of the buckets that start within `range`. O(cells), and for rolling windows O(cells x width of a window)
  /// at worst, however far apart they are.
  mutating func columns(_ range: Range<Int64>, _ find: FindSample) throws -> KpiColumns {
    var rows = kpi.panesPerWindow > 1 ? windows(range) : buckets(range)
    if kpi.plan.hasSeries { try findBefore(&rows, find) }
    let evaluator = ItemEvaluator(rows: rows)
    var columns = KpiColumns()
    columns.timesNs = rows.timesNs
    columns.groupOfRow = rows.groupOfRow
    columns.groups = groups.labels
    columns.items = kpi.items.map { evaluator.column($0) }
    columns.headers = rows.places.map { rows.cells.headers[Int($0)] }
    var (lastNs, isFinal) = (Int64.min, false)
    columns.isFinal = rows.timesNs.map { timeNs in
      if timeNs != lastNs { (lastNs, isFinal) = (timeNs, kpi.isFinal(timeNs, watermarkNs)) }
      return isFinal
    }
    return columns
  }

  /// A row for each cell.
  private func buckets(_ range: Range<Int64>) -> CellRows {
    var places = buckets.indices.filter { codes[$0] >= 0 && range.contains(buckets[$0]) }
    // Cells come in order of their keys, which is that of the groups, but for long ones.
    if groups.hasHashed {
      let ranks = groups.ranks
      places.sort { (buckets[$0], ranks[Int(codes[$0])]) < (buckets[$1], ranks[Int(codes[$1])]) }
    }
    return rows(places.map { ($0, buckets[$0], codes[$0], buckets[$0]) }, cells)
  }

  /// The rows of `cells` given by place, bucket, group, and where the time that they cover begins.
  private func rows(
    _ found: [(place: Int, bucketNs: Int64, code: Int32, startNs: Int64)], _ cells: CellColumns
  ) -> CellRows {
    var rows = CellRows(cells: cells)
    rows.places = found.map { Int32($0.place) }
    rows.timesNs = found.map(\.bucketNs)
    rows.groupOfRow = found.map(\.code)
    if kpi.plan.hasSeries {
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
    var places = [[Int]](repeating: [], count: groups.labels.count)
    for place in codes.indices where codes[place] >= 0 { places[Int(codes[place])].append(place) }
    return places
  }

  // MARK: Rolling windows

  /// For each bucket and group the merge of the window that ends with it.
  private func windows(_ range: Range<Int64>) -> CellRows {
    let widthNs = Int64(kpi.panesPerWindow) * kpi.definition.every.nominalNs
    let ranks = groups.ranks
    var merged = CellColumns(kpi.plan)
    var found: [(place: Int, bucketNs: Int64, code: Int32, startNs: Int64)] = []
    for (code, places) in placesByGroup().enumerated() {
      var start = 0
      while start < places.count {
        // Cells that no window has in common do not need the panes between them.
        var end = start + 1
        while end < places.count,
          buckets[places[end]].saturatingSubtracting(buckets[places[end - 1]]) <= 2 * widthNs
        { end += 1 }
        for row in windows(run: places[start..<end], widthNs, range, into: &merged) {
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
  ) -> [(place: Int, bucketNs: Int64, startNs: Int64)] {
    guard let first = places.first, let last = places.last else { return [] }
    let width = kpi.panesPerWindow
    var starts: [Int64] = []
    var panes: [Int?] = []
    var next = places.startIndex
    var bucket = buckets[first]
    var left = width
    // The last cell is part of windows up to a width after it.
    while bucket < range.upperBound, left > 0 || bucket <= buckets[last] {
      starts.append(bucket)
      let isHere = next < places.endIndex && buckets[places[next]] == bucket
      panes.append(isHere ? places[next] : nil)
      if isHere { next += 1 }
      if bucket >= buckets[last] { left -= 1 }
      let end = kpi.buckets.end(ofBucketStarting: bucket)
      if end == bucket { break }
      bucket = end
    }
    let windows = RollingWindows(
      panes, of: cells, chunks: starts.map { $0.flooredQuotient(widthNs) })
    let before = kpi.plan.hasSeries ? startsBefore(starts[0], count: width - 1) : []
    return starts.indices.compactMap { index in
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
    for measure in kpi.plan.measures.indices
    where kpi.plan.measures[measure].needs.contains(.series) {
      let summaries = cells.measures[measure].summaries
      var histories = placesByGroup.map { places in
        SeriesHistory(places.map { (buckets[$0], summaries[$0]) })
      }
      for row in rows.places.indices {
        let place = Int(rows.places[row])
        let code = Int(rows.groupOfRow[row])
        let startNs = rows.spans[row].lowerBound
        let before = try histories[code].before(
          startNs, rows.cells.measures[measure].summaries[place]
        ) { try find($0, groups.bytes[code], measure, startNs) }
        rows.cells.setBefore(before, measure: measure, row: place)
      }
    }
  }
}

/// The samples of one group's series before a time that only moves on.
private struct SeriesHistory {
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
