import Glibc

/// What one attempt to read came to.
enum ReadOutcome {
  /// At least one byte was appended.
  case bytes
  /// The source has no more bytes.
  case end
  /// The deadline passed, and nothing was there to read.
  case idle
  /// The caller wants to stop.
  case cancelled
}

/// An open descriptor: every system call of this module is here.
struct InputFile: ~Copyable {
  /// The name for messages.
  let path: String
  /// A regular file never makes read(2) wait for a writer.
  let isRegular: Bool
  let byteCount: Int64?
  /// Nil for what is no regular file, or was not opened by its name.
  let identity: FileIdentity?
  /// Where reading begins in a regular file; not 0 if someone has read of standard input before.
  let startOffset: Int64
  private let descriptor: Int32
  private let closesDescriptor: Bool

  /// How long a wait may last before the caller's wish to stop is looked at again.
  private static let waitMilliseconds: Int64 = 200

  /// Opens `path` for reading; waits for a writer if it is a named pipe.
  /// A signal ends the wait when `isCancelled` then says so.
  init(path: String, isCancelled: () -> Bool = { false }) throws(FileError) {
    var descriptor: Int32
    repeat {
      descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    } while descriptor < 0 && errno == EINTR && !isCancelled()
    guard descriptor >= 0 else { throw .cannotOpen(path, errno: errno) }
    try self.init(descriptor: descriptor, name: path, closesDescriptor: true, isNamed: true)
  }

  /// Reads from an open descriptor, such as 0.
  init(
    descriptor: Int32, name: String, closesDescriptor: Bool, isNamed: Bool = false
  ) throws(FileError) {
    var status = stat()
    let result = unsafe fstat(descriptor, &status)
    let code = errno
    self.path = name
    self.descriptor = descriptor
    self.closesDescriptor = closesDescriptor
    let type = status.st_mode & S_IFMT
    self.isRegular = type == S_IFREG
    self.byteCount = type == S_IFREG ? Int64(status.st_size) : nil
    self.identity =
      type == S_IFREG && isNamed
      ? FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)) : nil
    self.startOffset = type == S_IFREG ? max(0, Int64(lseek(descriptor, 0, SEEK_CUR))) : 0
    guard result == 0 else { throw .cannotOpen(name, errno: code) }
    guard type != S_IFDIR else { throw .isDirectory(name) }
  }

  deinit {
    if closesDescriptor { _ = close(descriptor) }
  }

  /// Appends at most `limit` bytes to `bytes`, waiting until there are some.
  /// - Parameters:
  ///   - deadline: until when to wait; `nil` is without an end. Bytes that are there already are
  ///     read even when it has passed.
  ///   - isCancelled: looked at before each read and several times a second while waiting.
  func read(
    into bytes: inout [UInt8], limit: Int, deadline: ContinuousClock.Instant?,
    isCancelled: () -> Bool
  ) throws(FileError) -> ReadOutcome {
    while !isCancelled() {
      if !isRegular, try !waitForBytes(until: deadline) {
        guard let deadline, ContinuousClock.now >= deadline else { continue }
        return .idle
      }
      var count = 0
      var code: Int32 = 0
      bytes.append(addingCapacity: limit) { free in
        unsafe free.withUnsafeMutableBufferPointer { buffer, initializedCount in
          count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
          code = errno
          initializedCount = max(count, 0)
        }
      }
      if count > 0 { return .bytes }
      if count == 0 { return .end }
      guard code == EINTR || code == EAGAIN else { throw .cannotRead(path, errno: code) }
    }
    return .cancelled
  }

  /// Whether read(2) would not block now; waits for that a short while, at most until `deadline`.
  private func waitForBytes(until deadline: ContinuousClock.Instant?) throws(FileError) -> Bool {
    var milliseconds = Self.waitMilliseconds
    if let deadline {
      let (seconds, attoseconds) = (deadline - .now).components
      let left = seconds * 1_000 + attoseconds / 1_000_000_000_000_000 + 1
      milliseconds = max(0, min(milliseconds, left))
    }
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let result = unsafe poll(&request, 1, Int32(milliseconds))
    if result < 0 && errno != EINTR { throw .cannotRead(path, errno: errno) }
    // A hang-up or an error counts as ready: read(2) then says which.
    return result > 0
  }

  /// The bytes in `range` of a regular file, fewer where it ends before. Reading goes on where it was.
  func bytes(_ range: Range<Int64>) throws(FileError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    while bytes.count < range.count {
      var count = 0
      var code: Int32 = 0
      let start = range.lowerBound + Int64(bytes.count)
      bytes.append(addingCapacity: range.count - bytes.count) { free in
        unsafe free.withUnsafeMutableBufferPointer { buffer, initializedCount in
          count = unsafe pread(descriptor, buffer.baseAddress, buffer.count, off_t(start))
          code = errno
          initializedCount = max(count, 0)
        }
      }
      if count == 0 { break }
      if count < 0 && code != EINTR { throw .cannotRead(path, errno: code) }
    }
    return bytes
  }

  /// Nanoseconds since 1970, UTC.
  static func wallClockNs() -> Int64 {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Goes on reading at `offset` of a regular file.
  func seek(to offset: Int64) throws(FileError) {
    guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else {
      throw .cannotRead(path, errno: errno)
    }
  }

  /// An empty file without a name in the file system, in the directory TMPDIR, else /var/tmp: it may
  /// become large.
  static func temporary(named name: String) throws(FileError) -> InputFile {
    let directory = temporaryDirectory
    var template = Array("\(directory)/nilo-XXXXXX".utf8CString)
    let descriptor = unsafe template.withUnsafeMutableBufferPointer { buffer -> Int32 in
      guard let base = buffer.baseAddress else { return -1 }
      let descriptor = unsafe mkstemp(base)
      if descriptor >= 0 { _ = unsafe unlink(base) }
      return descriptor
    }
    guard descriptor >= 0 else { throw .cannotSpool(name, directory, errno: errno) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return try InputFile(descriptor: descriptor, name: name, closesDescriptor: true)
  }

  private static var temporaryDirectory: String {
    guard let value = unsafe getenv("TMPDIR") else { return "/var/tmp" }
    let name = unsafe String(cString: value)
    return name.isEmpty ? "/var/tmp" : name
  }

  /// Writes all of `bytes` at the end of a temporary file.
  func write(_ bytes: [UInt8]) throws(FileError) {
    var start = 0
    while start < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer -> Int in
        guard let base = buffer.baseAddress else { return 0 }
        return unsafe Glibc.write(descriptor, base + start, buffer.count - start)
      }
      let code = errno
      if count < 0 && code != EINTR {
        throw .cannotSpool(path, Self.temporaryDirectory, errno: code)
      }
      start += max(count, 0)
    }
  }

  /// The absolute path of the file, its symbolic links resolved; a name that does not resolve, as
  /// of a pipe in /dev/fd, as it stands.
  static func absolutePath(_ path: String) -> String {
    guard let resolved = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }
}
