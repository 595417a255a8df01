import Bytes
import Foundation
import LMDB
import Model
import Query
import Testing

@testable import EventLog
@testable import Store

/// What is derived from the log and no longer fits it, though each value is whole: the check names it.
@Suite struct DerivedDamageTests {
  let directory = TemporaryDirectory()

  private func event(_ id: String, _ minute: Int, _ v: Int = 0) -> String {
    #"{"ts":\#(1_717_200_000 + 60 * minute),"event_id":"\#(id)","v":\#(v)}"#
  }

  /// Streams `s`, whose ids are in the index but for the last, `plain` without ids, and `later`, which could not be made
  /// from its first documents; with duplicates, late events, some ahead, and rejected documents.
  private func makeStore() throws -> Store {
    let store = try Store(directory: directory.path)
    _ = try store.append(["[1]", #"{"a":1}"#], to: "later")
    _ = try store.append((0..<40).map { event("e\($0)", $0) }, to: "s", source: "one")
    _ = try store.append([event("e1", 1), event("e2", 2, 7), "[2]"], to: "s", source: "two")
    // A day on: another partition.
    _ = try store.append([event("day", 1_500), event("late", 3)], to: "s", source: "two")
    let far = Int(Date.now.timeIntervalSince1970 - 1_717_200_000) / 60 + 1_000
    _ = try store.append([event("far", far)], to: "s", source: "one")
    _ = try store.append((0..<3).map { #"{"ts":\#(1_717_200_000 + $0)}"# }, to: "plain")
    try store.alterStream("s") { $0.dedupWindowNs += 1 }
    _ = try store.append([event("recent", 1_501), event("e3", 3)], to: "s", source: "one")
    _ = try store.append([#"{"time":1717200000,"a":1}"#, "[3]"], to: "later")
    return store
  }

  private func check(_ store: Store) throws -> [String] {
    try store.check().damages.map { damage in
      damage.what + (damage.firstSeq.map { " (seq \($0))" } ?? "")
    }
  }

  /// Puts the stream's ids into the index again, as `change` makes them.
  private func changeIds(_ store: Store, _ change: (inout [IdEntry]) -> Void) throws {
    let log = store.log
    let id = try #require(log.stream(named: "s")).definition.id
    try log.environment.write { transaction in
      var index = try DedupIndex(transaction.reading, table: log.tables.dedup)
      var entries: [IdEntry] = []
      for run in index.runs[id] ?? [] {
        try index.forEachPage(of: run, transaction.reading) { entries += $0 }
      }
      entries.sort { $0.seq < $1.seq }
      change(&entries)
      try index.removeRuns(ofStream: id, &transaction)
      try index.add(entries, streamId: id, &transaction)
    }
  }

  private func changeTotals(
    _ store: Store, of stream: String = "s", _ change: (inout StreamTotals) -> Void
  ) throws {
    let log = store.log
    let id = try #require(log.stream(named: stream)).definition.id
    try log.environment.write { transaction in
      var totals = try #require(try StreamTotals.read(id, log.tables, transaction.reading))
      change(&totals)
      try transaction.put(log.tables.totals, Key().appending(id), totals.encoded)
    }
  }

  // MARK: Sound stores

  @Test func whatFitsIsSound() throws {
    var store = try makeStore()
    #expect(try check(store) == [])
    let totals = try #require(
      try store.statistics().streams.first { $0.definition.name == "s" }?.totals)
    #expect(
      totals.duplicates == 3 && totals.differing == 1 && totals.late > 0 && totals.ahead == 1
        && totals.rejected == 1, "the store shows less than it should: \(totals)")
    #expect(try store.check().dedupRuns > 1)
    try store.closeSources(["one"], of: "s")
    // A name that has had another stream.
    try store.define(StreamDefinition(name: "again", timePath: "ts", idPath: "event_id"))
    _ = try store.append(["[4]"], to: "again")
    try store.dropStream("again")
    _ = try store.append([event("a", 1), event("a", 1), "[5]"], to: "again")
    try store.alterStream("s") { $0.idPaths = [] }
    #expect(try check(store) == [])
    try store.alterStream("s") { $0.idPaths = ["event_id", "v"] }
    #expect(try check(store) == [])
    store.close()
    store = try Store(directory: directory.path, mode: .readOnly)
    defer { store.close() }
    #expect(try check(store) == [])
  }

  /// An id that got no column, since the stream has as many as it may have, is an id all the same: known after opening
  /// again, and what the index has to have.
  @Test func anIdWithoutColumnIsKept() throws {
    var store = try Store(directory: directory.path)
    try store.define(StreamDefinition(name: "s", timePath: "ts", idPath: "event_id"))
    let fields = (0..<Limits.maxColumns).map { "\"f\($0)\":1" }.joined(separator: ",")
    _ = try store.append(["{\"ts\":1717200000,\(fields)}"], to: "s")
    #expect(try store.append([event("a", 1), event("b", 2)], to: "s").accepted == 2)
    #expect(try store.statistics().streams[0].fieldsWithoutColumn.isEmpty == false)
    store.close()
    store = try Store(directory: directory.path)
    defer { store.close() }
    #expect(try store.append([event("a", 1), event("c", 3)], to: "s").accepted == 1)
    try store.alterStream("s") { $0.dedupWindowNs += 1 }
    #expect(try store.check().dedupRuns > 0)
    #expect(try check(store) == [])
    #expect(try store.append([event("a", 1), event("c", 3)], to: "s").accepted == 0)
  }

  /// Nothing prunes yet; whoever reads asks the horizon all the same, and nobody answers from what may be gone.
  @Test func whatMayBePrunedIsNotRead() throws {
    let store = try makeStore()
    defer { store.close() }
    let horizon: UInt64 = 10
    try changeTotals(store) { $0.prunedSeq = horizon }
    #expect(throws: PrunedError(stream: "s", prunedSeq: horizon)) {
      try store.forEachEvent(of: "s") { _ in true }
    }
    #expect(throws: PrunedError(stream: "s", prunedSeq: horizon)) {
      try store.forEachColumn("v", of: "s") { _ in }
    }
    #expect(throws: PrunedError(stream: "s", prunedSeq: horizon)) {
      try QueryEngine(store).run("SELECT max(v) FROM s", QueryOptions(nowNs: 0))
    }
    var read = 0
    try store.forEachEvent(of: "s", seqs: 47...UInt64.max) { _ in
      read += 1
      return true
    }
    #expect(read > 0)
    #expect(try check(store) == [])
  }

  // MARK: The dedup index

  @Test func anIdThatIsMissingIsNamed() throws {
    let store = try makeStore()
    defer { store.close() }
    var seq: UInt64 = 0
    try changeIds(store) { seq = $0.remove(at: 5).seq }
    let found = try check(store)
    #expect(
      found == [
        "dedup index of stream s: it has 42 entries, and the log 43 ids up to seq 49",
        "dedup index of stream s: the id of this event is missing (seq \(seq))",
      ])
    // Another window makes the index anew.
    try store.alterStream("s") { $0.dedupWindowNs += 1 }
    #expect(try check(store) == [])
  }

  @Test func anEntryThatIsNotTheEventsIsNamed() throws {
    let store = try makeStore()
    defer { store.close() }
    var seq: UInt64 = 0
    for change in [
      { $0.hash ^= 1 << 16 }, { $0.partition += 1 },
    ] as [(inout IdEntry) -> Void] {
      try changeIds(store) { entries in
        seq = entries[7].seq
        change(&entries[7])
      }
      let found = try check(store)
      #expect(found.count == 1 && found[0].hasPrefix("dedup index of stream s, run "))
      #expect(
        found[0].hasSuffix(": the entry of this event is not of its id and time (seq \(seq))"))
      try store.alterStream("s") { $0.dedupWindowNs += 1 }
    }
    try changeIds(store) { $0[7].seq = 10_000 }
    #expect(
      try check(store).map { $0.replacing(/run \d+/, with: "run") } == [
        "dedup index of stream s: the id of this event is missing (seq \(seq))",
        "dedup index of stream s, run: an entry is of no event, or of no id that it has (seq 10000)",
      ])
  }

  @Test func entriesThatShouldNotBeAreNamed() throws {
    let store = try makeStore()
    defer { store.close() }
    try changeIds(store) { $0.append($0[3]) }
    #expect(
      try check(store).last?.contains(": the entry of this event is there twice (seq") == true)
    try store.alterStream("s") { $0.dedupWindowNs += 1 }
    // The next event of all is not there yet.
    let next = try store.statistics().lastSeq + 1
    try changeIds(store) { $0.append(IdEntry(hash: 1 << 40, seq: next, partition: 0)) }
    #expect(try check(store).last?.hasSuffix("or of no id that it has (seq \(next))") == true)
    let log = store.log
    let plain = try #require(log.stream(named: "plain")).definition.id
    try log.environment.write { transaction in
      var index = try DedupIndex(transaction.reading, table: log.tables.dedup)
      try index.add([IdEntry(hash: 1, seq: 1, partition: 0)], streamId: plain, &transaction)
    }
    #expect(
      try check(store).first?.hasSuffix(": of stream \(plain), which has no dedup id") == true)
  }

  @Test func aRunThatWasLostIsNoticed() throws {
    let store = try makeStore()
    defer { store.close() }
    let log = store.log
    try log.environment.write { transaction in
      let index = try DedupIndex(transaction.reading, table: log.tables.dedup)
      let run = try #require(index.runs.values.joined().max { $0.entryCount < $1.entryCount })
      // Its pages are taken for what a merge has left.
      try transaction.delete(log.tables.dedup, run.key)
    }
    let found = try check(store)
    #expect(found.first?.contains(" entries, and the log 43 ids up to seq ") == true)
    #expect(found.count == 12 && found.last?.contains("more of its entries differ") == true)
  }

  @Test func idsThatTheIndexIsSaidToHave() throws {
    let store = try makeStore()
    defer { store.close() }
    let last = try store.statistics().lastSeq
    try changeTotals(store) { $0.indexedSeq = last }
    #expect(
      try check(store).contains {
        $0.hasPrefix("dedup index of stream s: the id of this event is missing (seq")
      })
  }

  /// Of many ids only those of the parts that differ are looked at again.
  @Test func idsAmongManyAreFound() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    _ = try store.append((0..<9_000).map { event("e\($0)", $0 % 3_000) }, to: "s")
    try store.alterStream("s") { $0.dedupWindowNs += 1 }
    #expect(try check(store) == [])
    var wanted: [String] = []
    try changeIds(store) { entries in
      for place in [8_000, 4_000, 17] {
        let seq = entries.remove(at: place).seq
        wanted.insert(
          "dedup index of stream s: the id of this event is missing (seq \(seq))", at: 0)
      }
    }
    #expect(try check(store).dropFirst() == wanted[...])
  }

  // MARK: Ledger, sources, totals

  @Test func countsOfTheLedger() throws {
    let store = try makeStore()
    defer { store.close() }
    let changes: [(WritableKeyPath<StreamTotals, UInt64>, String)] = [
      (\.duplicates, "3 duplicate entries, and the totals count 4"),
      (\.differing, "1 duplicates that differ, and the totals count 2"),
      (\.rejected, "1 rejected entries, and the totals count 2"),
      (\.ahead, "1 ahead entries, and the totals count 2"),
    ]
    for (count, what) in changes {
      try changeTotals(store) { $0[keyPath: count] += 1 }
      #expect(try check(store) == ["ledger of stream s: \(what)"])
      try changeTotals(store) { $0[keyPath: count] -= 1 }
    }
    try changeTotals(store) { $0.late -= 1 }
    #expect(try check(store).first?.contains("late entries, and the totals count") == true)
    try changeTotals(store) { $0.late += 1 }
    let log = store.log
    let last = try log.environment.read { try LogHead.read(log.tables, $0).nextLedgerPage - 1 }
    try log.environment.write { transaction in
      try transaction.delete(log.tables.ledger, Key(last))
    }
    #expect(try check(store) == ["page \(last) of the ledger is missing"])
    try log.environment.write { transaction in
      var head = try LogHead.read(log.tables, transaction.reading)
      head.nextLedgerPage -= 2
      try transaction.put(log.tables.meta, LogHead.key, head.encoded)
    }
    #expect(try check(store).contains { $0.hasPrefix("ledger: it has") })
  }

  @Test func statesOfSources() throws {
    let store = try makeStore()
    defer { store.close() }
    let log = store.log
    let id = try #require(log.stream(named: "s")).definition.id
    let key = SourceState.key(id, "one", isClosed: false)
    var record: [UInt8] = []
    try log.environment.write { transaction in
      if let stored = try transaction.reading.get(log.tables.sources, key) {
        record.append(span: stored)
      }
      try transaction.delete(log.tables.sources, key)
    }
    #expect(try check(store) == ["state of a source of stream s is missing (seq 2)"])
    try log.environment.write { transaction in
      try transaction.put(log.tables.sources, SourceState.key(id, "other", isClosed: false), record)
    }
    #expect(try check(store).first == "source one of stream s has another's key")
    try log.environment.write { transaction in
      try transaction.delete(log.tables.sources, SourceState.key(id, "other", isClosed: false))
      try transaction.put(log.tables.sources, key, record)
      var state = try #require(
        try SourceState.find(id, "two", log.tables, transaction.reading))
      state.events += 1
      var bytes: [UInt8] = []
      bytes.append(string: "two")
      bytes.append(contentsOf: state.encoded)
      try transaction.put(
        log.tables.sources, SourceState.key(id, "two", isClosed: false), bytes.sealed())
    }
    #expect(
      try check(store) == [
        "state of source two of stream s: it counts 3 events, and the blocks have 2"
      ])
  }

  @Test func totalsAndBlocks() throws {
    let store = try makeStore()
    defer { store.close() }
    try changeTotals(store) { $0.blockBytes += 1 }
    #expect(try check(store) == ["totals of stream s"])
    try changeTotals(store) { $0.blockBytes -= 1 }
    let log = store.log
    try log.environment.write { transaction in
      try transaction.put(
        log.tables.totals, Key().appending(99 as UInt32), StreamTotals().encoded)
    }
    #expect(try check(store) == ["totals of an unknown stream 99"])
    let last = try store.statistics().lastSeq
    let stream = try #require(log.stream(named: "s")).definition.id
    try log.environment.write { transaction in
      try transaction.delete(log.tables.totals, Key().appending(99 as UInt32))
      let summary = try #require(
        try log.store.summaries(ofStream: stream, limit: 1, transaction.reading).first)
      // After all blocks of a stream, so that no search for one of them meets it.
      try transaction.put(
        log.tables.streams, Key().appending(stream).appending(last + 1), summary.encoded)
    }
    #expect(try check(store).contains { $0.hasPrefix("block index: it has ") })
    try log.environment.write { transaction in
      try transaction.delete(
        log.tables.streams, Key().appending(stream).appending(last + 1))
      var head = try LogHead.read(log.tables, transaction.reading)
      head.nextSeq -= 1
      try transaction.put(log.tables.meta, LogHead.key, head.encoded)
    }
    #expect(try check(store).contains { $0.hasPrefix("head of the log: ") })
  }

  // MARK: Series

  /// The check finds entries that are not what was written; which there have to be, the rebuild knows.
  @Test func anEntryOfASeriesIsComparedByTheRebuild() throws {
    let store = try makeStore()
    defer { store.close() }
    try store.projections.define(
      KpiDefinition(name: "k", stream: "s", select: "increase(v) AS i", every: "1h"), actor: "test")
    func differences() throws -> [String] {
      try store.projections.rebuild(named: ["k"], verify: true).flatMap(\.differences)
    }
    #expect(try check(store) == [] && differences() == [])
    let log = store.log
    try log.environment.write { transaction in
      let series = log.environment.table("series")
      #expect(try transaction.count(series) > 1)
      var key: Key?
      do {
        var cursor = try transaction.reading.cursor(series)
        if try cursor.seekFirst() { key = Key(copying: cursor.key) }
      }
      try transaction.delete(series, #require(key))
    }
    let found = try differences()
    #expect(found.count == 1 && found.first?.contains("only among the rebuilt") == true)
  }
}
