import CLMDB

/// A view of every table as one commit left it, however long it takes and whatever is written
/// meanwhile.
///
/// Spans and cursors taken from it are valid as long as it is; the compiler sees to that. Use it on
/// the thread that it was given to.
///
/// A transaction keeps the pages that it sees from being used again, so a long one makes the file
/// grow: end it soon.
@safe public struct ReadTransaction: ~Copyable {
  let handle: OpaquePointer
  let environment: Environment

  /// Rises with each commit: two transactions of one number see the same. O(1).
  public var commitNumber: Int { unsafe Int(mdb_txn_id(handle)) }

  /// The value of `key`, in place in the memory map, or nil if there is none. O(log n).
  @_lifetime(borrow self)
  public func get(_ table: Table, _ key: Key) throws(LMDBError) -> RawSpan? {
    try environment.requireSound(table, self)
    var value = unsafe MDB_val()
    let code = unsafe key.withValue { unsafe mdb_get(handle, table.handle, &$0, &value) }
    if code == MDB_NOTFOUND { return nil }
    guard code == MDB_SUCCESS else { throw environment.error(code, "get") }
    return unsafe _overrideLifetime(RawSpan(_unsafeBytes: value.bytes), borrowing: self)
  }

  /// Whether the table has an entry of that key. O(log n).
  public func contains(_ table: Table, _ key: Key) throws(LMDBError) -> Bool {
    try get(table, key) != nil
  }

  /// A cursor over the table, which stands nowhere yet. It allocates; move one rather than make
  /// many.
  @_lifetime(borrow self)
  public func cursor(_ table: Table) throws(LMDBError) -> Cursor {
    try Cursor(table, in: self)
  }

  /// The number of entries of the table. O(1).
  public func count(_ table: Table) throws(LMDBError) -> Int {
    try statistics(table).entries
  }

  /// The shape of the table's tree. O(1).
  public func statistics(_ table: Table) throws(LMDBError) -> TableStatistics {
    try environment.requireSound(table, self)
    var raw = MDB_stat()
    let code = unsafe mdb_stat(handle, table.handle, &raw)
    guard code == MDB_SUCCESS else { throw environment.error(code, "statistics") }
    return TableStatistics(
      entries: raw.ms_entries, depth: Int(raw.ms_depth),
      treePages: raw.ms_branch_pages &+ raw.ms_leaf_pages, overflowPages: raw.ms_overflow_pages)
  }
}
