import Bytes
import EventLog
import LMDB
import Model

/// Where cells are kept.
struct CellTables: Sendable {
  let cells: Table
  /// Which buckets a series has samples in.
  let series: Table
}

/// The cells of one generation on disk.
struct CellReader {
  let tables: CellTables
  let kpi: CompiledKpi
  let generation: UInt32

  init(_ tables: CellTables, _ kpi: CompiledKpi, _ generation: UInt32) {
    self.tables = tables
    self.kpi = kpi
    self.generation = generation
  }

  /// Appends one cell as a row; false when there is none. O(log cells).
  func append(
    _ bucketNs: Int64, _ group: [UInt8], to cells: inout CellColumns,
    _ transaction: borrowing ReadTransaction
  ) throws -> Bool {
    let key = CellKey(generation: generation, bucketNs: bucketNs, group: group)
    guard let row = try transaction.get(tables.cells, key.key) else {
      try requireNone(key.key, tables.cells, transaction, CellKey.requireSound)
      return false
    }
    let name = try cells.append(decoding: row, keyBytes: key.key.bytes)
    if let name, name != group {
      throw KpiError("two groups of KPI \(kpi.definition.name) have one hash; rename one of them")
    }
    return true
  }

  /// Throws ``DamageError`` when the entries before and after where `key` would be are damaged: one of them may have
  /// been the one that is missed. O(log entries).
  private func requireNone(
    _ key: Key, _ table: Table, _ transaction: borrowing ReadTransaction,
    _ requireSound: (RawSpan, RawSpan) throws -> Void
  ) throws {
    var cursor = try transaction.cursor(table)
    if try cursor.seek(atOrAfter: key) { try requireSound(cursor.key, cursor.value) }
    if try cursor.previous() { try requireSound(cursor.key, cursor.value) }
  }

  /// Appends the cells of the buckets that start within `range`, by bucket and then by key. `begin` is called before the
  /// first of each bucket. `code` numbers the groups; those below zero are left out, unless their keys have only a hash.
  /// `body` is called for each row. O(cells).
  func forEach(
    _ range: Range<Int64>, into cells: inout CellColumns,
    _ transaction: borrowing ReadTransaction,
    begin: (_ bucketNs: Int64, inout CellColumns) throws -> Void = { _, _ in },
    code: (_ bucketNs: Int64, _ group: RawSpan) -> Int32,
    _ body: (_ bucketNs: Int64, _ code: Int32, inout CellColumns) throws -> Void
  ) throws {
    let generationKey = Key().appending(generation)
    var cursor = try transaction.cursor(tables.cells)
    // A key that is damaged still stands between its neighbours, perhaps just outside of the range.
    if try cursor.seek(lastBefore: CellKey.prefix(generation, range.lowerBound)) {
      try CellKey.requireSound(cursor.key, cursor.value)
    }
    var last: Int64?
    var found = try cursor.next()
    while found {
      guard cursor.hasPrefix(generationKey), CellKey.bucketNs(cursor.key) < range.upperBound else {
        return try CellKey.requireSound(cursor.key, cursor.value)
      }
      let bucketNs = CellKey.bucketNs(cursor.key)
      try Cancellation.check(at: cells.count)
      if bucketNs != last {
        last = bucketNs
        try begin(bucketNs, &cells)
      }
      if CellKey.isHashed(cursor.key) {
        let group = try cells.append(decoding: cursor.value, keyBytes: cursor.key) ?? []
        try body(bucketNs, code(bucketNs, group.rawSpan), &cells)
      } else {
        let group = code(bucketNs, CellKey.plainGroup(cursor.key))
        if group < 0 {
          try CellKey.requireSound(cursor.key, cursor.value)
        } else {
          _ = try cells.append(decoding: cursor.value, keyBytes: cursor.key)
          try body(bucketNs, group, &cells)
        }
      }
      found = try cursor.next()
    }
  }

  /// The number of cells of the buckets that start within `range`. O(cells).
  func count(_ range: Range<Int64>, _ transaction: borrowing ReadTransaction) throws -> Int {
    let generationKey = Key().appending(generation)
    var cursor = try transaction.cursor(tables.cells)
    var found = try cursor.seek(atOrAfter: CellKey.prefix(generation, range.lowerBound))
    var count = 0
    while found, cursor.hasPrefix(generationKey),
      CellKey.bucketNs(cursor.key) < range.upperBound
    {
      count += 1
      found = try cursor.next()
    }
    return count
  }

  /// The next bucket after one that a series has samples in, of any measure; of two series of one hash it may be the other's.
  /// O(log entries).
  func bucket(
    ofSeries name: [UInt8], _ group: [UInt8], after bucketNs: Int64,
    _ transaction: borrowing ReadTransaction
  ) throws -> Int64? {
    if bucketNs == .max { return nil }
    let key = SeriesKey(generation: generation, group: group, series: name)
    var cursor = try transaction.cursor(tables.series)
    if try cursor.seek(lastBefore: key.key(bucketNs + 1)) {
      try SeriesKey.requireSound(cursor.key, cursor.value)
    }
    guard try cursor.next() else { return nil }
    try SeriesKey.requireSound(cursor.key, cursor.value)
    return cursor.hasPrefix(key.prefix) ? SeriesKey.bucketNs(cursor.key) : nil
  }

  /// The last bucket before one that a series has samples in, of any measure; of two series of one hash it may be the
  /// other's. O(log entries).
  func bucket(
    ofSeries name: [UInt8], _ group: [UInt8], before bucketNs: Int64,
    _ transaction: borrowing ReadTransaction
  ) throws -> Int64? {
    let key = SeriesKey(generation: generation, group: group, series: name)
    try requireNone(key.key(bucketNs), tables.series, transaction, SeriesKey.requireSound)
    var cursor = try transaction.cursor(tables.series)
    guard try cursor.seek(lastBefore: key.key(bucketNs)), cursor.hasPrefix(key.prefix) else {
      return nil
    }
    try SeriesKey.requireSound(cursor.key, cursor.value)
    return SeriesKey.bucketNs(cursor.key)
  }
}
