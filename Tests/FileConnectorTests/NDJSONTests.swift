import Model
import TestSupport
import Testing

@testable import FileConnector

@Suite struct NDJSONTests {
  @Test func aDocumentALine() throws {
    let reading = try read("{\"a\":1}\n{\"a\":2}\n", .ndjson)
    #expect(
      reading.documents == [
        Found(text: #"{"a":1}"#, position: 0), Found(text: #"{"a":2}"#, position: 8),
      ])
    #expect(reading.endPosition == 16)
    #expect(reading.refused.isEmpty && reading.error == nil)
  }

  @Test func lastLineWithoutNewline() throws {
    let reading = try read("1\n2", .ndjson)
    #expect(reading.texts == ["1", "2"])
    #expect(reading.endPosition == 3)
  }

  @Test func crlfBlankLinesAndSpaces() throws {
    let reading = try read("\r\n1\r\n\n   \n \t \r\n 2 \r\n", .ndjson)
    #expect(reading.documents == [Found(text: "1", position: 2), Found(text: " 2 ", position: 15)])
  }

  @Test(arguments: [1, 2, 3, 4, 100]) func byteOrderMark(chunk: Int) throws {
    let reading = try read([0xEF, 0xBB, 0xBF] + Array("1\n2\n".utf8), .ndjson, chunk: chunk)
    #expect(reading.documents == [Found(text: "1", position: 3), Found(text: "2", position: 5)])
  }

  @Test func onlyAWholeMarkAtTheStartIsSkipped() throws {
    #expect(try read([0xEF, 0xBB], .ndjson).documents.count == 1)
    #expect(try read([0xEF, 0xBB, 0xBF], .ndjson).documents.isEmpty)
    let twice = try read(Array("1\n".utf8) + [0xEF, 0xBB, 0xBF, 0x31], .ndjson)
    #expect(twice.documents.map(\.position) == [0, 2])
    #expect(twice.texts[1].utf8.count == 4)
  }

  @Test func emptyFile() throws {
    let reading = try read("", .ndjson)
    #expect(reading.documents.isEmpty && reading.error == nil && reading.chunkCount == 0)
  }

  @Test(arguments: ["\n", "\r\n", ""]) func documentAtTheLimit(lineEnd: String) throws {
    let largest = String(repeating: "x", count: Limits.maxDocumentBytes)
    let reading = try read(largest + lineEnd, .ndjson)
    #expect(reading.documents.map(\.text.utf8.count) == [Limits.maxDocumentBytes])
    #expect(reading.refused.isEmpty)
  }

  @Test(arguments: ["\n", "\r\n"], [1, 2, 9 << 20])
  func documentOverTheLimit(lineEnd: String, excess: Int) throws {
    let byteCount = Limits.maxDocumentBytes + excess
    let large = "<" + String(repeating: "x", count: byteCount - 1)
    let reading = try read("1\n" + large + lineEnd + "2\n", .ndjson)
    let after = Int64(2 + byteCount + lineEnd.utf8.count)
    #expect(
      reading.documents == [Found(text: "1", position: 0), Found(text: "2", position: after)])
    #expect(reading.refused.count == 1)
    #expect(reading.refused[0].position == 2)
    #expect(
      reading.refused[0].reason
        == "document of \(byteCount) bytes is over the limit of 10485760 bytes")
    #expect(reading.refused[0].head == Array(large.utf8.prefix(1024)))
  }

  @Test func overTheLimitUpToTheEnd() throws {
    let large = String(repeating: "x", count: Limits.maxDocumentBytes + 70_000)
    let reading = try read("1\n" + large, .ndjson, chunk: 50_000)
    #expect(reading.texts == ["1"])
    #expect(reading.reasons == ["document of 10555760 bytes is over the limit of 10485760 bytes"])
    #expect(reading.endPosition == Int64(large.utf8.count + 2))
  }

  @Test func randomLinesAtRandomChunkSizes() throws {
    for round in 0..<200 {
      let seed = runSeed &+ UInt64(round)
      var random = SeededGenerator(seed: seed)
      let lines = (0..<random.below(30)).map { _ in random.text() }
      var ends = lines.map { _ in random.below(3) == 0 ? "\r\n" : "\n" }
      if random.below(2) == 0, !ends.isEmpty { ends[ends.count - 1] = "" }
      var expected: [Found] = []
      var position: Int64 = 0
      for (line, end) in zip(lines, ends) {
        if line.contains(where: { $0 != " " }) {
          expected.append(Found(text: line, position: position))
        }
        position += Int64(line.utf8.count + end.utf8.count)
      }
      let source = zip(lines, ends).map { $0 + $1 }.joined()
      let reading = try read(source, .ndjson, chunk: 1 + random.below(80))
      #expect(reading.documents == expected, "seed \(seed)")
      #expect(reading.endPosition == position, "seed \(seed)")
    }
  }
}
