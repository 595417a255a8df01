import EventLog
import Language
import Model
import Query
import Testing

@testable import Projections
@testable import Store

/// Aggregates asked for once: whichever way they are computed, the answer is the same.
@Suite struct AskingTests {
  private static let dayNs: Int64 = 86_400_000_000_000
  private static let startNs: Int64 = 1_717_200_000_000_000_000

  /// A KPI of each kind that might answer something.
  private static func defineKpis(_ store: Store) throws {
    let items =
      "count(*), count(v), sum(v), avg(v), min(v), max(v), stddev(v), p95(v), distinct(d), first(v),"
      + " last(v), delta(v), first(w), last(w), variance(w), top(n, 3), count(* WHERE v > 10),"
      + " increase(n)"
    for (name, by, every, filter, zone) in [
      ("fine", "d, n", "1h", nil, "UTC"), ("days", "d", "1d", nil, "Europe/Paris"),
      ("all", nil, "15m", nil, "UTC"), ("some", "d", "1h", "v > 0", "UTC"),
    ] as [(String, String?, String, String?, String)] {
      try store.projections.define(
        try KpiDefinition(
          name: name, stream: "s", select: items, filter: filter, groupBy: by, every: every,
          timeZone: zone), actor: "test")
    }
  }

  private static func query(_ random: inout SeededGenerator) throws -> AggregateRequest {
    let texts = [
      "count(*)", "sum(v)", "avg(v)", "min(v)", "max(v)", "stddev(v)", "p95(v)", "distinct(d)",
      "first(v)", "last(v)", "delta(v)", "first(w)", "last(w)", "variance(w)",
      "count(* WHERE v > 10)", "median(v)", "increase(n)",
    ]
    let chosen = (0..<random.within(1...3)).map { _ in random.pick(texts) }
    var query = AggregateRequest(
      stream: "s", aggregates: try aggregates(chosen.joined(separator: ", ")))
    query.groupBy = random.pick([[], ["d"], ["n"], ["n", "d"]])
    query.filter = try random.pick(
      [
        nil, nil, "d = 'a'", "d IN ('a', 'b') OR d IS NULL", "v > 0", "v > 0 AND d LIKE '_'",
        "n >= 1",
      ]
    ).map { try Parser.predicate($0) }
    query.every = try random.pick([nil, "15m", "1h", "6h", "1d", "1w"]).map {
      try BucketLength(parsing: $0)
    }
    if let every = query.every, random.oneIn(4), every.nominalNs < dayNs {
      query.rolling = .days(1)
    }
    query.timeZone = random.pick(["UTC", "Europe/Paris", "Asia/Kolkata"])
    // Whole days mostly, with ends that cut buckets now and then.
    let low = startNs + Int64(random.below(30)) * dayNs
    let high = low + Int64(random.within(1...12)) * dayNs
    let cut = random.oneIn(2) ? 0 : Int64(random.below(100_000)) * 1_000_000_000
    query.range = random.oneIn(5) ? .min ..< .max : low + cut..<high + cut / 3
    return query
  }

  /// The items of a text, all of which have to be aggregates: what is not asked for is not tested.
  private static func aggregates(_ text: String) throws -> [Aggregate] {
    try Parser.items(text).map { item in
      guard case .aggregate(let aggregate) = item.expression else {
        throw Mismatch(description: "\(item.expression.canonicalText) is no aggregate")
      }
      return aggregate
    }
  }

  private static func difference(
    _ one: AggregateResult, _ other: AggregateResult
  ) -> String? {
    if one.count != other.count { return "\(one.count) rows and \(other.count)" }
    func row(_ row: Int, of result: AggregateResult) -> String {
      let group = result.groups[Int(result.groupOfRow[row])]
      let values = result.values.map { $0[row] }
      return "\(result.timesNs[row]) \(group) \(values) \(result.facts[row]) "
        + "\(result.firstSeqs[row]) \(result.lastSeqs[row])"
    }
    for number in 0..<one.count where row(number, of: one) != row(number, of: other) {
      return "\(row(number, of: one))\nand \(row(number, of: other))"
    }
    return nil
  }

  /// Cells, columns and both give the same rows, bit for bit, now and as of an earlier event.
  @Test func allPathsAgree() {
    rounds(12) { random in
      let workspace = TemporaryDirectory()
      let store = try Store(directory: workspace.path)
      defer { store.close() }
      _ = try store.append([#"{"ts":1717200000,"d":"a","n":1,"v":1,"w":2}"#], to: "s")
      for _ in 0..<6 { try random.appendBatch(to: store) }
      try Self.defineKpis(store)
      for _ in 0..<4 { try random.appendBatch(to: store) }
      let lastSeq = try store.statistics().lastSeq
      var fromCells = 0
      for _ in 0..<60 {
        var query = try Self.query(&random)
        if random.oneIn(3) { query.asOfSeq = UInt64(random.within(1...Int(lastSeq))) }
        let best = try store.projections.aggregate(query)
        query.path = .columns
        let columns = try store.projections.aggregate(query)
        try check(columns.plan.origin == .columns, "columns are columns")
        if best.plan.origin != .columns { fromCells += 1 }
        if let difference = Self.difference(best, columns) {
          throw Mismatch(description: "\(query)\n\(best.plan.origin)\n\(difference)")
        }
      }
      try check(fromCells > 5, "cells answered \(fromCells) of 60 queries")
    }
  }

  /// What an answer as of an earlier event is, is what the store answered then.
  @Test func earlierStatesAreAsTheyWere() {
    rounds(10) { random in
      let workspace = TemporaryDirectory()
      let store = try Store(directory: workspace.path)
      defer { store.close() }
      _ = try store.append([#"{"ts":1717200000,"d":"a","n":1,"v":1,"w":2}"#], to: "s")
      try Self.defineKpis(store)
      var states: [(query: AggregateRequest, answer: AggregateResult)] = []
      for _ in 0..<6 {
        try random.appendBatch(to: store)
        let query = try Self.query(&random)
        states.append((query, try store.projections.aggregate(query)))
      }
      for (query, before) in states {
        var query = query
        query.asOfSeq = before.asOfSeq
        let answer = try store.projections.aggregate(query)
        if let difference = Self.difference(answer, before) {
          throw Mismatch(description: "\(query)\n\(answer.plan.origin)\n\(difference)")
        }
        try checkEqual(answer.watermarkNs, before.watermarkNs, "watermark of \(before.asOfSeq)")
        try checkEqual(answer.isFinal, before.isFinal, "what is final")
      }
    }
  }

  /// Facts of one event stand in the order of its elements, whichever groups they are of.
  @Test func elementsHaveAnOrder() throws {
    let workspace = TemporaryDirectory()
    let store = try Store(directory: workspace.path)
    defer { store.close() }
    let documents = [
      #"{"ts":1717200000,"r":[{"g":"b","x":1},{"g":"a","x":2},{"g":"c","x":"up"}]}"#,
      #"{"ts":1717200000,"r":[{"g":"c","x":3},{"g":"b","x":"down"},{"g":"a","x":4}]}"#,
    ]
    _ = try store.append([documents[0]], to: "s", options: StreamOptions(explodePath: "r"))
    _ = try store.append([documents[1]], to: "s")
    try store.projections.define(
      try KpiDefinition(
        name: "k", stream: "s", select: "first(r.x), last(r.x), delta(r.x)", groupBy: "r.g",
        every: "1h"),
      actor: "test")
    var query = AggregateRequest(
      stream: "s", aggregates: try Self.aggregates("first(r.x), last(r.x), delta(r.x)"))
    for path in [.kpi("k", version: nil), .columns] as [AggregateRequest.Path] {
      query.path = path
      let result = try store.projections.aggregate(query)
      #expect(result.values.map { $0[0] } == [.number(1), .number(4), .number(3)])
    }
    try KpiTests.verify(store, "elements")
  }

  /// Counters look at all that is before the range; that ends as well.
  @Test(arguments: ["count(*)", "increase(v)"])
  func columnsCanBeLeft(_ item: String) throws {
    let workspace = TemporaryDirectory()
    let store = try Store(directory: workspace.path)
    defer { store.close() }
    _ = try store.append([#"{"ts":1717200000,"v":1}"#, #"{"ts":1717203600,"v":2}"#], to: "s")
    var query = AggregateRequest(stream: "s", aggregates: try Self.aggregates(item))
    #expect(try store.projections.aggregate(query).count == 1)
    query.range = 1_717_203_600_000_000_000..<Int64.max
    query.isCancelled = { true }
    #expect(throws: CancellationError.self) { try store.projections.aggregate(query) }
  }

  @Test func versionsLiveBesideEachOther() throws {
    let workspace = TemporaryDirectory()
    var store = try Store(directory: workspace.path)
    defer { store.close() }
    _ = try store.append([#"{"ts":1717200000,"v":1}"#], to: "s")
    func definition(_ select: String) throws -> KpiDefinition {
      try KpiDefinition(name: "k", stream: "s", select: select, every: "1h")
    }
    try store.projections.define(try definition("sum(v)"), actor: "test")
    try store.projections.redefine(try definition("avg(v)"), actor: "test")
    _ = try store.append([#"{"ts":1717200001,"v":2}"#], to: "s")
    #expect(try store.rows(of: "k").rows[0].values == [.number(3)])
    try store.projections.switchVersion(of: "k", to: 2, actor: "test")
    #expect(try store.rows(of: "k").rows[0].values == [.number(1.5)])
    store.close()
    store = try Store(directory: workspace.path)
    #expect(try store.rows(of: "k").rows[0].values == [.number(1.5)])
    #expect(try store.projections.list().map(\.isActive) == [false, true])
    #expect(throws: KpiError("KPI k has no version 3; it has: 1, 2")) {
      try store.projections.switchVersion(of: "k", to: 3, actor: "test")
    }
    try KpiTests.verify(store, "with two versions")
    try store.projections.drop("k", actor: "test")
    #expect(try store.projections.list().isEmpty)
    #expect(throws: UnknownKpiError.self) {
      try store.projections.redefine(try definition("max(v)"), actor: "test")
    }
  }
}
