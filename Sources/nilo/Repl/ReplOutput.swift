import Foundation
import Query
import Terminal

/// Where answers go: the screen, through a pager when they are long, or a file.
struct ReplOutput {
  private var file: FileHandle?

  /// Whether someone looks at what is written.
  var isOnScreen: Bool { file == nil && Descriptor.isTerminal(Descriptor.output) }

  /// From now on into a file, which is emptied; nil is back to standard output.
  mutating func redirect(to path: String?) throws {
    try? file?.close()
    file = nil
    guard let path else { return }
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let handle = FileHandle(forWritingAtPath: path)
    else { throw Failure("\(path) cannot be written; answers go to the screen") }
    file = handle
  }

  func write(_ answer: Answer, _ renderer: AnswerRenderer, isPaged: Bool) throws {
    if let file {
      try renderer.render(answer) { try file.write(contentsOf: $0) }
    } else if isPaged && Console.isInteractive {
      try Pager.page { write in
        try renderer.render(answer) { bytes in
          try Self.checkInterrupts()
          try write(String(decoding: bytes, as: UTF8.self))
        }
      }
    } else {
      try renderer.render(answer) { bytes in
        try Self.checkInterrupts()
        try writeAll(bytes, to: Descriptor.output)
      }
    }
    answer.tellNotes(beside: renderer.format)
  }

  /// Ctrl-C ends a long answer; a pager keeps what it has.
  private static func checkInterrupts() throws {
    if Interrupts.isInterrupted { throw CancellationError() }
  }

  func write(_ lines: [String]) throws {
    let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
    if let file { try file.write(contentsOf: bytes) } else { try print(bytes) }
  }

  private func print(_ bytes: [UInt8]) throws { try writeAll(bytes, to: Descriptor.output) }
}
