import CLMDB
import Glibc

extension Environment {
  /// The state of the environment now. O(1).
  ///
  /// - Throws: ``LMDBError/Code/closed``.
  public var info: EnvironmentInfo {
    get throws(LMDBError) {
      gate.share()
      defer { gate.unshare() }
      guard let session else { throw error(isClosed ? .closed : .panic, "info") }
      return try session.info(directory)
    }
  }

  /// Frees the reader slots of processes that died, which would keep old pages from being used
  /// again, and tells how many there were. Opening does it too; do it from time to time.
  /// O(readers).
  @discardableResult
  public func checkStaleReaders() throws(LMDBError) -> Int {
    gate.share()
    defer { gate.unshare() }
    guard let session else { throw error(isClosed ? .closed : .panic, "check the readers") }
    var dead: CInt = 0
    let code = unsafe mdb_reader_check(session.handle, &dead)
    guard code == MDB_SUCCESS else { throw error(code, "check the readers") }
    return Int(dead)
  }

  /// Writes one commit, without the free pages, as the database of another directory, durably. That
  /// is created if need be; it must hold none yet.
  ///
  /// Reading and writing go on meanwhile, but a map that must grow waits for the copy to end.
  /// O(size of the data).
  ///
  /// - Throws: ``LMDBError``; nothing is left in `destination` but a directory.
  public func copyCompact(to destination: String) throws {
    // LMDB copies by what the pages say.
    if let damage = try checkStructure().first {
      throw error(.corrupted, "copy", detail: "\(damage)")
    }
    func fail(_ code: LMDBError.Code) -> LMDBError {
      LMDBError(code.classified(at: destination), "copy", path: destination)
    }
    guard unsafe mkdir(destination, 0o770) == 0 || errno == EEXIST else { throw fail(.init(errno)) }
    let name = "\(destination)/data.mdb"
    let partial = "\(name).partial"
    guard fileStatus(name) == nil else { throw fail(.destinationExists) }

    let file = unsafe open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o660)
    guard file >= 0 else { throw fail(.init(errno)) }
    do {
      defer { _ = Glibc.close(file) }
      try copyCompact(to: file, fail)
      guard fsync(file) == 0 else { throw fail(.init(errno)) }
      guard unsafe rename(partial, name) == 0 else { throw fail(.init(errno)) }
    } catch {
      _ = unsafe unlink(partial)
      throw error
    }
    try syncDirectory(destination)
  }

  /// Makes the directory of a copy if need be.
  ///
  /// - Throws: ``LMDBError``; with ``LMDBError/Code/destinationExists`` when it holds a database.
  public static func makeDirectory(forCopy directory: String) throws(LMDBError) {
    guard unsafe mkdir(directory, 0o770) == 0 || errno == EEXIST else {
      throw LMDBError(
        .init(errno).classified(at: directory), "create the directory", path: directory)
    }
    guard fileStatus("\(directory)/data.mdb") == nil else {
      throw LMDBError(.destinationExists, "copy", path: directory)
    }
  }

  /// Makes the database of `origin`, which nobody has open, that of `destination`, and removes what else is in
  /// `origin`. Durable.
  ///
  /// - Throws: ``LMDBError``; with ``LMDBError/Code/destinationExists`` nothing has been changed.
  public static func move(from origin: String, to destination: String) throws(LMDBError) {
    let name = "\(destination)/data.mdb"
    guard fileStatus(name) == nil else {
      throw LMDBError(.destinationExists, "move", path: destination)
    }
    guard unsafe rename("\(origin)/data.mdb", name) == 0 else {
      throw LMDBError(.init(errno), "move", path: destination)
    }
    try remove(origin)
    try syncDirectory(destination)
  }

  /// Removes a database that nobody has open, and its directory, if they are there. Throws when one of them cannot be
  /// removed, as when the directory holds other files; what was removed until then is gone.
  public static func remove(_ directory: String) throws(LMDBError) {
    let files = ["data.mdb", "data.mdb.partial", "lock.mdb"].map { "\(directory)/\($0)" }
    for file in files where unsafe unlink(file) != 0 && errno != ENOENT && errno != ENOTDIR {
      throw LMDBError(.init(errno), "remove", path: file)
    }
    guard unsafe rmdir(directory) == 0 || errno == ENOENT else {
      throw LMDBError(.init(errno), "remove", path: directory)
    }
  }

  /// The empty read makes whatever repairs are needed before LMDB begins one by itself.
  private func copyCompact(to file: CInt, _ fail: (LMDBError.Code) -> LMDBError) throws {
    try read { (_: borrowing ReadTransaction) in
      guard let session else { throw error(.panic, "copy") }
      let code = unsafe mdb_env_copyfd2(session.handle, file, UInt32(MDB_CP_COMPACT))
      guard code == MDB_SUCCESS else { throw fail(.init(code)) }
    }
  }
}

extension Session {
  func info(_ directory: String) throws(LMDBError) -> EnvironmentInfo {
    var raw = unsafe MDB_envinfo()
    var shape = MDB_stat()
    for code in unsafe [mdb_env_info(handle, &raw), mdb_env_stat(handle, &shape)] {
      guard code == MDB_SUCCESS else { throw LMDBError(.init(code), "info", path: directory) }
    }
    return unsafe EnvironmentInfo(
      mapSizeBytes: raw.me_mapsize, pageSizeBytes: Int(shape.ms_psize),
      lastPageNumber: raw.me_last_pgno, lastTransactionID: raw.me_last_txnid,
      readers: Int(raw.me_numreaders), maxReaders: Int(raw.me_maxreaders), isLockless: isLockless)
  }
}
