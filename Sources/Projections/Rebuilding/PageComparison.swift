import Bytes
import EventLog
import LMDB

/// Compares the pages of a generation with the cells in memory that should be on them. How cells are spread over pages
/// depends on when they were written, so each page is compared with what is in memory of its groups.
struct PageComparison {
  private let cache: CellCache
  private let generation: UInt32
  private let target: RebuildTarget
  /// A text for each cell that differs.
  private(set) var differences: [String] = []

  init(_ cache: CellCache, _ generation: UInt32, _ target: RebuildTarget) {
    (self.cache, self.generation, self.target) = (cache, generation, target)
  }

  private var hot: HotCells { cache.hot }

  /// O(cells).
  mutating func run(_ transaction: borrowing ReadTransaction) throws {
    let prefix = Key().appending(generation)
    var rest = hot.buckets.keys.filter(target.contains).sorted()[...]
    var bucket = Rest()
    var cursor = try transaction.cursor(cache.tables.cells)
    var found = try cursor.seek(atOrAfter: prefix)
    while found, cursor.hasPrefix(prefix) {
      let bucketNs = PageKey.bucketNs(cursor.key)
      let (key, value) = (cursor.key, cursor.value)
      found = try cursor.next()
      if !target.contains(bucketNs) { continue }
      if bucketNs != bucket.bucketNs {
        noteRebuilt(bucket)
        while let next = rest.first, next <= bucketNs {
          rest.removeFirst()
          if next < bucketNs { noteRebuilt(begin(next)) }
        }
        bucket = begin(bucketNs)
      }
      let isLast = !(found && cursor.hasPrefix(PageKey.prefix(generation, bucketNs)))
      let range = GroupRange(
        lower: PageKey.separator(key), upper: isLast ? nil : PageKey.separator(cursor.key))
      compare(key, value, range, &bucket)
      cache.touch()
    }
    noteRebuilt(bucket)
    for bucketNs in rest { noteRebuilt(begin(bucketNs)) }
  }

  /// The rows of a bucket in memory that are still to be compared, in the order of groups.
  private struct Rest {
    var bucketNs: Int64?
    var bucket: HotBucket?
    var rows: ArraySlice<Int32> = []
  }

  private func begin(_ bucketNs: Int64) -> Rest {
    guard let bucket = hot.buckets[bucketNs] else { return Rest(bucketNs: bucketNs) }
    return Rest(bucketNs: bucketNs, bucket: bucket, rows: hot.sortedRows(bucket)[...])
  }

  /// Notes cells that no page is for.
  private mutating func noteRebuilt(_ rest: Rest) {
    guard let bucket = rest.bucket, let bucketNs = rest.bucketNs else { return }
    let key = PageKey.prefix(generation, bucketNs)
    for row in rest.rows {
      note("only among the rebuilt", key.bytes, hot.group(Int(row), bucket).rawSpan)
    }
  }

  private mutating func note(_ what: String, _ key: RawSpan, _ group: RawSpan) {
    let cell = PageKey.describe(key, group, dimensions: cache.kpi.dimensions.count)
    differences.append("\(cell): \(what)")
  }

  /// Compares a page with the rows of its groups, which are taken off `rest`. O(rows).
  private mutating func compare(
    _ key: RawSpan, _ value: RawSpan, _ range: GroupRange, _ rest: inout Rest
  ) {
    var own: ArraySlice<Int32> = []
    if let bucket = rest.bucket {
      let end = hot.end(of: range, rest.rows, bucket)
      own = rest.rows[..<end]
      rest.rows = rest.rows[end...]
      if let key = Key(copying: key), let bucketNs = rest.bucketNs, !own.isEmpty {
        let page = hot.page(own, of: bucket, bucketNs, cache.tables, under: key)
        if value.isEqual(to: page.rawSpan) { return }
      }
    }
    do {
      try compareCells(key, CellPage(key, value), own, rest.bucket)
    } catch {
      differences.append("\(PageKey.describe(key)): differs")
    }
  }

  /// Compares a page cell by cell. O(rows).
  private mutating func compareCells(
    _ key: RawSpan, _ page: borrowing CellPage, _ own: ArraySlice<Int32>, _ bucket: HotBucket?
  ) throws {
    var stored = CellColumns(cache.kpi.plan)
    try stored.append(
      (0..<Int32(page.count)).map { $0 }, of: page.states, count: page.count,
      bucketNs: page.bucketNs)
    var groups = ByteStrings()
    try page.forEachGroup { _, group in
      groups.extend { $0.append(span: group) }
      groups.finishString()
    }
    var next = own[...]
    for row in groups.indices {
      let group = groups.bytes.rawSpan(groups.range(row))
      while let first = next.first, let bucket,
        hot.group(Int(first), bucket).rawSpan.precedes(group)
      {
        next.removeFirst()
        note("only among the rebuilt", key, hot.group(Int(first), bucket).rawSpan)
      }
      if let first = next.first, let bucket,
        hot.group(Int(first), bucket).rawSpan.isEqual(to: group)
      {
        next.removeFirst()
        let isEqual =
          bytes(bucket.cells, Int(first), page.bucketNs) == bytes(stored, row, page.bucketNs)
        if !isEqual { note("differs", key, group) }
      } else {
        note("only among the live", key, group)
      }
    }
    for row in next {
      guard let bucket else { break }
      note("only among the rebuilt", key, hot.group(Int(row), bucket).rawSpan)
    }
  }

  private func bytes(_ cells: CellColumns, _ row: Int, _ bucketNs: Int64) -> [UInt8] {
    var bytes: [UInt8] = []
    cells.encode([Int32(row)], bucketNs: bucketNs, into: &bytes)
    return bytes
  }
}
