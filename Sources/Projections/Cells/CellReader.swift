import Bytes
import EventLog
import LMDB
import Model

/// Where cells are kept.
struct CellTables: Sendable {
  let cells: Table
  /// Which buckets a series has samples in.
  let series: Table
  /// How large pages of cells are made.
  var pageSize = PageSize()
}

/// Groups from one on, up to another or without end. All cells of a bucket that are of such a range stand on one page.
struct GroupRange: Sendable, Equatable {
  var lower: [UInt8] = []
  var upper: [UInt8]?

  /// All groups.
  static let all = GroupRange()

  func contains(_ group: RawSpan) -> Bool {
    if begins(after: group) { return false }
    guard let upper else { return true }
    return group.precedes(upper.rawSpan)
  }

  func begins(after group: RawSpan) -> Bool { group.precedes(lower.rawSpan) }
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

  /// Appends one cell as a row; false when there is none. `cursor` is one over the cells, of any place.
  /// O(log cells + bytes of a page).
  @_lifetime(cursor: copy cursor)
  func append(
    _ bucketNs: Int64, _ group: [UInt8], to cells: inout CellColumns, _ cursor: inout Cursor
  ) throws -> Bool {
    if try seekPage(bucketNs, group.rawSpan, &cursor) {
      let (key, page) = (cursor.key, try CellPage(cursor.key, cursor.value))
      let row = try Self.unlessMalformed(key) { () throws(MalformedBytes) in
        try page.row(of: group.rawSpan)
      }
      if let row {
        try Self.append([Int32(row)], of: page, key, to: &cells)
        return true
      }
    }
    // The page that is missed may be the one after, under a key that is damaged.
    if try cursor.next() { try PageKey.requireSound(cursor.key, cursor.value) }
    return false
  }

  /// Appends all cells of the page that a group belongs to, whether or not it has one, and their groups to `groups`; gives
  /// the groups that the page is of: all of them when the bucket has no page. O(log cells + cells of the page).
  func appendPage(
    _ bucketNs: Int64, _ group: [UInt8], to cells: inout CellColumns,
    groups: inout ByteStrings, _ transaction: borrowing ReadTransaction
  ) throws -> GroupRange {
    var cursor = try transaction.cursor(tables.cells)
    var range = GroupRange.all
    let bucketKey = PageKey.prefix(generation, bucketNs)
    let isFound = try seekPage(bucketNs, group.rawSpan, &cursor)
    if isFound {
      let (key, page) = (cursor.key, try CellPage(cursor.key, cursor.value))
      range.lower = PageKey.separator(key)
      var names = groups
      groups = ByteStrings()
      try Self.forEachGroup(of: page, key) { _, group in
        names.extend { $0.append(span: group) }
        names.finishString()
      }
      groups = names
      try Self.append((0..<Int32(page.count)).map { $0 }, of: page, key, to: &cells)
    }
    if try cursor.next() {
      try PageKey.requireSound(cursor.key, cursor.value)
      if cursor.hasPrefix(bucketKey) {
        // A bucket has a page for its first groups.
        guard isFound else { throw PageKey.damage(bucketKey.bytes) }
        range.upper = PageKey.separator(cursor.key)
      }
    }
    return range
  }

  /// Moves to the page of a group; false when its bucket has none. Then the cursor stands before where it would be.
  @_lifetime(cursor: copy cursor)
  private func seekPage(
    _ bucketNs: Int64, _ group: RawSpan, _ cursor: inout Cursor
  ) throws -> Bool {
    guard try cursor.seek(lastAtOrBefore: PageKey.key(generation, bucketNs, group)) else {
      return false
    }
    if cursor.hasPrefix(PageKey.prefix(generation, bucketNs)) { return true }
    try PageKey.requireSound(cursor.key, cursor.value)
    return false
  }

  private static func append(
    _ rows: [Int32], of page: borrowing CellPage, _ key: RawSpan, to cells: inout CellColumns
  ) throws {
    do {
      try cells.append(rows, of: page.states, count: page.count, bucketNs: page.bucketNs)
    } catch {
      throw PageKey.damage(key)
    }
  }

  private static func forEachGroup(
    of page: borrowing CellPage, _ key: RawSpan, _ body: (Int, RawSpan) throws -> Void
  ) throws {
    do {
      try page.forEachGroup(body)
    } catch is MalformedBytes {
      throw PageKey.damage(key)
    }
  }

  private static func unlessMalformed<R>(
    _ key: RawSpan, _ body: () throws(MalformedBytes) -> R
  ) throws -> R {
    do { return try body() } catch { throw PageKey.damage(key) }
  }

  /// Appends the cells of the buckets that start within `range`, by bucket and then by group. `begin` is called before the
  /// first of each bucket. `code` numbers the groups; those below zero are left out. `body` is called for each row, once
  /// all of its page are there. O(cells).
  func forEach(
    _ range: Range<Int64>, into cells: inout CellColumns,
    _ transaction: borrowing ReadTransaction,
    begin: (_ bucketNs: Int64, inout CellColumns) throws -> Void = { _, _ in },
    code: (_ bucketNs: Int64, _ group: RawSpan) -> Int32,
    _ body: (_ bucketNs: Int64, _ code: Int32, inout CellColumns) throws -> Void
  ) throws {
    var last: Int64?
    var (rows, codes): ([Int32], [Int32]) = ([], [])
    try forEachPage(range, transaction) { key, page in
      let bucketNs = page.bucketNs
      if bucketNs != last {
        last = bucketNs
        try begin(bucketNs, &cells)
      }
      rows.removeAll(keepingCapacity: true)
      codes.removeAll(keepingCapacity: true)
      try Self.forEachGroup(of: page, key) { row, group in
        let code = code(bucketNs, group)
        if code < 0 { return }
        rows.append(Int32(row))
        codes.append(code)
      }
      if rows.isEmpty { return }
      try Self.append(rows, of: page, key, to: &cells)
      for code in codes { try body(bucketNs, code, &cells) }
    }
  }

  /// Calls `body` with each page of the buckets that start within `range`, and its key. Throws ``DamageError`` for one
  /// that is damaged, or may be one of these. O(pages).
  private func forEachPage(
    _ range: Range<Int64>, _ transaction: borrowing ReadTransaction,
    _ body: (_ key: RawSpan, borrowing CellPage) throws -> Void
  ) throws {
    let generationKey = Key().appending(generation)
    var cursor = try transaction.cursor(tables.cells)
    // A key that is damaged still stands between its neighbours, perhaps just outside of the range.
    if try cursor.seek(lastBefore: PageKey.prefix(generation, range.lowerBound)) {
      try PageKey.requireSound(cursor.key, cursor.value)
    }
    var last: Int64?
    while try cursor.next() {
      guard cursor.hasPrefix(generationKey), PageKey.bucketNs(cursor.key) < range.upperBound else {
        return try PageKey.requireSound(cursor.key, cursor.value)
      }
      try Cancellation.check()
      let page = try CellPage(cursor.key, cursor.value)
      // A bucket has a page for its first groups.
      guard page.bucketNs == last || PageKey.separator(cursor.key).isEmpty else {
        throw PageKey.damage(PageKey.prefix(generation, page.bucketNs).bytes)
      }
      last = page.bucketNs
      try body(cursor.key, page)
    }
  }

  /// The number of cells of the buckets that start within `range`; calls `visited` for each page. O(bytes of the pages).
  func count(
    _ range: Range<Int64>, _ transaction: borrowing ReadTransaction, visited: () -> Void = {}
  ) throws -> Int {
    var count = 0
    try forEachPage(range, transaction) {
      count += $1.count
      visited()
    }
    return count
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
