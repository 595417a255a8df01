import Foundation
import Language
import Model
import Query
import Store
import Synchronization
import Testing

/// Rows that have changed between two states, against the whole answers of both.
struct ChangesTests {
  static let kpis = [
    "DEFINE KPI plain AS count(*) AS n, sum(v) AS s FROM m GROUP BY d EVERY 1h",
    "DEFINE KPI picked AS max(v) AS most FROM m WHERE v > 20 EVERY 30m LATENESS 2h",
    "DEFINE KPI rolled AS avg(v) AS mean FROM m GROUP BY d EVERY 10m ROLLING 1h",
    "DEFINE KPI counted AS increase(v) AS grown, last(v) AS latest FROM m GROUP BY d EVERY 1h",
    "DEFINE KPI daily AS count(*) AS n FROM m EVERY 1d TIME ZONE 'Europe/Paris'",
  ]

  /// A row as it is compared: its key, and all that is said of it.
  private struct Row: Hashable {
    var key: String
    var text: String
    var isFinal: Bool
  }

  private func rows(of answer: Answer) -> [Row] {
    let lines = String(decoding: AnswerRenderer(.ndjson).bytes(answer), as: UTF8.self)
      .split(separator: "\n").map(String.init)
    let keys = answer.columns.filter { $0.kind == .time || $0.name == "d" }
    return lines.enumerated().map { row, line in
      Row(
        key: keys.map { "\($0.values[row])" }.joined(separator: ","), text: line,
        isFinal: line.contains("\"final\""))
    }
  }

  private func all(_ engine: QueryEngine, _ query: String) throws -> [String: Row] {
    let answer = try engine.run(query, QueryOptions(nowNs: 0))[0]
    return Dictionary(uniqueKeysWithValues: rows(of: answer).map { ($0.key, $0) })
  }

  private func events(_ random: inout SeededGenerator, after minute: inout Int) -> [String] {
    (0..<random.within(1...40)).map { _ in
      minute += random.below(12)
      // Some are late, and a few very much so.
      let at = max(0, minute - (random.oneIn(6) ? random.below(random.oneIn(5) ? 4_000 : 200) : 0))
      let time = Timestamp(ns: 1_717_200_000_000_000_000 + Int64(at) * 60_000_000_000)
      return "{\"time\":\"\(time)\",\"d\":\"d\(random.below(4))\",\"v\":\(random.below(50))}"
    }
  }

  @Test func rowsThatChangedAreTold() throws {
    rounds(12) { random in
      let directory = FileManager.default.temporaryDirectory
        .appendingPathComponent("nilo-changes-\(UUID().uuidString)").path
      defer { try? FileManager.default.removeItem(atPath: directory) }
      let store = try Store(directory: directory)
      defer { store.close() }
      let engine = QueryEngine(store)
      let options = QueryOptions(nowNs: 0)
      _ = try engine.run("DEFINE STREAM m TIME time KEY d LATENESS 30m", options)
      var minute = 0
      _ = try store.append(events(&random, after: &minute), to: "m")
      for kpi in Self.kpis { _ = try engine.run(kpi, options) }
      var known = try engine.end(of: "plain").state
      for _ in 0..<6 {
        let since = known.seq
        for _ in 0..<random.within(0...3) {
          _ = try store.append(events(&random, after: &minute), to: "m")
        }
        for name in ["plain", "picked", "rolled", "counted", "daily"] {
          let earlier = try #require(try engine.end(of: name, asOf: since)).state
          let before = try all(engine, "SELECT * FROM \(name) AS OF SEQ \(since)")
          let now = try all(engine, "SELECT * FROM \(name)")
          var told: [String: (row: Row, kind: ChangedRows.Kind)] = [:]
          known = try engine.changes(ofKpi: name, since: earlier, options) { changed in
            for (row, kind) in zip(rows(of: changed.answer), changed.kinds) {
              try check(told[row.key] == nil, "\(name) \(row.key) is told twice")
              told[row.key] = (row, kind)
            }
          }.state
          try compare(name, before, now, told)
          let query = "SELECT * FROM \(name)"
          guard case .select(let select) = try Parser.statements(query)[0].body else { return }
          var count = 0
          _ = try engine.changes(of: select, of: query, since: earlier, options) {
            count += $0.kinds.count
          }
          try checkEqual(count, told.count, "rows of the query \(query)")
        }
      }
    }
  }

  private func compare(
    _ name: String, _ before: [String: Row], _ now: [String: Row],
    _ told: [String: (row: Row, kind: ChangedRows.Kind)]
  ) throws {
    for (key, row) in now {
      guard let (saw, kind) = told[key] else {
        try check(before[key]?.text == row.text, "\(name) \(key) has changed to \(row.text) untold")
        continue
      }
      try checkEqual(saw.text, row.text, "\(name) \(key)")
      let wasFinal = before[key]?.isFinal == true
      switch kind {
      case .changed: try check(!row.isFinal, "\(name) \(key) is final, and is not told so")
      case .final: try check(row.isFinal && !wasFinal, "\(name) \(key) is told to become final")
      case .restated: try check(row.isFinal, "\(name) \(key) is restated and not final")
      }
      // A row that is told has other facts, though they may give the same numbers.
    }
    try check(told.keys.allSatisfy { now[$0] != nil }, "\(name): a row is told that is not there")
    for (key, row) in before where now[key] == nil {
      throw Mismatch(description: "\(name) \(key) is gone: \(row.text)")
    }
  }

  /// Who takes one difference after the other, beside a writer, has the answer of each state.
  @Test func differencesAddUpBesideAWriter() throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("nilo-changes-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let store = try Store(directory: directory)
    defer { store.close() }
    let engine = QueryEngine(store)
    let options = QueryOptions(nowNs: 0)
    _ = try engine.run("DEFINE STREAM m TIME time KEY d LATENESS 1m", options)
    var random = SeededGenerator(seed: firstSeed)
    var minute = 0
    _ = try store.append(events(&random, after: &minute), to: "m")
    _ = try engine.run(Self.kpis[0], options)
    let isDone = Atomic<Bool>(false)
    let (first, start) = (random, minute)
    let writer = Thread {
      var (random, minute) = (first, start)
      for _ in 0..<150 {
        _ = try? store.append(events(&random, after: &minute), to: "m")
        usleep(useconds_t(random.below(3_000)))
      }
      isDone.store(true, ordering: .releasing)
    }
    writer.start()
    var known = try engine.end(of: "plain").state
    var told = try all(engine, "SELECT * FROM plain AS OF SEQ \(known.seq)").mapValues(\.text)
    while true {
      let isLast = isDone.load(ordering: .acquiring)
      known = try engine.changes(ofKpi: "plain", since: known, options) { changed in
        for row in rows(of: changed.answer) { told[row.key] = row.text }
      }.state
      let wanted = try all(engine, "SELECT * FROM plain AS OF SEQ \(known.seq)").mapValues(\.text)
      for (key, text) in wanted where told[key] != text {
        Issue.record(
          "as of \(known.seq) \(text), told was \(told[key] ?? "nothing"); NILO_SEED=\(firstSeed)")
        return
      }
      if isLast { break }
    }
  }

  @Test(arguments: [
    ("SELECT count(*) FROM m LIMIT 3", "LIMIT"),
    ("SELECT count(*) FROM m EVERY 1h FILL 0", "FILL"),
    ("SELECT count(*) FROM m EVERY 1h COMPARE WITH 1 day AGO", "COMPARE"),
    ("SELECT pct_change(sum(v)) FROM m EVERY 1h", "other rows"),
    ("SELECT count(*) FROM m AS OF SEQ 1", "AS OF"),
  ])
  func whatCannotBeFollowedIsRefused(query: String, reason: String) throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("nilo-changes-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let store = try Store(directory: directory)
    defer { store.close() }
    _ = try store.append([#"{"time":"2024-06-01T00:00:00Z","d":"d1","v":1}"#], to: "m")
    guard case .select(let select) = try Parser.statements(query)[0].body else { return }
    do {
      try QueryEngine(store).checkFollowed(select, of: query, QueryOptions(nowNs: 0))
      Issue.record("it is followed")
    } catch let error as LanguageError {
      #expect("\(error)".contains(reason))
    }
  }
}
