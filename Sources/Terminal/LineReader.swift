import Glibc

/// Reads texts of one or several lines from standard input.
///
/// On a terminal they are edited with the keys of readline's emacs mode, with history, completion
/// and highlighting. On a dumb terminal there is just a prompt; in a pipe or a file not even that.
public final class LineReader {
  /// How reading a text ended.
  public enum Result: Equatable, Sendable {
    /// A whole text, without the last line break.
    case line(String)
    /// Ctrl-C: the text was given up.
    case interrupted
    /// Ctrl-D at an empty text, the end of the input, or a signal that asks the process to end.
    case endOfFile
  }

  /// How long an ESC may be the beginning of a sequence.
  private static let escapeMs: Int32 = 50

  /// What stands before the first line, and before the others.
  public var prompt: String
  public var continuation: String
  /// What is highlighted, completed and handed over.
  public var hooks: LineHooks
  /// Earlier texts, for the arrow keys: what is handed over on a terminal is added.
  public let history: History

  private let input = STDIN_FILENO
  private let output = STDOUT_FILENO
  private var decoder = KeyDecoder()
  /// Keys that came behind an Enter.
  private var keysAhead: ArraySlice<Key> = []
  private var killed = ""
  private lazy var plain = PlainReader(input: input, output: output)

  /// `prompt` stands before the first line and `continuation` before the others.
  public init(
    prompt: String, continuation: String = "", history: History = History(),
    hooks: LineHooks = LineHooks()
  ) {
    self.prompt = prompt
    self.continuation = continuation
    self.history = history
    self.hooks = hooks
  }

  /// Waits for the next text. What was handed over is added to the history if it came from a
  /// terminal.
  ///
  /// Throws ``TerminalError`` when the terminal cannot be read or written, or a text is too long.
  public func read() throws -> Result {
    Descriptor.flushPrinted()
    let result: Result
    if Console.isInteractive && !Console.isDumb {
      result = try edit()
    } else {
      let prompts = Console.isInteractive ? (prompt, continuation) : nil
      result = try plain.read(prompts: prompts, isComplete: hooks.isComplete)
    }
    if case .line(let text) = result, Console.isInteractive { history.add(text) }
    return result
  }

  private func edit() throws -> Result {
    var signal: Int32?
    let result = try RawMode.run(input: input, output: output) { mode in
      let session = EditSession(
        editor: LineEditor(history: history.entries, hooks: hooks, killed: killed),
        prompts: (prompt, continuation), output: output)
      defer { killed = session.editor.killed }
      try session.begin()
      return try run(session, mode, signal: &signal)
    }
    if let signal { Signals.raise(signal) }
    return result
  }

  private func run(
    _ session: EditSession, _ mode: RawMode, signal: inout Int32?
  ) throws -> Result {
    while true {
      if let result = try applyKeys(session, mode) { return result }
      switch try mode.next(timeoutMs: decoder.isEscapePending ? Self.escapeMs : nil) {
      case .bytes(let bytes): keysAhead += decoder.decode(bytes)
      case .timedOut: keysAhead += decoder.timeOut()
      case .interrupted: keysAhead.append(.control("c"))
      case .resized: try session.resize()
      case .stopped: try session.suspend(mode)
      case .resumed: try session.drawAnew()
      case .terminated(let number):
        signal = number
        try session.finish()
        return .endOfFile
      case .end: return .endOfFile
      }
    }
  }

  /// Applies the keys that have come, then shows what they did. A result if one of them ends the
  /// text.
  private func applyKeys(_ session: EditSession, _ mode: RawMode) throws -> Result? {
    if keysAhead.isEmpty { return nil }
    while let key = nextKey() {
      switch session.editor.apply(key) {
      case .redraw: continue
      case .bell: session.bell()
      case .clearScreen: try session.clearScreen()
      case .suspend: try session.suspend(mode)
      case .submit(let text):
        try session.finish()
        return .line(text)
      case .cancel:
        try session.finish(mark: "^C")
        return .interrupted
      case .endOfFile:
        try session.finish()
        return .endOfFile
      }
    }
    try session.draw()
    return nil
  }

  /// Characters that came together are typed together: text pasted without a mark is as fast.
  private func nextKey() -> Key? {
    guard let key = keysAhead.popFirst() else { return nil }
    guard case .text(var text) = key else { return key }
    while case .text(let more)? = keysAhead.first {
      text += more
      keysAhead.removeFirst()
    }
    return .text(text)
  }
}
