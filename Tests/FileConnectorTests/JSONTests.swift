import Model
import TestSupport
import Testing

@testable import FileConnector

@Suite struct JSONTests {
  @Test func elementsOfAnArray() throws {
    let reading = try read(" [ {\"a\": [1, 2]} ,\n{\"b\":\"]}\\\"\"}, 3,[4] ,\"s\", null]\n", .json)
    #expect(
      reading.documents == [
        Found(text: #"{"a": [1, 2]}"#, position: 3), Found(text: #"{"b":"]}\""}"#, position: 19),
        Found(text: "3", position: 33), Found(text: "[4]", position: 35),
        Found(text: #""s""#, position: 40), Found(text: "null", position: 45),
      ])
    #expect(reading.refused.isEmpty && reading.endPosition == 51)
  }

  @Test func oneDocumentOverManyLines() throws {
    let text = "{\n  \"a\": {\n    \"b\": 1\n  }\n}"
    #expect(try read(text + "\n", .json).documents == [Found(text: text, position: 0)])
  }

  @Test func documentsFollowingEachOther() throws {
    let reading = try read("{\"a\":1}{\"a\":2}\n\t{\r\n}\n17 true [5][]", .json)
    #expect(reading.texts == [#"{"a":1}"#, #"{"a":2}"#, "{\r\n}", "17", "true", "5"])
    #expect(reading.refused.isEmpty)
  }

  @Test(arguments: ["", "[]", " \n[\n]\n", "[] []"]) func noDocuments(text: String) throws {
    let reading = try read(text, .json)
    #expect(reading.documents.isEmpty && reading.refused.isEmpty && reading.error == nil)
  }

  @Test(arguments: [1, 5, 1000]) func byteOrderMark(chunk: Int) throws {
    let reading = try read([0xEF, 0xBB, 0xBF] + Array("[{}]".utf8), .json, chunk: chunk)
    #expect(reading.documents == [Found(text: "{}", position: 4)])
  }

  @Test(
    arguments: [
      ("[1,{\"a\":\"x", ["1"], 3, "the file ends within a string", "{\"a\":\"x"),
      ("{} {\"a\":[", ["{}"], 3, "the file ends within a document (2 levels open)", "{\"a\":["),
      ("{}\"a\\\"", ["{}"], 2, "the file ends within a string", "\"a\\\""),
      ("[1, 2", ["1", "2"], 5, "the file ends within an array: ']' is missing", ""),
      ("[1]] {}", ["1"], 3, "']' stands where a document should begin", "] {}"),
      ("{}} {}", ["{}"], 2, "'}' stands where a document should begin", "} {}"),
      ("[{} {}]", ["{}"], 4, "',' or ']' is missing after an array's element", "{}]"),
      ("[1,,2]", ["1"], 3, "',' stands where a document should begin", ",2]"),
      ("[1,]", ["1"], 3, "']' after ',': an element is missing", "]"),
      ("1,2", ["1"], 1, "',' stands where a document should begin", ",2"),
    ] as [(String, [String], Int64, String, String)])
  func brokenStructure(
    text: String, texts: [String], position: Int64, reason: String, head: String
  ) throws {
    for chunk in [1, 2, 3, 1000] {
      let reading = try read(text, .json, chunk: chunk)
      #expect(reading.texts == texts)
      #expect(
        reading.refused == [
          RefusedDocument(position: position, reason: reason, head: Array(head.utf8))
        ])
      #expect(reading.error == nil)
    }
  }

  @Test func theHeadOfABrokenRestIsAKibibyte() throws {
    let rest = "]" + String(repeating: "x", count: 5_000)
    let reading = try read("{}" + rest, .json, chunk: 100)
    #expect(reading.refused.map(\.head) == [Array(rest.utf8.prefix(1024))])
    #expect(reading.texts == ["{}"])
  }

  @Test(arguments: [1 << 20, 8 << 20]) func limits(chunk: Int) throws {
    func document(_ byteCount: Int) -> String {
      "{\"a\":\"" + String(repeating: "x", count: byteCount - 8) + "\"}"
    }
    let large = document(Limits.maxDocumentBytes + 1)
    let text = "[1," + document(Limits.maxDocumentBytes) + "," + large + ",2]"
    let reading = try read(text, .json, chunk: chunk)
    #expect(reading.documents.map(\.text.utf8.count) == [1, Limits.maxDocumentBytes, 1])
    #expect(reading.documents.map(\.position) == [1, 3, Int64(text.utf8.count - 2)])
    #expect(
      reading.refused == [
        RefusedDocument(
          position: Int64(4 + Limits.maxDocumentBytes),
          reason: "document of 10485761 bytes is over the limit of 10485760 bytes",
          head: Array(large.utf8.prefix(1024)))
      ])
  }

  @Test func randomDocumentsAtRandomChunkSizes() throws {
    for round in 0..<200 {
      let seed = runSeed &+ UInt64(round)
      var random = SeededGenerator(seed: seed)
      let isArray = random.below(2) == 0
      var text = Self.space(&random) + (isArray ? "[" : "")
      var expected: [Found] = []
      for index in 0..<random.below(20) {
        if isArray && index > 0 { text += Self.space(&random) + "," }
        text += Self.space(&random)
        if !isArray && index > 0 { text += " " }
        let document = Self.document(&random, isElement: isArray)
        expected.append(Found(text: document, position: Int64(text.utf8.count)))
        text += document
      }
      text += Self.space(&random) + (isArray ? "]" : "") + Self.space(&random)
      let reading = try read(text, .json, chunk: 1 + random.below(80))
      #expect(reading.documents == expected, "seed \(seed): \(text)")
      #expect(reading.refused.isEmpty, "seed \(seed): \(text)")
      #expect(reading.endPosition <= Int64(text.utf8.count), "seed \(seed)")
    }
  }

  private static func space(_ random: inout SeededGenerator) -> String {
    (0..<random.below(3)).map { _ in [" ", "\n", "\t", "\r\n"][random.below(4)] }.joined()
  }

  private static func string(_ random: inout SeededGenerator) -> String {
    let escaped = random.text().replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return "\"\(escaped)\""
  }

  private static func document(_ random: inout SeededGenerator, isElement: Bool) -> String {
    switch random.below(isElement ? 5 : 4) {
    case 0: return string(&random)
    case 1: return "-12.5e3"
    case 4: return "[" + string(&random) + ",[ ]]"
    default:
      let inner = random.below(3) == 0 ? document(&random, isElement: true) : "null"
      return "{" + string(&random) + " : " + string(&random) + ",\n\"x\":" + inner + "}"
    }
  }
}
