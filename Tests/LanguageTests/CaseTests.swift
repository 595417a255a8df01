import Foundation
import Language
import Testing

/// The cases of `cases/*.txt`: a text, `----`, and its canonical form or the error in full. A line
/// `====` parts two cases; lines with `#` before a text are comments. What a file holds is told by
/// the beginning of its name. NILO_REWRITE=1 writes the answers anew.
@Suite struct CaseTests {
  private static let folder = AnswerCases.folder(beside: #filePath)
  static let files = AnswerCases.names(in: folder, suffix: ".txt")

  @Test func thereAreCases() { #expect(Self.files.count >= 5) }

  @Test(arguments: files)
  func file(_ name: String) throws {
    let answer = try #require(
      [
        ("items", answerItems), ("predicates", answerPredicate), ("fields", answerFields),
        ("statements", answerStatements),
      ]
      .first { name.hasPrefix($0.0) }?.1)
    try AnswerCases(Self.folder.appendingPathComponent(name)).check { one in
      let got = answer(one.uncommented)
      // What was accepted is accepted in its canonical form, which stays as it is.
      if name.hasSuffix("-errors.txt") {
        #expect(got.contains("^"), "\(name) accepts \(one.question)")
      } else {
        #expect(answer(got) == got, "\(name): \(one.question)")
      }
      return got
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
