import Glibc

/// A small file that is locked against other processes while it is open.
struct LockedFile {
  let path: String
  private let descriptor: Int32

  /// Nil if the file is missing and only to be read; to be written it is made.
  init?(path: String, isWriting: Bool) throws {
    self.path = path
    let flags = (isWriting ? O_RDWR | O_CREAT | O_APPEND : O_RDONLY) | O_CLOEXEC | O_NONBLOCK
    while true {
      let opened = unsafe open(path, flags, 0o600)
      if opened < 0 {
        if errno == ENOENT && !isWriting { return nil }
        throw TerminalError(path, code: errno)
      }
      var isOurs = false
      defer { if !isOurs { Descriptor.close(opened) } }
      isOurs = try Self.lock(opened, path: path, isWriting: isWriting)
      if isOurs {
        descriptor = opened
        return
      }
    }
  }

  /// False if another process has put a new file in this one's place meanwhile.
  private static func lock(_ descriptor: Int32, path: String, isWriting: Bool) throws -> Bool {
    var here = stat()
    if unsafe fstat(descriptor, &here) != 0 { throw TerminalError(path, code: errno) }
    if here.st_mode & S_IFMT != S_IFREG { throw TerminalError("\(path) is not a file") }
    while flock(descriptor, isWriting ? LOCK_EX : LOCK_SH) != 0 {
      if errno != EINTR { throw TerminalError("\(path) cannot be locked", code: errno) }
    }
    if isWriting && here.st_mode & 0o077 != 0 { _ = fchmod(descriptor, 0o600) }
    var there = stat()
    return unsafe fstatat(AT_FDCWD, path, &there, 0) == 0 && here.st_ino == there.st_ino
      && here.st_dev == there.st_dev
  }

  func close() { Descriptor.close(descriptor) }

  /// The last bytes, from the beginning of a line on.
  func readEnd(maxBytes: Int) throws -> [UInt8] {
    let size = Int(lseek(descriptor, 0, SEEK_END))
    _ = lseek(descriptor, off_t(max(0, size - maxBytes)), SEEK_SET)
    var bytes: [UInt8] = []
    while let more = try Descriptor.read(descriptor, maxBytes: 1 << 20), !more.isEmpty {
      bytes += more
    }
    if size <= maxBytes { return bytes }
    return Array(bytes.drop { $0 != UInt8(ascii: "\n") })
  }

  func lastByte() throws -> UInt8? {
    if lseek(descriptor, -1, SEEK_END) < 0 { return nil }
    return try Descriptor.read(descriptor, maxBytes: 1)?.first
  }

  /// In one write, so that a reader without the lock sees whole lines.
  func append(_ bytes: [UInt8]) throws {
    if try !Descriptor.write(bytes, to: descriptor) { throw TerminalError(path, code: EPIPE) }
  }

  /// Puts a file with `bytes` in this one's place.
  func replace(with bytes: [UInt8]) throws {
    let new = "\(path).\(getpid())"
    let descriptor = unsafe open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    if descriptor < 0 { throw TerminalError(new, code: errno) }
    defer { Descriptor.close(descriptor) }
    _ = try Descriptor.write(bytes, to: descriptor)
    if unsafe fsync(descriptor) != 0 || rename(new, path) != 0 {
      throw TerminalError(new, code: errno)
    }
  }
}
