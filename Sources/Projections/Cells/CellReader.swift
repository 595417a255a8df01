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

  /// Appends the cells of the buckets that start within `range`, by bucket and then by key. `code` numbers their groups;
  /// those below zero are left out, unless their keys have only a hash. `body` is called for each row. O(cells).
  func forEach(
    _ range: Range<Int64>, into cells: inout CellColumns,
    _ transaction: borrowing ReadTransaction, code: (_ group: RawSpan) -> Int32,
    _ body: (_ bucketNs: Int64, _ code: Int32, inout CellColumns) throws -> Void
  ) throws {
    let generationKey = Key().appending(generation)
    var cursor = try transaction.cursor(tables.cells)
    // A key that is damaged still stands between its neighbours, perhaps just outside of the range.
    if try cursor.seek(lastBefore: CellKey.prefix(generation, range.lowerBound)) {
      try CellKey.requireSound(cursor.key, cursor.value)
    }
    var found = try cursor.next()
    while found {
      guard cursor.hasPrefix(generationKey), CellKey.bucketNs(cursor.key) < range.upperBound else {
        return try CellKey.requireSound(cursor.key, cursor.value)
      }
      let bucketNs = CellKey.bucketNs(cursor.key)
      if CellKey.isHashed(cursor.key) {
        let group = try cells.append(decoding: cursor.value, keyBytes: cursor.key) ?? []
        try body(bucketNs, code(group.rawSpan), &cells)
      } else {
        let group = code(CellKey.plainGroup(cursor.key))
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

  /// The last sample of a series before a bucket. O(log cells) when the series has samples in the bucket found.
  func sample(
    ofSeries name: [UInt8], _ group: [UInt8], measure: Int, before bucketNs: Int64,
    _ transaction: borrowing ReadTransaction
  ) throws -> Sample? {
    let key = SeriesKey(generation: generation, group: group, series: name)
    var cursor = try transaction.cursor(tables.series)
    try requireNone(
      key.key(bucketNs), tables.series, transaction, SeriesKey.requireSound)
    var found = try cursor.seek(lastBefore: key.key(bucketNs))
    while found, cursor.hasPrefix(key.prefix) {
      try SeriesKey.requireSound(cursor.key, cursor.value)
      var cells = CellColumns(kpi.plan)
      // Two series may have one hash, and a series may have samples of another measure alone.
      if try append(SeriesKey.bucketNs(cursor.key), group, to: &cells, transaction),
        let series = cells.measures[measure].samples[0].series.first(where: { $0.name == name })
      {
        return series.last
      }
      found = try cursor.previous()
    }
    return nil
  }

  /// What differs from the rows of `other`, as texts. O(cells).
  func differences(
    from other: CellReader, _ transaction: borrowing ReadTransaction,
    releaseMemory: @escaping () -> Void
  ) throws -> [String] {
    let names = Differences(mine: generation, others: other.generation, releaseMemory)
    return try names.find(tables.cells, transaction, describe)
      + names.find(tables.series, transaction) {
        "series in bucket \(Timestamp(ns: SeriesKey.bucketNs($0)))"
      }
  }

  private func describe(_ key: RawSpan) -> String {
    let group =
      CellKey.isHashed(key)
      ? nil : GroupKey.labels(CellKey.plainGroup(key), count: kpi.dimensions.count)
    let names = (group ?? []).map { $0 ?? "NULL" }.joined(separator: ", ")
    return "\(CellKey.describe(key)) \(names)"
  }
}
