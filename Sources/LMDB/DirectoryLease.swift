import CLMDB
import Glibc

/// The right to have a directory open: once in this process, and for writing once on this machine.
///
/// LMDB forbids a second open in a process, since closing either would drop the locks of both. The
/// right to write is an exclusive `flock` on `writer.lock`, which the kernel gives back when the
/// process ends, however it ends.
struct DirectoryLease: ~Copyable {
  private let identity: DirectoryIdentity
  private let writerLock: CInt?

  init(_ directory: String, _ mode: Environment.Mode) throws(LMDBError) {
    if mode == .readWrite { try Self.create(directory) }
    let identity = try Self.identity(of: directory)
    guard OpenDirectories.shared.insert(identity) else {
      throw LMDBError(.alreadyOpen, "open", path: directory)
    }
    do throws(LMDBError) {
      writerLock = mode == .readWrite ? try Self.lockForWriting(directory) : nil
    } catch {
      OpenDirectories.shared.remove(identity)
      throw error
    }
    self.identity = identity
  }

  deinit {
    if let writerLock {
      // A process that another thread is just starting has the descriptor, too, until it executes its
      // program: closing ours alone would leave the lock with it.
      _ = clmdb_flock(writerLock, LOCK_UN)
      _ = close(writerLock)
    }
    OpenDirectories.shared.remove(identity)
  }

  private static func create(_ directory: String) throws(LMDBError) {
    guard unsafe mkdir(directory, 0o770) == 0 || errno == EEXIST else {
      throw LMDBError(.init(errno), "create the directory", path: directory)
    }
  }

  private static func identity(of directory: String) throws(LMDBError) -> DirectoryIdentity {
    guard let status = fileStatus(directory) else {
      throw LMDBError(.init(errno).asNotFound, "open", path: directory)
    }
    return DirectoryIdentity(device: status.st_dev, inode: status.st_ino)
  }

  private static func lockForWriting(_ directory: String) throws(LMDBError) -> CInt {
    let file = unsafe Glibc.open("\(directory)/writer.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o660)
    guard file >= 0 else {
      throw LMDBError(.init(errno), "open writer.lock", path: directory)
    }
    guard clmdb_flock(file, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      let holder = code == EWOULDBLOCK ? readNumber(file).map { "process \($0)" } : nil
      if code == EWOULDBLOCK, clmdb_flock(file, LOCK_SH | LOCK_NB) == 0 {
        _ = close(file)
        throw LMDBError(.isRead, "open for writing", path: directory)
      }
      _ = close(file)
      throw LMDBError(
        code == EWOULDBLOCK ? .inUse : .init(code), "open for writing", path: directory,
        detail: holder)
    }
    writeNumber(Int(getpid()), file)
    return file
  }
}

/// What a directory is, by whatever path.
private struct DirectoryIdentity: Hashable {
  let device: dev_t
  let inode: ino_t
}

/// The directories that this process has open.
private final class OpenDirectories: @unchecked Sendable {
  static let shared = OpenDirectories()

  private let monitor = Monitor()
  private var identities: Set<DirectoryIdentity> = []

  /// Whether the directory was not open yet.
  func insert(_ identity: DirectoryIdentity) -> Bool {
    monitor.lock()
    defer { monitor.unlock() }
    return identities.insert(identity).inserted
  }

  func remove(_ identity: DirectoryIdentity) {
    monitor.lock()
    defer { monitor.unlock() }
    identities.remove(identity)
  }
}

/// The number at the start of a file, or nil: it serves a message only.
private func readNumber(_ file: CInt) -> Int? {
  var text: [UInt8] = Array(repeating: 0, count: 20)
  let count = unsafe text.withUnsafeMutableBytes { unsafe pread(file, $0.baseAddress, $0.count, 0) }
  guard count > 0 else { return nil }
  let digits = text.prefix(count).prefix { (0x30...0x39).contains($0) }
  return Int(String(decoding: digits, as: UTF8.self))
}

/// Writes a number into a file. That it fails costs no more than a message.
private func writeNumber(_ number: Int, _ file: CInt) {
  let text = Array("\(number)\n".utf8)
  guard ftruncate(file, 0) == 0 else { return }
  _ = unsafe text.withUnsafeBytes { unsafe pwrite(file, $0.baseAddress, $0.count, 0) }
}
