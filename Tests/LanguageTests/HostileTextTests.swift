import Language
import Testing

/// What random texts are made of.
private let pieces: [String] = [
  "(", ")", ",", ".", "*", "+", "-", "/", "<", "=", "!", "~", "'", "\"", "`", "--", "/*", "*/",
  "\n", " ", "sum(", "count(*)", "p99.9(x)", "percentile(x, 95)", "top(", "5", "1e", "x", "WHERE",
  "AND", "OR", "NOT", "IN", "(1)", "BETWEEN", "LIKE", "IS", "NULL", "TRUE", "AS", "é", "\0",
  "\u{301}",
  "\r\n", "\t", "𝔘", ";", "@", "$", "$a", "5m", "SELECT ", "FROM", "SELECT x FROM s ", "LAST 1h ",
  "HAVING ", "abs(", "SINCE ", "NOW", "AS OF ", "EXPLAIN ", "DEFINE KPI k AS ", "ORDER BY ",
  "LIMIT",
]

/// Any text ends in an answer or an error, and soon.
@Suite struct HostileTextTests {
  private func parseAll(_ text: String) throws {
    for answer in [
      answerItems(text), answerPredicate(text), answerFields(text), answerStatements(text),
    ] {
      try check(answer.utf8.count < 1_000_000, "a long answer for \(text.prefix(100))")
    }
  }

  @Test func mutations() {
    rounds(3000) { random in
      var generator = Generator(random: random)
      let source =
        switch generator.random.below(4) {
        case 0: generator.item().canonicalText
        case 1: generator.predicate(4).canonicalText
        default: generator.statement().canonicalText
        }
      var bytes = Array(source.utf8)
      for _ in 0...generator.random.below(4) {
        let at = generator.random.below(bytes.count + 1)
        let end = min(bytes.count, at + generator.random.below(4))
        let piece =
          generator.random.oneIn(3)
          ? [UInt8(truncatingIfNeeded: generator.random.next())]
          : Array(generator.random.pick(pieces).utf8)
        bytes.replaceSubrange(at..<end, with: generator.random.oneIn(4) ? [] : piece)
      }
      try parseAll(String(decoding: bytes, as: UTF8.self))
    }
  }

  @Test func shuffledPieces() {
    rounds(3000) { random in
      let count = random.below(30)
      let words = (0..<count).map { _ in random.pick(pieces) }
      try parseAll(words.joined(separator: random.oneIn(2) ? " " : ""))
    }
  }

  @Test func bytes() {
    rounds(1000) { random in
      let count = random.below(200)
      let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      try parseAll(String(decoding: bytes, as: UTF8.self))
    }
  }

  /// One piece over and over: what takes more than linear time would not end.
  @Test(
    .timeLimit(.minutes(10)),
    arguments: pieces + ["sum(x), ", "a.", "1+", "a=1 AND ", "a,", "-1h", "SELECT x FROM s;"])
  func repetition(_ piece: String) throws {
    let text = String(repeating: piece, count: 60_000 / piece.utf8.count)
    try parseAllButLongAnswers(text)
    try parseAllButLongAnswers("sum(" + text)
    try parseAllButLongAnswers("a IN (" + text)
    for start in [
      "SELECT ", "SELECT abs(", "SELECT x FROM s ", "SELECT x FROM s HAVING ",
      "SELECT x FROM s SINCE NOW ", "SELECT x FROM s GROUP BY a", "DEFINE KPI k AS ", "SHOW LATE ",
    ] {
      do { _ = try Parser.statements(start + text.prefix(20_000)) } catch { try checkShort(error) }
    }
  }

  @Test(.timeLimit(.minutes(10)), arguments: ["'", "(", "@,", "sum(x), ", ";", "SELECT x FROM s;"])
  func longestText(_ piece: String) throws {
    try parseAllButLongAnswers(
      String(repeating: piece, count: LanguageLimits.maxTextBytes / piece.utf8.count))
  }

  private func parseAllButLongAnswers(_ text: String) throws {
    do { _ = try Parser.items(text) } catch { try checkShort(error) }
    do { _ = try Parser.predicate(text) } catch { try checkShort(error) }
    do { _ = try Parser.dimensions(text) } catch { try checkShort(error) }
    do { _ = try Parser.statements(text) } catch { try checkShort(error) }
  }

  private func checkShort(_ error: LanguageError) throws {
    try check((1...LanguageLimits.maxIssues).contains(error.issues.count), "count of issues")
    try check("\(error)".utf8.count < 20_000, "a long error")
  }

  @Test func tooLongText() throws {
    let text = String(repeating: " ", count: LanguageLimits.maxTextBytes + 1)
    #expect(answerItems(text).contains("1:1: the text has 1048577 bytes; the limit is 1048576"))
    #expect(answerPredicate(text).contains("limit"))
    #expect(answerFields(text).contains("limit"))
  }

  @Test(arguments: [("(", "count(*)", ")"), ("-(", "1", ")"), ("- ", "1", ""), ("1+", "1", "")])
  func deepItems(_ open: String, _ core: String, _ close: String) throws {
    func text(_ depth: Int) -> String {
      String(repeating: open, count: depth) + core + String(repeating: close, count: depth)
    }
    // "-(" is two levels.
    let item = try #require(try Parser.items(text(127)).first)
    #expect(try Parser.items(item.canonicalText) == [item])
    #expect(answerItems(text(257)).contains("the limit is 256 levels"))
    #expect(answerItems(text(100_000)).contains("the limit is 256 levels"))
  }

  @Test(arguments: [
    ("(", "a = 1", ")"), ("NOT ", "a = 1", ""), ("NOT (", "a = 1", ")"), ("a = 1 OR ", "b = 2", ""),
    ("a = 1 AND (", "b = 2", ")"),
  ])
  func deepPredicates(_ open: String, _ core: String, _ close: String) throws {
    func text(_ depth: Int) -> String {
      String(repeating: open, count: depth) + core + String(repeating: close, count: depth)
    }
    let predicate = try Parser.predicate(text(127))
    #expect(try Parser.predicate(predicate.canonicalText) == predicate)
    #expect(answerPredicate(text(257)).contains("the limit is 256 levels"))
    #expect(answerPredicate(text(50_000)).contains("the limit is 256 levels"))
    #expect(answerItems("count(* WHERE \(text(50_000)))").contains("the limit is 256 levels"))
  }

  @Test(arguments: [
    ("(", "a = 1", ")"), ("NOT ", "a = 1", ""), ("NOT (", "a = 1", ")"), ("a = 1 OR ", "b = 2", ""),
    ("abs(", "a", ") > 1"), ("-(", "a", ") > 1"), ("coalesce(1, ", "a", ") > 1"),
  ])
  func deepConditions(_ open: String, _ core: String, _ close: String) throws {
    func text(_ depth: Int) -> String {
      let closes = close.split(separator: " ", maxSplits: 1)
      let ends = String(repeating: String(closes.first ?? ""), count: depth)
      return "SELECT x FROM s HAVING " + String(repeating: open, count: depth) + core + ends
        + (closes.count > 1 ? " " + closes[1] : "")
    }
    let statements = try Parser.statements(text(120))
    #expect(try Parser.statements(statements[0].canonicalText) == statements)
    #expect(answerStatements(text(257)).contains("the limit is 256 levels"))
    #expect(answerStatements(text(50_000)).contains("the limit is 256 levels"))
  }

  /// What is shown of a text cannot drive a terminal, and the carets still point at the place.
  @Test func controlCharacters() {
    #expect(
      answerItems("sum(\u{1B}[2J)") == """
        1:5: '\u{FFFD}' is not part of the language
        sum(\u{FFFD}[2J)
            ^
        """)
    #expect(
      answerItems("\tavg(x)\t+ ;\r\n") == """
        1:11: ';' is not part of the language
         avg(x) + ;
                  ^
        hint: leave it out
        """)
  }

  @Test func longLine() {
    let text = String(repeating: "é", count: 500)
    let answer = answerItems("avg(x), sum('\(text)'), max(y")
    let carets = answer.split(separator: "\n").filter { $0.contains("^") }
    #expect(answer.contains("1:13: ") && answer.contains("1:523: "))
    #expect(carets.allSatisfy { $0.count <= 102 })
  }
}
