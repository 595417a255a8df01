import CLMDB
import Glibc

/// The status of a file, or nil with `errno` set. It opens nothing, so it is harmless to LMDB's
/// locks.
func fileStatus(_ path: String) -> stat? {
  var status = stat()
  return unsafe stat(path, &status) == 0 ? status : nil
}

/// The bytes that may still be written next to `path`, or nil if that cannot be told.
func roomBytes(_ path: String) -> UInt64? {
  var status = statvfs()
  guard unsafe statvfs(path, &status) == 0 else { return nil }
  return UInt64(status.f_bavail) * UInt64(status.f_frsize)
}

/// Whether `path` is on a file system mounted read-only.
func isReadOnlyMount(_ path: String) -> Bool {
  var status = statvfs()
  return unsafe statvfs(path, &status) == 0 && status.f_flag & UInt(ST_RDONLY) != 0
}

/// Makes the names in a directory, and its own name, durable.
func syncDirectory(_ path: String) throws(LMDBError) {
  for directory in [path, "\(path)/.."] {
    let file = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { throw LMDBError(.init(errno), "sync the directory", path: path) }
    let code = fsync(file) == 0 ? 0 : errno
    _ = close(file)
    guard code == 0 else { throw LMDBError(.init(code), "sync the directory", path: path) }
  }
}

/// Whether a data file of a directory is as large as this process may make one.
func isAtSizeLimit(_ directory: String) -> Bool {
  var limit = rlimit()
  guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else {
    return false
  }
  return ["", ".new", ".partial"].contains { suffix in
    fileStatus("\(directory)/data.mdb\(suffix)").map { UInt64($0.st_size) >= limit.rlim_cur }
      ?? false
  }
}

extension LMDBError.Code {
  /// What did not exist for the operating system is ``notFound``.
  var asNotFound: Self { rawValue == ENOENT || rawValue == ENOTDIR ? .notFound : self }

  /// The code, with a failed write to a full disk told from one to a broken disk: a short write
  /// reaches us as EIO either way.
  func classified(at path: String) -> Self {
    switch rawValue {
    case EDQUOT: .diskFull
    case EIO where isAtSizeLimit(path), ENOSPC where isAtSizeLimit(path): .fileTooLarge
    case EIO: (roomBytes(path) ?? .max) < 1 << 20 ? .diskFull : self
    default: self
    }
  }
}
