import Model
import Testing

@testable import EventLog

/// What a rejected document leaves behind: an entry on the ledger, and nothing in the stream.
@Suite struct RejectionTests {
  private static let time = #""ts":"2024-07-30T12:00:00Z""#

  @Test(arguments: [
    #"{"wrong":1,"ts":"yesterday"}"#,
    #"{"wrong":1,"items":[{"also":2}]}"#,
    #"{"wrong":{"deep":[1]},"items":[{"also":2,"t":"never"}],"ts":1722340800}"#,
    #"{"ts":1722340800,"wrong":1"#,
  ])
  func rejectedDocumentsTeachNothing(text: String) throws {
    var pipeline = try Pipeline(explodePath: "items", elementTimePath: "items.t")
    let batch = pipeline.parse([utf8(text)])
    #expect(batch.rejected.count == 1)
    let state = pipeline.schema.snapshot()
    #expect(state.columns.map(\.path) == [])
    #expect(state.trie.shapes.isEmpty)
  }

  @Test func rejectedDocumentsTakeNoColumnsFromOthers() throws {
    var pipeline = try Pipeline()
    let wrong = (0..<2 * Limits.maxColumns).map { utf8("{\"wrong\($0)\":1}") }
    let batch = pipeline.parse(wrong + [utf8("{\(Self.time),\"right\":1}")])
    #expect(batch.rejected.count == wrong.count)
    let state = pipeline.schema.snapshot()
    #expect(state.columns.map(\.path) == ["right"])
    #expect(state.fieldsWithoutColumn.isEmpty)
  }

  /// Of documents changed at random, many are rejected: the stream knows what it would had they never come.
  @Test func streamsKnowWhatTheyTook() {
    rounds(40) { random in
      let generator = JSONGenerator(JSONGenerator.definition(&random), &random)
      var mixed = try Pipeline(generator.definition)
      var pure = try Pipeline(generator.definition)
      var rejected = 0
      for _ in 0..<random.within(1...4) {
        let documents = (0..<random.within(1...40)).map { _ in
          var document = generator.document(&random).0
          if random.oneIn(2) { document[random.below(document.count)] ^= 1 << random.below(8) }
          return document
        }
        let batch = mixed.parse(documents)
        let wrong = Set(batch.rejected.map { Int($0.position) })
        rejected += wrong.count
        let same = pure.parse(
          documents.indices.filter { !wrong.contains($0) }.map { documents[$0] })
        try checkEqual(same.rejected, [], "rejected of what was taken")
      }
      let (known, wanted) = (mixed.schema.snapshot(), pure.schema.snapshot())
      try checkEqual(known.columns, wanted.columns, "columns beside \(rejected) rejected documents")
      try checkEqual(known.trie.shapes, wanted.trie.shapes, "shapes")
      try checkEqual(known.fieldsWithoutColumn, wanted.fieldsWithoutColumn, "fields without column")
    }
  }
}
