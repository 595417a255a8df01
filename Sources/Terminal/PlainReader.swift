import Glibc

/// Reads texts line by line, with no editing of ours.
struct PlainReader {
  let input: Int32
  let output: Int32
  private var bytes: [UInt8] = []
  /// Where the next line begins in `bytes`.
  private var start = 0
  private var isAtEnd = false

  init(input: Int32, output: Int32) {
    self.input = input
    self.output = output
  }

  /// Lines up to the first at which the text is complete, or to the end of the input. The prompts
  /// are for a dumb terminal; with them, Ctrl-C gives the text up.
  mutating func read(
    prompts: (first: String, others: String)?, isComplete: (String) -> Bool
  ) throws -> LineReader.Result {
    let signals = try prompts.map { _ in try SignalWatch([SIGINT]) }
    defer { signals?.end() }
    var text: String?
    while true {
      if let prompts { try prompt(text == nil ? prompts.first : prompts.others) }
      switch try line(signals) {
      case .line(let line):
        let whole = text.map { "\($0)\n\(line)" } ?? line
        if whole.allSatisfy(\.isWhitespace) || isComplete(whole) { return .line(whole) }
        if whole.utf8.count > LineEditor.maxTextBytes { throw Self.tooLong }
        text = whole
      case .interrupted:
        try prompt("\n")
        return .interrupted
      case .endOfFile:
        if prompts != nil { try prompt("\n") }
        return text.map { .line($0) } ?? .endOfFile
      }
    }
  }

  private mutating func line(_ signals: SignalWatch?) throws -> LineReader.Result {
    var searched = start
    while true {
      if let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        return .line(taken(upTo: end))
      }
      searched = bytes.count
      if isAtEnd { return start < bytes.count ? .line(taken(upTo: bytes.count)) : .endOfFile }
      if searched - start > LineEditor.maxTextBytes { throw Self.tooLong }
      if let signals {
        let ready = Descriptor.poll(input, signals.descriptor, timeoutMs: nil)
        if ready.1 && !signals.take().isEmpty { return .interrupted }
        if !ready.0 { continue }
      }
      guard let more = try Descriptor.read(input, maxBytes: 64 << 10) else { continue }
      isAtEnd = more.isEmpty
      bytes += more
    }
  }

  /// The line that ends at `end`, without a return before the line break.
  private mutating func taken(upTo end: Int) -> String {
    var line = bytes[start..<end]
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    let text = String(decoding: line, as: UTF8.self)
    start = min(end + 1, bytes.count)
    // Amortised: what is dropped is as long as what is kept.
    if start > bytes.count / 2 {
      bytes.removeFirst(start)
      start = 0
    }
    return text
  }

  private func prompt(_ text: String) throws {
    _ = try Descriptor.write(Array(text.utf8), to: output)
  }

  private static var tooLong: TerminalError {
    TerminalError("the input has a text longer than \(LineEditor.maxTextBytes >> 20) MiB")
  }
}
