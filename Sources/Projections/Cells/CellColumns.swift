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

  /// `reading` says for each measure which of its states are wanted; the others are skipped when rows are decoded.
  init(_ plan: FoldPlan, reading: [FoldPlan.Needs]? = nil) {
    self.plan = plan
    measures = plan.measures.indices.map { index in
      let stored = plan.measures[index].needs
      return MeasureColumns(reading?[index] ?? stored, stored: stored)
    }
  }

  /// Whether there are states of series among those wanted.
  var hasSeries: Bool { measures.contains { $0.needs.contains(.series) } }

  /// No cells, of the same states.
  var emptied: CellColumns { CellColumns(plan, reading: measures.map(\.needs)) }

  var count: Int { headers.count }

  /// Adds a cell without facts; gives its row.
  @discardableResult
  mutating func appendRow() -> Int {
    headers.append(CellHeader())
    for index in measures.indices { measures[index].appendRow() }
    return headers.count - 1
  }

  /// Adds cells of a block to the rows given for them. `changed` is called for each series of a row that has another last
  /// sample now. O(cells).
  mutating func add(
    _ added: Range<Int>, of fold: BlockFold, to rows: [Int32],
    changed: (SeriesChange) -> Void = { _ in }
  ) {
    var states = headers.mutableSpan
    for (index, cell) in added.enumerated() { states[Int(rows[index])].merge(fold.headers[cell]) }
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

  // MARK: On disk: docs/formats/cells.md

  private static let formatVersion: UInt8 = 4

  /// Makes `bytes` the cell of `row` as it stands under `key`.
  func encode(_ row: Int, _ key: CellKey, into bytes: inout [UInt8]) {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(Self.formatVersion)
    if key.isHashed { bytes.append(sized: key.group) }
    let header = headers[row]
    bytes.append(varint: header.facts)
    bytes.append(varint: header.firstSeq)
    bytes.append(varint: header.lastSeq &- header.firstSeq)
    bytes.append(varint: UInt64(header.revision))
    for measure in measures { measure.encode(row, header, into: &bytes) }
    bytes.append(littleEndian: checksum(bytes.rawSpan) ^ key.checksum)
  }

  /// Adds a row from its bytes, checked against their checksum, which covers the key as well. Gives the group, when the
  /// key has only its hash.
  mutating func append(decoding row: RawSpan, keyBytes: RawSpan) throws -> [UInt8]? {
    let bodyBytes = row.byteCount - 8
    guard bodyBytes > 0 else { throw Self.damage(keyBytes) }
    let body = row.extracting(0..<bodyBytes)
    let sum = checksum(body) ^ checksum(keyBytes)
    guard sum == row.load(at: bodyBytes, as: UInt64.self) else { throw Self.damage(keyBytes) }
    var reader = ByteReader(body)
    do throws(MalformedBytes) {
      return try append(&reader, isHashed: CellKey.isHashed(keyBytes))
    } catch {
      throw Self.damage(keyBytes)
    }
  }

  private mutating func append(
    _ reader: inout ByteReader, isHashed: Bool
  ) throws(MalformedBytes) -> [UInt8]? {
    guard try reader.integer(UInt8.self) == Self.formatVersion else {
      throw MalformedBytes(offset: 0)
    }
    let group = isHashed ? try reader.array(byteCount: try reader.count()) : nil
    var header = CellHeader()
    header.facts = try reader.varint()
    header.firstSeq = try reader.varint()
    header.lastSeq = header.firstSeq &+ (try reader.varint())
    header.revision = UInt32(truncatingIfNeeded: try reader.varint())
    headers.append(header)
    for index in measures.indices { try measures[index].appendRow(&reader, header) }
    return group
  }

  private static func damage(_ key: RawSpan) -> DamageError {
    DamageError(what: CellKey.describe(key), isOfCells: true)
  }
}

/// The states of one measure of many cells. Those that the measure does not need are empty.
struct MeasureColumns: Sendable {
  let needs: FoldPlan.Needs
  /// The states that rows on disk have.
  private let stored: FoldPlan.Needs
  /// Facts that passed the filter and have a value of any kind.
  private(set) var counts: [UInt64] = []
  private(set) var moments: MomentColumns
  private(set) var quantiles = QuantileColumn()
  private(set) var distinct: [HyperLogLog] = []
  private(set) var top: [TopK] = []
  private(set) var texts: [TextEnds] = []
  /// Of cells as they are kept.
  private(set) var samples: [SeriesSamples] = []
  /// Of cells as they are read.
  private(set) var summaries: [SeriesSummaries] = []

  init(_ needs: FoldPlan.Needs, stored: FoldPlan.Needs) {
    (self.needs, self.stored) = (needs, stored)
    moments = MomentColumns(hasSquares: needs.contains(.variance))
  }

  mutating func appendRow() {
    counts.append(0)
    if needs.contains(.moments) { moments.appendRow() }
    if needs.contains(.quantiles) { quantiles.appendRow() }
    if needs.contains(.distinct) { distinct.append(HyperLogLog()) }
    if needs.contains(.top) { top.append(TopK(capacity: CellColumns.topCapacity)) }
    if needs.contains(.texts) { texts.append(TextEnds()) }
    if needs.contains(.series) {
      samples.append(SeriesSamples())
      summaries.append(SeriesSummaries())
    }
  }

  mutating func add(
    _ added: Range<Int>, of fold: MeasureFold, to rows: [Int32],
    changed: (_ row: Int32, _ name: [UInt8], _ isNew: Bool) -> Void
  ) {
    for (index, cell) in added.enumerated() { counts[Int(rows[index])] += fold.counts[cell] }
    if needs.contains(.moments) { moments.add(added, of: fold.moments, to: rows) }
    if needs.contains(.quantiles) {
      let keys = fold.keys.span
      for (index, cell) in added.enumerated() {
        let range = MeasureFold.range(cell, fold.keyEnds)
        quantiles.add(keys.extracting(range), to: Int(rows[index]))
      }
    }
    if !fold.labelEnds.isEmpty { addLabels(added, of: fold, to: rows) }
    if !fold.texts.isEmpty {
      for (index, cell) in added.enumerated() { texts[Int(rows[index])].merge(fold.texts[cell]) }
    }
    if needs.contains(.series) {
      for (index, cell) in added.enumerated() {
        samples[Int(rows[index])].add(fold.samples[cell]) { changed(rows[index], $0, $1) }
      }
    }
  }

  private mutating func addLabels(
    _ added: Range<Int>, of fold: MeasureFold, to rows: [Int32]
  ) {
    for (index, cell) in added.enumerated() {
      let row = Int(rows[index])
      for entry in MeasureFold.range(cell, fold.labelEnds) {
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
    if needs.contains(.quantiles) {
      quantiles.merge(otherRow, of: other.quantiles, into: row)
    }
    if needs.contains(.distinct) { distinct[row].merge(other.distinct[otherRow]) }
    if needs.contains(.top) { top[row].merge(other.top[otherRow]) }
    if needs.contains(.texts) { texts[row].merge(other.texts[otherRow]) }
    if needs.contains(.series) { summaries[row].merge(other.summaries[otherRow]) }
  }

  /// The same for a row of these cells.
  mutating func mergeRow(_ other: Int, into row: Int) {
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

  func encode(_ row: Int, _ header: CellHeader, into bytes: inout [UInt8]) {
    bytes.append(varint: counts[row])
    if needs.contains(.moments) { moments.encode(row, header, into: &bytes) }
    if needs.contains(.quantiles) { quantiles.encode(row, into: &bytes) }
    if needs.contains(.distinct) { distinct[row].encode(into: &bytes) }
    if needs.contains(.top) { top[row].encode(into: &bytes) }
    if needs.contains(.texts) { texts[row].encode(header, into: &bytes) }
    if needs.contains(.series) { samples[row].encode(into: &bytes) }
  }

  mutating func appendRow(
    _ reader: inout ByteReader, _ header: CellHeader
  ) throws(MalformedBytes) {
    counts.append(try reader.varint())
    if stored.contains(.moments) {
      try moments.appendRow(
        &reader, header, isStoredWithSquares: stored.contains(.variance),
        isWanted: needs.contains(.moments))
    }
    if needs.contains(.quantiles) {
      try quantiles.appendRow(&reader)
    } else if stored.contains(.quantiles) {
      try QuantileColumn.skipRow(&reader)
    }
    if stored.contains(.distinct) {
      let state = try HyperLogLog(&reader)
      if needs.contains(.distinct) { distinct.append(state) }
    }
    if stored.contains(.top) {
      let state = try TopK(&reader)
      if needs.contains(.top) { top.append(state) }
    }
    if stored.contains(.texts) {
      let state = try TextEnds(&reader, header)
      if needs.contains(.texts) { texts.append(state) }
    }
    if stored.contains(.series) {
      let state = try SeriesSamples(&reader)
      if needs.contains(.series) {
        samples.append(state)
        summaries.append(SeriesSummaries())
      }
    }
  }
}
