import EventLog
import Foundation
import TestSupport
import Testing

@testable import Store

/// What a stream is taken to be, and what becomes of documents that are otherwise.
@Suite struct StreamTests {
  let directory = TemporaryDirectory()

  private func definition(of stream: String, _ store: Store) throws -> StreamDefinition {
    try #require(store.log.stream(named: stream)?.definition)
  }

  private func factTimes(of name: String, _ store: Store) throws -> [Int64] {
    let log = store.log
    return try log.environment.read { transaction in
      let stream = try log.stream(named: name, transaction)
      return try log.blocks(of: stream, after: 0, limit: .max, transaction).flatMap {
        try log.facts(of: $0, stream, paths: [], transaction).times()
      }
    }
  }

  // MARK: Detection

  @Test func laterDocumentsOfTheFirstBatchAreLookedAt() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let documents = [
      #"{"ts":1717200000,"v":1}"#,
      #"{"ts":1717200060,"v":2,"event_id":"a","sensor":"s"}"#,
      #"{"ts":1717200060,"v":2,"event_id":"a","device_id":"d"}"#,
    ]
    let result = try store.append(documents, to: "s")
    #expect(result.accepted == 2 && result.duplicates.count == 1)
    let made = try definition(of: "s", store)
    // By the order of the names, not of the documents.
    #expect(made.keyPath == "device_id" && made.idPath == "event_id")
    #expect(made.undetected == [])
  }

  @Test func theTimeIsWhatMostDocumentsHave() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let result = try store.append(
      [
        #"{"timestamp":"n/a","time":1717200000}"#, #"{"ts":1717200060,"timestamp":"n/a"}"#,
        #"{"ts":1717200120}"#,
      ], to: "s")
    #expect(result.accepted == 2 && result.rejected.map(\.position) == [0])
    #expect(try definition(of: "s", store).timePath == "ts")
  }

  @Test func onlySoManyDocumentsAreLookedAt() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    var documents = (0..<1_000).map { #"{"ts":\#(1_717_200_000 + $0)}"# }
    documents.append(#"{"ts":1717300000,"event_id":"a"}"#)
    _ = try store.append(documents, to: "s")
    #expect(try definition(of: "s", store).idPaths == [])
    // What came too late is told.
    #expect(
      try store.unusedFields(of: "s") == [
        UnusedField(role: .dedup, path: "event_id", sinceSeq: 1_002)
      ])
  }

  @Test func whatLaterDocumentsBringIsTold() throws {
    var store = try Store(directory: directory.path)
    _ = try store.append([#"{"ts":1717200000,"v":1}"#], to: "s")
    #expect(try store.unusedFields(of: "s") == [])
    _ = try store.append([#"{"ts":1717200060,"v":1}"#], to: "s")
    _ = try store.append(
      [#"{"ts":1717200070,"v":1}"#, #"{"ts":1717200120,"event_id":true,"device":7}"#], to: "s")
    store.close()
    store = try Store(directory: directory.path)
    defer { store.close() }
    // true is no id.
    let unused = [UnusedField(role: .key, path: "device", sinceSeq: 5)]
    #expect(try store.unusedFields(of: "s") == unused)
    #expect(try store.statistics().streams[0].unusedFields == unused)
  }

  @Test func whatWasSaidIsNotTold() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    try store.define(StreamDefinition(name: "a", timePath: "ts"))
    let document = #"{"ts":1717200000,"event_id":"a","device_id":"b"}"#
    _ = try store.append([document], to: "a")
    #expect(try store.unusedFields(of: "a") == [])
    let options = StreamOptions(keyPath: "v", dedup: .none)
    _ = try store.append([#"{"ts":1717200000}"#], to: "b", options: options)
    _ = try store.append([document], to: "b")
    #expect(try store.unusedFields(of: "b") == [])
  }

  // MARK: Times of elements

  @Test func elementsHaveTheOnlyTimes() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let options = StreamOptions(timePath: "Records.eventTime", explodePath: "Records")
    let result = try store.append(
      [
        #"{"Records":[{"eventTime":"2024-06-02T11:00:00Z","n":1},{"eventTime":"2024-06-01T10:00:00Z","n":2}]}"#,
        #"{"Records":[{"n":3},{"eventTime":"2024-06-03T00:00:00Z","n":4}]}"#,
        #"{"Records":[]}"#, #"{"Records":[{"n":5}]}"#, #"{"n":6}"#,
      ], to: "s", options: options)
    #expect(result.accepted == 2)
    let reason = #"no time: no element of "Records" has "Records.eventTime""#
    let absent = #"no time: there is no array "Records" to explode"#
    #expect(result.rejected.map(\.reason) == [reason, reason, absent])
    let day: Int64 = 86_400_000_000_000
    let june: Int64 = 1_717_200_000_000_000_000
    let hour: Int64 = 3_600_000_000_000
    // An element without a time has its event's: the earliest of the others.
    #expect(
      try factTimes(of: "s", store)
        == [june + day + 11 * hour, june + 10 * hour, june + 2 * day, june + 2 * day])
    var events: [UInt64] = []
    try store.forEachEvent(of: "s", times: june + 10 * hour..<june + day) {
      events.append($0.seq)
      return true
    }
    #expect(events == [2])
    let totals = try store.statistics().streams[0].totals
    #expect(totals.minTimeNs == june + 10 * hour && totals.maxTimeNs == june + 2 * day)
    #expect(try store.check().isSound)
  }

  /// Shapes are known of documents with a time, and of elements without one: together they have none.
  @Test func knownShapesWithoutATimeAreRejected() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let options = StreamOptions(explodePath: "a", elementTimePath: "a.t")
    let good = [
      #"{"a":[{"t":1717200000}]}"#, #"{"ts":1717200000,"a":[{"n":1}]}"#,
      #"{"a":[{"t":1717200000},{"n":1}]}"#,
    ]
    #expect(try store.append(good + good, to: "s", options: options).accepted == 6)
    let bad = try store.append([#"{"a":[{"n":1}]}"#, #"{"a":[{"n":1},{"n":2}]}"#], to: "s")
    #expect(bad.accepted == 0 && bad.rejected.count == 2)
  }

  @Test func theTimeOfADocumentComesBeforeThoseOfItsElements() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let options = StreamOptions(
      timePath: "meta.at", explodePath: "f", elementTimePath: "f.p.time")
    let result = try store.append(
      [
        #"{"meta":{"at":1717300000},"f":[{"p":{"time":1717200000},"m":1},{"m":2}]}"#,
        #"{"f":[{"p":{"time":1717200060},"m":3}]}"#, #"{"f":[{"m":3}]}"#,
      ], to: "s", options: options)
    #expect(
      result.rejected.map(\.reason) == [
        #"no time: the field "meta.at" is missing, and no element has "f.p.time""#
      ])
    #expect(
      try factTimes(of: "s", store).map { $0 / 1_000_000_000 }
        == [1_717_200_000, 1_717_300_000, 1_717_200_060])
  }

  @Test func aTimeThatOnlyElementsHaveIsNamedInTheReason() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let options = StreamOptions(timePath: "at", explodePath: "r")
    let result = try store.append(
      [#"{"r":[{"at":1717200000}]}"#], to: "s", options: options)
    #expect(
      result.rejected.map(\.reason) == [
        #"no time: the field "at" is missing; elements have it: name the time r.at"#
      ])
  }

  // MARK: Ids

  @Test func fieldsOfAnIdAreKeptApart() throws {
    var store = try Store(directory: directory.path)
    var definition = StreamDefinition(name: "s", timePath: "ts")
    definition.idPaths = ["a", "b"]
    try store.define(definition)
    let ids = [
      (#""x,y""#, #""z""#), (#""x""#, #""y,z""#), (#""x\\""#, #"",z""#), (#""x\\,""#, #""z""#),
      ("1", "2"), (#""\u0031""#, "3"), (#""1""#, #""""#), ("1", "null"), ("1", "[2]"),
      ("1e5", "1"),
    ]
    let documents =
      ids.map { #"{"a":\#($0),"b":\#($1),"ts":1717200000}"# }
      + [#"{"a":1,"ts":1717200000}"#, #"{"b":1,"ts":1717200000}"#]
    #expect(try store.append(documents, to: "s").accepted == documents.count)
    // Events that lack a field have no id.
    let seqs: [UInt64] = [2, 3, 4, 5, 6, 7, 11]
    #expect(try store.append(documents, to: "s").duplicates.map(\.firstSeq) == seqs)
    store.close()
    store = try Store(directory: directory.path)
    defer { store.close() }
    #expect(try store.append(documents, to: "s").duplicates.map(\.firstSeq) == seqs)
    let turned = #"{"b":2,"ts":1717200000,"a":"1"}"#
    #expect(try store.append([turned], to: "s").duplicates.map(\.firstSeq) == [6])
  }

  /// Duplicates repeat a few events of many blocks, now and then most of one; whether they differ is told right whichever
  /// documents are looked at, and however often.
  @Test func duplicatesOfManyBlocksAreToldApart() {
    rounds(4) { random in
      let directory = TemporaryDirectory()
      var store = try Store(directory: directory.path)
      defer { store.close() }
      var documents: [String] = []
      for _ in 0..<random.within(2...12) {
        let part = (0..<random.within(1...40)).map { number in
          let value = random.oneIn(9) ? "1e5" : "\(number)"
          return #"{"id":"\#(documents.count + number)","ts":1717200000,"v":\#(value)}"#
        }
        _ = try store.append(part, to: "s", options: StreamOptions(dedup: .path("id")))
        documents += part
        if random.oneIn(5) { _ = try store.compact() }
      }
      for _ in 0..<12 {
        if random.oneIn(4) {
          // Nothing of what came lately is in memory then.
          store.close()
          store = try Store(directory: directory.path)
        }
        let chosen = (0..<random.within(1...60)).map { _ in random.pick(documents) }
        let differing = chosen.map { _ in random.oneIn(3) }
        let repeated = zip(chosen, differing).map { $1 ? $0.replacing("}", with: " }") : $0 }
        let result = try store.append(repeated, to: "s")
        try checkEqual(result.duplicates.map(\.isDifferent), differing, "which differ")
      }
    }
  }

  @Test func duplicatesThatDifferAreToldApart() throws {
    var store = try Store(directory: directory.path)
    let first = [
      #"{"event_id":"a","ts":1717200000,"v":1}"#, #"{"event_id":"a","ts":1717200001,"v":2}"#,
      #"{"event_id":"a","ts":1717200000,"v":1}"#,
    ]
    let inBatch = try store.append(first, to: "s")
    #expect(inBatch.duplicates.map(\.isDifferent) == [true, false])
    store.close()
    store = try Store(directory: directory.path)
    defer { store.close() }
    let long = #"{"event_id":"a","ts":1717200002,"v":"\#(String(repeating: "x", count: 2_000))"}"#
    let stored = try store.append(
      [#"{"event_id":"a","ts":1717200000,"v":1}"#, long], to: "s")
    #expect(stored.duplicates.map(\.isDifferent) == [false, true])
    let entries = try store.ledger(.duplicate)
    #expect(entries.map(\.isDifferent) == [true, false, false, true])
    #expect(entries.map { ($0.timeNs ?? 0) / 1_000_000_000 - 1_717_200_000 } == [1, 0, 0, 2])
    #expect(
      entries.map { String(decoding: $0.head, as: UTF8.self) } == [
        first[1], "", "", String(long.prefix(1_024)),
      ])
    let totals = try store.statistics().streams[0].totals
    #expect(totals.duplicates == 4 && totals.differing == 2)
    #expect(try store.check().isSound)
  }

  // MARK: Definitions

  @Test func impossibleDefinitionsAreRefused() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    func refusal(_ change: (inout StreamDefinition) -> Void) -> String? {
      var definition = StreamDefinition(name: "s", timePath: "ts", explodePath: "r")
      change(&definition)
      do {
        try store.define(definition)
        return nil
      } catch {
        return "\(error)"
      }
    }
    #expect(
      refusal { $0.idPaths = ["a", "ts"] }
        == #""ts" is the event's time and cannot be its dedup id as well; name another field, or none"#
    )
    #expect(refusal { $0.idPaths = ["a", "a"] } == #"the dedup id has "a" twice"#)
    #expect(refusal { $0.idPaths = ["r.id"] }?.contains("lies in the exploded array") == true)
    #expect(refusal { $0.idPaths = (0..<9).map { "f\($0)" } }?.contains("8 fields at most") == true)
    #expect(refusal { $0.elementTimePath = "q.t" }?.contains("does not lie in") == true)
    #expect(
      refusal { ($0.timePath, $0.elementTimePath) = ("r.a", "r.b") }?.contains("name one of them")
        == true)
    #expect(
      refusal { ($0.explodePath, $0.elementTimePath) = (nil, "r.t") }?.contains("no array explodes")
        == true)
    #expect(refusal { $0.latenessNs = -1 }?.contains("lateness") == true)
    #expect(try store.statistics().streams.isEmpty)
    var full = StreamDefinition(name: "s", timePath: "r.at", keyPath: "k", explodePath: "r")
    full.idPaths = ["a", "b", "c"]
    (full.dedupWindowNs, full.latenessNs) = (1, 2)
    try store.define(full)
    store.close()
    let reopened = try Store(directory: directory.path)
    defer { reopened.close() }
    let read = try definition(of: "s", reopened)
    #expect(read.elementTimePath == "r.at" && read.idPaths == full.idPaths)
    #expect(read.dedupWindowNs == 1 && read.latenessNs == 2 && read.keyPath == "k")
  }

  @Test func aStreamCannotHaveTheNameOfAKpi() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    _ = try store.append([#"{"ts":1717200000,"v":1}"#], to: "s")
    try store.projections.define(
      KpiDefinition(name: "k", stream: "s", select: "sum(v)", every: "1h"), actor: "test")
    let error = #expect(throws: (any Error).self) {
      try store.append([#"{"ts":1717200000,"v":1}"#], to: "k")
    }
    #expect("\(error!)" == "there is a KPI k: a stream takes another name, or drop the KPI first")
    #expect(try store.statistics().streams.map(\.definition.name) == ["s"])
  }
}
