import CLMDB
import Glibc

extension Session {
  /// Creates the data file with its tables if there is none, durably.
  ///
  /// LMDB writes the first pages of a new file without a sync. If the power went then, or the disk was full,
  /// they could be left in part: a file that is no database and cannot be opened again. So the file gets
  /// its name when its pages are on disk, and a reader never sees it without its tables.
  ///
  /// The caller has the right to write to the directory.
  static func createFile(_ parameters: Parameters) throws(LMDBError) {
    let directory = parameters.directory
    let name = "\(directory)/data.mdb"
    if fileStatus(name) != nil { return }
    let partial = "\(name).new"
    _ = unsafe unlink(partial)
    do throws(LMDBError) {
      try writeEmptyDatabase(partial, parameters)
      try sync(partial, directory)
      guard unsafe rename(partial, name) == 0 else {
        throw LMDBError(.init(errno), "create the data file", path: directory)
      }
    } catch {
      _ = unsafe unlink(partial)
      throw error
    }
    try syncDirectory(directory)
  }

  /// Takes the room for the lock file, which LMDB only maps: on a full disk a page of it that has no room yet
  /// would kill the process by SIGBUS at the first touch. Does nothing where the file cannot be written, or
  /// the file system cannot do it.
  ///
  /// This process must not have the directory open: closing a file drops the locks on it.
  static func allocateLockFile(_ parameters: Parameters) throws(LMDBError) {
    let directory = parameters.directory
    let file = unsafe Glibc.open("\(directory)/lock.mdb", O_RDWR | O_CREAT | O_CLOEXEC, 0o660)
    guard file >= 0 else { return }
    defer { _ = Glibc.close(file) }
    var status = stat()
    guard unsafe fstat(file, &status) == 0 else { return }
    // The size decides on the number of readers: it stays as the first process made it.
    let size =
      status.st_size > 0
      ? Int(status.st_size) : lockHeaderBytes + parameters.maxReaders * readerBytes
    guard clmdb_fallocate(file, off_t(size)) != 0, [ENOSPC, EDQUOT, EFBIG].contains(errno) else {
      return
    }
    throw LMDBError(.init(errno).classified(at: directory), "create the lock file", path: directory)
  }

  /// As LMDB lays the lock file out, so that it finds the room it asked for.
  private static let (lockHeaderBytes, readerBytes) = (128, 64)

  /// Without locks: nobody else knows the file.
  private static func writeEmptyDatabase(
    _ path: String, _ parameters: Parameters
  ) throws(LMDBError) {
    func check(_ code: CInt) throws(LMDBError) {
      guard code == MDB_SUCCESS else {
        throw LMDBError(
          LMDBError.Code(code).classified(at: parameters.directory), "create the data file",
          path: parameters.directory)
      }
    }
    var created: OpaquePointer?
    try unsafe check(mdb_env_create(&created))
    guard let handle = unsafe created else { return try check(MDB_PANIC) }
    defer { unsafe mdb_env_close(handle) }
    try unsafe check(mdb_env_set_maxdbs(handle, MDB_dbi(max(parameters.tables.count, 1))))
    try unsafe check(mdb_env_set_mapsize(handle, parameters.mapSizeBytes))
    try unsafe check(mdb_env_open(handle, path, UInt32(MDB_NOSUBDIR | MDB_NOLOCK), 0o660))
    _ = try unsafe openTables(parameters, handle)
  }

  private static func sync(_ path: String, _ directory: String) throws(LMDBError) {
    let file = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw LMDBError(.init(errno), "sync the data file", path: directory) }
    let code = fsync(file) == 0 ? 0 : errno
    _ = Glibc.close(file)
    guard code == 0 else { throw LMDBError(.init(code), "sync the data file", path: directory) }
  }
}
