import CLMDB
import Glibc

/// An open `MDB_env` with its tables. An ``Environment`` has one, and replaces it if LMDB gives up
/// on it.
@safe struct Session {
  let handle: OpaquePointer
  let tables: [MDB_dbi]
  let isLockless: Bool
  let pageBytes: Int
  /// In a session without locks: `writer.lock`, shared.
  private let guardFile: CInt?
  /// Those of the later tables that the database did not have when it was opened. For writing they are made.
  let absentTables: [String]

  /// What is opened, and how.
  struct Parameters {
    let directory: String
    let mode: Environment.Mode
    var tables: [String]
    let appendOnlyTables: Set<String>
    /// Those of ``tables`` that a database of before may lack.
    let laterTables: Set<String>
    let maxReaders: Int
    var mapSizeBytes: Int

    /// For reading without tables that are not there.
    func leavingOut(_ absent: [String]) -> Parameters {
      if mode == .readWrite || absent.isEmpty { return self }
      var present = self
      present.tables.removeAll { absent.contains($0) }
      return present
    }
  }

  init(_ parameters: Parameters) throws(LMDBError) {
    switch parameters.mode {
    case .readOnly: try Self.requireFile(parameters)
    case .readWrite: try Self.createFile(parameters)
    }
    try Self.allocateLockFile(parameters)
    try Self.checkMetaPages(parameters)
    (unsafe handle, isLockless, guardFile) = try unsafe Self.openWithOrWithoutLocks(parameters)
    do throws(LMDBError) {
      absentTables = try unsafe Self.checkPages(parameters, handle)
      let parameters = parameters.leavingOut(absentTables)
      tables = try unsafe Self.openTables(parameters, handle)
      pageBytes = try unsafe Self.pageBytes(handle, parameters.directory)
    } catch {
      unsafe mdb_env_close(handle)
      if let guardFile { _ = Glibc.close(guardFile) }
      throw error
    }
  }

  private static func pageBytes(
    _ handle: OpaquePointer, _ directory: String
  ) throws(LMDBError) -> Int {
    var shape = MDB_stat()
    let code = unsafe mdb_env_stat(handle, &shape)
    guard code == MDB_SUCCESS else { throw LMDBError(.init(code), "open", path: directory) }
    return Int(shape.ms_psize)
  }

  func close() {
    unsafe mdb_env_close(handle)
    if let guardFile { _ = Glibc.close(guardFile) }
  }
}

extension Session {
  private static func requireFile(_ parameters: Parameters) throws(LMDBError) {
    guard fileStatus("\(parameters.directory)/data.mdb") == nil else { return }
    let code = LMDBError.Code(errno).asNotFound
    throw LMDBError(
      code, "open data.mdb", path: parameters.directory,
      detail: code == .notFound ? "a writer creates it" : nil)
  }

  /// Without `lock.mdb` writers do not know of a reader, and use pages again that it still sees. So what
  /// may not write that file is read without it only while nobody writes; LMDB does the same by itself on
  /// a file system that is mounted read-only. Gives the lock that keeps writers away meanwhile.
  private static func openWithOrWithoutLocks(
    _ parameters: Parameters
  ) throws(LMDBError) -> (OpaquePointer, isLockless: Bool, guardFile: CInt?) {
    let directory = parameters.directory
    guard parameters.mode == .readOnly else {
      return unsafe (try open(parameters, extraFlags: 0), false, nil)
    }
    if !isReadOnlyMount(directory) {
      do throws(LMDBError) {
        return unsafe (try open(parameters, extraFlags: 0), false, nil)
      } catch {
        guard [EACCES, EPERM, EROFS].contains(error.code.rawValue) else { throw error }
      }
    }
    let guardFile = try keepWritersAway(directory)
    do throws(LMDBError) {
      return unsafe (try open(parameters, extraFlags: MDB_NOLOCK), true, guardFile)
    } catch {
      if let guardFile { _ = Glibc.close(guardFile) }
      throw error
    }
  }

  /// Shares `writer.lock`, which a writer needs for itself; nil when there is none, as in a copy that nobody
  /// has written to.
  private static func keepWritersAway(_ directory: String) throws(LMDBError) -> CInt? {
    let path = "\(directory)/writer.lock"
    let file = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if file < 0, errno == ENOENT { return nil }
    guard file >= 0 else { throw LMDBError(.init(errno), "open writer.lock", path: directory) }
    if clmdb_flock(file, LOCK_SH | LOCK_NB) == 0 { return file }
    let code = errno
    _ = Glibc.close(file)
    throw LMDBError(
      code == EWOULDBLOCK ? .lockNotWritable : .init(code), "open for reading", path: directory)
  }

  private static func open(
    _ parameters: Parameters, extraFlags: CInt
  ) throws(LMDBError) -> OpaquePointer {
    let directory = parameters.directory
    func check(_ code: CInt) throws(LMDBError) {
      guard code == MDB_SUCCESS else {
        throw LMDBError(LMDBError.Code(code).classified(at: directory), "open", path: directory)
      }
    }
    var created: OpaquePointer?
    try unsafe check(mdb_env_create(&created))
    guard let handle = unsafe created else { throw LMDBError(.panic, "open", path: directory) }
    do throws(LMDBError) {
      try unsafe check(mdb_env_set_maxdbs(handle, MDB_dbi(max(parameters.tables.count, 1))))
      try unsafe check(mdb_env_set_maxreaders(handle, UInt32(parameters.maxReaders)))
      var flags = MDB_NOTLS | extraFlags
      switch parameters.mode {
      case .readWrite: try unsafe check(mdb_env_set_mapsize(handle, parameters.mapSizeBytes))
      case .readOnly: flags |= MDB_RDONLY
      }
      try unsafe check(mdb_env_open(handle, directory, UInt32(flags), 0o660))
      var dead: CInt = 0
      try unsafe check(mdb_reader_check(handle, &dead))
      return unsafe handle
    } catch {
      unsafe mdb_env_close(handle)
      throw error
    }
  }
}

extension Session {
  /// Opens the tables in order, so that they have the same handles each time; creates them in a
  /// database that has none, if the mode allows it.
  static func openTables(
    _ parameters: Parameters, _ handle: OpaquePointer
  ) throws(LMDBError) -> [MDB_dbi] {
    var mapSizeBytes = parameters.mapSizeBytes
    var flags = MDB_RDONLY
    while true {
      do throws(LMDBError) {
        return try unsafe openTables(parameters, handle, flags: flags)
      } catch {
        guard parameters.mode == .readWrite else { throw error }
        switch error.code {
        case .notFound where flags != 0:
          flags = 0
        case .mapFull where mapSizeBytes <= Environment.largestMapBytes / 2:
          mapSizeBytes *= 2
          let code = unsafe mdb_env_set_mapsize(handle, mapSizeBytes)
          guard code == MDB_SUCCESS else { throw error }
        default:
          throw error
        }
      }
    }
  }

  private static func openTables(
    _ parameters: Parameters, _ handle: OpaquePointer, flags: CInt
  ) throws(LMDBError) -> [MDB_dbi] {
    let directory = parameters.directory
    func check(_ code: CInt, _ what: String) throws(LMDBError) {
      guard code == MDB_SUCCESS else {
        throw LMDBError(LMDBError.Code(code).classified(at: directory), what, path: directory)
      }
    }
    var begun: OpaquePointer?
    try unsafe check(mdb_txn_begin(handle, nil, UInt32(flags), &begun), "open the tables")
    var handles: [MDB_dbi] = []
    do throws(LMDBError) {
      for name in parameters.tables {
        var table: MDB_dbi = 0
        let create = flags == 0 ? UInt32(MDB_CREATE) : 0
        try unsafe check(mdb_dbi_open(begun, name, create, &table), "open the table \(name)")
        handles.append(table)
      }
    } catch {
      unsafe mdb_txn_abort(begun)
      throw error
    }
    try unsafe check(mdb_txn_commit(begun), "open the tables")
    return handles
  }
}
