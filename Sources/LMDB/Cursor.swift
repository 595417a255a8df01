import CLMDB

/// A place in a table, which moves in the order of the keys.
///
/// A move answers whether it found an entry. Past either end it stands beyond that end, from where
/// it can move back.
///
///     var cursor = try transaction.cursor(points)
///     var found = try cursor.seek(atOrAfter: start)
///     while found, cursor.isBefore(end) {
///       use(cursor.key, cursor.value)
///       found = try cursor.next()
///     }
///
/// A seek is O(log n), a step O(1); neither allocates.
@safe public struct Cursor: ~Copyable, ~Escapable {
  private enum Place {
    case nowhere, beforeFirst, entry, afterLast
  }

  private let handle: OpaquePointer
  private let environment: Environment
  private var place = Place.nowhere
  private var foundKey = unsafe MDB_val()
  private var foundValue = unsafe MDB_val()

  @_lifetime(borrow transaction)
  init(_ table: Table, in transaction: borrowing ReadTransaction) throws(LMDBError) {
    try transaction.environment.requireSound(table, transaction)
    var cursor: OpaquePointer?
    let code = unsafe mdb_cursor_open(transaction.handle, table.handle, &cursor)
    guard code == MDB_SUCCESS, let cursor = unsafe cursor else {
      throw transaction.environment.error(code, "open a cursor")
    }
    unsafe handle = cursor
    environment = transaction.environment
  }

  deinit {
    unsafe mdb_cursor_close(handle)
  }

  /// Whether the cursor stands on an entry.
  public var isOnEntry: Bool { place == .entry }

  /// The key of the entry it stands on, valid as long as the transaction.
  ///
  /// - Precondition: ``isOnEntry``.
  public var key: RawSpan {
    @_lifetime(copy self)
    get {
      precondition(place == .entry, "the cursor stands on no entry")
      return unsafe _overrideLifetime(RawSpan(_unsafeBytes: foundKey.bytes), copying: self)
    }
  }

  /// The value of the entry it stands on, valid as long as the transaction.
  ///
  /// - Precondition: ``isOnEntry``.
  public var value: RawSpan {
    @_lifetime(copy self)
    get {
      precondition(place == .entry, "the cursor stands on no entry")
      return unsafe _overrideLifetime(RawSpan(_unsafeBytes: foundValue.bytes), copying: self)
    }
  }

  /// Whether it stands on an entry whose key sorts before `end`.
  public func isBefore(_ end: Key) -> Bool {
    place == .entry && order(key, end.bytes) < 0
  }

  /// Whether it stands on an entry whose key begins with `prefix`.
  public func hasPrefix(_ prefix: Key) -> Bool {
    guard place == .entry, key.byteCount >= prefix.byteCount else { return false }
    return order(key.extracting(first: prefix.byteCount), prefix.bytes) == 0
  }
}

extension Cursor {
  /// Moves to the first entry.
  @_lifetime(self: copy self)
  public mutating func seekFirst() throws(LMDBError) -> Bool {
    try move(MDB_FIRST, orElse: .afterLast)
  }

  /// Moves to the last entry.
  @_lifetime(self: copy self)
  public mutating func seekLast() throws(LMDBError) -> Bool {
    try move(MDB_LAST, orElse: .beforeFirst)
  }

  /// Moves to the entry of `key`. If there is none the cursor stands nowhere.
  @_lifetime(self: copy self)
  public mutating func seek(exactly key: Key) throws(LMDBError) -> Bool {
    try move(MDB_SET_KEY, to: key, orElse: .nowhere)
  }

  /// Moves to the first entry whose key is `key` or sorts after it.
  @_lifetime(self: copy self)
  public mutating func seek(atOrAfter key: Key) throws(LMDBError) -> Bool {
    if key.byteCount == 0 { return try seekFirst() }
    return try move(MDB_SET_RANGE, to: key, orElse: .afterLast)
  }

  /// Moves to the last entry whose key sorts before `key`.
  @_lifetime(self: copy self)
  public mutating func seek(lastBefore key: Key) throws(LMDBError) -> Bool {
    _ = try seek(atOrAfter: key)
    return try previous()
  }

  /// Moves to the last entry whose key is `key` or sorts before it.
  @_lifetime(self: copy self)
  public mutating func seek(lastAtOrBefore key: Key) throws(LMDBError) -> Bool {
    if try seek(atOrAfter: key), order(self.key, key.bytes) == 0 { return true }
    return try previous()
  }

  /// Moves to the entry after; to the first one if the cursor stood nowhere.
  @_lifetime(self: copy self)
  public mutating func next() throws(LMDBError) -> Bool {
    switch place {
    case .entry: try move(MDB_NEXT, orElse: .afterLast)
    case .nowhere, .beforeFirst: try seekFirst()
    case .afterLast: false
    }
  }

  /// Moves to the entry before; to the last one if the cursor stood nowhere.
  @_lifetime(self: copy self)
  public mutating func previous() throws(LMDBError) -> Bool {
    switch place {
    case .entry: try move(MDB_PREV, orElse: .beforeFirst)
    case .nowhere, .afterLast: try seekLast()
    case .beforeFirst: false
    }
  }

  @_lifetime(self: copy self)
  private mutating func move(
    _ operation: MDB_cursor_op, orElse missed: Place
  ) throws(LMDBError) -> Bool {
    var (foundKey, foundValue) = unsafe (MDB_val(), MDB_val())
    let code = unsafe mdb_cursor_get(handle, &foundKey, &foundValue, operation)
    unsafe (self.foundKey, self.foundValue) = (foundKey, foundValue)
    return try arrive(code, orElse: missed)
  }

  @_lifetime(self: copy self)
  private mutating func move(
    _ operation: MDB_cursor_op, to key: Key, orElse missed: Place
  ) throws(LMDBError) -> Bool {
    var (foundKey, foundValue) = unsafe (MDB_val(), MDB_val())
    let code = unsafe key.withValue { key in
      unsafe foundKey = key
      return unsafe mdb_cursor_get(handle, &foundKey, &foundValue, operation)
    }
    unsafe (self.foundKey, self.foundValue) = (foundKey, foundValue)
    return try arrive(code, orElse: missed)
  }

  @_lifetime(self: copy self)
  private mutating func arrive(_ code: CInt, orElse missed: Place) throws(LMDBError) -> Bool {
    switch code {
    case MDB_SUCCESS: place = .entry
    case MDB_NOTFOUND: place = missed
    default:
      place = .nowhere
      throw environment.error(code, "move a cursor")
    }
    return code == MDB_SUCCESS
  }
}
