import Bytes
import EventLog
import LMDB

/// The cells of a KPI as they are with all blocks of a transaction: those on disk, and in their place those that blocks
/// have changed since they were written.
struct KpiCells {
  let stored: CellReader
  /// What was changed since; nil when nothing was.
  private let fresh: HotCells?
  /// Whether later events are in them than the transaction has.
  let isAhead: Bool
  /// What was folded to have them: blocks that those on disk do not have.
  let foldedBlocks: Int
  let foldedFacts: Int

  init(
    _ stored: CellReader, fresh: HotCells? = nil, isAhead: Bool = false, folded: [StoredBlock] = []
  ) {
    self.stored = stored
    (foldedBlocks, foldedFacts) = (folded.count, folded.reduce(0) { $0 + $1.factCount })
    self.fresh = fresh.flatMap { $0.changedCount > 0 ? $0 : nil }
    self.isAhead = isAhead
  }

  /// Whether cells of a bucket come in the order of their groups.
  var isSorted: Bool { fresh == nil }

  /// Appends one cell as a row; false when there is none. `cursor` is one over the cells, of any place. O(log cells).
  @_lifetime(cursor: copy cursor)
  func append(
    _ bucketNs: Int64, _ group: [UInt8], to cells: inout CellColumns, _ cursor: inout Cursor
  ) throws -> Bool {
    if let (bucket, row) = fresh?.changed(bucketNs, group.rawSpan) {
      cells.append(row, of: bucket.cells)
      return true
    }
    return try stored.append(bucketNs, group, to: &cells, &cursor)
  }

  /// Appends the cells of the buckets that start within `range`, in order of time. `code` numbers their groups; those
  /// below zero are left out. `body` is called for each row, once all of its page are there. O(cells).
  func forEach(
    _ range: Range<Int64>, into cells: inout CellColumns,
    _ transaction: borrowing ReadTransaction, code: (_ group: RawSpan) -> Int32,
    _ body: (_ bucketNs: Int64, _ code: Int32, inout CellColumns) throws -> Void
  ) throws {
    guard let fresh else {
      return try stored.forEach(
        range, into: &cells, transaction, begin: { _, _ in }, code: { code($1) }, body)
    }
    var rest = fresh.buckets.keys.filter(range.contains).sorted()[...]
    func addFresh(before bucketNs: Int64?, _ cells: inout CellColumns) throws {
      while let next = rest.first, bucketNs.map({ next < $0 }) ?? true {
        rest.removeFirst()
        guard let bucket = fresh.buckets[next] else { continue }
        for row in bucket.changed {
          let code = code(fresh.group(Int(row), bucket).rawSpan)
          if code < 0 { continue }
          cells.append(Int(row), of: bucket.cells)
          try body(next, code, &cells)
        }
      }
    }
    // They follow those on disk of the same bucket.
    try stored.forEach(
      range, into: &cells, transaction, begin: { try addFresh(before: $0, &$1) },
      code: { fresh.changed($0, $1) == nil ? code($1) : -1 }, body)
    try addFresh(before: nil, &cells)
  }

  /// The number of cells of the buckets that start within `range`. O(cells).
  func count(_ range: Range<Int64>, _ transaction: borrowing ReadTransaction) throws -> Int {
    let added = fresh?.buckets.reduce(0) { $0 + (range.contains($1.key) ? $1.value.newCount : 0) }
    return try stored.count(range, transaction) + (added ?? 0)
  }

  /// The last sample of a series before a bucket. Throws ``StaleCellError`` when its cell has changed after `lastSeq`.
  /// O(log cells) when the series has samples in the bucket found.
  func sample(
    ofSeries name: [UInt8], _ group: [UInt8], measure: Int, before bucketNs: Int64,
    lastSeq: UInt64?, _ transaction: borrowing ReadTransaction
  ) throws -> Sample? {
    let series = fresh?.number(group.rawSpan).map { SeriesOfGroup(group: $0, name: name) }
    var end = bucketNs
    var cursor = try transaction.cursor(stored.tables.cells)
    while true {
      let found = [
        try stored.bucket(ofSeries: name, group, before: end, transaction),
        series.flatMap { fresh?.newSeries.bucket(of: $0, before: end) },
      ].compactMap { $0 }.max()
      guard let found else { return nil }
      var cells = CellColumns(stored.kpi.plan)
      // Two series may have one hash, and a series may have samples of another measure alone.
      if try append(found, group, to: &cells, &cursor),
        let series = cells.measures[measure].samples[0].series.first(where: { $0.name == name })
      {
        if let lastSeq, cells.headers[0].lastSeq > lastSeq { throw StaleCellError() }
        return series.last
      }
      end = found
    }
  }
}

/// A cell has changed since the state of the log that is asked about.
struct StaleCellError: Error {}
