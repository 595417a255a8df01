import Model
import Testing

@testable import EventLog

private let time = #""ts":"2024-07-30T12:00:00Z""#

@Suite struct LimitsTests {
  @Test func fieldsBeyondTheLimitStayInTheDocument() throws {
    var pipeline = try Pipeline()
    let wide = utf8(
      "{\(time)," + (0..<1_100).map { "\"f\($0)\":\($0)" }.joined(separator: ",") + "}")
    let narrow = utf8("{\(time),\"f5\":1,\"f999\":2}")
    let documents = [wide, narrow, wide, utf8("{\(time),\"new\":1,\"f0\":\"text\"}")]
    for _ in 0..<2 {
      let content = try BlockContent(try pipeline.block(documents).bytes, pipeline.schema)
      try checkSame(content.documents, documents)
      // A field that changes its kind is the same field.
      #expect(content.columns.count == Limits.maxColumns + 1)
    }
    let state = pipeline.schema.snapshot()
    #expect(Set(state.columns.map(\.path)).count == Limits.maxColumns)
    #expect(
      state.fieldsWithoutColumn == Set((1_000..<1_100).map { "f\($0)" as Text } + ["new"]))
  }

  @Test func fieldsOfLongNamesStayInTheDocument() throws {
    var pipeline = try Pipeline()
    let longest = String(repeating: "k", count: Limits.maxFieldNameBytes)
    // The name counts as a whole, and its dots as well.
    let half = String(repeating: "h", count: Limits.maxFieldNameBytes / 2)
    let documents = [
      utf8("{\(time),\"\(longest)\":1,\"v\":2}"),
      utf8("{\(time),\"\(longest)k\":1,\"v\":2}"),
      utf8("{\(time),\"\(half)\":{\"\(half)\":1},\"v\":2}"),
      utf8("{\(time),\"\(half)\":{\"\(half.dropLast())\":1}}"),
    ]
    for _ in 0..<2 {
      let content = try BlockContent(try pipeline.block(documents).bytes, pipeline.schema)
      try checkSame(content.documents, documents)
      #expect(content.wholeCount == 2)
    }
    let state = pipeline.schema.snapshot()
    #expect(
      Set(state.columns.map(\.path)) == ["v", Text(longest), Text("\(half).\(half.dropLast())")])
    #expect(state.fieldsWithoutColumn.count == 2)
    for name in state.fieldsWithoutColumn {
      #expect(name.utf8.count < 200)
      #expect(name.string.contains("... (1025 bytes, "))
    }
  }

  /// Each of these has a megabyte of names of its own.
  @Test func longNamesDoNotFillTheMemory() throws {
    var pipeline = try Pipeline()
    let name = String(repeating: "k", count: 1 << 20)
    let documents = (0..<8).map { utf8("{\(time),\"\($0)\(name)\":1}") }
    let content = try BlockContent(try pipeline.block(documents).bytes, pipeline.schema)
    try checkSame(content.documents, documents)
    let state = pipeline.schema.snapshot()
    #expect(state.columns.isEmpty && state.trie.shapes.isEmpty)
    #expect(state.fieldsWithoutColumn.count == documents.count)
    #expect(state.fieldsWithoutColumn.allSatisfy { $0.utf8.count < 200 })
  }

  /// The names of the levels of one document, joined, would be half a gigabyte.
  @Test func pathsOfDeepDocumentsDoNotFillTheMemory() throws {
    var pipeline = try Pipeline()
    let (depth, name) = (1_000, String(repeating: "k", count: 1_000))
    let document = utf8(
      "{\(time),\"a\":" + String(repeating: "{\"\(name)\":", count: depth) + "1"
        + String(repeating: "}", count: depth) + "}")
    let content = try BlockContent(try pipeline.block([document]).bytes, pipeline.schema)
    try checkSame(content.documents, [document])
    #expect(pipeline.schema.snapshot().fieldsWithoutColumn.count == 1)
  }

  @Test func exactlyTheLimitOfFields() throws {
    var pipeline = try Pipeline()
    let fields = (0..<Limits.maxColumns).map { "\"f\($0)\":\($0)" }.joined(separator: ",")
    let document = utf8("{\(time),\(fields)}")
    let content = try BlockContent(
      try pipeline.block([document, document]).bytes, pipeline.schema)
    try checkSame(content.documents, [document, document])
    #expect(content.columns.count == Limits.maxColumns)
    #expect(content.wholeCount == 0)
    #expect(pipeline.schema.snapshot().fieldsWithoutColumn.isEmpty)
  }

  @Test func moreShapesThanAreLearned() throws {
    var pipeline = try Pipeline()
    // Eleven optional fields: 2,048 shapes.
    let documents = (0..<2_048).map { mask in
      let fields = (0..<11).filter { mask >> $0 & 1 == 1 }.map { ",\"f\($0)\":\(mask)" }
      return utf8("{\(time)\(fields.joined())}")
    }
    for _ in 0..<2 {
      let content = try BlockContent(try pipeline.block(documents).bytes, pipeline.schema)
      try checkSame(content.documents, documents)
      #expect(content.wholeCount == 2_048 - ShapeTrie.maxShapes)
    }
    #expect(pipeline.schema.snapshot().trie.shapes.count == ShapeTrie.maxShapes)
  }

  @Test func moreValuesThanAShapeHolds() throws {
    var pipeline = try Pipeline(explodePath: "items")
    let items = (0..<3_000).map { "{\"v\":\($0)}" }.joined(separator: ",")
    let wide = (0..<3_000).map { "\"v\($0)\":\($0)" }.joined(separator: ",")
    let documents = [
      utf8("{\(time),\"items\":[\(items)]}"), utf8("{\(time),\"items\":[{\(wide)}]}"),
      utf8("{\(time),\"items\":[\(items)]}"),
    ]
    let content = try BlockContent(try pipeline.block(documents).bytes, pipeline.schema)
    try checkSame(content.documents, documents)
    #expect(content.factCounts == [3_000, 1, 3_000])
    #expect(content.wholeCount == 1)
  }

  /// The limit holds for documents of a known shape too.
  @Test func documentSize() throws {
    var pipeline = try Pipeline()
    func document(_ size: Int) -> [UInt8] {
      let frame = utf8("{\(time),\"a\":\"\"}").count
      return utf8("{\(time),\"a\":\"\(String(repeating: "x", count: size - frame))\"}")
    }
    let largest = document(Limits.maxDocumentBytes)
    for _ in 0..<2 {
      let batch = pipeline.parse([largest, document(Limits.maxDocumentBytes + 1)])
      #expect(batch.eventCount == 1)
      #expect(
        batch.rejected.map(\.reason) == [
          "document of 10485761 bytes is over the limit of 10485760 bytes"
        ])
      #expect(batch.rejected.first?.head.count == Limits.ledgerHeadBytes)
      try checkSame(try pipeline.documents(of: try pipeline.encode(batch)), [largest])
    }
  }

  /// The depth of a value that shapes do not look into counts from the document's top.
  @Test func nestingOfKnownShapes() throws {
    var pipeline = try Pipeline()
    func document(_ outer: Int, _ inner: Int) -> [UInt8] {
      utf8(
        "{\(time),\"a\":" + String(repeating: "{\"b\":", count: outer)
          + String(repeating: "[", count: inner) + String(repeating: "]", count: inner)
          + String(repeating: "}", count: outer) + "}")
    }
    for outer in [0, 10, 500, 511, 512, 600, 1_000] {
      let limit = Limits.maxNesting - 1 - outer
      let documents = [1, limit / 2, limit, limit + 1].map { document(outer, $0) }
      let batch = pipeline.parse(documents)
      #expect(batch.rejected.map(\.position) == [3], "\(outer) objects")
      let block = try pipeline.encode(batch)
      try checkSame(try pipeline.documents(of: block), Array(documents.dropLast()))
    }
  }

  @Test func stringsThatSeldomRepeatComeBack() throws {
    var pipeline = try Pipeline()
    var random = SeededGenerator(seed: firstSeed)
    for _ in 0..<2 {
      let documents = (0..<6_000).map { index in
        utf8("{\(time),\"id\":\"n\(random.word())\",\"mostly\":\"\(index % 5_000)\",\"b\":\"ok\"}")
      }
      let content = try BlockContent(try pipeline.block(documents).bytes, pipeline.schema)
      try checkSame(content.documents, documents)
      let forms = content.columns.map { ($0.info.path, $0.values.strings.isDictionary) }
      #expect(forms.map(\.0) == ["id", "mostly", "b"])
      #expect(forms.map(\.1) == [false, false, true])
    }
    #expect(pipeline.schema.snapshot().plainColumns.count == 2)
  }

  @Test func documentsKeptWholeTakeSeveralFrames() throws {
    var pipeline = try Pipeline()
    let documents = (0..<40).map { index in
      utf8("{\(time),\"x\":1e\(index),\"a\":\"\(String(repeating: "y", count: index * 9_000))\"}")
    }
    let content = try BlockContent(try pipeline.block(documents).bytes, pipeline.schema)
    #expect(content.wholeCount == 40)
    try checkSame(content.documents, documents)
  }
}
