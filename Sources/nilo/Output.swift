/// An error with its whole message: what happened, where, and what to do.
struct Failure: Error, CustomStringConvertible {
  var description: String

  init(_ message: String) { description = message }
}

/// Arguments that mean nothing together, or name what there is not.
struct Misuse: Error {
  var text: String

  init(_ text: String) { self.text = text }
}

/// An error whose whole text is shown as it is, such as one that names a place in a file.
struct Shown: Error {
  var text: String

  init(_ text: String) { self.text = text }
}

/// Standard output, written in big pieces.
struct Output {
  private var buffer: [UInt8] = []
  private static let flushBytes = 64 << 10

  /// Calls `body` and writes what it gave, also when it throws.
  static func buffered(_ body: (inout Output) throws -> Void) throws {
    var output = Output()
    do {
      try body(&output)
    } catch {
      try output.flush()
      throw error
    }
    try output.flush()
  }

  /// Writes a report on what was done. That nobody reads it does not change how it went.
  static func report(_ bytes: [UInt8]) throws {
    do {
      try writeAll(bytes + [UInt8(ascii: "\n")], to: Descriptor.output)
    } catch is ClosedOutput {}
  }

  /// Writes text for people.
  static func report(_ text: String) throws { try report(Array(Wording.shown(text).utf8)) }

  mutating func line(_ bytes: some Collection<UInt8>) throws {
    buffer.append(contentsOf: bytes)
    try add([UInt8(ascii: "\n")])
  }

  /// Bytes that more are to follow on the same line.
  mutating func add(_ bytes: some Collection<UInt8>) throws {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.flushBytes { try flush() }
  }

  /// Writes a line for people; for programs, the bytes are to be given.
  mutating func line(_ text: String) throws { try line(Wording.shown(text).utf8) }

  private mutating func flush() throws {
    try writeAll(buffer, to: Descriptor.output)
    buffer.removeAll(keepingCapacity: true)
  }
}

/// A line of standard error, with the program's name in front. That it cannot be written changes
/// nothing.
func printError(_ text: some StringProtocol) {
  printNote("nilo: \(text)")
}

func printNote(_ text: String) {
  try? writeAll(Array("\(Wording.shown(text))\n".utf8), to: Descriptor.error)
}
