import EventLog
import Foundation
import Model
import Testing

@testable import Store

@Suite struct StoreTests {
  let directory = TemporaryDirectory()

  /// The example in the documentation of `Store`.
  @Test func embeddingProgramAppendsAndReads() throws {
    let store = try Store(directory: directory.path)
    let result = try store.append(
      ["{\"device_id\": \"pump-1\", \"timestamp\": \"2024-06-01T00:00:00Z\", \"pressure\": 4.2}"],
      to: "pumps")
    #expect(result.accepted == 1)
    // The first event of the log is the definition of the stream.
    #expect(result.firstSeq == 2)
    var seen: [UInt64] = []
    try store.forEachEvent(of: "pumps") { event in
      seen.append(event.seq)
      #expect(String(decoding: event.bytes, as: UTF8.self).hasSuffix("\"pressure\": 4.2}"))
      return true
    }
    #expect(seen == [2])
    store.close()
  }

  @Test func documentsComeBackByteForByteAfterReopening() throws {
    let documents = [
      #"{"timestamp":"2024-06-01T00:00:00Z","id":"a","v":1.50,"tags":["x", 1],"n":null}"#,
      #"{ "timestamp" : 1717200000123 , "id":"é\u00e9\n", "v": -0.0, "big": 1e400 }"#,
      #"{"timestamp":"2024-06-01T02:00:00.5+02:00","id":"a","id":"b","o":{},"p":{"q":true}}"#,
    ]
    let store = try Store(directory: directory.path)
    #expect(try store.append(documents, to: "s").accepted == 3)
    #expect(try store.documents(of: "s") == documents)
    store.close()
    let reopened = try Store(directory: directory.path, mode: .readOnly)
    #expect(try reopened.documents(of: "s") == documents)
    #expect(try reopened.documents(of: "s", seqs: 3...3) == [documents[1]])
    #expect(try reopened.check().isSound)
    reopened.close()
  }

  @Test func badDocumentsAreOnTheLedgerAndTheOthersGoIn() throws {
    let store = try Store(directory: directory.path)
    let result = try store.append(
      [
        #"{"ts":"2024-06-01T00:00:00Z","id":"a"}"#, "{", #"{"id":"b"}"#, "17", "",
        #"{"ts":"yesterday"}"#, #"{"ts":"2024-06-01T00:00:01Z","id":"c"}"#,
      ], to: "s")
    #expect(result.accepted == 2)
    #expect(result.rejected.map(\.position) == [1, 2, 3, 4, 5])
    let ledger = try store.ledger(.rejected)
    #expect(ledger.map { String(decoding: $0.bytes, as: UTF8.self) }[0] == "{")
    #expect(ledger.map(\.reason) == result.rejected.map(\.reason))
    #expect(ledger[1].reason == "no time: the field \"ts\" is missing")
    store.close()
  }

  @Test func nothingIsLostWhenNoDocumentTellsWhatTheStreamIsLike() throws {
    let store = try Store(directory: directory.path)
    let result = try store.append(["[1]", #"{"a":1}"#], to: "later")
    #expect(result.accepted == 0)
    #expect(result.rejected.count == 2)
    #expect(try store.ledger(.rejected).map(\.stream) == ["later", "later"])
    #expect(try store.statistics().streams.isEmpty)
    #expect(try store.append([#"{"time":1,"a":1}"#], to: "later").accepted == 1)
    store.close()
  }

  @Test func duplicatesAreAnsweredWithTheFirstEvent() throws {
    func event(_ id: String, _ day: Int) -> String {
      "{\"event_id\":\"\(id)\",\"timestamp\":\"2024-06-\(day < 10 ? "0" : "")\(day)T00:00:00Z\"}"
    }
    let store = try Store(directory: directory.path)
    let first = try store.append([event("a", 1), event("b", 1), event("a", 1)], to: "s")
    #expect(first.accepted == 2)
    #expect(first.duplicates.map(\.firstSeq) == [2])
    // Seven days apart it is the same event; eight days apart another.
    let second = try store.append([event("b", 8), event("a", 9)], to: "s")
    #expect(second.duplicates.map(\.firstSeq) == [3])
    #expect(second.accepted == 1)
    #expect(
      try store.ledger(.duplicate).map { String(decoding: $0.bytes, as: UTF8.self) } == ["a", "b"])
    store.close()
  }

  @Test func lateEventsAreAcceptedAndOnTheLedger() throws {
    let store = try Store(directory: directory.path)
    let times = ["10:00:00", "10:00:30", "09:59:40", "09:50:00"]
    let documents = times.map { "{\"timestamp\":\"2024-06-01T\($0)Z\"}" }
    let result = try store.append(documents, to: "s")
    #expect(result.accepted == 4)
    #expect(result.late.map(\.seq) == [5])
    #expect(result.late.map(\.behindNs) == [630_000_000_000])
    // The stream has passed that time, whatever source brings it.
    #expect(try store.append([documents[3]], to: "s", source: "other").late.map(\.seq) == [6])
    // From now on the stream's watermark is that of the other, but it does not go back.
    #expect(try store.append([documents[2]], to: "s", source: "third").late.isEmpty)
    #expect(try store.ledger(.late).map(\.seq) == [5, 6])
    store.close()
  }

  @Test func sourcesThatUnicodeHoldsEqualHaveWatermarksOfTheirOwn() throws {
    let directory = TemporaryDirectory()
    var store = try Store(directory: directory.path)
    func add(_ day: Int, from source: String) throws {
      _ = try store.append(
        [#"{"timestamp":"2024-01-0\#(day)T00:00:00Z"}"#], to: "s", source: source)
    }
    try add(5, from: "\u{E9}.ndjson")
    try add(5, from: "e\u{301}.ndjson")
    try add(7, from: "\u{E9}.ndjson")
    func watermark() throws -> Int64? { try store.statistics().streams.first?.watermarkNs }
    let fifth = Timestamp("2024-01-05T00:00:00Z")?.ns
    #expect(try watermark() == fifth)
    store.close()
    store = try Store(directory: directory.path)
    defer { store.close() }
    #expect(try watermark() == fifth)
    #expect(try store.statistics().streams.first?.sources.count == 2)
    try store.closeSources(["e\u{301}.ndjson"], of: "s")
    #expect(try watermark() == Timestamp("2024-01-07T00:00:00Z")?.ns)
  }

  @Test func streamsCanBeDefinedAhead() throws {
    let store = try Store(directory: directory.path)
    try store.define(
      StreamDefinition(name: "s", timePath: "meta.at", keyPath: "meta.who", idPath: "meta.id"))
    let document = #"{"meta":{"at":"2024-06-01T00:00:00Z","who":"w","id":7}}"#
    let result = try store.append([document, document], to: "s")
    #expect(result.accepted == 1)
    #expect(result.duplicates.count == 1)
    #expect(throws: StreamExistsError.self) {
      try store.define(StreamDefinition(name: "s", timePath: "t"))
    }
    #expect(throws: StreamNameError.self) {
      try store.define(StreamDefinition(name: "9 lives", timePath: "t"))
    }
    store.close()
    let reopened = try Store(directory: directory.path)
    #expect(try reopened.statistics().streams.first?.definition.idPath == "meta.id")
    #expect(try reopened.append([document], to: "s").duplicates.map(\.firstSeq) == [2])
    reopened.close()
  }

  @Test func unknownFormatIsRefused() throws {
    let store = try Store(directory: directory.path)
    #expect(try store.append([#"{"time":1}"#], to: "s").accepted == 1)
    store.close()
    let path = directory.path + "/data.mdb"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    // The head of the log: its mark, then the version.
    var range = bytes.startIndex..<bytes.endIndex
    while let found = bytes.range(of: Data("NILO\u{9}\0\0\0".utf8), in: range) {
      bytes[found.lowerBound + 4] = 99
      range = found.upperBound..<bytes.endIndex
    }
    try bytes.write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: UnknownFormatError.self) { try Store(directory: directory.path) }
    #expect(error?.version == 99)
  }
}
