import Foundation
import Language
import Testing

/// `docs/language.md` says what the grammar and the parser do. NILO_REWRITE=1 puts the grammar's
/// productions into the page.
@Suite struct PageTests {
  private static let file = Grammar.folder.appendingPathComponent("../docs/language.md")
    .standardized

  /// The blocks of a kind, without their fences.
  private static func blocks(_ kind: String) throws -> [String] {
    try String(contentsOf: file, encoding: .utf8).components(separatedBy: "```\(kind)\n")
      .dropFirst().map { $0.components(separatedBy: "```")[0] }
  }

  @Test func examples() throws {
    let blocks = try Self.blocks("nql")
    #expect(blocks.count >= 15)
    for block in blocks {
      #expect(throws: Never.self) { try Parser.statements(block) }
    }
  }

  @Test func grammarIsThatOfTheFile() throws {
    let productions = Grammar.withoutComments(try Grammar.text("nql.ebnf"))
    let shown = try #require(try Self.blocks("ebnf").first)
    guard ProcessInfo.processInfo.environment["NILO_REWRITE"] == "1" else {
      #expect(shown == productions)
      return
    }
    let page = try String(contentsOf: Self.file, encoding: .utf8)
    try page.replacingOccurrences(of: "```ebnf\n" + shown, with: "```ebnf\n" + productions)
      .write(to: Self.file, atomically: true, encoding: .utf8)
  }

  /// Each word of the language is in an example.
  @Test func wordsAreInExamples() throws {
    let words = Set(
      try Self.blocks("nql").joined().lowercased().matches(of: #/[a-z_][a-z_0-9]*/#)
        .map { String($0.output) })
    let all = Vocabulary.reserved + Vocabulary.contextual + Vocabulary.functions
    #expect(all.filter { !words.contains($0) } == [])
  }
}
