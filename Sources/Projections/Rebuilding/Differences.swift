import Bytes
import LMDB
import Model

extension CellCache {
  /// What differs in the target's buckets from the cells of a generation on disk, as texts. All cells must be in memory,
  /// and none written. O(cells).
  func differences(
    from generation: UInt32, in target: RebuildTarget, _ transaction: borrowing ReadTransaction
  ) throws -> [String] {
    var cells = PageComparison(self, generation, target)
    try cells.run(transaction)
    var series = Comparison(
      tables.series, generation, target, bucketNs: SeriesKey.bucketNs, SeriesKey.describe)
    for key in newSeries(generation).sorted(by: <)
    where target.contains(SeriesKey.bucketNs(key.bytes)) {
      try series.compare(key, SeriesKey.value(key), transaction)
    }
    try series.findOthers(transaction)
    return cells.differences + series.differences
  }
}

/// Compares entries of a generation with what they should be.
private struct Comparison {
  let table: Table
  let generation: UInt32
  let target: RebuildTarget
  let bucketNs: (RawSpan) -> Int64
  let describe: (RawSpan) -> String
  private(set) var differences: [String] = []
  /// Keys that there should be.
  private var known: Set<[UInt8]> = []

  init(
    _ table: Table, _ generation: UInt32, _ target: RebuildTarget,
    bucketNs: @escaping (RawSpan) -> Int64, _ describe: @escaping (RawSpan) -> String
  ) {
    (self.table, self.generation, self.target) = (table, generation, target)
    (self.bucketNs, self.describe) = (bucketNs, describe)
  }

  mutating func compare(
    _ key: Key, _ bytes: [UInt8], _ transaction: borrowing ReadTransaction
  ) throws {
    // Series of one hash share an entry.
    guard known.insert(copy(key.bytes)).inserted else { return }
    guard let stored = try transaction.get(table, key) else {
      differences.append("\(describe(key.bytes)): only among the rebuilt")
      return
    }
    if !stored.isEqual(to: bytes.rawSpan) { differences.append("\(describe(key.bytes)): differs") }
  }

  /// Finds the entries of the generation that there should not be.
  mutating func findOthers(_ transaction: borrowing ReadTransaction) throws {
    let prefix = Key().appending(generation)
    var cursor = try transaction.cursor(table)
    var found = try cursor.seek(atOrAfter: prefix)
    while found, cursor.hasPrefix(prefix) {
      if target.contains(bucketNs(cursor.key)), !known.contains(copy(cursor.key)) {
        differences.append("\(describe(cursor.key)): only among the live")
      }
      found = try cursor.next()
    }
  }

  private func copy(_ key: RawSpan) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(span: key)
    return bytes
  }
}
