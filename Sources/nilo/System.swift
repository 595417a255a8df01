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
