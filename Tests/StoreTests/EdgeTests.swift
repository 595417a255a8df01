import Model
import Testing

@testable import EventLog
@testable import Store

/// What seldom happens and must not disturb the rest.
@Suite struct EdgeTests {
  let directory = TemporaryDirectory()

  @Test func timesCanBeFurtherApartThanNanosecondsCanSay() throws {
    // The wall clock, too, has reached the last of them.
    let store = try Store(
      directory: directory.path, mode: .readWrite, clock: { 1_767_225_600_000_000_000 })
    defer { store.close() }
    let result = try store.append(
      [
        #"{"event_id":"a","ts":"1678-01-01T00:00:00Z"}"#,
        #"{"event_id":"b","ts":"2026-01-01T00:00:00Z"}"#,
        #"{"event_id":"a","ts":"2026-01-01T00:00:00Z"}"#,
        #"{"event_id":"c","ts":"1678-01-01T00:00:00Z"}"#,
      ], to: "s")
    #expect(result.accepted == 4)
    #expect(result.late.map(\.seq) == [5])
    #expect(result.late.map(\.behindNs) == [.max])
    #expect(try store.check().isSound)
  }

  /// Each form of a time, also those that cannot be written again from the instant.
  @Test func timesInAllFormsComeBackByteForByte() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let texts = [
      "2024-06-01T00:00:00Z", "2024-06-01T02:00:00+0200", "2024-06-01 02:00:00.000+02",
      "2024-06-01T00:00Z", "20240601T000000Z", "20240601T020000,0+02:00", "20240601T00:00:00Z",
      "2024-05-31T23:59:60Z", "2024-06-01T00:00:00.0000000009z", "2024-06-01T00:00:00\\u005a",
    ]
    let numbers = [
      "1717200000", "1717200000000", "1717200000.000", "1.7172E9", "1717200000e0",
      "17172000000000000e-7", "1717200000.00000000000000000001", "1717200000.000000000",
    ]
    var documents = (texts.map { "\"\($0)\"" } + numbers).map { #"{"ts":\#($0),"v":1}"# }
    documents += documents.reversed()
    let result = try store.append(documents, to: "s")
    #expect(result.accepted == UInt64(documents.count))
    #expect(try store.documents(of: "s") == documents)
    try store.forEachEvent(of: "s", seqs: 1...UInt64.max) { event in
      #expect(event.timeNs == 1_717_200_000_000_000_000)
      return true
    }
    #expect(try store.check().isSound)
  }

  @Test func aTimeWithAnExponentMakesAStream() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    #expect(try store.append([#"{"_time":1.7172E9,"v":1}"#], to: "s").accepted == 1)
    #expect(try store.statistics().streams.map(\.definition.timePath) == ["_time"])
  }

  @Test func tooLongNamesOfSourcesAreRefused() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let longest = String(repeating: "n", count: Limits.maxSourceNameBytes)
    #expect(throws: SourceNameError(byteCount: Limits.maxSourceNameBytes + 1)) {
      try store.append([#"{"ts":1}"#], to: "s", source: longest + "n")
    }
    #expect(
      try store.append([#"{"ts":1}"#], to: "s", source: longest, actor: longest).accepted == 1)
    #expect(try store.documents(of: "s") == [#"{"ts":1}"#])
  }

  @Test func aStreamIsMadeFromADocumentThatIsAnEvent() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let first = try store.append([#"{"timestamp":"yesterday","v":1}"#], to: "s")
    #expect(first.rejected.map(\.reason)[0].hasPrefix("unreadable time: \"timestamp\" is"))
    #expect(try store.statistics().streams.isEmpty)
    let mistyped = try store.append(
      [#"{"time":1,"v":1}"#], to: "s", options: StreamOptions(timePath: "tiem"))
    #expect(mistyped.rejected.map(\.reason) == ["no time: the field \"tiem\" is missing"])
    #expect(try store.statistics().streams.isEmpty)
    #expect(try store.append([#"{"timestamp":"x"}"#, #"{"time":1}"#], to: "s").accepted == 1)
    #expect(try store.statistics().streams.map(\.definition.timePath) == ["time"])
  }

  @Test func theTimeCannotBeTheDedupId() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    #expect(throws: DedupByTimeError(path: "ts")) {
      try store.append([#"{"ts":1}"#], to: "s", options: StreamOptions(dedup: .path("ts")))
    }
  }

  @Test func windowsAreKeptToTheNanosecond() throws {
    var definition = StreamDefinition(name: "s", timePath: "ts", idPath: "id")
    definition.dedupWindowNs = 1_000_000_003
    definition.latenessNs = 7
    let store = try Store(directory: directory.path)
    try store.define(definition)
    store.close()
    let reopened = try Store(directory: directory.path)
    defer { reopened.close() }
    let read = try #require(try reopened.statistics().streams.first?.definition)
    #expect(read.dedupWindowNs == 1_000_000_003 && read.latenessNs == 7)
    let result = try reopened.append(
      [
        #"{"ts":"2024-06-01T00:00:01.000000003Z","id":"a"}"#,
        #"{"ts":"2024-06-01T00:00:00Z","id":"a"}"#,
        #"{"ts":"2024-06-01T00:00:00.999999995Z","id":"b"}"#,
        #"{"ts":"2024-06-01T00:00:02.000000007Z","id":"a"}"#,
      ], to: "s")
    #expect(result.duplicates.map(\.position) == [1])
    #expect(result.late.map(\.behindNs) == [8])
  }

  @Test func theLedgerKeepsTheBeginningOfALongId() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let id = String(repeating: "i", count: 300_000)
    let document = #"{"event_id":"\#(id)","ts":1}"#
    #expect(try store.append([document, document], to: "s").duplicates.count == 1)
    #expect(try store.ledger(.duplicate).map(\.bytes.count) == [Limits.ledgerIdBytes])
    #expect(try store.check().isSound)
  }

  @Test func theCatalogueCannotBeAppendedTo() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    #expect(throws: StreamNameError(name: "_catalogue")) {
      try store.append([#"{"timestamp":1,"name":"x"}"#], to: "_catalogue")
    }
  }
}
