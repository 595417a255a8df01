import Glibc

/// Shows long output a screen at a time.
public enum Pager {
  /// Runs `body`, which writes text in pieces as it comes. What fits on the screen is printed; once
  /// it is more, all streams to `$PAGER`, or `less -FRSX` when there is no `PAGER` but less. With
  /// standard input or output not a terminal, a dumb one, or `PAGER` empty or `cat`, everything is
  /// printed as it comes.
  ///
  /// When the reader quits the pager, or closes the pipe, `write` throws, `body` should let that
  /// pass, and `page` returns. Ctrl-C is left to the pager; Interrupts still counts it. Throws
  /// ``TerminalError`` if the output cannot be written or the pager cannot be run, and what `body`
  /// throws.
  public static func page(
    _ body: (_ write: (String) throws -> Void) throws -> Void
  ) throws {
    Descriptor.flushPrinted()
    let command = Console.isInteractive && !Console.isDumb ? self.command : nil
    try page(command: command, size: Descriptor.size(of: STDOUT_FILENO), body)
  }

  /// Whoever read has stopped.
  private struct Closed: Error {}

  /// The command line to run; nil for none.
  private static var command: String? {
    if let chosen = environmentValue("PAGER") {
      return ["", "cat"].contains(chosen) ? nil : chosen
    }
    let path = environmentValue("PATH") ?? "/usr/bin:/bin"
    let hasLess = path.split(separator: ":").contains { isExecutable("\($0)/less") }
    return hasLess ? "less -FRSX" : nil
  }

  private static func page(
    command: String?, size: TerminalSize, _ body: ((String) throws -> Void) throws -> Void
  ) throws {
    // A pager that quits is told to the writer, not to the process.
    try Signals.ignoring([SIGPIPE]) {
      var held = HeldOutput(size: size)
      var child: ChildProcess?
      var failure: (any Error)?
      do {
        try body { text in
          if let child { return try write(text, to: child.input) }
          guard let command else { return try write(text, to: STDOUT_FILENO) }
          if held.append(text) { return }
          let started = try ChildProcess(shell: command)
          child = started
          try write(held.text, to: started.input)
        }
        if child == nil { try write(held.text, to: STDOUT_FILENO) }
      } catch is Closed {
      } catch {
        failure = error
        if child == nil { try? write(held.text, to: STDOUT_FILENO) }
      }
      let status = child.map { child in Signals.surviving(SIGINT) { child.finish() } }
      if let failure { throw failure }
      if let command, status == 126 || status == 127 {
        throw TerminalError(
          "the pager \"\(command)\" cannot be run; set PAGER to another, or to nothing")
      }
    }
  }

  private static func write(_ text: String, to descriptor: Int32) throws {
    if try !Descriptor.write(Array(text.utf8), to: descriptor) { throw Closed() }
  }
}

/// Output as long as it fits on a screen, with a row left for a prompt.
private struct HeldOutput {
  let size: TerminalSize
  private(set) var text = ""
  private var rows = 0
  /// The line that is not ended yet.
  private var line = ""

  init(size: TerminalSize) { self.size = size }

  /// False if it is too much now. O(bytes).
  mutating func append(_ more: String) -> Bool {
    text += more
    var parts = more.split(separator: "\n", omittingEmptySubsequences: false)[...]
    while let part = parts.popFirst() {
      line += part
      if parts.isEmpty { break }
      rows += rowsOfLine
      line = ""
    }
    return rows + (line.isEmpty ? 0 : rowsOfLine) < size.rows
  }

  /// Styles count as text here, which starts the pager a little early.
  private var rowsOfLine: Int {
    max(1, (DisplayText.width(of: line) + size.columns - 1) / size.columns)
  }
}
