import CLMDB

/// The one transaction that changes tables: all of it is committed, or nothing.
///
/// It sees its own changes. A span or cursor taken from it must be out of use before the next
/// change, since a change moves what they point to; the compiler sees to that.
///
/// When an operation throws ``LMDBError/Code/mapFull``, let the error pass: `write` makes room and
/// runs its body again, even if the body caught it.
public struct WriteTransaction: ~Copyable {
  /// The reading half, to pass to what only reads.
  public let reading: ReadTransaction

  /// The size of the value that the map had no room for.
  var bytesMissing: Int?

  init(_ handle: OpaquePointer, in environment: Environment) {
    unsafe reading = ReadTransaction(handle: handle, environment: environment)
  }

  private var handle: OpaquePointer { unsafe reading.handle }

  private mutating func failure(
    _ code: CInt, _ operation: String, bytes: Int = 0
  ) -> LMDBError {
    if code == MDB_MAP_FULL { bytesMissing = max(bytes, bytesMissing ?? 0) }
    return reading.environment.error(code, operation)
  }
}

extension WriteTransaction {
  /// The value of `key`, valid until the next change, or nil if there is none. O(log n).
  @_lifetime(borrow self)
  public func get(_ table: Table, _ key: Key) throws(LMDBError) -> RawSpan? {
    try reading.get(table, key)
  }

  /// Whether the table has an entry of that key. O(log n).
  public func contains(_ table: Table, _ key: Key) throws(LMDBError) -> Bool {
    try reading.contains(table, key)
  }

  /// A cursor over the table, valid until the next change.
  @_lifetime(borrow self)
  public func cursor(_ table: Table) throws(LMDBError) -> Cursor {
    try reading.cursor(table)
  }

  /// The number of entries of the table. O(1).
  public func count(_ table: Table) throws(LMDBError) -> Int {
    try reading.count(table)
  }

  /// The shape of the table's tree. O(1).
  public func statistics(_ table: Table) throws(LMDBError) -> TableStatistics {
    try reading.statistics(table)
  }
}

extension WriteTransaction {
  /// How an entry is put.
  public struct PutOptions: OptionSet, Sendable {
    public let rawValue: UInt32

    /// The bits of LMDB, such as `MDB_APPEND`.
    public init(rawValue: UInt32) {
      self.rawValue = rawValue
    }

    /// The key sorts after every other of the table: no search, and full pages. It throws
    /// ``LMDBError/Code/outOfOrder`` if it does not.
    public static let append = PutOptions(rawValue: UInt32(MDB_APPEND))

    /// Throws ``LMDBError/Code/keyExists`` rather than replace a value.
    public static let noOverwrite = PutOptions(rawValue: UInt32(MDB_NOOVERWRITE))
  }

  /// Sets the value of `key`. O(log n), and O(1) for `append`.
  public mutating func put(
    _ table: Table, _ key: Key, _ value: RawSpan, options: PutOptions = []
  ) throws(LMDBError) {
    let code = unsafe value.withValue { value in
      unsafe key.withValue { key in
        unsafe mdb_put(handle, table.handle, &key, &value, options.rawValue)
      }
    }
    try checkPut(code, options, "put", bytes: value.byteCount)
  }

  /// Sets the value of `key`. O(log n), and O(1) for `append`.
  public mutating func put(
    _ table: Table, _ key: Key, _ value: [UInt8], options: PutOptions = []
  ) throws(LMDBError) {
    try unsafe put(table, key, value.span.bytes, options: options)
  }

  /// Sets the value of `key` to `byteCount` bytes that `fill` writes in place, without a copy.
  ///
  /// What `fill` leaves out is zero, also when it throws.
  public mutating func reserve(
    _ table: Table, _ key: Key, byteCount: Int, options: PutOptions = [],
    _ fill: (inout OutputRawSpan) throws -> Void
  ) throws {
    precondition(byteCount >= 0, "a value has no negative size")
    var value = unsafe MDB_val(mv_size: byteCount, mv_data: nil)
    let flags = options.rawValue | UInt32(MDB_RESERVE)
    let code = unsafe key.withValue { unsafe mdb_put(handle, table.handle, &$0, &value, flags) }
    try checkPut(code, options, "reserve", bytes: byteCount)

    let target = unsafe UnsafeMutableRawBufferPointer(start: value.mv_data, count: byteCount)
    var output = unsafe OutputRawSpan(buffer: target, initializedCount: 0)
    let outcome = Result { try fill(&output) }
    let filled = unsafe output.finalize(for: target)
    unsafe UnsafeMutableRawBufferPointer(rebasing: target[filled...])
      .initializeMemory(as: UInt8.self, repeating: 0)
    try outcome.get()
  }

  private mutating func checkPut(
    _ code: CInt, _ options: PutOptions, _ operation: String, bytes: Int
  ) throws(LMDBError) {
    guard code != MDB_SUCCESS else { return }
    if code == MDB_KEYEXIST, options.contains(.append), !options.contains(.noOverwrite) {
      throw reading.environment.error(.outOfOrder, operation)
    }
    throw failure(code, operation, bytes: bytes)
  }
}

extension WriteTransaction {
  /// Removes the entry of `key` and tells whether there was one. O(log n).
  ///
  /// Throws ``LMDBError/Code/corrupted`` when its value's pages do not say that they are those: LMDB would free what they
  /// do say.
  @discardableResult
  public mutating func delete(_ table: Table, _ key: Key) throws(LMDBError) -> Bool {
    var value = unsafe MDB_val()
    let found = unsafe key.withValue { unsafe mdb_get(handle, table.handle, &$0, &value) }
    if found == MDB_NOTFOUND { return false }
    guard found == MDB_SUCCESS else { throw failure(found, "delete") }
    try unsafe requireOwnPages(value, keyBytes: key.bytes.byteCount, table)
    let code = unsafe key.withValue { unsafe mdb_del(handle, table.handle, &$0, nil) }
    if code == MDB_NOTFOUND { return false }
    guard code == MDB_SUCCESS else { throw failure(code, "delete") }
    return true
  }

  /// Removes the entries from `start` up to but not including `end`, or up to the last if `end` is
  /// nil, at most `limit` of them, and tells how many it removed. O(log n + removed).
  ///
  /// A limit keeps a commit small: go on in the next one until fewer than `limit` were removed.
  @discardableResult
  public mutating func deleteRange(
    _ table: Table, from start: Key, to end: Key?, limit: Int = .max
  ) throws(LMDBError) -> Int {
    var cursor: OpaquePointer?
    let opened = unsafe mdb_cursor_open(handle, table.handle, &cursor)
    guard opened == MDB_SUCCESS else { throw failure(opened, "delete a range") }
    defer { unsafe mdb_cursor_close(cursor) }

    var removed = 0
    var found = unsafe MDB_val()
    var value = unsafe MDB_val()
    var code = unsafe start.withValue { start in
      unsafe found = start
      let move = unsafe start.mv_size == 0 ? MDB_FIRST : MDB_SET_RANGE
      return unsafe mdb_cursor_get(cursor, &found, &value, move)
    }
    while code == MDB_SUCCESS, removed < limit {
      if let end, unsafe order(RawSpan(_unsafeBytes: found.bytes), end.bytes) >= 0 { break }
      try unsafe requireOwnPages(value, keyBytes: found.mv_size, table)
      code = unsafe mdb_cursor_del(cursor, 0)
      guard code == MDB_SUCCESS else { break }
      removed += 1
      code = unsafe mdb_cursor_get(cursor, &found, &value, MDB_NEXT)
    }
    guard code == MDB_SUCCESS || code == MDB_NOTFOUND else {
      throw failure(code, "delete a range")
    }
    return removed
  }

  /// Looks at the header of the pages that a large value has of its own, before LMDB frees as many as it says.
  private func requireOwnPages(
    _ value: MDB_val, keyBytes: Int, _ table: Table
  ) throws(LMDBError) {
    let pageBytes = try reading.environment.pageBytes
    let byteCount = unsafe value.mv_size
    guard TreePage.isLarge(valueBytes: byteCount, keyBytes: keyBytes, pageBytes: pageBytes),
      let data = unsafe value.mv_data
    else { return }
    // It ends where the value begins, in the map or in the memory of a page that this transaction has changed.
    let header = unsafe data - TreePage.headerBytes
    let number = unsafe header.load(as: UInt64.self)
    let flags = unsafe header.load(fromByteOffset: 10, as: UInt16.self)
    let count = unsafe Int(header.load(fromByteOffset: 12, as: UInt32.self))
    let needed = TreePage.largePages(valueBytes: byteCount, pageBytes: pageBytes)
    // A value that was put in the place of a longer one keeps its pages.
    let fits =
      reading.environment.isAppendOnly(table) ? count == needed : count >= needed
    let (overflow, dirty): (UInt16, UInt16) = (4, 16)
    guard flags & ~dirty == overflow, fits else {
      throw reading.environment.error(
        .corrupted, "delete",
        detail: "the \(needed) pages of a value of table \(reading.environment.name(of: table)) "
          + "say that they are page \(number) with the flags \(flags), of \(count)")
    }
  }

  /// Removes every entry of the table. O(pages of the table).
  public mutating func deleteAll(_ table: Table) throws(LMDBError) {
    let code = unsafe mdb_drop(handle, table.handle, 0)
    guard code == MDB_SUCCESS else { throw failure(code, "delete all") }
  }
}
