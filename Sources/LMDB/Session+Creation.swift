import CLMDB
import Glibc

extension Session {
  /// Creates the data file if there is none, durably.
  ///
  /// LMDB writes the first pages of a new file without a sync. If the power went then, or the disk was full,
  /// they could be left in part: a file that is no database and cannot be opened again. So the file gets
  /// its name when its pages are on disk.
  ///
  /// The caller has the right to write to the directory.
  static func createFile(_ parameters: Parameters) throws(LMDBError) {
    let directory = parameters.directory
    let name = "\(directory)/data.mdb"
    if let status = fileStatus(name), status.st_size > 0 { return }
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
    try unsafe check(mdb_env_set_mapsize(handle, parameters.mapSizeBytes))
    try unsafe check(mdb_env_open(handle, path, UInt32(MDB_NOSUBDIR | MDB_NOLOCK), 0o660))
  }

  private static func sync(_ path: String, _ directory: String) throws(LMDBError) {
    let file = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw LMDBError(.init(errno), "sync the data file", path: directory) }
    let code = fsync(file) == 0 ? 0 : errno
    _ = Glibc.close(file)
    guard code == 0 else { throw LMDBError(.init(code), "sync the data file", path: directory) }
  }
}
