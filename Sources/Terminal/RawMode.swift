import Glibc

/// A terminal while its bytes come as they are typed.
final class RawMode {
  enum Event: Equatable {
    case bytes([UInt8])
    case timedOut
    /// SIGINT from elsewhere: Ctrl-C comes as a byte.
    case interrupted
    case resized
    /// Someone wants the process to stop for a while: call ``RawMode/suspend()``.
    case stopped
    /// The process was stopped and goes on; the screen may show anything.
    case resumed
    /// A signal that ends the process: leave the scope, then raise it.
    case terminated(Int32)
    /// The terminal is gone.
    case end
  }

  private static let endings = [SIGTERM, SIGHUP, SIGQUIT]

  private let input: Int32
  private let output: Int32
  private let former: LineModes
  private let signals: SignalWatch
  private var waiting: [Int32] = []

  private init(input: Int32, output: Int32) throws {
    (self.input, self.output) = (input, output)
    former = try LineModes(of: input)
    signals = try SignalWatch([SIGINT, SIGWINCH, SIGTSTP, SIGCONT] + Self.endings)
  }

  /// Runs `body` in raw mode with bracketed paste, and puts the terminal back however it ends.
  static func run<T>(
    input: Int32, output: Int32, _ body: (RawMode) throws -> T
  ) throws -> T {
    let mode = try RawMode(input: input, output: output)
    defer {
      mode.leave()
      mode.signals.end()
    }
    try mode.enter()
    return try body(mode)
  }

  private func enter() throws {
    try former.raw.set(input)
    _ = try Descriptor.write(Array("\u{1B}[?2004h".utf8), to: output)
  }

  /// Nothing more can be done if this fails.
  private func leave() {
    _ = try? Descriptor.write(Array("\u{1B}[?2004l".utf8), to: output)
    try? former.set(input)
  }

  /// What happens next. Waits without end if `timeoutMs` is nil.
  func next(timeoutMs: Int32? = nil) throws -> Event {
    while true {
      if let event = try nextSignal() { return event }
      let ready = Descriptor.poll(input, signals.descriptor, timeoutMs: timeoutMs)
      if ready.1 {
        waiting += signals.take()
      } else if ready.0 {
        guard let bytes = try Descriptor.read(input) else { continue }
        return bytes.isEmpty ? .end : .bytes(bytes)
      } else if timeoutMs != nil {
        return .timedOut
      }
    }
  }

  private func nextSignal() throws -> Event? {
    if waiting.isEmpty { return nil }
    let number = waiting.removeFirst()
    switch number {
    case SIGINT: return .interrupted
    case SIGWINCH: return .resized
    case SIGTSTP: return .stopped
    case SIGCONT:
      // Whoever had the terminal meanwhile may have set other modes.
      try enter()
      return .resumed
    default: return Self.endings.contains(number) ? .terminated(number) : nil
    }
  }

  /// Stops the process in the modes that the terminal had before; returns when it goes on.
  func suspend() throws {
    leave()
    Signals.stop()
    try enter()
    // Of these, the last stop was the one.
    waiting += signals.take()
    waiting.removeAll { $0 == SIGTSTP || $0 == SIGCONT }
  }
}
