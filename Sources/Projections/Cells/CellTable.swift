import Bytes
import EventLog
import LMDB

/// The cells of one generation on disk.
struct CellTable {
  let table: Table
  let kpi: CompiledKpi
  let generation: UInt32

  init(_ table: Table, _ kpi: CompiledKpi, _ generation: UInt32) {
    self.table = table
    self.kpi = kpi
    self.generation = generation
  }

  /// One cell; nil when there is none. O(log cells).
  func cell(
    _ bucketNs: Int64, _ group: [UInt8], _ transaction: borrowing ReadTransaction
  ) throws -> Cell? {
    let key = CellKey(generation: generation, bucketNs: bucketNs, group: group)
    guard let row = try transaction.get(table, key.key) else { return nil }
    let (cell, name) = try Cell.decode(row, kpi.plan, keyBytes: key.key.bytes)
    if let name, name != group {
      throw KpiError("two groups of KPI \(kpi.definition.name) have one hash; rename one of them")
    }
    return cell
  }

  /// Calls `body` with the cells of the buckets that start within `range`, by bucket and then by key. O(cells).
  func forEach(
    _ range: Range<Int64>, _ transaction: borrowing ReadTransaction,
    _ body: (_ bucketNs: Int64, _ group: [UInt8], Cell) throws -> Void
  ) throws {
    let generationKey = Key().appending(generation)
    var cursor = try transaction.cursor(table)
    var found = try cursor.seek(atOrAfter: CellKey.prefix(generation, range.lowerBound))
    while found, cursor.hasPrefix(generationKey) {
      let bucket = CellKey.bucketNs(cursor.key)
      if bucket >= range.upperBound { return }
      let (cell, name) = try Cell.decode(cursor.value, kpi.plan, keyBytes: cursor.key)
      try body(bucket, name ?? CellKey.plainGroup(cursor.key), cell)
      found = try cursor.next()
    }
  }

  /// The keys after the generation whose rows differ from those of `other`, as texts. O(cells).
  func differences(
    from other: CellTable, _ transaction: borrowing ReadTransaction, releaseMemory: () -> Void
  ) throws -> [String] {
    var mine = try transaction.cursor(table)
    var others = try transaction.cursor(table)
    let prefix = Key().appending(generation)
    let otherPrefix = Key().appending(other.generation)
    var isHere = try mine.seek(atOrAfter: prefix) && mine.hasPrefix(prefix)
    var isThere = try others.seek(atOrAfter: otherPrefix) && others.hasPrefix(otherPrefix)
    var found: [String] = []
    var compared = 0
    while isHere || isThere {
      compared += 1
      if compared % 4_096 == 0 { releaseMemory() }
      let order: Int =
        !isHere ? 1 : !isThere ? -1 : Self.order(mine.key, others.key)
      if order < 0 { found.append("\(describe(mine.key)): only among the rebuilt") }
      if order > 0 { found.append("\(describe(others.key)): only among the live") }
      if order == 0, !Self.isSame(mine.value, others.value) {
        found.append("\(describe(mine.key)): differs")
      }
      if order <= 0 { isHere = try mine.next() && mine.hasPrefix(prefix) }
      if order >= 0 { isThere = try others.next() && others.hasPrefix(otherPrefix) }
    }
    return found
  }

  private func describe(_ key: RawSpan) -> String {
    let group =
      CellKey.isHashed(key)
      ? nil : GroupKey.labels(CellKey.plainGroup(key), count: kpi.dimensions.count)
    let names = (group ?? []).map { $0 ?? "NULL" }.joined(separator: ", ")
    return "\(CellKey.describe(key)) \(names)"
  }

  /// The order of two keys without their generations.
  private static func order(_ left: RawSpan, _ right: RawSpan) -> Int {
    let count = min(left.byteCount, right.byteCount)
    for index in 4..<max(count, 4) {
      let (a, b) = (left.load(at: index, as: UInt8.self), right.load(at: index, as: UInt8.self))
      if a != b { return a < b ? -1 : 1 }
    }
    return left.byteCount == right.byteCount ? 0 : left.byteCount < right.byteCount ? -1 : 1
  }

  /// Whether two rows are the same bits, but for the checksums, which cover the generations too.
  private static func isSame(_ left: RawSpan, _ right: RawSpan) -> Bool {
    left.byteCount == right.byteCount && left.byteCount >= 8
      && left.isEqual(from: 0, to: right, from: 0, byteCount: left.byteCount - 8)
  }
}
