import CMalloc
import Glibc
import Synchronization

// Every system call of the program is here, and all that is unsafe.

/// Whoever read our output has closed it, as `head` does: there is nothing left to do.
struct ClosedOutput: Error {}

enum Descriptor {
  static let input: Int32 = 0
  static let output: Int32 = 1
  static let error: Int32 = 2

  static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }
}

/// Writes all of `bytes`, waiting where the descriptor does not.
func writeAll(_ bytes: borrowing [UInt8], to descriptor: Int32) throws {
  try unsafe bytes.withUnsafeBytes { buffer in
    var rest = unsafe buffer[...]
    while unsafe !rest.isEmpty {
      let start = unsafe UnsafeRawBufferPointer(rebasing: rest).baseAddress
      let count = unsafe write(descriptor, start, rest.count)
      if count >= 0 {
        unsafe rest = rest.dropFirst(count)
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&request, 1, -1)
      case EPIPE: throw ClosedOutput()
      case let code:
        throw Failure("standard output cannot be written: \(errorText(code))")
      }
    }
  }
}

/// A write to a pipe that nobody reads, or beyond the size that files may have, fails instead of killing the process.
func ignoreSignalsOfWrites() {
  _ = signal(SIGPIPE, SIG_IGN)
  _ = signal(SIGXFSZ, SIG_IGN)
}

/// Lets the process have as many files and connections open as whoever has started it permits: what it gets by itself is mostly
/// 1,024, for programs of long ago. What cannot be raised stays as it is.
func raiseFileLimit() {
  var limit = rlimit()
  guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
  limit.rlim_cur = limit.rlim_max
  _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// Makes the C library keep the large buffers of batches for the next ones, which would otherwise be mapped
/// and cleared page by page each time, and keeps the threads from having heaps of their own, which would
/// multiply what is kept.
func tuneAllocator() {
  _ = mallopt(M_ARENA_MAX, 1)
  _ = mallopt(M_MMAP_THRESHOLD, 64 << 20)
  _ = mallopt(M_TRIM_THRESHOLD, 64 << 20)
}

/// Nanoseconds since 1970, UTC.
func currentTimeNs() -> Int64 {
  var time = timespec()
  _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// The number of this process.
func processId() -> Int32 { getpid() }

/// Sends a datagram to a socket of this machine; `@` before its name stands for one of the abstract ones, which are no files
/// (unix(7)). Gives what was wrong; nil when it is sent.
func sendDatagram(_ bytes: [UInt8], toUnixSocket name: String) -> String? {
  var name = Array(name.utf8)
  if name.first == UInt8(ascii: "@") { name[0] = 0 }
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  let room = MemoryLayout.size(ofValue: address.sun_path)
  // A path ends with a zero; an abstract name ends with the address.
  guard name.count < room else { return "the name is longer than \(room - 1) bytes" }
  unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
  let length = MemoryLayout.offset(of: \sockaddr_un.sun_path)! + name.count
  let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
  guard descriptor >= 0 else { return errorText(errno) }
  defer { _ = close(descriptor) }
  let sent = unsafe withUnsafePointer(to: &address) { pointer in
    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
      unsafe sendto(
        descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), target, socklen_t(length))
    }
  }
  return sent == bytes.count ? nil : errorText(errno)
}

/// Runs a line of `/bin/sh` at our terminal and waits for its end. Its exit status, or -1.
func runShell(_ command: String) -> Int32 {
  let status = unsafe system(command)
  return status >= 0 && status & 0x7F == 0 ? status >> 8 & 0xFF : -1
}

/// Whether there is no such file; false when that cannot be told.
func isMissing(_ path: String) -> Bool {
  unsafe access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)
}

/// Calls `body` while the file at `path` is locked against other processes; not at all, and gives nil, when there is none
/// and `makesFile` is not set, or another has it locked.
@discardableResult
func whileLocked<R>(_ path: String, makesFile: Bool = false, _ body: () -> R) -> R? {
  let file = unsafe open(path, O_RDWR | O_CLOEXEC | (makesFile ? O_CREAT : 0), 0o600)
  guard file >= 0 else { return nil }
  defer { _ = close(file) }
  return flock(file, LOCK_EX | LOCK_NB) == 0 ? body() : nil
}

func exitProcess(_ status: Int32) -> Never { exit(status) }

/// The user's wish to stop, by Ctrl-C or SIGTERM.
enum Interruption {
  // A signal handler may touch nothing that allocates or locks.
  private static let flag = Atomic<Bool>(false)

  static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// ``isRequested`` as a function.
  static let wish: @Sendable () -> Bool = { isRequested }

  /// From now on the first signal sets the flag, and a second one kills.
  static func catchSignals() {
    // The flag is made before a handler can come to it.
    flag.store(false, ordering: .relaxed)
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { _ in
      Interruption.flag.store(true, ordering: .relaxed)
    }
    // Without SA_RESTART: a read(2) that waits for input comes back.
    action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
    // A program that started this one may have left them blocked.
    var signals = sigset_t()
    _ = unsafe sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] {
      _ = unsafe sigaction(number, &action, nil)
      _ = unsafe sigaddset(&signals, number)
    }
    _ = unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }
}

/// Who runs the program: the login name, else `USER`, else the number.
func userName() -> String {
  let login = unsafe getlogin()
  let names = [unsafe login.map { unsafe String(cString: $0) }, environment("USER")]
  return names.compactMap(\.self).first { !$0.isEmpty } ?? "uid:\(getuid())"
}

func environment(_ name: String) -> String? {
  unsafe getenv(name).map { unsafe String(cString: $0) }
}

func errorText(_ code: Int32) -> String {
  unsafe String(cString: strerror(code))
}
