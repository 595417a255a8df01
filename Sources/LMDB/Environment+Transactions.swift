import CLMDB

extension Environment {
  /// Runs `body` in a read transaction: it sees one commit, whole and unchanging.
  ///
  /// Reads may nest; each sees the last commit of its own beginning.
  ///
  /// - Throws: what `body` throws, or ``LMDBError``.
  public func read<R>(
    _ body: (borrowing ReadTransaction) throws -> R
  ) throws -> R {
    let handle = try unsafe begin(MDB_RDONLY)
    defer {
      unsafe mdb_txn_abort(handle)
      gate.unshare()
    }
    let transaction = unsafe ReadTransaction(handle: handle, environment: self)
    return try body(transaction)
  }

  /// Runs `body` in the write transaction: commits when it returns, durably, and undoes everything
  /// when it throws. Threads take turns.
  ///
  /// `body` may run more than once: when the map is full the transaction is undone, the map grows
  /// as soon as this process's readers have let go of it, and `body` begins anew. So it must change
  /// nothing but the transaction, or set what it changes at its start.
  ///
  /// - Throws: what `body` throws, or ``LMDBError``: ``LMDBError/Code/diskFull`` and
  ///   ``LMDBError/Code/ioError`` when the commit could not be written, in which case nothing of it
  ///   is kept, reading goes on, and a later write may succeed; ``LMDBError/Code/nested`` inside
  ///   another transaction of the same thread. If a disk fails at the last write of a commit and
  ///   again when LMDB takes that back, an `ioError` may hide a commit that was kept: read before
  ///   writing the same again where that matters.
  @discardableResult
  public func write<R>(
    _ body: (inout WriteTransaction) throws -> R
  ) throws -> R {
    guard mode == .readWrite else { throw error(.readOnly, "write") }
    guard gate.takeTurn() else { throw error(.nested, "write") }
    defer { gate.passTurn() }
    try growIfIdle()
    while true {
      switch try attempt(body) {
      case .committed(let result): return result
      case .mapFull(let bytesMissing): try grow(by: bytesMissing)
      }
    }
  }

  /// Runs `body` with a transaction that could write and is taken back at the end.
  func withWriteHandle(_ body: (OpaquePointer, Session) throws -> Void) throws {
    guard gate.takeTurn() else { throw error(.nested, "write") }
    defer { gate.passTurn() }
    let handle = try unsafe begin(0)
    defer {
      unsafe mdb_txn_abort(handle)
      gate.unshare()
    }
    guard let session else { throw error(.panic, "write") }
    try unsafe body(handle, session)
  }

  private enum Outcome<R> {
    case committed(R)
    case mapFull(bytesMissing: Int)
  }

  private func attempt<R>(
    _ body: (inout WriteTransaction) throws -> R
  ) throws -> Outcome<R> {
    let handle = try unsafe begin(0)
    defer { gate.unshare() }
    var transaction = unsafe WriteTransaction(handle, in: self)
    let result: R
    do {
      result = try body(&transaction)
    } catch {
      unsafe requireSame(transaction, handle)
      unsafe mdb_txn_abort(handle)
      guard let bytesMissing = transaction.bytesMissing else { throw error }
      return .mapFull(bytesMissing: bytesMissing)
    }
    unsafe requireSame(transaction, handle)
    if let bytesMissing = transaction.bytesMissing {
      unsafe mdb_txn_abort(handle)
      return .mapFull(bytesMissing: bytesMissing)
    }
    switch unsafe mdb_txn_commit(handle) {
    case MDB_SUCCESS: return .committed(result)
    case MDB_MAP_FULL: return .mapFull(bytesMissing: 0)
    case let code: throw error(code, "commit")
    }
  }

  /// `inout` would let a body swap its transaction with that of another environment.
  private func requireSame(_ transaction: borrowing WriteTransaction, _ handle: OpaquePointer) {
    precondition(
      unsafe transaction.reading.handle == handle, "a body exchanged its transaction for another")
  }

  /// Joins the gate and begins a transaction, after whatever repairs that takes.
  private func begin(_ flags: CInt) throws(LMDBError) -> OpaquePointer {
    var attempts = 0
    while true {
      gate.share()
      let number = sessionNumber
      var transaction: OpaquePointer?
      let code = session.map { session in
        unsafe mdb_txn_begin(session.handle, nil, UInt32(flags), &transaction)
      }
      if code == MDB_SUCCESS, let transaction = unsafe transaction { return unsafe transaction }
      let closed = isClosed
      gate.unshare()

      attempts += 1
      guard !closed else { throw error(.closed, "begin a transaction") }
      guard attempts < 10 else { throw error(code ?? MDB_PANIC, "begin a transaction") }
      switch code ?? MDB_PANIC {
      case MDB_PANIC: try reopen(after: number)
      case MDB_MAP_RESIZED: try adoptMapSize(after: number)
      case MDB_READERS_FULL where attempts == 1: _ = try checkStaleReaders()
      case let code: throw error(code, "begin a transaction")
      }
    }
  }
}
