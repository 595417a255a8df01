import Language
import Testing

/// A tree printed and read again is the same tree.
@Suite struct RoundTripTests {
  @Test func items() {
    rounds(3000) { random in
      var generator = Generator(random: random)
      let items = (0...generator.random.below(3)).map { _ in generator.item() }
      let text = items.map(\.canonicalText).joined(separator: ", ")
      let parsed = try Parser.items(text)
      try checkEqual(parsed, items, text)
      try checkEqual(parsed.map(\.canonicalText).joined(separator: ", "), text, "printed again")
    }
  }

  @Test func predicates() {
    rounds(3000) { random in
      var generator = Generator(random: random)
      let predicate = generator.predicate(6)
      let text = predicate.canonicalText
      try checkEqual(try Parser.predicate(text), predicate, text)
    }
  }

  @Test func statements() {
    rounds(3000) { random in
      var generator = Generator(random: random)
      let statements = (0...generator.random.below(2)).map { _ in generator.statement() }
      let text = statements.map(\.canonicalText).joined(separator: "; ")
      let parsed = try Parser.statements(text)
      try checkEqual(parsed, statements, text)
      try checkEqual(parsed.map(\.canonicalText).joined(separator: "; "), text, "printed again")
      try checkEqual(parsed.map(\.text).joined(separator: "; "), text, "the text of each")
    }
  }

  @Test func dimensions() {
    rounds(1000) { random in
      var generator = Generator(random: random)
      let dimensions = (0...generator.random.below(4)).map { _ in generator.dimension() }
      let text = dimensions.map(\.canonicalText).joined(separator: ", ")
      let parsed = try Parser.dimensions(text)
      // Strings are equal when they look equal; names are their bytes.
      try checkEqual(
        parsed.map { Array($0.path.path.utf8) }, dimensions.map { Array($0.path.path.utf8) }, text)
      try checkEqual(
        parsed.map { Array($0.name.utf8) }, dimensions.map { Array($0.name.utf8) }, text)
    }
  }
}
