import EventLog
import Foundation
import Language
import Query
import Testing

@testable import Projections
@testable import Store

/// What holds of KPIs whatever the definitions and the data are.
@Suite struct KpiTests {
  /// Live cells are those that a rebuild finds, bit for bit, however events come and are batched.
  @Test func rebuiltEqualsLive() {
    rounds(30) { random in
      let workspace = TemporaryDirectory()
      var limits = CellLimits()
      limits.pageSize = random.pick([PageSize(), PageSize(target: 300)])
      var store = try Store(directory: workspace.path, cellLimits: limits)
      defer { store.close() }
      _ = try store.append([#"{"ts":1717200000,"d":"a","n":1,"v":1,"w":2}"#], to: "s")
      let early = try random.definitions(1...3, "early")
      for definition in early { try store.projections.define(definition, actor: "test") }
      for _ in 0..<random.within(1...12) {
        try random.appendBatch(to: store)
        if random.oneIn(4) { try store.log.compact() }
        if random.oneIn(6) {
          store.close()
          store = try Store(directory: workspace.path, cellLimits: limits)
        }
      }
      let late = try random.definitions(1...2, "late")
      for definition in late { try store.projections.define(definition, actor: "test") }
      for _ in 0..<random.within(0...5) { try random.appendBatch(to: store) }
      try Self.verify(store, "after appending")
      try store.log.compact()
      try Self.verify(store, "after merging blocks")
      _ = try store.projections.rebuild(named: [], verify: false)
      try random.appendBatch(to: store)
      try Self.verify(store, "after a rebuild")
      #expect(try store.check().isSound)
    }
  }

  /// A KPI is answered from its cells, which are those of the last commit.
  @Test func cellsAreOfTheLastCommit() throws {
    let workspace = TemporaryDirectory()
    let store = try Store(directory: workspace.path)
    defer { store.close() }
    let document = #"{"ts":"2024-06-01T00:00:00Z","d":"a","v":1}"#
    _ = try store.append([document], to: "s")
    try store.projections.define(
      try KpiDefinition(
        name: "k", stream: "s", select: "count(*), sum(v)", groupBy: "d", every: "1h"),
      actor: "test")
    _ = try store.append([document, document], to: "s")
    let answer = try store.rows(of: "k")
    #expect(answer.rows.map(\.values) == [[.integer(3), .number(3)]])
    #expect(answer.source == "cells of KPI k version 1")
  }

  static func verify(_ store: Store, _ when: String) throws {
    for report in try store.projections.rebuild(named: [], verify: true) {
      try check(
        report.differences.isEmpty, "\(report.name) \(when): \(report.differences.prefix(3))")
    }
  }

  /// The buckets of a KPI sum up to all events, whatever the zone.
  @Test(arguments: ["UTC", "Europe/Paris", "Asia/Kolkata", "Australia/Lord_Howe"])
  func nothingIsLostBetweenBuckets(_ zone: String) throws {
    let workspace = TemporaryDirectory()
    let store = try Store(directory: workspace.path)
    defer { store.close() }
    var random = SeededGenerator(seed: 7)
    let count = 3_000
    _ = try store.append((0..<count).map { _ in random.event(400) }, to: "s")
    for every in ["1h", "7h", "1d", "1w", "1mo", "1y"] {
      let name = "k\(every)"
      try store.projections.define(
        try KpiDefinition(
          name: name, stream: "s", select: "count(*)", every: every, timeZone: zone),
        actor: "test")
      let rows = try store.rows(of: name).rows
      #expect(rows.reduce(0) { $0 + Int($1.facts) } == count, "\(every) in \(zone)")
    }
  }

  /// Whatever part of a rolling KPI is asked for, a row has the same bits.
  @Test func windowsDoNotDependOnTheRange() {
    rounds(20) { random in
      let workspace = TemporaryDirectory()
      let store = try Store(directory: workspace.path)
      defer { store.close() }
      _ = try store.append((0..<400).map { _ in random.event(3) }, to: "s")
      let rolling = random.pick(["2h", "5h", "1d"])
      try store.projections.define(
        try KpiDefinition(
          name: "k", stream: "s", select: "sum(v), stddev(v), p50(v), count(*)", groupBy: "d",
          every: "1h", rolling: rolling), actor: "test")
      let all = try store.rows(of: "k").rows
      for _ in 0..<10 {
        let row = random.pick(all)
        let low = row.timeNs - Int64(random.below(40)) * 3_600_000_000_000
        let high = row.timeNs + Int64(1 + random.below(40)) * 3_600_000_000_000
        let part = try store.rows(of: "k", low..<high).rows
        let expected = all.filter { (low..<high).contains($0.timeNs) }
        let difference = zip(part, expected).first { $0 != $1 }
        try check(
          part == expected,
          "rolling \(rolling) from \(low) to \(high): \(part.count) rows of \(expected.count), "
            + "first \(difference.map { "\($0)" } ?? "the last one")")
      }
    }
  }

  @Test func lateEventsReviseFinalCells() throws {
    let workspace = TemporaryDirectory()
    let store = try Store(directory: workspace.path)
    defer { store.close() }
    func event(_ time: String, _ value: Int) -> String {
      "{\"ts\":\"2024-06-01T\(time)Z\",\"v\":\(value)}"
    }
    _ = try store.append([event("00:10:00", 1)], to: "s", source: "a")
    try store.projections.define(
      try KpiDefinition(
        name: "k", stream: "s", select: "sum(v)", every: "1h", latenessNs: 600_000_000_000),
      actor: "test")
    func row() throws -> KpiRow { try store.rows(of: "k").rows[0] }
    _ = try store.append([event("01:09:59", 2)], to: "s", source: "a")
    #expect(try !row().isFinal)
    _ = try store.append([event("01:10:00", 2)], to: "s", source: "a")
    #expect(try row().isFinal && row().revision == 0)
    _ = try store.append([event("00:20:00", 4)], to: "s", source: "a")
    #expect(try row().values == [.number(5)] && row().revision == 1)
    // A second source holds the watermark back until it is closed; it never goes back.
    _ = try store.append([event("05:00:00", 1)], to: "s", source: "a")
    _ = try store.append([event("02:00:00", 1)], to: "s", source: "b")
    #expect(try store.statistics().streams[0].watermarkNs == 1_717_218_000_000_000_000)
    _ = try store.append([event("09:00:00", 1)], to: "s", source: "a")
    #expect(try store.statistics().streams[0].watermarkNs == 1_717_218_000_000_000_000)
    try store.closeSources(["b"], of: "s")
    #expect(try store.statistics().streams[0].watermarkNs == 1_717_232_400_000_000_000)
    try Self.verify(store, "after closing a source")
  }

  /// A KPI is never final before its stream, whichever was said first: what changes a final row is late.
  @Test func streamsLatenessIsTheLeast() throws {
    let workspace = TemporaryDirectory()
    var store = try Store(directory: workspace.path)
    defer { store.close() }
    func append(_ time: String) throws -> AppendResult {
      try store.append([#"{"ts":"2024-06-01T\#(time):00Z","v":1}"#], to: "s")
    }
    _ = try append("00:10")
    let engine = QueryEngine(store)
    _ = try engine.run("DEFINE KPI k AS sum(v) FROM s EVERY 1h", QueryOptions(nowNs: 0))
    _ = try append("02:10")
    _ = try append("00:20")
    #expect(try store.rows(of: "k").rows.map(\.revision) == [1, 0])
    _ = try engine.run("ALTER STREAM s LATENESS 2h", QueryOptions(nowNs: 0))
    #expect(try store.projections.list().map(\.definition.latenessNs) == [7_200_000_000_000])
    // By that lateness the first hour was not final then.
    #expect(try store.rows(of: "k").rows.map(\.revision) == [0, 0])
    _ = try append("04:30")
    #expect(try store.rows(of: "k").rows.map(\.isFinal) == [true, false, false])
    #expect(try append("02:50").late.isEmpty)
    #expect(try append("00:50").late.count == 1)
    #expect(try store.rows(of: "k").rows.map(\.revision) == [1, 0, 0])
    try Self.verify(store, "altered")
    store.close()
    store = try Store(directory: workspace.path)
    #expect(try store.rows(of: "k").rows.map(\.revision) == [1, 0, 0])
    try Self.verify(store, "opened again")
    // A KPI keeps what it has when the stream's is less again.
    _ = try store.log.alter("s", actor: "test") { $0.latenessNs = 60_000_000_000 }
    try Self.verify(store, "altered back")
  }

  /// A numeric item leaves the texts of the same field to others.
  @Test func textsCountBesideNumbers() throws {
    let workspace = TemporaryDirectory()
    let store = try Store(directory: workspace.path)
    defer { store.close() }
    _ = try store.append(
      [#"{"ts":1,"code":"A1"}"#, #"{"ts":2,"code":"B2"}"#, #"{"ts":3,"code":7}"#], to: "s")
    try store.projections.define(
      try KpiDefinition(
        name: "k", stream: "s", select: "max(code), distinct(code), count(code)", every: "1h"),
      actor: "test")
    let rows = try store.rows(of: "k").rows
    #expect(rows.map(\.values) == [[.number(7), .integer(3), .integer(3)]])
  }

  /// One clock that was reset does not make a reader fill half a century with panes.
  @Test func farApartCellsAreReadQuickly() throws {
    let workspace = TemporaryDirectory()
    let store = try Store(directory: workspace.path)
    defer { store.close() }
    _ = try store.append([#"{"ts":1,"v":1}"#, #"{"ts":1717200000,"v":2}"#], to: "s")
    try store.projections.define(
      try KpiDefinition(
        name: "k", stream: "s", select: "sum(v)", every: "1s", rolling: "3s"), actor: "test")
    let rows = try store.rows(of: "k").rows
    #expect(
      rows.map { $0.timeNs / 1_000_000_000 } == [
        1, 2, 3, 1_717_200_000, 1_717_200_001, 1_717_200_002,
      ])
    #expect(
      rows.map(\.values) == [[.number(1)], [.number(1)], [.number(1)]]
        + Array(repeating: [.number(2)], count: 3))
  }

  /// Streams are made while cells are filled and blocks of others are on their way.
  @Test func streamsAreMadeWhileCellsAreFilled() throws {
    let workspace = TemporaryDirectory()
    let store = try Store(directory: workspace.path)
    defer { store.close() }
    var random = SeededGenerator(seed: 3)
    _ = try store.append((0..<2_000).map { _ in random.event(40) }, to: "s")
    let threads = DispatchGroup()
    for number in 0..<3 {
      threads.enter()
      Thread {
        for round in 0..<12 {
          _ = try? store.append([#"{"ts":1,"v":1}"#], to: "t\(number)-\(round)")
          _ = try? store.append([#"{"ts":1717200000,"v":1,"d":"a"}"#], to: "s")
        }
        threads.leave()
      }.start()
    }
    for number in 0..<6 {
      try store.projections.define(
        try KpiDefinition(
          name: "k\(number)", stream: "s", select: "sum(v)", groupBy: "d", every: "1h"),
        actor: "test")
      if number % 2 == 1 { try store.projections.drop("k\(number)", actor: "test") }
    }
    #expect(threads.wait(timeout: .now() + 300) == .success)
    #expect(try store.statistics().streams.count == 37)
    try Self.verify(store, "after all")
    #expect(try store.check().isSound)
  }

  /// Of several that define one name at once, one succeeds.
  @Test func aNameIsTakenOnce() throws {
    let workspace = TemporaryDirectory()
    let store = try Store(directory: workspace.path)
    defer { store.close() }
    _ = try store.append([#"{"ts":1,"v":1}"#], to: "s")
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      let definition = try? KpiDefinition(name: "k", stream: "s", select: "sum(v)", every: "1h")
      if let definition { _ = try? store.projections.define(definition, actor: "test") }
    }
    #expect(try store.projections.list().map(\.definition.version) == [1])
  }

  /// A text has one cell however its JSON is written, and a block revises it once.
  @Test func escapesDoNotDivideALabel() throws {
    let workspace = TemporaryDirectory()
    let store = try Store(directory: workspace.path)
    defer { store.close() }
    _ = try store.append([#"{"ts":1717200000,"d":"é","v":1}"#], to: "s")
    try store.projections.define(
      try KpiDefinition(name: "k", stream: "s", select: "sum(v)", groupBy: "d", every: "1h"),
      actor: "test")
    _ = try store.append([#"{"ts":1717300000,"d":"x","v":1}"#], to: "s")
    _ = try store.append(
      [
        #"{"ts":1717200001,"d":"é","v":1}"#, #"{"ts":1717200002,"d":"\u00e9","v":1}"#,
        #"{"ts":1717200003,"d":"é","v":1}"#,
      ], to: "s")
    let row = try #require(try store.rows(of: "k").rows.first)
    #expect(row.values == [.number(4)] && row.revision == 1)
    try Self.verify(store, "after escapes")
  }

  @Test func wrongDefinitionsAreRefused() throws {
    let workspace = TemporaryDirectory()
    let store = try Store(directory: workspace.path)
    defer { store.close() }
    _ = try store.append([#"{"ts":1,"v":1}"#], to: "s")
    func define(_ select: String, rolling: String? = nil, from stream: String = "s") throws {
      try store.projections.define(
        try KpiDefinition(name: "k", stream: stream, select: select, every: "2h", rolling: rolling),
        actor: "test")
    }
    #expect(throws: KpiError("stream s has no field \"w\"; it has: v")) { try define("sum(w)") }
    #expect(throws: KpiError("ROLLING 3h is not a multiple of EVERY 2h")) {
      try define("sum(v)", rolling: "3h")
    }
    #expect(throws: UnknownStreamError.self) { try define("sum(v)", from: "t") }
    #expect(throws: KpiError("two columns would be named \"sum(v)\"; rename one with AS")) {
      try define("sum(v), sum(v)")
    }
    try define("sum(v)")
    #expect(throws: KpiError.self) { try define("sum(v)") }
    try store.projections.drop("k", actor: "test")
    #expect(throws: LanguageError.self) { try store.rows(of: "k") }
    try define("sum(v)")
  }
}

extension SeededGenerator {
  /// An event within some days, mostly in order of `day`.
  mutating func event(_ days: Int) -> String {
    // Often of one time with others.
    let seconds = within(0...max(days, 1) * 86_400)
    let time = 1_717_200_000_000 + (oneIn(3) ? seconds / 7_200 * 7_200 : seconds) * 1_000
    var fields = ["\"ts\":\(time)"]
    if !oneIn(8) { fields.append("\"d\":\"\(pick(["a", "b", "c", "é", ""]))\"") }
    if oneIn(2) { fields.append("\"n\":\(below(4))") }
    if !oneIn(9) { fields.append("\"v\":\(number())") }
    if oneIn(3) { fields.append("\"w\":\(oneIn(4) ? "\"text\"" : number())") }
    return "{\(fields.joined(separator: ","))}"
  }

  private mutating func number() -> String {
    switch below(4) {
    case 0: "\(below(100))"
    case 1: "\(Double(within(-100_000...100_000)) / 1_000)"
    case 2: "\(within(-9...9))e\(within(-20...20))"
    default: "\(Double(word()) / 3)"
    }
  }

  mutating func appendBatch(to store: Store) throws {
    let (days, count) = (pick([1, 3, 40]), pick([1, 5, 80, 400]))
    let documents = (0..<count).map { _ in event(days) }
    let source = pick(["a", "b", "c"])
    _ = try store.append(documents, to: "s", source: source)
    if oneIn(4) { try store.closeSources([pick(["a", "b", "c"])], of: "s") }
  }

  mutating func definitions(
    _ count: ClosedRange<Int>, _ prefix: String
  ) throws -> [KpiDefinition] {
    let items = [
      "count(*)", "count(v)", "sum(v)", "avg(v)", "min(v)", "max(w)", "stddev(v)", "first(v)",
      "last(w)", "p95(v)", "median(w)", "distinct(d)", "distinct(n)", "top(d, 2)", "delta(v)",
      "count(* WHERE v > 10) / count(*)", "sum(v WHERE d = 'a') / sum(v)", "increase(v)",
      "rate(w)", "time_avg(v)", "time_avg(n WHERE d = 'a')", "last(d)",
    ]
    let filters = [
      nil, "v > 0", "d IN ('a', 'b') OR n IS NULL", "NOT (v BETWEEN 1 AND 50)", "d LIKE '_'",
      "d ~ '[ab]'",
    ]
    return try (0..<within(count)).map { number in
      let chosen = Set((0..<within(1...5)).map { _ in pick(items) }).sorted()
      return try KpiDefinition(
        name: "\(prefix)\(number)", stream: "s", select: chosen.joined(separator: ", "),
        filter: pick(filters), groupBy: pick([nil, "d", "n", "d, n"]),
        every: pick(["1m", "1h", "7h", "1d", "1mo"]), rolling: nil,
        timeZone: pick(["UTC", "Europe/Paris", "Asia/Kolkata", "Australia/Lord_Howe"]),
        latenessNs: pick([0, 3_600_000_000_000]))
    }
  }
}
