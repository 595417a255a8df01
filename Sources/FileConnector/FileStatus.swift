import Glibc

/// What the file system says of a regular file without opening it.
public struct FileStatus: Sendable, Equatable {
  public let identity: FileIdentity
  public let byteCount: Int64
  /// When it was written last, in nanoseconds since the epoch.
  public let modifiedNs: Int64

  /// Follows symbolic links. Nil when there is no regular file at `path`, or none that may be looked at.
  public init?(path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    identity = FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    byteCount = Int64(status.st_size)
    modifiedNs =
      Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
  }
}

/// The names of what is in a directory, in no order, without those that begin with a point. O(names).
public func directoryNames(_ path: String) throws(FileError) -> [String] {
  guard let directory = unsafe opendir(path) else { throw .cannotOpen(path, errno: errno) }
  defer { unsafe closedir(directory) }
  var names: [String] = []
  while let entry = unsafe readdir(directory) {
    let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
      String(decoding: unsafe bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if !name.hasPrefix(".") { names.append(name) }
  }
  return names
}

/// A pattern of file names, as shells have them: `*`, `?` and `[a-z]`.
public struct FileNamePattern: Sendable {
  public let text: String

  public init(_ text: String) { self.text = text }

  /// Whether a name is as the pattern says; `*` and `?` stand for no point at its beginning. O(name).
  public func matches(_ name: String) -> Bool { unsafe fnmatch(text, name, FNM_PERIOD) == 0 }
}
