import EventLog
import Foundation
import Model
import Query
import Testing

@testable import Store

/// Streams that become others, and what stays of before.
@Suite struct AlterTests {
  let directory = TemporaryDirectory()

  private func event(_ device: String, _ id: Int, _ v: Int) -> String {
    #"{"ts":\#(1_717_200_000 + v),"device_id":"\#(device)","event_id":\#(id),"v":\#(v)}"#
  }

  private func count(_ stream: String, _ store: Store) throws -> UInt64 {
    try #require(
      try store.statistics().streams.first { $0.definition.name == stream }?.totals.events)
  }

  @Test func theDedupIdCanChange() throws {
    var store = try Store(directory: directory.path)
    let documents = [event("a", 1, 1), event("b", 1, 2), event("a", 2, 3)]
    #expect(try store.append(documents, to: "s").duplicates.map(\.firstSeq) == [2])
    let altered = try store.alterStream("s", actor: "ann") {
      $0.idPaths = ["device_id", "event_id"]
    }
    #expect(altered.version == 2)
    // Shapes that were learned with the old id know the new one.
    let again = try store.append(documents, to: "s")
    #expect(again.accepted == 1 && again.duplicates.map(\.firstSeq) == [2, 3])
    store.close()
    store = try Store(directory: directory.path)
    #expect(try store.append(documents, to: "s").duplicates.map(\.firstSeq) == [2, 5, 3])
    try store.alterStream("s") { $0.idPaths = [] }
    #expect(try store.append(documents, to: "s").accepted == 3)
    // The first of several events of one id is the one that is repeated.
    try store.alterStream("s") { $0.idPaths = ["event_id"] }
    let last = try store.append(documents, to: "s")
    #expect(last.accepted == 0 && last.duplicates.map(\.firstSeq) == [2, 2, 3])
    #expect(try store.check().isSound)
    store.close()
    store = try Store(directory: directory.path)
    defer { store.close() }
    #expect(try store.append(documents, to: "s").accepted == 0)
    #expect(store.log.stream(named: "s")?.definition.version == 4)
  }

  /// As a stream that was defined so from the beginning, whatever runs, merges and reopening were between.
  @Test func theNewIdHoldsForAllEventsOfBefore() throws {
    var random = SeededGenerator()
    var store = try Store(directory: directory.path)
    var kept: [String] = []
    for _ in 0..<1_200 {
      let documents = (0..<3).map { _ in
        event(
          "d\(Int.random(in: 0..<5, using: &random))", Int.random(in: 0..<500, using: &random),
          Int.random(in: 0..<100_000, using: &random))
      }
      let result = try store.append(documents, to: "s")
      let gone = Set(result.duplicates.map { Int($0.position) })
      kept += documents.indices.filter { !gone.contains($0) }.map { documents[$0] }
    }
    try store.alterStream("s") { definition in
      definition.idPaths = ["device_id", "event_id", "v"]
      definition.dedupWindowNs = 1_000_000_000_000
    }
    for isReopened in [false, true] {
      if isReopened {
        store.close()
        store = try Store(directory: directory.path)
      }
      for document in kept.shuffled(using: &random).prefix(100) {
        let result = try store.append([document], to: "s")
        #expect(result.accepted == 0, "seed \(random.seed): \(document)")
      }
    }
    #expect(try store.check().isSound, "seed \(random.seed)")
    store.close()
  }

  @Test func anotherKeyComputesSeriesAnew() throws {
    var store = try Store(directory: directory.path)
    func counter(_ device: String, _ pump: String, _ minute: Int, _ v: Int) -> String {
      #"{"ts":\#(1_717_200_000 + 60 * minute),"device_id":"\#(device)","pump":"\#(pump)","c":\#(v)}"#
    }
    _ = try store.append(
      [
        counter("a", "x", 0, 10), counter("a", "y", 1, 100), counter("a", "x", 2, 11),
        counter("a", "y", 3, 102),
      ], to: "s")
    let kpi = try KpiDefinition(name: "k", stream: "s", select: "increase(c) AS i", every: "1h")
    try store.projections.define(kpi, actor: "test")
    func answer() throws -> ValueColumn? {
      let answers = try QueryEngine(store).run("SELECT i FROM k", QueryOptions(nowNs: 0))
      return answers[0].columns.first { $0.name == "i" }?.values
    }
    let before = try answer()
    try store.alterStream("s") { $0.keyPath = "pump" }
    let after = try answer()
    #expect(before != after)
    #expect(
      try store.projections.rebuild(named: [], verify: true).allSatisfy { $0.differences.isEmpty })
    store.close()
    store = try Store(directory: directory.path)
    defer { store.close() }
    #expect(try answer() == after)
    _ = try store.append([counter("b", "x", 4, 13)], to: "s")
    #expect(
      try store.projections.rebuild(named: [], verify: true).allSatisfy { $0.differences.isEmpty })
    #expect(try store.check().isSound)
  }

  @Test func factsAreReadFromOtherPlaces() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    func totals() throws -> StreamTotals {
      try #require(try store.statistics().streams.first).totals
    }
    try store.define(StreamDefinition(name: "s", timePath: "ts"))
    // Nothing is there to be moved.
    _ = try store.append([#"{"ts":"x","at":1717200000,"r":[{"n":1}]}"#], to: "s")
    try store.alterStream("s") { ($0.timePath, $0.explodePath) = ("at", "r") }
    #expect(store.log.stream(named: "s")?.definition.factsSinceSeq == nil)
    let document = #"{"ts":1717100000,"at":1717200000,"r":[{"n":1},{"n":1717000000}]}"#
    #expect(try store.append([document], to: "s").accepted == 1)
    #expect(try totals().facts == 2)
    // No element has this one yet, so nothing is read.
    try store.alterStream("s") { $0.elementTimePath = "r.t" }
    #expect(store.log.stream(named: "s")?.definition.factsSinceSeq == nil)
    _ = try store.append([#"{"at":1717200000,"r":[{"n":1,"t":1717200060},{"n":2}]}"#], to: "s")
    #expect(try totals().maxTimeNs == 1_717_200_060_000_000_000)
    try store.alterStream("s") { $0.elementTimePath = nil }
    #expect(try totals().maxTimeNs == 1_717_200_000_000_000_000)
    try store.alterStream("s") { $0.explodePath = nil }
    #expect(try totals().facts == 2)
    #expect(throws: StreamAlterationError.self) {
      try store.alterStream("s") { $0.timePath = "ts" }
    }
    #expect(throws: StreamDefinitionError.self) {
      try store.alterStream("s") { $0.idPaths = ["a", "a"] }
    }
    #expect(try store.documents(of: "s").first == document)
    #expect(try store.check().isSound)
  }

  @Test func timesOfElementsAreDetectedWhenTheyFirstAppear() throws {
    var store = try Store(directory: directory.path)
    let options = StreamOptions(explodePath: "r")
    _ = try store.append([#"{"ts":1717200000,"r":[]}"#], to: "s", options: options)
    _ = try store.append([#"{"ts":1717200000,"r":[{"n":1}]}"#], to: "s")
    var batches = [
      [#"{"ts":1717200000,"r":[{"n":2}]}"#],
      [#"{"ts":1717200000,"r":[{"n":3,"t":1717210000},{"n":4}]}"#],
      [#"{"ts":1717200000,"r":[{"n":5,"t":1717220000}]}"#],
    ][...]
    let summary = try store.ingest(into: "s", source: "test") {
      guard let documents = batches.popFirst() else { return nil }
      return { DocumentBatch(of: documents) }
    }
    #expect(summary.accepted == 3)
    #expect(store.log.stream(named: "s")?.definition.elementTimePath == "r.t")
    #expect(store.log.stream(named: "s")?.definition.undetected == [.key, .dedup])
    store.close()
    store = try Store(directory: directory.path)
    defer { store.close() }
    #expect(try store.statistics().streams[0].totals.maxTimeNs == 1_717_220_000_000_000_000)
    // The alteration has a number of its own.
    #expect(try store.documents(of: "s").count == 5 && store.statistics().lastSeq == 7)
    #expect(try store.check().isSound)
  }

  @Test func onlyEmptyStreamsAreDropped() throws {
    var store = try Store(directory: directory.path)
    try store.define(StreamDefinition(name: "s", timePath: "ts"))
    try store.define(StreamDefinition(name: "t", timePath: "ts"))
    _ = try store.append([event("a", 1, 1)], to: "t")
    let error = #expect(throws: StreamAlterationError.self) { try store.dropStream("t") }
    #expect(error?.description.contains("stream t has 1 events") == true)
    try store.dropStream("s")
    #expect(throws: UnknownStreamError.self) { try store.dropStream("s") }
    store.close()
    store = try Store(directory: directory.path)
    defer { store.close() }
    #expect(try store.statistics().streams.map(\.definition.name) == ["t"])
    // The name is free, the number is not.
    try store.define(StreamDefinition(name: "s", timePath: "at"))
    #expect(try store.statistics().streams.map(\.definition.id) == [4, 5])
    try store.projections.define(
      KpiDefinition(name: "k", stream: "s", select: "count(*)", every: "1h"), actor: "test")
    #expect(throws: (any Error).self) { try store.dropStream("s") }
    #expect(try store.check().isSound)
  }

  /// Appends beside alterations are stored as one definition says, or refused; nothing is lost or stored twice.
  @Test func alterationsBesideAppends() async throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    _ = try store.append([event("a", 0, 0)], to: "s")
    let batches = (1...3).map { writer in (0..<60).map { event("d\(writer)", $0, $0) } }
    try await withThrowingTaskGroup(of: Int.self) { group in
      for documents in batches {
        group.addTask {
          var accepted = 0
          for document in documents {
            do {
              accepted += try store.append([document], to: "s").accepted
            } catch is StreamAlteredError {
              continue
            }
          }
          return accepted
        }
      }
      group.addTask {
        for round in 0..<6 {
          try store.alterStream("s") {
            $0.idPaths = round % 2 == 0 ? ["device_id", "event_id"] : ["device_id", "v"]
          }
        }
        return 0
      }
      var accepted = 1
      for try await one in group { accepted += one }
      #expect(try count("s", store) == UInt64(accepted))
    }
    for writer in 1...3 {
      let again = (0..<60).map { event("d\(writer)", $0, $0) }
      _ = try store.append(again, to: "s")
    }
    #expect(try count("s", store) == 181)
    #expect(try store.check().isSound)
  }
}
