import Foundation
import Language
import Testing

/// The cases of `cases/*.txt`: a text, `----`, and its canonical form or the error in full. A line
/// `====` parts two cases; lines with `#` before a text are comments. What a file holds is told by
/// the beginning of its name. NILO_REWRITE=1 writes the answers anew.
@Suite struct CaseTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("cases")

  static let files: [String] =
    (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?
    .filter { $0.hasSuffix(".txt") }.sorted() ?? []

  @Test func thereAreCases() { #expect(Self.files.count >= 5) }

  @Test(arguments: files)
  func file(_ name: String) throws {
    let url = Self.folder.appendingPathComponent(name)
    let text = try String(contentsOf: url, encoding: .utf8)
    let answer = try #require(
      [
        ("items", answerItems), ("predicates", answerPredicate), ("fields", answerFields),
        ("statements", answerStatements),
      ]
      .first { name.hasPrefix($0.0) }?.1)
    var rewritten: [String] = []
    for block in text.dropLast(text.hasSuffix("\n") ? 1 : 0).components(separatedBy: "\n====\n") {
      let parts = block.components(separatedBy: "\n----\n")
      let lines = parts[0].components(separatedBy: "\n")
      let input = lines.drop { $0.hasPrefix("#") }.joined(separator: "\n")
      let got = answer(input)
      rewritten.append(parts[0] + "\n----\n" + got)
      if ProcessInfo.processInfo.environment["NILO_REWRITE"] != "1" {
        #expect(got == parts.dropFirst().joined(separator: "\n----\n"), "\(name): \(input)")
      }
      // What was accepted is accepted in its canonical form, which stays as it is.
      if name.hasSuffix("-errors.txt") {
        #expect(got.contains("^"), "\(name) accepts \(input)")
      } else {
        #expect(answer(got) == got, "\(name): \(input)")
      }
    }
    if ProcessInfo.processInfo.environment["NILO_REWRITE"] == "1" {
      try (rewritten.joined(separator: "\n====\n") + "\n").write(
        to: url, atomically: true, encoding: .utf8)
    }
  }
}

private func answer(_ body: () throws -> String) -> String {
  do { return try body() } catch { return "\(error)" }
}

func answerItems(_ text: String) -> String {
  answer { try Parser.items(text).map(\.canonicalText).joined(separator: ", ") }
}

func answerPredicate(_ text: String) -> String {
  answer { try Parser.predicate(text).canonicalText }
}

func answerFields(_ text: String) -> String {
  answer { try Parser.dimensions(text).map(\.canonicalText).joined(separator: ", ") }
}

func answerStatements(_ text: String) -> String {
  answer { try Parser.statements(text).map { $0.canonicalText + ";" }.joined(separator: "\n") }
}
