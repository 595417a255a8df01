import Glibc
import Synchronization

// Every system call of the module is here, and all that is unsafe.

/// What the system refused.
public struct TerminalError: Error, CustomStringConvertible {
  public var description: String

  init(_ message: String) { description = message }

  /// With the text of `errno`.
  init(_ what: String, code: Int32) {
    description = "\(what): \(unsafe String(cString: strerror(code)))"
  }
}

/// A call on a descriptor, in Swift's terms.
enum Descriptor {
  static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  /// Columns and rows; zeros if it is no terminal or does not know.
  static func size(of descriptor: Int32) -> TerminalSize {
    var size = winsize()
    let status = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size)
    if status != 0 { return TerminalSize(columns: 0, rows: 0) }
    return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
  }

  /// Writes all of `bytes`, waiting where the descriptor does not. False if nobody reads them.
  static func write(_ bytes: borrowing [UInt8], to descriptor: Int32) throws -> Bool {
    try unsafe bytes.withUnsafeBytes { buffer in
      var rest = unsafe buffer[...]
      while unsafe !rest.isEmpty {
        let start = unsafe UnsafeRawBufferPointer(rebasing: rest).baseAddress
        let count = unsafe Glibc.write(descriptor, start, rest.count)
        if count >= 0 {
          unsafe rest = rest.dropFirst(count)
          continue
        }
        switch errno {
        case EINTR: continue
        case EAGAIN: _ = wait(for: descriptor, POLLOUT)
        case EPIPE: return false
        case let code: throw TerminalError("the output cannot be written", code: code)
        }
      }
      return true
    }
  }

  /// What can be read now, waiting for the first byte. Empty at the end, and when the terminal was
  /// taken away; nil if a signal came first.
  static func read(_ descriptor: Int32, maxBytes: Int = 4096) throws -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: maxBytes)
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
    }
    if count >= 0 { return Array(bytes.prefix(count)) }
    switch errno {
    case EINTR: return nil
    case EAGAIN:
      _ = wait(for: descriptor, POLLIN)
      return nil
    case EIO: return []
    case let code: throw TerminalError("the input cannot be read", code: code)
    }
  }

  /// Which of two descriptors can be read; neither after `timeoutMs`, or when a signal came.
  static func poll(_ first: Int32, _ second: Int32, timeoutMs: Int32?) -> (Bool, Bool) {
    var requests = [
      pollfd(fd: first, events: Int16(POLLIN), revents: 0),
      pollfd(fd: second, events: Int16(POLLIN), revents: 0),
    ]
    let count = unsafe Glibc.poll(&requests, 2, timeoutMs ?? -1)
    return count > 0 ? (requests[0].revents != 0, requests[1].revents != 0) : (false, false)
  }

  private static func wait(for descriptor: Int32, _ events: Int32) -> Int32 {
    var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return unsafe Glibc.poll(&request, 1, -1)
  }

  /// Writes what `print` holds back, so that it comes before what is written here.
  static func flushPrinted() { _ = fflush(nil) }

  static func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }

  /// Both ends are closed in programs that this one starts.
  static func pipe() throws -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [0, 0]
    if unsafe Glibc.pipe(&ends) != 0 { throw TerminalError("no pipe can be made", code: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }
}

/// The modes of a terminal's line.
struct LineModes {
  private var modes = termios()

  init(of descriptor: Int32) throws {
    if unsafe tcgetattr(descriptor, &modes) != 0 {
      throw TerminalError("the terminal's modes cannot be read", code: errno)
    }
  }

  /// Bytes as they are typed, no echo, no signals, no flow control. Output stays as it was.
  var raw: LineModes {
    var raw = self
    raw.modes.c_iflag &= ~tcflag_t(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON)
    raw.modes.c_lflag &= ~tcflag_t(ECHO | ICANON | IEXTEN | ISIG)
    raw.modes.c_cflag |= tcflag_t(CS8)
    raw.modes.c_cc.6 = 1  // VMIN
    raw.modes.c_cc.5 = 0  // VTIME
    return raw
  }

  var isRaw: Bool { modes.c_lflag & tcflag_t(ICANON | ECHO | ISIG) == 0 }

  /// What was typed ahead stays.
  func set(_ descriptor: Int32) throws {
    var modes = modes
    while unsafe tcsetattr(descriptor, TCSADRAIN, &modes) != 0 {
      if errno != EINTR {
        throw TerminalError("the terminal's modes cannot be changed", code: errno)
      }
    }
  }
}

/// Signals as bytes that can be waited for together with input. One watch at a time.
final class SignalWatch {
  /// Where the handler writes; -1 without a watch. A handler may touch nothing that locks.
  private static let target = Atomic<Int32>(-1)

  let descriptor: Int32
  private let writing: Int32
  private var former: [(number: Int32, action: sigaction)] = []

  init(_ signals: [Int32]) throws {
    (descriptor, writing) = try Descriptor.pipe()
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    _ = fcntl(writing, F_SETFL, O_NONBLOCK)
    Self.target.store(writing, ordering: .sequentiallyConsistent)
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { number in
      let code = errno
      var byte = UInt8(truncatingIfNeeded: number)
      _ = unsafe Glibc.write(SignalWatch.target.load(ordering: .relaxed), &byte, 1)
      errno = code
    }
    for number in signals {
      var old = sigaction()
      _ = unsafe sigaction(number, &action, &old)
      former.append((number, old))
    }
    Signals.unblock(signals)
  }

  /// Gives the signals back to whoever had them.
  func end() {
    for (number, action) in former {
      var action = action
      _ = unsafe sigaction(number, &action, nil)
    }
    former = []
    Self.target.store(-1, ordering: .sequentiallyConsistent)
    Descriptor.close(descriptor)
    Descriptor.close(writing)
  }

  /// The signals since the last call.
  func take() -> [Int32] {
    ((try? Descriptor.read(descriptor)) ?? []).map { Int32($0) }
  }
}

/// Signals that this process sends itself or keeps off.
enum Signals {
  static func raise(_ number: Int32) { _ = kill(getpid(), number) }

  /// Stops the process group, as Ctrl-Z does; returns when it goes on.
  static func stop() {
    withDisposition(SIGTSTP, nil) { _ = kill(0, SIGTSTP) }
  }

  /// A program that started this one may have left them blocked.
  static func unblock(_ numbers: [Int32]) {
    var set = sigset_t()
    _ = unsafe sigemptyset(&set)
    for number in numbers { _ = unsafe sigaddset(&set, number) }
    _ = unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  static func ignoring<T>(_ numbers: [Int32], _ body: () throws -> T) rethrows -> T {
    guard let first = numbers.first else { return try body() }
    return try withDisposition(first, SIG_IGN) { try ignoring(Array(numbers.dropFirst()), body) }
  }

  /// Ignores a signal that nobody has a handler for.
  static func surviving<T>(_ number: Int32, _ body: () throws -> T) rethrows -> T {
    var current = sigaction()
    _ = unsafe sigaction(number, nil, &current)
    let isDefault = unsafe current.__sigaction_handler.sa_handler == nil
    return try ignoring(isDefault ? [number] : [], body)
  }

  /// Nil is the default, as SIG_DFL is null.
  private static func withDisposition<T>(
    _ number: Int32, _ handler: __sighandler_t?, _ body: () throws -> T
  ) rethrows -> T {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = handler
    var former = sigaction()
    _ = unsafe sigaction(number, &action, &former)
    defer { _ = unsafe sigaction(number, &former, nil) }
    return try body()
  }

  /// Counts a signal from now on; gives back how to undo that.
  static func count(_ number: Int32) -> () -> Void {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { _ in
      Interrupts.counter.wrappingAdd(1, ordering: .relaxed)
    }
    action.sa_flags = SA_RESTART
    var former = sigaction()
    _ = unsafe sigaction(number, &action, &former)
    unblock([number])
    return { _ = unsafe sigaction(number, &former, nil) }
  }
}

/// A program that reads what this one writes.
struct ChildProcess {
  let input: Int32
  private let id: pid_t

  /// Starts `/bin/sh -c command` in the same process group, with the usual signals.
  init(shell command: String) throws {
    let pipe = try Descriptor.pipe()
    defer { Descriptor.close(pipe.reading) }
    var actions = unsafe posix_spawn_file_actions_t()
    _ = unsafe posix_spawn_file_actions_init(&actions)
    defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
    _ = unsafe posix_spawn_file_actions_adddup2(&actions, pipe.reading, 0)
    var attributes = posix_spawnattr_t()
    _ = unsafe posix_spawnattr_init(&attributes)
    defer { _ = unsafe posix_spawnattr_destroy(&attributes) }
    var defaults = sigset_t()
    _ = unsafe sigemptyset(&defaults)
    for number in [SIGINT, SIGQUIT, SIGPIPE, SIGTSTP] { _ = unsafe sigaddset(&defaults, number) }
    _ = unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    _ = unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [
      strdup("sh"), strdup("-c"), strdup(command), nil,
    ]
    defer { for index in 0..<3 { unsafe free(arguments[index]) } }
    var id: pid_t = 0
    let code = unsafe posix_spawn(&id, "/bin/sh", &actions, &attributes, &arguments, environ)
    if code != 0 {
      Descriptor.close(pipe.writing)
      throw TerminalError("/bin/sh cannot be run", code: code)
    }
    (self.id, input) = (id, pipe.writing)
  }

  /// Ends the input and waits. The exit status; 128 and the signal if one killed it.
  func finish() -> Int32 {
    Descriptor.close(input)
    var status: Int32 = 0
    while unsafe waitpid(id, &status, 0) < 0 && errno == EINTR {}
    return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
  }
}

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

func environmentValue(_ name: String) -> String? {
  unsafe getenv(name).map { unsafe String(cString: $0) }
}

func isExecutable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }

func sleep(milliseconds: Int) { _ = usleep(UInt32(milliseconds) * 1_000) }
