import Bytes
import Testing

@testable import EventLog

@Suite struct ShapeTests {
  private static let time = #""ts":"2024-07-30T12:00:00Z""#

  /// The share of documents that no shape gives back.
  private func wholeCount(_ texts: [String], explodePath: String? = nil) throws -> Int {
    var pipeline = try Pipeline(explodePath: explodePath)
    let documents = texts.map(utf8)
    let content = try BlockContent(try pipeline.block(documents).bytes, pipeline.schema)
    try checkSame(content.documents, documents)
    return content.wholeCount
  }

  /// What a shape cannot give back is kept whole; all else is not.
  @Test(arguments: [
    (#"{"ts":"2024-07-30T12:00:00Z","a":1,"b":"x","c":true,"d":null,"e":[1],"f":{}}"#, 0),
    (#"{"ts":1722340800123,"a":-1.50}"#, 0),
    (#"{"ts":1722340800123456789}"#, 0),
    (#"{"ts":"2024-07-30T12:00:00Z","a":1e5}"#, 1),
    (#"{"ts":"2024-07-30T12:00:00Z","a":-0}"#, 1),
    (#"{"ts":"2024-07-30T12:00:00Z","a":12345678901234567890}"#, 1),
    (#"{"ts":"2024-07-30T12:00:00Z","a":1,"a":2}"#, 1),
    (#"{"ts":"2024-07-30T12:00:00Z","a.b":1,"a":{"b":2}}"#, 1),
    (#"{"ts":"2016-12-31T23:59:60Z"}"#, 1),
    (#"{"ts":"2024\u002d07-30T12:00:00Z"}"#, 1),
    (#"{"ts":"2024-07-30T12:00:00Z","items":[{"a":1},{"a":2}]}"#, 0),
    (#"{"ts":"2024-07-30T12:00:00Z","items":[{"a":1}, {"a":2},{"a":3}]}"#, 1),
    (#"{"ts":"2024-07-30T12:00:00Z","items":[]}"#, 0),
    (#"{"ts":"2024-07-30T12:00:00Z","items":[1,"x",null,{},[]]}"#, 0),
    (#"{"ts":"2024-07-30T12:00:00Z","items":[1],"items":[2]}"#, 1),
  ])
  func wholeOrNot(text: String, whole: Int) throws {
    #expect(try wholeCount([text], explodePath: "items") == whole)
    #expect(try wholeCount([text, text], explodePath: "items") == 2 * whole)
  }

  /// Two spellings of one path: the first array explodes, and the document comes back.
  @Test(arguments: [
    #"{"ts":1700000000,"a.b":[{"v":1}],"a":{"b":[{"v":2}]}}"#,
    #"{"ts":1700000000,"a.b":[{"v":1},{"v":3}],"a":{"b":[]}}"#,
    #"{"ts":1700000000,"a":{"b":[{"v":1}]},"a.b":[{"v":2},{"v":3}]}"#,
  ])
  func twoArraysAtOnePath(text: String) throws {
    var pipeline = try Pipeline(explodePath: "a.b")
    let documents = [utf8(text), utf8(#"{"ts":1700000001,"a":{"b":[{"v":9}]}}"#), utf8(text)]
    let content = try BlockContent(try pipeline.block(documents).bytes, pipeline.schema)
    try checkSame(content.documents, documents)
    let firstCount: Int64 = text.contains(#"[{"v":1},{"v":3}]"#) ? 2 : 1
    #expect(content.factCounts == [firstCount, 1, firstCount])
  }

  /// Columns must not depend on which documents came before.
  @Test func elementsOfOneFormAreReadAlikeWhateverIsKnown() throws {
    let empty = utf8(#"{"ts":1700000000,"items":[{}]}"#)
    let array = utf8(#"{"ts":1700000000,"items":[[1]]}"#)
    func columns(_ documents: [[UInt8]]) throws -> Int {
      var pipeline = try Pipeline(explodePath: "items")
      for document in documents.dropLast() { _ = try pipeline.block([document]) }
      let block = try pipeline.block([documents[documents.count - 1]])
      return try BlockContent(block.bytes, pipeline.schema).columns.count
    }
    #expect(try columns([empty]) == columns([array, empty]))
    #expect(try columns([array]) == columns([empty, array]))
  }

  /// A document a bit or a byte away from one whose shape is known is still itself: it is taken
  /// or not as if nothing were known, and comes back as it came.
  @Test func neighboursOfKnownDocumentsAreNotMistaken() {
    rounds(4) { random in
      let generator = JSONGenerator(JSONGenerator.definition(&random), &random)
      var learned = try Pipeline(generator.definition)
      let document = generator.document(&random).0
      _ = try learned.block([document])
      // One at a time, as each of them may teach a new shape.
      for place in document.indices {
        var neighbours: [[UInt8]] = []
        for change in [1, 2, 4, 16, 32, 128] as [UInt8] {
          neighbours.append(document)
          neighbours[neighbours.count - 1][place] ^= change
        }
        neighbours += [Array(document[..<place] + document[(place + 1)...]), document]
        var fresh = try Pipeline(generator.definition)
        let batch = learned.parse(neighbours)
        let rejected = neighbours.indices.filter { fresh.parse([neighbours[$0]]).eventCount == 0 }
        try checkEqual(
          batch.rejected.map { Int($0.position) }, rejected,
          "byte \(place) of \(String(decoding: document, as: UTF8.self)) changed")
        let taken = neighbours.indices.filter { !rejected.contains($0) }
        let block = try learned.encode(batch)
        try checkSame(try learned.documents(of: block), taken.map { neighbours[$0] })
      }
    }
  }

  /// Of several values at one path the first is the column's.
  @Test func firstOfDuplicateKeysIsTheColumn() throws {
    var pipeline = try Pipeline()
    let document = utf8("{\(Self.time),\"a\":1,\"a\":\"x\",\"ts\":7,\"id\":\"p\",\"id\":\"q\"}")
    let batch = pipeline.parse([document])
    #expect(batch.id(ofEvent: 0) == utf8("p"))
    let content = try BlockContent(try pipeline.encode(batch).bytes, pipeline.schema)
    #expect(content.columns.map(\.info.path) == ["a", "id"])
    #expect(content.columns.first?.values.numbers.mantissas == [1])
    #expect(content.times == [1_722_340_800_000_000_000])
  }

  /// Documents whose events were taken out leave a dictionary that is larger than the column.
  @Test func removingMostEventsLeavesAReadableBlock() throws {
    var pipeline = try Pipeline()
    let documents = (0..<10).map { utf8("{\(Self.time),\"city\":\"city \($0)\"}") }
    var batch = pipeline.parse(documents)
    batch.remove(events: Array(1..<10))
    let block = try pipeline.encode(batch)
    try checkSame(try pipeline.documents(of: block), [documents[0]])
  }

  @Test func shapesAreFoundAgain() throws {
    let segment = Segment(literal: utf8("{\"a\":"), kind: .number, column: 0)
    let end = Segment(literal: utf8("}"), kind: .end, column: -1)
    var trie = ShapeTrie()
    let shape = Shape(segments: [segment, end], isElement: false)
    #expect(trie.insert(shape) == 1)
    #expect(trie.insert(shape) == 1)
    #expect(trie.insert(Shape(segments: [segment, end], isElement: true)) == 2)
    let other = Segment(literal: utf8("} "), kind: .end, column: -1)
    #expect(trie.insert(Shape(segments: [segment, other], isElement: false)) == 3)
    #expect(trie.shapes.count == 3)
  }
}
