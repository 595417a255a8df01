import Bytes
import EventLog
import LMDB

/// Puts cells that were built anew in the place of the live ones of the same buckets, page by page.
struct CellExchange {
  private let target: RebuildTarget
  private let built: CellCache
  private let live: CellCache

  /// Entries that are held in memory at once.
  private static let batchSize = 128

  init(_ target: RebuildTarget, from built: CellCache, to live: CellCache) {
    (self.target, self.built, self.live) = (target, built, live)
  }

  /// All of both must be written, and what is in memory of `live` is to be forgotten afterwards. Gives the number of cells that were put.
  /// O(pages of the buckets, and entries of series).
  func run(_ transaction: inout WriteTransaction) throws -> Int {
    precondition(built.generation > live.generation, "cells take the place of themselves")
    let cells = Entries(table: live.tables.cells, bucketNs: PageKey.bucketNs, areByBucket: true)
    let series = Entries(
      table: live.tables.series, bucketNs: SeriesKey.bucketNs, areByBucket: false)
    for entries in [cells, series] { try delete(entries, &transaction) }
    try copy(series, &transaction) { _, key in SeriesKey.value(key) }
    var count = 0
    try copy(cells, &transaction) { entry, key in
      count += try CellPage(entry.key.bytes, entry.value.rawSpan).count
      return try PageKey.resealed(entry.value, from: entry.key.bytes, to: key)
    }
    return count
  }

  /// How to find those of some buckets in a table.
  private struct Entries {
    let table: Table
    let bucketNs: (RawSpan) -> Int64
    /// Whether they are sorted by their buckets first.
    let areByBucket: Bool
  }

  private struct Entry {
    var key: Key
    var value: [UInt8]
  }

  /// The next entries of a generation in the target's buckets, and where to look for more.
  private func entries(
    _ wanted: Entries, _ generation: UInt32, from start: Key,
    _ transaction: borrowing ReadTransaction
  ) throws -> (entries: [Entry], next: Key?) {
    let prefix = Key().appending(generation)
    let end = target.buckets?.upperBound ?? .max
    var (entries, seen): ([Entry], Int) = ([], 0)
    var cursor = try transaction.cursor(wanted.table)
    var found = try cursor.seek(atOrAfter: start)
    while found, cursor.hasPrefix(prefix) {
      guard let key = Key(copying: cursor.key) else {
        throw DamageError(what: "a key of a cell or series")
      }
      if seen == Self.batchSize { return (entries, key) }
      seen += 1
      let bucketNs = wanted.bucketNs(cursor.key)
      if wanted.areByBucket, bucketNs >= end { break }
      if target.contains(bucketNs) {
        var value: [UInt8] = []
        value.append(span: cursor.value)
        entries.append(Entry(key: key, value: value))
      }
      found = try cursor.next()
    }
    return (entries, nil)
  }

  private func forEach(
    _ wanted: Entries, _ generation: UInt32, _ transaction: inout WriteTransaction,
    _ body: (Entry, inout WriteTransaction) throws -> Void
  ) throws {
    var start: Key? =
      wanted.areByBucket
      ? PageKey.prefix(generation, target.buckets?.lowerBound ?? .min)
      : Key().appending(generation)
    while let key = start {
      let (entries, next) = try entries(wanted, generation, from: key, transaction.reading)
      for entry in entries {
        try body(entry, &transaction)
        live.touch()
      }
      start = next
    }
  }

  private func delete(_ wanted: Entries, _ transaction: inout WriteTransaction) throws {
    try forEach(wanted, live.generation, &transaction) { entry, transaction in
      try transaction.delete(wanted.table, entry.key)
    }
  }

  private func copy(
    _ wanted: Entries, _ transaction: inout WriteTransaction,
    _ value: (Entry, _ key: Key) throws -> [UInt8]
  ) throws {
    try forEach(wanted, built.generation, &transaction) { entry, transaction in
      let key = Key().appending(live.generation)
        .appending(entry.key.bytes.extracting(MemoryLayout<UInt32>.size...))
      try transaction.put(wanted.table, key, try value(entry, key))
    }
  }
}
