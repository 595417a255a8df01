import Foundation
import Testing

@testable import Language

/// The grammar's file and the parser say the same of each text.
@Suite struct GrammarTests {
  private func grammar() throws -> Grammar { try Grammar.shared.get() }

  /// Nil when they agree; else what they say. The parser may refuse more for a side condition.
  private func disagreement(_ text: String, _ grammar: Grammar) -> String? {
    var recogniser = Recogniser(grammar, text)
    let isSentence = recogniser.accepts()
    do {
      _ = try Parser.statements(text)
      return isSentence ? nil : "only the parser accepts: \(text)"
    } catch {
      // What follows a clause that was refused may be read in another way.
      let isByTheSide =
        error.issues.first.map { issue in
          grammar.sideConditions.contains { issue.message.contains($0) }
        } ?? false
      return !isSentence || isByTheSide ? nil : "only the grammar accepts: \(text)\n\(error)"
    }
  }

  @Test func sentences() throws {
    let grammar = try grammar()
    var accepted = 0
    let source = SentenceMaker(grammar)
    rounds(2000) { random in
      var maker = source
      maker.random = random
      let text = SentenceMaker.text(maker.sentence(depth: maker.random.within(3...12)))
      if let disagreement = disagreement(text, grammar) {
        throw Mismatch(description: disagreement)
      }
      var recogniser = Recogniser(grammar, text)
      try check(recogniser.accepts(), "the recogniser refuses \(text)")
      if (try? Parser.statements(text)) != nil { accepted += 1 }
    }
    #expect(accepted > 200, "few are without side conditions")
  }

  @Test func mutations() throws {
    let grammar = try grammar()
    let literals = grammar.literals.sorted()
    var accepted = 0
    let source = SentenceMaker(grammar)
    rounds(1500) { random in
      var maker = source
      maker.random = random
      let tokens = maker.sentence(1, depth: maker.random.within(3...10))
      for _ in 0..<4 {
        var mutated = tokens
        for _ in 0...maker.random.below(2) { maker.mutate(&mutated, literals) }
        let text = SentenceMaker.text(mutated)
        if let disagreement = disagreement(text, grammar) {
          throw Mismatch(description: disagreement)
        }
        if (try? Parser.statements(text)) != nil { accepted += 1 }
      }
    }
    #expect(accepted > 10, "mutations that are sentences are needed as well")
  }

  // MARK: The files

  @Test func everyRuleIsReached() throws {
    let grammar = try grammar()
    let unreached = grammar.names.indices.filter { !grammar.reachable(from: 0).contains($0) }
    #expect(unreached.map { grammar.names[$0] }.isEmpty)
    #expect(Set(grammar.names).count == grammar.names.count)
    #expect(grammar.sideConditions.count == 10)
    var maker = SentenceMaker(grammar)
    for _ in 0..<10_000 where maker.usedRules.count < grammar.names.count {
      _ = maker.sentence()
    }
    let unused = grammar.names.indices.filter { !maker.usedRules.contains($0) }
    #expect(unused.map { grammar.names[$0] }.isEmpty, "no sentence has them")
  }

  @Test func keywords() throws {
    var sections: [String: [String]] = [:]
    var section = ""
    for line in try Grammar.text("keywords.txt").split(separator: "\n") where line.first != "#" {
      if line.hasPrefix("[") {
        section = String(line.dropFirst().dropLast())
      } else {
        sections[section, default: []] += line.split(separator: " ").map(String.init)
      }
    }
    #expect(sections["reserved"]?.sorted() == Vocabulary.reserved.sorted())
    #expect(sections["contextual"]?.sorted() == Vocabulary.contextual.sorted())
    #expect(sections["units"]?.sorted() == Vocabulary.timeUnits.sorted())
    #expect(sections["functions"]?.sorted() == Vocabulary.functions.sorted())
    let words = try grammar().literals.filter { $0.first?.isLetter == true }
    #expect(
      words
        == Set(Vocabulary.reserved + Vocabulary.contextual + Vocabulary.functions + ["percentile"]))
  }

  @Test func validExamples() throws {
    let grammar = try grammar()
    let text = try Grammar.text("valid.nql")
    #expect(disagreement(text, grammar) == nil)
    let examples = Self.examples(text)
    #expect(examples.count >= 40)
    for (why, example) in examples {
      #expect(!why.isEmpty, "\(example)")
      #expect(throws: Never.self) { try Parser.statements(example) }
      #expect(disagreement(example, grammar) == nil)
    }
  }

  @Test func invalidExamples() throws {
    let grammar = try grammar()
    let examples = Self.examples(try Grammar.text("invalid.nql"))
    #expect(examples.count >= 30)
    for (why, example) in examples {
      #expect(!why.isEmpty, "\(example)")
      #expect(throws: LanguageError.self, "\(example)") { try Parser.statements(example) }
      #expect(disagreement(example, grammar) == nil)
    }
  }

  /// Examples are parted by empty lines; comments before each say why it is there.
  private static func examples(_ text: String) -> [(why: String, text: String)] {
    text.components(separatedBy: "\n\n").compactMap { block in
      let lines = block.split(separator: "\n")
      let why = lines.prefix { $0.hasPrefix("--") }
      let example = lines.dropFirst(why.count).joined(separator: "\n")
      return example.isEmpty ? nil : (why.joined(separator: "\n"), example)
    }
  }
}
