import Bytes
import LMDB
import Model

extension CellCache {
  /// What differs from the cells of a generation on disk, as texts. All cells must be in memory, and none written.
  /// O(cells).
  func differences(
    from generation: UInt32, _ transaction: borrowing ReadTransaction
  ) throws -> [String] {
    var comparison = Comparison(kpi, generation)
    for (bucketNs, bucket) in hot.buckets.sorted(by: { $0.key < $1.key }) {
      for row in hot.changedRows(bucket) {
        let group = hot.group(Int(row), bucket)
        let key = CellKey(generation: generation, bucketNs: bucketNs, group: group)
        var bytes: [UInt8] = []
        bucket.cells.encode(Int(row), key, into: &bytes)
        try comparison.compare(tables.cells, key.key, bytes, transaction)
        touch()
      }
    }
    for key in newSeries(generation) {
      try comparison.compare(tables.series, key, SeriesKey.value(key), transaction)
    }
    try comparison.findOthers(in: [tables.cells, tables.series], transaction)
    return comparison.differences
  }
}

/// Compares entries of a generation with what they should be.
private struct Comparison {
  let kpi: CompiledKpi
  let generation: UInt32
  private(set) var differences: [String] = []
  /// Keys that there should be, by their tables.
  private var known: [Table: Set<[UInt8]>] = [:]

  init(_ kpi: CompiledKpi, _ generation: UInt32) {
    self.kpi = kpi
    self.generation = generation
  }

  mutating func compare(
    _ table: Table, _ key: Key, _ bytes: [UInt8], _ transaction: borrowing ReadTransaction
  ) throws {
    // Series of one hash share an entry.
    guard known[table, default: []].insert(copy(key.bytes)).inserted else { return }
    guard let stored = try transaction.get(table, key) else {
      differences.append("\(describe(key.bytes)): only among the rebuilt")
      return
    }
    if !stored.isEqual(to: bytes.rawSpan) { differences.append("\(describe(key.bytes)): differs") }
  }

  /// Finds the entries of the generation that there should not be.
  mutating func findOthers(
    in tables: [Table], _ transaction: borrowing ReadTransaction
  ) throws {
    let prefix = Key().appending(generation)
    for table in tables {
      let keys = known[table] ?? []
      var cursor = try transaction.cursor(table)
      var found = try cursor.seek(atOrAfter: prefix)
      while found, cursor.hasPrefix(prefix) {
        if !keys.contains(copy(cursor.key)) {
          differences.append("\(describe(cursor.key)): only among the live")
        }
        found = try cursor.next()
      }
    }
  }

  private func copy(_ key: RawSpan) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(span: key)
    return bytes
  }

  /// A cell has a group after its bucket; an entry of a series has 20 bytes.
  private func describe(_ key: RawSpan) -> String {
    let group =
      CellKey.isHashed(key)
      ? nil : GroupKey.labels(CellKey.plainGroup(key), count: kpi.dimensions.count)
    let names = (group ?? []).map { $0 ?? "NULL" }.joined(separator: ", ")
    return "\(CellKey.describe(key)) \(names)"
  }
}
