import Model
import Query
import Store
import Testing

@testable import Projections

/// Revisions of rows of counters and levels, which begin at samples of earlier buckets.
@Suite struct SeriesRevisionTests {
  private static func define(_ store: Store, _ every: String) throws {
    _ = try QueryEngine(store).run(
      "DEFINE KPI m AS increase(v) AS i, rate(v) AS r, time_avg(v) AS t, increase(v WHERE w > 0) AS f "
        + "FROM meters GROUP BY site EVERY \(every)", QueryOptions(nowNs: 0))
  }

  private static func rows(_ text: String, _ store: Store) throws -> [String] {
    var renderer = AnswerRenderer(.csv)
    renderer.hasFooter = false
    let answer = try QueryEngine(store).run(text, QueryOptions(nowNs: 0))[0]
    return String(decoding: renderer.bytes(answer), as: UTF8.self)
      .split(separator: "\n").dropFirst().map(String.init)
  }

  private static func verify(_ store: Store) throws {
    for report in try store.projections.rebuild(named: ["m"], verify: true) {
      try checkEqual(report.differences, [], "rebuilt")
    }
  }

  /// A row of a counter begins at the last sample before its bucket, which may come late.
  @Test func countsWhatRowsBeginAt() throws {
    for every in ["1d", "1d ROLLING 2d"] {
      let directory = TemporaryDirectory()
      let store = try Store(directory: directory.path)
      defer { store.close() }
      func append(_ time: String, _ value: Int) throws {
        let event =
          #"{"timestamp":"2024-06-0\#(time):00Z","site":"x","key":"p1","v":\#(value),"w":0}"#
        _ = try store.append([event], to: "meters")
      }
      try append("1T00:00", 0)
      try append("2T12:00", 10)
      try append("5T06:00", 20)
      try Self.define(store, every)
      let seq = try store.snapshot().lastSeq
      let before = try Self.rows(
        "SELECT i, revision FROM m SINCE '2024-06-02' UNTIL '2024-06-06'", store)
      try append("1T12:00", 4)
      let after = try Self.rows(
        "SELECT i, revision FROM m SINCE '2024-06-02' UNTIL '2024-06-06'", store)
      if every == "1d" {
        #expect(
          before == [
            "2024-06-02T00:00:00Z,x,10,0,final", "2024-06-05T00:00:00Z,x,10,0,provisional",
          ])
        #expect(
          after == ["2024-06-02T00:00:00Z,x,6,1,final", "2024-06-05T00:00:00Z,x,10,0,provisional"])
        let corrected = try Self.rows(
          "SELECT i FROM m SINCE '2024-06-02' HAVING revision > 0", store)
        let answer = try QueryEngine(store).run(
          "SELECT i FROM m SINCE '2024-06-02'; EXPLAIN VALUE SELECT i FROM m SINCE '2024-06-02' UNTIL '2024-06-03'",
          QueryOptions(nowNs: 0))
        let note = "1 row was corrected after being final; the item revision says how often"
        #expect(answer[0].meta.notes.contains(note))
        let explained = String(decoding: AnswerRenderer(.csv).bytes(answer[1]), as: UTF8.self)
        #expect(explained.contains("m version 1,2,3,6,1,1,0"), "\(explained)")
        #expect(corrected == ["2024-06-02T00:00:00Z,x,6,final"])
      } else {
        #expect(before[1] == "2024-06-03T00:00:00Z,x,10,0,final")
        #expect(after[1] == "2024-06-03T00:00:00Z,x,6,1,final")
        #expect(after.last == "2024-06-05T00:00:00Z,x,10,0,provisional")
      }
      // What came since does not count in an earlier state, wherever it lies.
      let earlier = try Self.rows(
        "SELECT i, revision FROM m SINCE '2024-06-02' UNTIL '2024-06-06' AS OF SEQ \(seq)", store)
      #expect(earlier == before.map { $0.replacing(",0,", with: ",,") })
      try Self.verify(store)
    }
  }

  /// No final row changes without a revision, whatever comes late, in memory or on disk.
  @Test func risesWheneverAFinalRowChanges() {
    rounds(30) { random in
      let directory = TemporaryDirectory()
      var store = try Store(directory: directory.path)
      defer { store.close() }
      let isRolling = random.oneIn(3)
      var hours = 1
      var known: [String: (values: String, revision: Int, isFinal: Bool)] = [:]
      for round in 0..<random.within(3...12) {
        hours += random.below(6)
        let events = (0..<random.within(1...4)).map { _ in
          let minute = random.oneIn(2) ? hours * 60 : random.below(hours * 60)
          let time = "2024-06-01T00:00:00Z"
          let ns = (Timestamp(time)?.ns ?? 0) + Int64(minute) * 60_000_000_000
          return #"{"timestamp":"\#(Timestamp(ns: ns))","site":"\#(random.pick(["x", "y"]))","#
            + #""key":"\#(random.pick(["p", "q"]))","v":\#(random.below(50)),"w":\#(random.below(2))}"#
        }
        _ = try store.append(events, to: "meters")
        if round == 0 { try Self.define(store, isRolling ? "1h ROLLING 3h" : "1h") }
        if random.oneIn(4) {
          store.close()
          store = try Store(directory: directory.path)
        }
        if random.oneIn(4) { _ = try store.projections.rebuild(named: ["m"], verify: false) }
        let rows = try Self.rows("SELECT i, r, t, f, revision FROM m GROUP BY site", store)
        for row in rows {
          let fields = row.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
          let place = fields[0] + " " + fields[1]
          let values = fields[2...5].joined(separator: ",")
          let revision = Int(fields[6]) ?? -1
          if let before = known[place], before.isFinal, before.values != values {
            try check(
              revision > before.revision,
              "\(place): \(before.values) became \(values), revision \(revision)")
          }
          known[place] = (values, revision, fields[7] == "final")
        }
        try Self.verify(store)
      }
    }
  }
}
