import Foundation
import Testing

/// A text file of cases with their answers, in the manner of SQLite's and DuckDB's: a question, a line `----`, and its
/// answer; a line `====` parts two cases. A block without `----` is a preparation, and has no answer.
///
/// NILO_REWRITE=1 writes what is answered now into the file.
package struct AnswerCases {
  package struct Case {
    package var question: String
    /// Nil for a preparation.
    package var answer: String?

    /// The question without the lines that begin with `#`.
    package var uncommented: String {
      question.components(separatedBy: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n")
    }
  }

  package static let isRewriting = ProcessInfo.processInfo.environment["NILO_REWRITE"] == "1"

  private let url: URL
  package let cases: [Case]

  package init(_ url: URL) throws {
    self.url = url
    let text = try String(contentsOf: url, encoding: .utf8)
    cases = Self.blocks(text).map(Self.read)
  }

  /// The names of the files in a folder, in their order.
  package static func names(in folder: URL, suffix: String) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    return (names ?? []).filter { $0.hasSuffix(suffix) }.sorted()
  }

  /// The folder `cases` beside a file of tests.
  package static func folder(beside file: String) -> URL {
    URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("cases")
  }

  /// Blocks of a text, which lines `====` part.
  package static func blocks(_ text: String) -> [String] {
    text.dropLast(text.hasSuffix("\n") ? 1 : 0).components(separatedBy: "\n====\n")
  }

  package static func read(_ block: String) -> Case {
    let parts = block.components(separatedBy: "\n----\n")
    let answer = parts.count > 1 ? parts.dropFirst().joined(separator: "\n----\n") : nil
    return Case(question: parts[0], answer: answer)
  }

  /// Asks each case in turn, and compares its answer with the one that is written, byte by byte. What a preparation
  /// answers does not count.
  package func check(
    sourceLocation: SourceLocation = #_sourceLocation, _ ask: (Case) throws -> String
  ) throws {
    var blocks: [String] = []
    for one in cases {
      let got = try ask(one)
      guard let wanted = one.answer else {
        blocks.append(one.question)
        continue
      }
      blocks.append("\(one.question)\n----\n\(got)")
      if !Self.isRewriting {
        #expect(
          Array(got.utf8) == Array(wanted.utf8),
          "\(url.lastPathComponent): \(one.question)\n----\n\(got)", sourceLocation: sourceLocation)
      }
    }
    if Self.isRewriting {
      try Data((blocks.joined(separator: "\n====\n") + "\n").utf8).write(to: url)
    }
  }
}
