import Foundation
import Glibc
import Testing

/// A process at a pseudo-terminal, its output on a virtual screen.
package final class PseudoTerminal {
  private let main: Int32
  package let id: pid_t
  package private(set) var screen: VirtualTerminal
  package private(set) var received: [UInt8] = []
  private var undecoded: [UInt8] = []

  package static var echo: String {
    URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
      .deletingLastPathComponent().appendingPathComponent("terminal-echo").path
  }

  /// Runs `arguments` in a session of its own, which has the pseudo-terminal as its terminal.
  package init(
    _ arguments: [String], columns: Int = 40, rows: Int = 10,
    environment: [String: String] = [:]
  ) throws {
    screen = VirtualTerminal(columns: columns, rows: rows, breaksRows: true)
    var (main, other): (Int32, Int32) = (-1, -1)
    var name = [CChar](repeating: 0, count: 256)
    var size = Self.size(columns: columns, rows: rows)
    try #require(unsafe openpty(&main, &other, &name, nil, &size) == 0)
    defer { close(other) }
    for descriptor in [main, other] { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    let path = String(
      decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    self.main = main
    id = try Self.spawn(arguments, terminal: path, environment)
  }

  private static func size(columns: Int, rows: Int) -> winsize {
    winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
  }

  /// POSIX_SPAWN_SETSID of glibc: the process leads a session of its own.
  private static let newSession: Int16 = 0x80
  /// POSIX_SPAWN_SETSIGMASK: the threads of tests may have signals blocked.
  private static let signalMask: Int16 = 0x08

  /// `terminal-echo` that has shown its first prompt.
  package static func echo(
    _ arguments: String..., columns: Int = 40, rows: Int = 10, environment: [String: String] = [:]
  ) throws -> PseudoTerminal {
    let terminal = try PseudoTerminal(
      [echo] + arguments, columns: columns, rows: rows, environment: environment)
    terminal.expectAtCursor("echo>")
    return terminal
  }

  deinit {
    kill(id, SIGKILL)
    _ = waitpid(id, nil, 0)
    close(main)
  }

  private static func spawn(
    _ arguments: [String], terminal: String, _ environment: [String: String]
  ) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    _ = unsafe posix_spawn_file_actions_init(&actions)
    defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
    // The first terminal that the leader of a session opens becomes the session's.
    _ = unsafe posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0)
    for other: Int32 in [1, 2] { _ = unsafe posix_spawn_file_actions_adddup2(&actions, 0, other) }
    var attributes = posix_spawnattr_t()
    _ = unsafe posix_spawnattr_init(&attributes)
    defer { _ = unsafe posix_spawnattr_destroy(&attributes) }
    _ = unsafe posix_spawnattr_setflags(&attributes, newSession | signalMask)
    var unblocked = sigset_t()
    _ = unsafe sigemptyset(&unblocked)
    _ = unsafe posix_spawnattr_setsigmask(&attributes, &unblocked)
    var values = ["TERM": "xterm", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"]
    values.merge(environment) { $1 }
    var words: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) } + [nil]
    var settings: [UnsafeMutablePointer<CChar>?] =
      unsafe values.map { unsafe strdup("\($0)=\($1)") } + [nil]
    // Freed by nobody: it is a test.
    var id: pid_t = 0
    let code = unsafe posix_spawn(&id, arguments[0], &actions, &attributes, &words, &settings)
    try #require(code == 0, "\(arguments[0]): \(code)")
    return id
  }

  package func type(_ text: String) { send(Array(text.utf8)) }

  package func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe Array(rest).withUnsafeBytes {
        unsafe write(main, $0.baseAddress, $0.count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        Issue.record("the pseudo-terminal is closed: \(errno)")
        return
      }
      rest.removeFirst(count)
    }
  }

  package func signal(_ number: Int32) { kill(id, number) }

  package func resize(columns: Int) {
    screen.resize(columns: columns)
    var size = Self.size(columns: columns, rows: screen.rows)
    _ = unsafe ioctl(main, UInt(TIOCSWINSZ), &size)
  }

  /// Reads what comes within `timeoutMs`; false at the end.
  private func read(timeoutMs: Int32) -> Bool {
    var request = pollfd(fd: main, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&request, 1, timeoutMs) > 0 else { return true }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = unsafe Glibc.read(main, &bytes, bytes.count)
    guard count > 0 else { return false }
    bytes.removeLast(bytes.count - count)
    received += bytes
    undecoded += bytes
    // Up to the last byte that can end a character.
    let whole = undecoded.lastIndex { $0 < 0x80 }.map { $0 + 1 } ?? 0
    screen.feed(String(decoding: undecoded[..<whole], as: UTF8.self))
    undecoded.removeFirst(whole)
    return true
  }

  /// Waits until `condition` holds of the screen.
  package func wait(
    _ what: String, location: SourceLocation = #_sourceLocation,
    _ condition: (VirtualTerminal) -> Bool
  ) {
    let deadline = Date(timeIntervalSinceNow: 10)
    while !condition(screen) {
      if Date() > deadline || !read(timeoutMs: 100) && !condition(screen) {
        let shown = screen.text.joined(separator: "\n")
        Issue.record("no \(what) on the screen:\n\(shown)", sourceLocation: location)
        return
      }
    }
  }

  /// Waits for a row that is `line`.
  package func expect(_ line: String, location: SourceLocation = #_sourceLocation) {
    wait(line, location: location) { $0.text.contains(line) }
  }

  /// Waits for a row that is `line` with the cursor in it.
  package func expectAtCursor(_ line: String, location: SourceLocation = #_sourceLocation) {
    wait("\(line) at the cursor", location: location) {
      $0.text.indices.contains($0.row) && $0.text[$0.row] == line
    }
  }

  /// Waits for the end of the process; its exit status, or 128 and the signal.
  package func finish() -> Int32 {
    let deadline = Date(timeIntervalSinceNow: 10)
    while read(timeoutMs: 100) && Date() < deadline {}
    if Date() >= deadline { kill(id, SIGKILL) }
    var status: Int32 = 0
    _ = unsafe waitpid(id, &status, 0)
    return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
  }
}
