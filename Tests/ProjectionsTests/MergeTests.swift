import EventLog
import Foundation
import Model
import Query
import Synchronization
import TestSupport
import Testing

@testable import Store

/// Merged blocks are what their blocks were.
@Suite struct MergeTests {
  let directory = TemporaryDirectory()

  /// What can be told of a store's events.
  private struct Told: Equatable {
    var events: [String: [LogEvent]] = [:]
    var columns: [String: Int] = [:]
    var answers: [String] = []
    var ledger: [LedgerEntry] = []

    init(_ store: Store, _ lastSeqs: [UInt64]) throws {
      for stream in ["a", "b", "c", "_catalogue", "_sources"] {
        try store.forEachEvent(of: stream) {
          events[stream, default: []].append($0)
          return true
        }
        try store.forEachColumn("v", of: stream) { column in
          columns[stream, default: 0] += (0..<column.factCount).count { column.isPresent($0) }
        }
      }
      try store.forEachLedgerEntry {
        ledger.append($0)
        return true
      }
      let engine = QueryEngine(store)
      for seq in lastSeqs {
        for query in [
          "SELECT count(*), sum(v), p90(v), top(d, 2), distinct(d), first(v), last(v) FROM a EVERY 1h",
          "SELECT increase(v), time_avg(v), count(*) FROM c GROUP BY d EVERY 1h",
          "SELECT count(*), max(list.x) FROM b GROUP BY d",
          "SELECT time, v, d FROM a ORDER BY time, v, d LIMIT 10000",
        ] {
          let text = "\(query) AS OF SEQ \(seq)"
          for answer in try engine.run(text, QueryOptions(nowNs: 1_717_300_000_000_000_000)) {
            let bytes = AnswerRenderer(.csv).bytes(answer)
            answers.append("\(text):\n\(String(decoding: bytes, as: UTF8.self))")
          }
        }
      }
    }
  }

  /// A store of three streams, of which small commits come between each other.
  private final class History {
    private let directory = TemporaryDirectory()
    private(set) var store: Store
    /// Some states of the log, by their last events.
    private(set) var lastSeqs: [UInt64] = []
    private var count = 0

    init() throws {
      store = try Store(directory: directory.path, mergesBlocks: false)
      try store.define(
        StreamDefinition(
          name: "b", timePath: "ts", explodePath: "list", elementTimePath: "list.ts"))
    }

    deinit { store.close() }

    func reopen() throws {
      store.close()
      store = try Store(directory: directory.path, mergesBlocks: false)
    }

    func append(_ batches: Int, _ random: inout SeededGenerator) throws {
      for _ in 0..<batches {
        let stream = random.pick(["a", "b", "c"])
        let documents = (0..<random.within(1...5)).map { _ in
          count += 1
          return random.oneIn(30) ? "[\(count)]" : document(&random, stream, count)
        }
        let source = random.pick(["one", "two", "three"])
        _ = try store.append(documents, to: stream, source: source, actor: "\(count % 3)")
        if random.oneIn(20) { try store.closeSources([source], of: stream) }
        if random.oneIn(15) { lastSeqs.append(try store.statistics().lastSeq) }
      }
    }

    private func document(_ random: inout SeededGenerator, _ stream: String, _ n: Int) -> String {
      let ts = 1_717_200_000 + n * 20 - (random.oneIn(12) ? random.below(9_000) : 0)
      let d = random.pick(["p", "q", "r", "s", "\\u00e9"])
      let v = random.oneIn(9) ? "\"text \(random.below(4))\"" : "\(random.below(1_000)).\(n % 10)"
      switch stream {
      case "a":
        let id = random.oneIn(10) ? n - 1 : n
        return "{\"ts\":\(ts),\"event_id\":\"e\(id)\",\"d\":\"\(d)\",\"v\":\(v)}"
      case "b":
        let list = (0..<random.below(4)).map { "{\"x\":\($0 * n % 17),\"ts\":\(ts + $0)}" }
        return "{\"ts\":\(ts),\"d\":\"\(d)\",\"list\":[\(list.joined(separator: ","))]}"
      default:
        return "{\"ts\":\(ts),\"d\":\"\(d)\",\"v\":\(n + random.below(3))}"
      }
    }
  }

  /// What a store was before its blocks were merged.
  private struct Before {
    let told: Told
    private let lastSeqs: [UInt64]
    let lastSeq: UInt64
    private let moments: [Int64]
    private let receivedBy: [UInt64]

    init(_ history: History) throws {
      let store = history.store
      lastSeq = try store.statistics().lastSeq
      lastSeqs = history.lastSeqs + [lastSeq]
      told = try Told(store, lastSeqs)
      let received = told.events.values.joined().map(\.receivedNs).sorted()
      moments = [received[0] - 1, received[received.count / 2], received[received.count - 1]]
      receivedBy = try moments.map { try store.log.seq(receivedBy: $0) }
    }

    func verify(_ store: Store, _ what: String) throws {
      let now = try Told(store, lastSeqs)
      for (stream, events) in told.events {
        try check(now.events[stream] == events, "events of \(stream), \(what)")
      }
      let other = zip(now.answers, told.answers).first { $0 != $1 }
      try check(other == nil, "\(what): \(other.map { "\($0.0)\n\($0.1)" } ?? "")")
      try check(now == told, "columns or ledger, \(what)")
      for seq in 1...lastSeq {
        let found = try store.log.event(seq: seq)
        try check(
          found.map { told.events[$0.stream]?.contains($0.event) ?? false } ?? false,
          "event \(seq), \(what)")
      }
      try checkEqual(try moments.map { try store.log.seq(receivedBy: $0) }, receivedBy, what)
      try checkEqual(try store.check().damages, [], what)
    }

    /// The events of then, in a store that has more since.
    func verifyEvents(_ store: Store, _ what: String) throws {
      for (stream, events) in told.events {
        var now: [LogEvent] = []
        try store.forEachEvent(of: stream, seqs: 1...lastSeq) {
          now.append($0)
          return true
        }
        try check(now == events, "events of \(stream), \(what)")
      }
    }
  }

  @Test func mergedBlocksAreWhatTheirBlocksWere() {
    rounds(6) { random in
      let history = try History()
      try history.append(random.within(60...160), &random)
      let before = try Before(history)
      let report = try history.store.compact()
      try check(report.blocksAfter <= 6 && report.blocksBefore > 50, "\(report)")
      try before.verify(history.store, "merged")
      try history.reopen()
      try before.verify(history.store, "opened again")

      // Ids of merged blocks are known, and more can be merged to them.
      let copies = try #require(before.told.events["a"]).suffix(40).map {
        String(decoding: $0.bytes, as: UTF8.self)
      }
      let repeated = try history.store.append(copies, to: "a").duplicates
      try checkEqual(repeated.count, copies.count, "duplicates of merged events")
      try check(repeated.allSatisfy { !$0.isDifferent }, "a copy differs from its merged event")
      try history.append(40, &random)
      _ = try history.store.compact()
      try checkEqual(try history.store.check().damages, [], "merged again")
      try before.verifyEvents(history.store, "merged again")
    }
  }

  /// A thread merges what small commits leave; statements meanwhile are right.
  @Test func mergesWhileItIsWritten() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    for n in 0..<1_300 {
      _ = try store.append(["{\"ts\":\(1_717_200_000 + n),\"v\":\(n)}"], to: "s")
      if n % 100 == 99 {
        var sum = 0.0
        try store.forEachColumn("v", of: "s") { column in
          guard case .integers(let values) = column.values else { return }
          sum += values.reduce(0) { $0 + Double($1) }
        }
        #expect(sum == Double(n * (n + 1) / 2))
      }
    }
    // The thread may be a step behind.
    var blocks = Int.max
    for _ in 0..<500 where blocks > 700 {
      blocks = try store.statistics().streams[0].blockCount
      Thread.sleep(forTimeInterval: 0.01)
    }
    #expect(blocks <= 700)
    #expect(try store.check().damages == [])
  }

  /// Each statement is of one state, however blocks are merged between its parts.
  @Test func statementsBesideMerging() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    _ = try store.append(["{\"ts\":1717200000,\"v\":0,\"d\":\"x\"}"], to: "s")
    let isDone = Atomic(false)
    let wrong = Mutex<[String]>([])
    let asked = Atomic(0)
    let group = DispatchGroup()
    for _ in 0..<3 {
      group.enter()
      Thread.detachNewThread {
        defer { group.leave() }
        var options = QueryOptions(nowNs: 1_717_300_000_000_000_000)
        options.path = .columns
        let engine = QueryEngine(store)
        while !isDone.load(ordering: .relaxed) {
          do {
            let sums = try engine.run("SELECT count(*), sum(v), max(v) FROM s", options)[0]
            let facts = try engine.run("SELECT v FROM s LIMIT 100000", options)[0]
            asked.wrappingAdd(2, ordering: .relaxed)
            let text = String(decoding: AnswerRenderer(.csv).bytes(sums), as: UTF8.self)
            let values = text.split(separator: "\n")[1].split(separator: ",").compactMap { Int($0) }
            if values != [values[0], values[0] * (values[0] - 1) / 2, values[0] - 1] {
              wrong.withLock { $0.append(text) }
            }
            let rows = String(decoding: AnswerRenderer(.csv).bytes(facts), as: UTF8.self)
              .split(separator: "\n").dropFirst().compactMap {
                Int($0.split(separator: ",").last ?? "")
              }
            if rows != Array(0..<rows.count) { wrong.withLock { $0.append("\(rows.count) facts") } }
          } catch {
            wrong.withLock { $0.append("\(error)") }
          }
        }
      }
    }
    for n in 1..<1_400 {
      _ = try store.append(["{\"ts\":\(1_717_200_000 + n),\"v\":\(n),\"d\":\"x\"}"], to: "s")
    }
    isDone.store(true, ordering: .relaxed)
    group.wait()
    #expect(wrong.withLock { $0.prefix(3) } == [])
    #expect(asked.load(ordering: .relaxed) > 10)
    #expect(store.log.merging.made > 0)
  }

  /// What a merge may have in memory is bounded by its documents, however well they are compressed.
  @Test func largeDocumentsAreNotMerged() throws {
    let store = try Store(directory: directory.path, mergesBlocks: false)
    defer { store.close() }
    let pad = String(repeating: "a", count: 3_000_000)
    for n in 0..<12 {
      _ = try store.append(["{\"ts\":\(1_717_200_000 + n),\"pad\":\"\(pad)\"}"], to: "s")
    }
    _ = try store.compact()
    let stream = try store.statistics().streams[0]
    #expect(stream.blockCount >= 3 && stream.blockCount < 12)
    #expect(try store.check().damages == [])
  }

  /// A time of elements that no column has is read when the stream is altered, and merging gives the same.
  @Test func aTimeOfElementsWithoutColumn() throws {
    let store = try Store(directory: directory.path, mergesBlocks: false)
    defer { store.close() }
    try store.define(StreamDefinition(name: "s", timePath: "ts", explodePath: "r"))
    for element in [
      "{\"x\":0}", "{\"x\":1,\"t\":1e999}", "{\"x\":2,\"t\":\"2024-06-05T00:00:00Z\"}",
    ] {
      _ = try store.append(["{\"ts\":\"2024-06-01T00:00:00Z\",\"r\":[\(element)]}"], to: "s")
    }
    _ = try store.compact()
    #expect(try store.check().damages == [])
    #expect(throws: StreamAlterationError.self) {
      try store.alterStream("s") { $0.elementTimePath = "r.t" }
    }
    #expect(try store.statistics().streams[0].blockCount == 1)
  }

  /// The times of a stream as of an event are those of events and facts, merged or not.
  @Test func timesAsOfAreThoseOfBefore() throws {
    let store = try Store(directory: directory.path, mergesBlocks: false)
    defer { store.close() }
    try store.define(
      StreamDefinition(name: "s", timePath: "ts", explodePath: "r", elementTimePath: "r.t"))
    for (time, element) in [("15", "{\"t\":\"2024-06-01T12:00:00Z\"}"), ("16", "{}"), ("09", "{}")]
    {
      _ = try store.append(["{\"ts\":\"2024-06-01T\(time):00:00Z\",\"r\":[\(element)]}"], to: "s")
    }
    func times() throws -> [ClosedRange<Int64>?] {
      try (1...4).map { try store.projections.state(ofStream: "s", asOf: $0).timesNs }
    }
    let before = try times()
    _ = try store.compact()
    #expect(try times() == before)
    #expect(before[1] != before[2])
  }
}
