import EventLog
import LMDB
import Model

/// Cells of a query, merged from those of a KPI and, where they do not do, from columns.
struct RollUp {
  private let coverage: Coverage
  private let asked: CompiledKpi
  private var cells: CellColumns
  private var mapping: GroupMapping
  private var buckets: [Int64] = []
  private var codes: [Int32] = []
  private var rows: [Int64: [Int32: Int]] = [:]
  private(set) var cellsRead = 0
  /// How often rows were corrected that are computed from columns, which do not know.
  private var revisions: [Int64: [Int32: UInt32]] = [:]

  init(_ coverage: Coverage, _ asked: CompiledKpi) {
    self.coverage = coverage
    self.asked = asked
    cells = CellColumns(asked.plan)
    mapping = GroupMapping(coverage)
  }

  /// The KPI's buckets that lie within `times`, and what they leave out.
  func wholeBuckets(_ times: Range<Int64>) -> (buckets: Range<Int64>, rest: [Range<Int64>]) {
    let own = coverage.kpi.buckets
    var (low, high) = (times.lowerBound, times.upperBound)
    if low > .min, own.start(of: low) != low { low = own.end(ofBucketStarting: own.start(of: low)) }
    if high < .max { high = own.start(of: high) }
    guard low < high else { return (low..<low, [times]) }
    let rest = [times.lowerBound..<low, high..<times.upperBound].filter { !$0.isEmpty }
    return (low..<high, rest)
  }

  /// Merges the KPI's cells of buckets that start within `range`, but those of buckets that have changed after event
  /// `lastSeq`; gives the times of these. O(cells).
  mutating func addCells(
    _ known: KpiCells, _ range: Range<Int64>, lastSeq: UInt64?, maxCells: Int,
    isCancelled: () -> Bool, _ transaction: borrowing ReadTransaction
  ) throws -> [Range<Int64>] {
    var (found, mapping) = (CellColumns(coverage.kpi.plan, reading: coverage.reading), mapping)
    var places: (buckets: [Int64], codes: [Int32]) = ([], [])
    var failure: (any Error)?
    func code(_ group: RawSpan) -> Int32 {
      do { return try mapping.code(group) } catch { failure = error }
      return -1
    }
    try known.forEach(
      range, into: &found, transaction, code: code,
      { bucketNs, code, _ in
        places.buckets.append(bucketNs)
        places.codes.append(code)
        if places.codes.count > maxCells { throw TooManyCellsError(limit: maxCells) }
        if places.codes.count % 4_096 == 0, isCancelled() { throw CancellationError() }
      })
    if let failure { throw failure }
    self.mapping = mapping
    cellsRead = found.count
    if found.hasSeries { found.summarize() }
    var stale: Set<Int64> = []
    if let lastSeq {
      for row in 0..<found.count where found.headers[row].lastSeq > lastSeq {
        stale.insert(places.buckets[row])
      }
    }
    var cursor = BucketCursor(asked.buckets)
    for row in 0..<found.count where places.codes[row] >= 0 {
      try Cancellation.check(at: row)
      let bucketNs = places.buckets[row]
      if !stale.isEmpty, stale.contains(bucketNs) {
        let start = cursor.start(of: bucketNs)
        revisions[start, default: [:]][places.codes[row], default: 0] += found.headers[row].revision
        continue
      }
      let target = self.row(cursor.start(of: bucketNs), places.codes[row])
      cells.merge(row, of: found, measures: coverage.measures, into: target)
    }
    return stale.sorted().map { $0..<coverage.kpi.buckets.end(ofBucketStarting: $0) }
  }

  /// Merges cells that were computed from columns.
  mutating func add(_ hot: HotCells) throws {
    for (bucketNs, bucket) in hot.buckets.sorted(by: { $0.key < $1.key }) {
      try Cancellation.check()
      for row in 0..<bucket.cells.count {
        let code = mapping.code(ofTarget: hot.group(row, bucket))
        let target = self.row(bucketNs, code)
        cells.merge(row, of: bucket.cells, into: target)
        if let count = revisions[bucketNs]?.removeValue(forKey: code) {
          cells.addRevisions(count, to: target)
        }
      }
    }
  }

  private mutating func row(_ bucketNs: Int64, _ code: Int32) -> Int {
    if let known = rows[bucketNs]?[code] { return known }
    let row = cells.appendRow()
    buckets.append(bucketNs)
    codes.append(code)
    rows[bucketNs, default: [:]][code] = row
    return row
  }

  /// What was merged, in order of time.
  var panes: Panes {
    let groups = mapping.groups.indices.map { mapping.groups[$0] }
    let order = buckets.indices.sorted { (buckets[$0], $0) < (buckets[$1], $1) }
    var panes = Panes(cells: CellColumns(asked.plan), isSorted: false)
    // Rows were made in order of time, unless some of them come from columns.
    if order.elementsEqual(buckets.indices) {
      (panes.cells, panes.buckets, panes.codes) = (cells, buckets, codes)
    } else {
      for row in order {
        panes.cells.append(row, of: cells)
        panes.buckets.append(buckets[row])
        panes.codes.append(codes[row])
      }
    }
    panes.groups = groups
    panes.labels = groups.map { GroupKey.labels($0.rawSpan, count: asked.dimensions.count) ?? [] }
    return panes
  }
}
