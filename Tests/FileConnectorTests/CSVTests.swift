import Foundation
import Model
import TestSupport
import Testing

@testable import FileConnector

@Suite struct CSVTests {
  @Test func rowsBecomeDocuments() throws {
    let reading = try read("id,name,ok\n1,Ann,true\r\n2,Bob,false\n", .csv)
    #expect(
      reading.documents == [
        Found(text: #"{"id":1,"name":"Ann","ok":true}"#, position: 11),
        Found(text: #"{"id":2,"name":"Bob","ok":false}"#, position: 23),
      ])
    #expect(reading.endPosition == 35)
  }

  @Test(
    arguments: [
      ("0", "0"), ("-1", "-1"), ("1.50", "1.50"), ("1e5", "1e5"), ("-0.1E-07", "-0.1E-07"),
      ("007", "\"007\""), ("+1", "1"), (".5", "0.5"), ("1.", "1"), ("-", "\"-\""),
      ("+.5e-3", "0.5e-3"), ("-1.E+05", "-1E+05"), ("-.25", "-0.25"), ("-0", "-0"), ("+0.0", "0.0"),
      ("00", "\"00\""), ("+07", "\"+07\""), ("00.5", "\"00.5\""), (".", "\".\""), ("+", "\"+\""),
      ("1.e", "\"1.e\""), (".e5", "\".e5\""), ("--1", "\"--1\""), ("1.2.3", "\"1.2.3\""),
      ("1_000", "\"1_000\""), ("0x1F", "\"0x1F\""), ("1 2", "\"1 2\""),
      ("12:30", "\"12:30\""), ("2024-06-01", "\"2024-06-01\""), ("1e+5.5", "\"1e+5.5\""),
      ("1e", "\"1e\""), (" 1", "1"), ("  -2.50  ", "-2.50"), (" a b ", "\"a b\""), ("1 ", "1"),
      (" \"a, b\" ", "\"a, b\""), (" \" 1\"", "\" 1\""), (" true ", "true"), ("\t1", "\"\\t1\""),
      ("NaN", "\"NaN\""), ("True", "\"True\""), ("+Infinity", "\"+Infinity\""),
      ("null", "\"null\""), ("a\"b", #""a\"b""#), ("\\", #""\\""#), ("\u{1}\t", #""\u0001\t""#),
      ("\"1\"", "\"1\""), ("\"true\"", "\"true\""), ("\"\"", "\"\""), ("é雪", "\"é雪\""),
      ("\"a\"\"b\"", #""a\"b""#), ("\"\"\"\"", #""\"""#), ("\"a,b\"", "\"a,b\""),
      ("\"a\nb\"", #""a\nb""#), ("\"a\r\nb\"", #""a\r\nb""#),
    ])
  func fields(field: String, value: String) throws {
    for chunk in [1, 3, 1000] {
      let reading = try read("a.b,c\n\(field),x\n", .csv, chunk: chunk)
      #expect(reading.texts == [#"{"a.b":\#(value),"c":"x"}"#])
      #expect(reading.refused.isEmpty)
    }
  }

  @Test func emptyFieldsAreLeftOut() throws {
    let reading = try read("a,b,c\n,2,\n, ,\n,\"\",\n", .csv)
    #expect(reading.texts == [#"{"b":2}"#, "{}", #"{"b":""}"#])
  }

  @Test func lastRowWithoutNewlineAndBlankLines() throws {
    let reading = try read("\n\r\na,b\n\n1,2\r\n\r\n3,4", .csv)
    #expect(
      reading.documents == [
        Found(text: #"{"a":1,"b":2}"#, position: 8), Found(text: #"{"a":3,"b":4}"#, position: 15),
      ])
  }

  @Test(
    arguments: [
      ("a;b\n1;2.5\n", #"{"a":1,"b":2.5}"#), ("a\tb\n1\tx y\n", #"{"a":1,"b":"x y"}"#),
      ("a,b;c\n1,2\n", #"{"a":1,"b;c":2}"#), ("\"a,x\";b\n1;2\n", #"{"a,x":1,"b":2}"#),
      ("a\n1;2\n", #"{"a":"1;2"}"#), ("\"a\"\"\nb\",c\n1,2\n", #"{"a\"\nb":1,"c":2}"#),
    ])
  func delimiters(text: String, document: String) throws {
    for chunk in [1, 1000] { #expect(try read(text, .csv, chunk: chunk).texts == [document]) }
  }

  @Test(arguments: [1, 2, 1000]) func byteOrderMark(chunk: Int) throws {
    let reading = try read([0xEF, 0xBB, 0xBF] + Array("a\n1\n".utf8), .csv, chunk: chunk)
    #expect(reading.documents == [Found(text: #"{"a":1}"#, position: 5)])
  }

  @Test(arguments: [1, 7, 1000]) func refusedRows(chunk: Int) throws {
    var bytes = Array("a,b\n1\n\"x\ny\",2\n3,4,5\n\"p\"q,6\n".utf8)
    bytes += [0xFF] + Array(",7\n8,9\n\"open,\n10,11\n".utf8)
    let reading = try read(bytes, .csv, chunk: chunk)
    #expect(reading.texts == [#"{"a":"x\ny","b":2}"#, #"{"a":8,"b":9}"#])
    #expect(
      reading.reasons == [
        "line 2: expected 2 fields, found 1", "line 5: expected 2 fields, found 3",
        "line 6: field 1 has text after its closing quote",
        "line 7: the row is not valid UTF-8",
        "line 9: a quoted field is not closed before the end of the file",
      ])
    #expect(reading.refused.map(\.position) == [4, 14, 20, 27, 35])
    #expect(reading.refused[1].head == Array("3,4,5".utf8))
    #expect(reading.endPosition == Int64(bytes.count))
  }

  @Test(
    arguments: [
      ("a,b,a\n", "the header names the field \"a\" twice"),
      ("a,\"b\n1,2\n", "a quoted field of the header is not closed"),
      ("a,\"b\"c\n1,2\n", "field 2 of the header has text after its quotes"),
    ])
  func unusableHeader(text: String, problem: String) throws {
    for chunk in [1, 1000] {
      let reading = try read(text, .csv, chunk: chunk)
      #expect(reading.error?.kind == .unusableHeader)
      #expect(reading.error?.problem == problem)
      #expect(reading.documents.isEmpty)
    }
  }

  @Test func onlyAHeader() throws {
    for text in ["", "a,b", "a,b\n", "\n\r\n"] {
      let reading = try read(text, .csv)
      #expect(reading.documents.isEmpty && reading.refused.isEmpty && reading.error == nil)
    }
  }

  @Test(arguments: ["\n", "\r\n", "\r"], [1 << 20, 8 << 20])
  func rowOverTheLimit(lineEnd: String, chunk: Int) throws {
    let large = "\"" + String(repeating: "x\ny", count: 3_500_000) + "\",1"
    let text = "a,b\n1,2\n" + large + lineEnd + "3,4\n5\n"
    let reading = try read(text, .csv, chunk: chunk)
    #expect(reading.texts == [#"{"a":1,"b":2}"#, #"{"a":3,"b":4}"#])
    #expect(
      reading.reasons == [
        "document of 10500004 bytes is over the limit of 10485760 bytes",
        "line 3500005: expected 2 fields, found 1",
      ])
    #expect(reading.refused[0].head == Array(large.utf8.prefix(1024)))
    #expect(reading.refused[0].position == 8)
  }

  @Test func aDocumentOverTheLimitOnlyAsJSON() throws {
    let quotes = String(repeating: "\"", count: 6_000_000)
    let reading = try read("a\nx\(quotes)\n1\n", .csv)
    #expect(reading.texts == [#"{"a":1}"#])
    #expect(
      reading.reasons == ["document of 12000009 bytes is over the limit of 10485760 bytes"])
  }

  @Test func longKeysOverShortRowsAreCutIntoSeveralChunks() throws {
    let key = String(repeating: "k", count: 1 << 20)
    let rowCount = 200
    let text = "a,\(key)\n" + String(repeating: "1,2\n", count: rowCount)
    let file = try TemporaryFile(text)
    var reader = try FileReader(path: file.path, format: .csv)
    var documentCount = 0
    while let chunk = try reader.next() {
      let batch = chunk.documents()
      #expect(batch.bytes.count < 80 << 20)
      documentCount += batch.documents.count
    }
    #expect(documentCount == rowCount)
  }

  @Test func randomRowsAtRandomChunkSizes() throws {
    for round in 0..<200 {
      let seed = runSeed &+ UInt64(round)
      var random = SeededGenerator(seed: seed)
      let fieldCount = 1 + random.below(5)
      let delimiter = [",", ";", "\t"][fieldCount > 1 ? random.below(3) : 0]
      var text = (0..<fieldCount).map { "f\($0)" }.joined(separator: delimiter) + "\n"
      var expected: [Found] = []
      for _ in 0..<random.below(20) {
        let fields = (0..<fieldCount).map { _ in Self.field(&random, delimiter) }
        let row = fields.map(\.raw).joined(separator: delimiter)
        if !row.isEmpty {
          let members = fields.enumerated().compactMap { index, field in
            field.json.map { "\"f\(index)\":\($0)" }
          }
          let document = "{" + members.joined(separator: ",") + "}"
          expected.append(Found(text: document, position: Int64(text.utf8.count)))
        }
        // An empty row's "\n" would belong to the "\r" of the row before it.
        text += row + ["\r\n", "\n", "\r"][random.below(row.isEmpty ? 1 : 3)]
      }
      let reading = try read(text, .csv, chunk: 1 + random.below(80))
      #expect(reading.documents == expected, "seed \(seed): \(text)")
      #expect(reading.refused.isEmpty, "seed \(seed): \(text)")
    }
  }

  /// A field as it stands in the file, and as JSON.
  private static func field(
    _ random: inout SeededGenerator, _ delimiter: String
  ) -> (raw: String, json: String?) {
    let number = String(random.below(2_000_000) - 1_000_000)
    switch random.below(4) {
    case 0: return ("", nil)
    case 1: return (number, number)
    case 2: return ("true", "true")
    default:
      let text = random.text() + ["\n", "\r\n", delimiter, ""][random.below(4)]
      let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        .replacing("\r\n", with: "\\r\\n").replacing("\n", with: "\\n").replacing("\t", with: "\\t")
      return ("\"" + text.replacing("\"", with: "\"\"") + "\"", "\"" + escaped + "\"")
    }
  }
}
