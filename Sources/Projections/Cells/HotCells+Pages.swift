import Bytes
import LMDB

/// Cells in memory, written as pages.
extension HotCells {
  /// Pages of a bucket, or some of them, to be made together.
  private struct Piece: Sendable {
    let bucketNs: Int64
    let writer: PageWriter
    let parts: [PageWriter.Part]
    /// About what their cells take in memory.
    let bytes: Int

    /// The pages of each part; none where they stay as they are.
    struct Made: Sendable {
      let bucketNs: Int64
      let parts: [(range: GroupRange, pages: [PageWriter.Page])]
    }

    /// O(cells).
    var made: Made { Made(bucketNs: bucketNs, parts: parts.map { ($0.range, writer.pages($0)) }) }
  }

  /// Writes the pages of all buckets of which some cells were changed, in order; `touch` is called for each bucket. Pages are made by
  /// all workers, those of several small buckets at a time. O(cells of these pages).
  func write(
    _ tables: CellTables, _ generation: UInt32, _ transaction: inout WriteTransaction,
    _ touch: () -> Void
  ) throws {
    let changed = buckets.filter { !$0.value.changed.isEmpty }.sorted { $0.key < $1.key }
    let size = tables.pageSize.pieceBytes
    let all = changed.flatMap { bucketNs, bucket in
      pieces(of: bucket, bucketNs, tables, generation, bytes: size)
    }
    var written: [GroupRange] = []
    var last: Int64?
    func finish() {
      guard let bucketNs = last else { return }
      buckets[bucketNs]?.written = written
      written = []
      touch()
    }
    // Small ones together, but few: one that is alone is made on this thread.
    try OrderedWork.forEach(all.gathered(upTo: size / 4, \.bytes), for: .ingest) {
      $0.map { $0.made }
    } take: { made in
      for piece in made {
        if piece.bucketNs != last { finish() }
        last = piece.bucketNs
        for (range, pages) in piece.parts {
          for page in pages { try transaction.put(tables.cells, page.key, page.bytes) }
          written += pages.isEmpty ? [range] : pages.map(\.range)
        }
      }
    }
    finish()
  }

  /// The pages of a bucket in pieces of about so many bytes of cells. O(rows).
  private func pieces(
    of bucket: Bucket, _ bucketNs: Int64, _ tables: CellTables, _ generation: UInt32, bytes: Int
  ) -> [Piece] {
    let rowBytes = max(1, bucket.memory.bytes / bucket.groups.count)
    let rowLimit = max(8, bytes / rowBytes)
    let parts = changedParts(bucket)
    let writer = PageWriter(
      tables: tables, generation: generation, bucketNs: bucketNs, cells: bucket.cells,
      names: names, groups: bucket.groups)
    return parts.flatMap { writer.split($0, rows: rowLimit) }
      .gathered(upTo: rowLimit) { $0.rows.count }
      .map { parts in
        let rows = parts.reduce(0) { $0 + $1.rows.count }
        return Piece(bucketNs: bucketNs, writer: writer, parts: parts, bytes: rows * rowBytes)
      }
  }

  /// The pages of a bucket, in order: with all their rows where one was changed, without rows where none was. O(rows).
  private func changedParts(_ bucket: Bucket) -> [PageWriter.Part] {
    let rows = sortedRows(bucket)
    var rest = rows[...]
    let parts = bucket.ranges.map { range in
      let own = rest[..<end(of: range, rest, bucket)]
      rest = rest[own.endIndex...]
      return PageWriter.Part(rows: bucket.hasChanges(own) ? own : [], range: range)
    }
    precondition(rest.isEmpty, "cells are in memory without all of their page")
    return parts
  }

  /// Where in sorted rows those of a range of groups end. O(log rows).
  func end(of range: GroupRange, _ rows: ArraySlice<Int32>, _ bucket: Bucket) -> Int {
    guard let upper = range.upper else { return rows.endIndex }
    return start(of: upper, rows, bucket)
  }

  /// The first of sorted rows whose group is not before one. O(log rows).
  private func start(of group: [UInt8], _ rows: ArraySlice<Int32>, _ bucket: Bucket) -> Int {
    var (low, high) = (rows.startIndex, rows.endIndex)
    let names = names
    while low < high {
      let middle = (low + high) / 2
      let name = names.bytes.rawSpan(names.range(Int(bucket.groups[Int(rows[middle])])))
      if name.precedes(group.rawSpan) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The page of sorted rows of a bucket under a key. O(rows).
  func page(
    _ rows: ArraySlice<Int32>, of bucket: Bucket, _ bucketNs: Int64, _ tables: CellTables,
    under key: Key
  ) -> [UInt8] {
    PageWriter(
      tables: tables, generation: 0, bucketNs: bucketNs, cells: bucket.cells,
      names: names, groups: bucket.groups
    ).page(rows, under: key)
  }
}
