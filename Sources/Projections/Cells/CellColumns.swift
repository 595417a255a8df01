import Bytes
import Checksum
import EventLog
import Sketches

/// A series of a cell that has another last sample.
struct SeriesChange: Sendable {
  var row: Int32
  var measure: Int
  var name: [UInt8]
  /// Whether the cell had no samples of it before.
  var isNew: Bool
}

/// Many cells, as columns of their states. States merge: they are sums and sketches, never averages.
struct CellColumns: Sendable {
  let plan: FoldPlan
  private(set) var headers: [CellHeader] = []
  private(set) var measures: [MeasureColumns]

  /// Counters of `top`: a value that is more than a 256th of all is among them.
  static let topCapacity = 256

  /// `reading` says for each measure what is wanted of its states; the rest is skipped when rows are decoded.
  init(_ plan: FoldPlan, reading: [MeasureReading]? = nil) {
    self.plan = plan
    measures = plan.measures.indices.map { index in
      let stored = plan.measures[index].needs
      return MeasureColumns(reading?[index] ?? MeasureReading(keeping: stored), stored: stored)
    }
  }

  /// Whether there are states of series among those wanted.
  var hasSeries: Bool { measures.contains { $0.needs.contains(.series) } }

  /// No cells, of the same states.
  var emptied: CellColumns { CellColumns(plan, reading: measures.map(\.reading)) }

  var count: Int { headers.count }

  /// Adds a cell without facts; gives its row.
  @discardableResult
  mutating func appendRow() -> Int {
    appendRows(1)
    return headers.count - 1
  }

  /// Adds cells without facts. O(rows).
  mutating func appendRows(_ count: Int) {
    headers.append(repeating: CellHeader(), count: count)
    for index in measures.indices { measures[index].appendRows(count) }
  }

  /// Adds cells of a block to the rows given for them. `changed` is called for each series of a row that has another last
  /// sample now. O(cells).
  mutating func add(
    _ added: Range<Int>, of fold: BlockFold, to rows: [Int32],
    changed: (SeriesChange) -> Void = { _ in }
  ) {
    headers.withMutableSpan { states in
      for (index, cell) in added.enumerated() { states[Int(rows[index])].merge(fold.headers[cell]) }
    }
    for index in measures.indices {
      measures[index].add(added, of: fold.measures[index], to: rows) {
        changed(SeriesChange(row: $0, measure: index, name: $1, isNew: $2))
      }
    }
  }

  /// Notes that a block has changed the row after it was final.
  mutating func revise(_ row: Int) { headers[row].revision += 1 }

  mutating func addRevisions(_ count: UInt32, to row: Int) { headers[row].revision += count }

  /// Adds the cell of the bucket that follows. What is merged is for reading: series are summaries.
  mutating func merge(_ otherRow: Int, of other: CellColumns, into row: Int) {
    headers[row].merge(other.headers[otherRow])
    for index in measures.indices {
      measures[index].merge(otherRow, of: other.measures[index], into: row)
    }
  }

  /// The same of cells of a plan that has more: `places` are the places of this one's measures there.
  mutating func merge(
    _ otherRow: Int, of other: CellColumns, measures places: [Int], into row: Int
  ) {
    headers[row].merge(other.headers[otherRow])
    for index in measures.indices {
      measures[index].merge(otherRow, of: other.measures[places[index]], into: row)
    }
  }

  /// Adds a row that is a copy of one of `other`, its samples among it.
  mutating func append(_ otherRow: Int, of other: CellColumns) {
    let row = appendRow()
    merge(otherRow, of: other, into: row)
    for index in measures.indices {
      measures[index].setSamples(otherRow, of: other.measures[index], row)
    }
  }

  /// The same for a row of these cells.
  mutating func mergeRow(_ other: Int, into row: Int) {
    headers[row].merge(headers[other])
    for index in measures.indices { measures[index].mergeRow(other, into: row) }
  }

  /// Makes summaries of the samples of all rows.
  mutating func summarize() {
    for index in measures.indices { measures[index].summarize() }
  }

  /// The samples before the span of a row, for each of its series of a measure.
  mutating func setBefore(_ before: [Sample?], measure: Int, row: Int) {
    measures[measure].setBefore(before, row)
  }

  /// About what they take in memory. O(measures).
  var byteCount: Int {
    var bytes = headers.capacity * MemoryLayout<CellHeader>.stride
    // By place, as a measure is large to copy.
    for index in measures.indices { bytes += measures[index].byteCount }
    return bytes
  }

  /// Adds rows that a page has, in ascending order; `states` are its columns of so many rows.
  /// O(columns + wanted rows), O(count) when all are.
  mutating func append(
    _ rows: [Int32], of states: RawSpan, count: Int, bucketNs: Int64
  ) throws(MalformedBytes) {
    var reader = ByteReader(states)
    let facts = try PackedIntegers(&reader, count: count).values(rows, in: states)
    let firstSeqs = try PackedIntegers(&reader, count: count).values(rows, in: states)
    let spans = try PackedIntegers(&reader, count: count).values(rows, in: states)
    let revisions = try PackedIntegers(&reader, count: count).values(rows, in: states)
    let start = headers.count
    for index in rows.indices {
      var header = CellHeader()
      header.facts = UInt64(bitPattern: facts[index])
      header.firstSeq = UInt64(bitPattern: firstSeqs[index])
      header.lastSeq = header.firstSeq &+ UInt64(bitPattern: spans[index])
      header.revision = UInt32(truncatingIfNeeded: revisions[index])
      headers.append(header)
    }
    let page = PageRows(rows: rows, bucketNs: bucketNs, headers: headers[start...])
    for index in measures.indices {
      try measures[index].append(page, of: states, count: count, &reader)
    }
    guard reader.isAtEnd else { throw MalformedBytes(offset: reader.offset) }
  }

  /// Appends the columns of rows, which must have all states that the plan needs: a function of the cells. O(rows).
  func encode(_ rows: ArraySlice<Int32>, bucketNs: Int64, into output: inout [UInt8]) {
    let headers = rows.map { self.headers[Int($0)] }
    output.append(packed: headers.map { Int64(bitPattern: $0.facts) })
    output.append(packed: headers.map { Int64(bitPattern: $0.firstSeq) })
    output.append(packed: headers.map { Int64(bitPattern: $0.lastSeq &- $0.firstSeq) })
    output.append(packed: headers.map { Int64($0.revision) })
    let page = PageRows(rows: Array(rows), bucketNs: bucketNs, headers: headers[...])
    // By place, as a measure is large to copy.
    for index in measures.indices { measures[index].encode(page, into: &output) }
  }
}

/// The states of one measure of many cells. Those that the measure does not need are empty.
struct MeasureColumns: Sendable {
  let reading: MeasureReading
  /// The states that rows on disk have.
  let stored: FoldPlan.Needs
  /// Facts that passed the filter and have a value of any kind.
  private(set) var counts: [UInt64] = []
  private(set) var moments: MomentColumns
  private(set) var quantiles = QuantileColumn()
  /// For each of the percentiles that are searched as rows are read what each row has; NaN where it has no numbers.
  private var estimates: [[Double]] = []
  private(set) var distinct: [HyperLogLog] = []
  private(set) var top: [TopK] = []
  private(set) var texts: [TextEnds] = []
  /// Of cells as they are kept.
  private(set) var samples: [SeriesSamples] = []
  /// Of cells as they are read.
  private(set) var summaries: [SeriesSummaries] = []

  /// What the states that are not of one size hold elsewhere, of cells as they are kept.
  private var stateBytes = 0

  init(_ reading: MeasureReading, stored: FoldPlan.Needs) {
    (self.reading, self.stored) = (reading, stored)
    moments = MomentColumns(hasSquares: reading.needs.contains(.variance))
    estimates = reading.shares?.map { _ in [] } ?? []
  }

  var needs: FoldPlan.Needs { reading.needs }
  /// Whether rows have counters of percentiles.
  private var hasCounters: Bool { reading.shares == nil && needs.contains(.quantiles) }

  mutating func appendRows(_ count: Int) {
    counts.append(repeating: 0, count: count)
    if needs.contains(.moments) { moments.appendRows(count) }
    if hasCounters { quantiles.appendRows(count) }
    for place in estimates.indices { estimates[place].append(repeating: .nan, count: count) }
    if needs.contains(.distinct) {
      distinct.append(repeating: HyperLogLog(), count: count)
    }
    if needs.contains(.top) {
      top.append(repeating: TopK(capacity: CellColumns.topCapacity), count: count)
    }
    if needs.contains(.texts) { texts.append(repeating: TextEnds(), count: count) }
    if needs.contains(.series) {
      samples.append(repeating: SeriesSamples(), count: count)
      summaries.append(repeating: SeriesSummaries(), count: count)
    }
  }

  private var hasStatesOfAnySize: Bool {
    !needs.isDisjoint(with: [.distinct, .top, .texts, .series])
  }

  mutating func add(
    _ added: Range<Int>, of fold: MeasureFold, to rows: [Int32],
    changed: (_ row: Int32, _ name: [UInt8], _ isNew: Bool) -> Void
  ) {
    if hasStatesOfAnySize { for row in rows { stateBytes -= stateBytes(Int(row)) } }
    defer { if hasStatesOfAnySize { for row in rows { stateBytes += stateBytes(Int(row)) } } }
    for (index, cell) in added.enumerated() { counts[Int(rows[index])] += fold.counts[cell] }
    if needs.contains(.moments) { moments.add(added, of: fold.moments, to: rows) }
    if needs.contains(.quantiles) {
      let keys = fold.keys.span
      for (index, cell) in added.enumerated() {
        let range = fold.keyEnds.run(cell)
        quantiles.add(keys.extracting(range), to: Int(rows[index]))
      }
    }
    if !fold.labelEnds.isEmpty { addLabels(added, of: fold, to: rows) }
    if !fold.texts.isEmpty {
      for (index, cell) in added.enumerated() { texts[Int(rows[index])].merge(fold.texts[cell]) }
    }
    if let runs = fold.samples {
      for (index, cell) in added.enumerated() {
        samples[Int(rows[index])].add(runs, ofCell: cell) { changed(rows[index], $0, $1) }
      }
    }
  }

  private mutating func addLabels(
    _ added: Range<Int>, of fold: MeasureFold, to rows: [Int32]
  ) {
    for (index, cell) in added.enumerated() {
      let row = Int(rows[index])
      for entry in fold.labelEnds.run(cell) {
        let label = Int(fold.labels[entry])
        if needs.contains(.distinct) { distinct[row].insert(hash: fold.hashes[label]) }
        if needs.contains(.top) {
          top[row].add(fold.names[label], count: fold.labelCounts[entry])
        }
      }
    }
  }

  mutating func merge(_ otherRow: Int, of other: MeasureColumns, into row: Int) {
    counts[row] += other.counts[otherRow]
    if needs.contains(.moments) { moments.merge(otherRow, of: other.moments, into: row) }
    if hasCounters { quantiles.merge(otherRow, of: other.quantiles, into: row) }
    for (place, share) in (reading.shares ?? []).enumerated() {
      precondition(counts[row] == other.counts[otherRow], "rows of percentiles are merged")
      estimates[place][row] = other.quantile(share, otherRow) ?? .nan
    }
    if needs.contains(.distinct) { distinct[row].merge(other.distinct[otherRow]) }
    if needs.contains(.top) { top[row].merge(other.top[otherRow]) }
    if needs.contains(.texts) { texts[row].merge(other.texts[otherRow]) }
    if needs.contains(.series) { summaries[row].merge(other.summaries[otherRow]) }
  }

  /// The same for a row of these cells.
  mutating func mergeRow(_ other: Int, into row: Int) {
    precondition(reading.shares == nil, "rows of percentiles are merged")
    counts[row] += counts[other]
    if needs.contains(.moments) { moments.mergeRow(other, into: row) }
    if needs.contains(.quantiles) { quantiles.mergeRow(other, into: row) }
    if needs.contains(.distinct) { distinct[row].merge(distinct[other]) }
    if needs.contains(.top) { top[row].merge(top[other]) }
    if needs.contains(.texts) { texts[row].merge(texts[other]) }
    if needs.contains(.series) { summaries[row].merge(summaries[other]) }
  }

  mutating func summarize() {
    for row in samples.indices where !samples[row].series.isEmpty {
      summaries[row] = SeriesSummaries(samples[row])
      samples[row] = SeriesSamples()
    }
  }

  mutating func setSamples(_ otherRow: Int, of other: MeasureColumns, _ row: Int) {
    if needs.contains(.series) { samples[row] = other.samples[otherRow] }
  }

  mutating func setBefore(_ before: [Sample?], _ row: Int) {
    for index in summaries[row].series.indices {
      summaries[row].series[index].before = before[index]
    }
  }

  /// Adds rows of a page, those of its states that are needed; the others are passed over. O(rows).
  mutating func append(
    _ page: PageRows, of bytes: RawSpan, count: Int, _ reader: inout ByteReader
  ) throws(MalformedBytes) {
    let missing = try PackedIntegers(&reader, count: count).values(page.rows, in: bytes)
    let start = counts.count
    for index in page.rows.indices {
      counts.append(page.header(index).facts &- UInt64(bitPattern: missing[index]))
    }
    if stored.contains(.moments) {
      let stored = try MomentPage(&reader, count: count, hasSquares: stored.contains(.variance))
      if needs.contains(.moments) {
        if !reading.areKept { moments.makeRoom(for: page.rows.count) }
        try stored.append(
          page, reading.moments, counts: counts[start...], in: bytes, to: &moments)
      }
    }
    if stored.contains(.quantiles) {
      let stored = try QuantileRows(&reader, count: count)
      if hasCounters {
        for row in page.rows { try stored.append(Int(row), in: bytes, to: &quantiles) }
      }
      for (place, share) in (reading.shares ?? []).enumerated() {
        for index in page.rows.indices {
          let count = moments.rows[start + index].count
          estimates[place].append(
            try stored.quantile(share, Int(page.rows[index]), ofCount: count, in: bytes))
        }
      }
    }
    try appendLabels(page, of: bytes, count: count, &reader)
  }

  private mutating func appendLabels(
    _ page: PageRows, of bytes: RawSpan, count: Int, _ reader: inout ByteReader
  ) throws(MalformedBytes) {
    for state: FoldPlan.Needs in [.distinct, .top, .texts, .series] where stored.contains(state) {
      let runs = try PackedRuns(&reader, count: count)
      if !needs.contains(state) { continue }
      for index in page.rows.indices {
        let range = try runs.range(Int(page.rows[index]), in: bytes)
        var row = ByteReader(bytes.extracting(range))
        let isEmpty = range.isEmpty
        switch state {
        case .distinct: distinct.append(isEmpty ? HyperLogLog() : try HyperLogLog(&row))
        case .top:
          top.append(isEmpty ? TopK(capacity: CellColumns.topCapacity) : try TopK(&row))
        case .texts: texts.append(isEmpty ? TextEnds() : try TextEnds(&row, page.header(index)))
        default:
          samples.append(isEmpty ? SeriesSamples() : try SeriesSamples(&row))
          summaries.append(SeriesSummaries())
        }
      }
    }
    if hasStatesOfAnySize {
      for row in counts.count - page.rows.count..<counts.count { stateBytes += stateBytes(row) }
    }
  }

  /// A quantile of a row; nil when it has no numbers. O(counters), O(1) when it was searched as the row was read.
  func quantile(_ share: Share, _ row: Int) -> Double? {
    guard let shares = reading.shares else { return quantiles.quantile(share, row) }
    guard let place = shares.firstIndex(of: share) else {
      preconditionFailure("a percentile is asked for that was not read")
    }
    let estimate = estimates[place][row]
    return estimate.isNaN ? nil : estimate
  }

  // MARK: Memory

  /// About what the columns take in memory. O(1).
  var byteCount: Int {
    8 * counts.capacity + moments.byteCount + quantiles.byteCount
      + estimates.reduce(0) { $0 + 8 * $1.capacity }
      + distinct.capacity * MemoryLayout<HyperLogLog>.stride
      + top.capacity * MemoryLayout<TopK>.stride + texts.capacity * MemoryLayout<TextEnds>.stride
      + samples.capacity * MemoryLayout<SeriesSamples>.stride
      + summaries.capacity * MemoryLayout<SeriesSummaries>.stride + stateBytes
  }

  /// What the states of a row hold elsewhere that are not of one size.
  private func stateBytes(_ row: Int) -> Int {
    var bytes = 0
    if row < distinct.count { bytes += distinct[row].byteCount }
    if row < top.count { bytes += top[row].byteCount }
    if row < texts.count { bytes += texts[row].byteCount }
    if row < samples.count { bytes += samples[row].byteCount }
    return bytes
  }
}
