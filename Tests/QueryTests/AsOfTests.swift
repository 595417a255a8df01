import Foundation
import Query
import Store
import Testing

/// AS OF: the state of the log of then, with the definitions of then.
@Suite struct AsOfTests {
  private let directory = TemporaryDirectory()
  private let options = QueryOptions(nowNs: 1_717_300_000_000_000_000)

  private func run(_ text: String, _ store: Store) throws -> Answer {
    try #require(try QueryEngine(store).run(text, options).last)
  }

  private func message(_ text: String, _ store: Store) -> String {
    do {
      _ = try run(text, store)
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  private func seq(_ change: String, _ version: Int?, _ store: Store) throws -> UInt64 {
    let found = try store.history().first { $0.change == change && $0.version == version }
    return try #require(found).seq
  }

  private func numbers(_ answer: Answer, _ column: Int) -> [QueryValue] {
    (0..<answer.rowCount).map { answer.columns[column].values[$0] }
  }

  /// A KPI is answered by the version that was asked then, and was not there before it was defined.
  @Test func kpisAreThoseOfThen() throws {
    let store = try Store(directory: directory.path, statementActor: "ada")
    defer { store.close() }
    _ = try store.append(
      [#"{"ts":"2024-06-01T00:00:00Z","v":1}"#, #"{"ts":"2024-06-01T00:01:00Z","v":5}"#], to: "s")
    _ = try run("DEFINE KPI k AS min(v) AS x FROM s EVERY 1h", store)
    _ = try run("REDEFINE KPI k AS max(v) AS x FROM s EVERY 1h", store)
    _ = try run("SWITCH KPI k TO VERSION 2", store)
    _ = try store.append([#"{"ts":"2024-06-01T00:02:00Z","v":9}"#], to: "s")
    let (first, second) = (
      try seq("DEFINE KPI", 1, store), try seq("REDEFINE KPI", 2, store)
    )
    let switched = try seq("SWITCH KPI", 2, store)
    func x(_ clause: String) throws -> [QueryValue] {
      numbers(try run("SELECT x FROM k \(clause)", store), 1)
    }
    #expect(try x("") == [.number(9)])
    #expect(try x("AS OF SEQ \(switched)") == [.number(5)])
    #expect(try x("AS OF SEQ \(second)") == [.number(1)])
    #expect(try x("AS OF SEQ \(first)") == [.number(1)])
    #expect(try x("AS OF SEQ \(second) USING VERSION 2") == [.number(5)])
    let before = message("SELECT x FROM k AS OF SEQ \(first - 1)", store)
    #expect(before.contains("KPI k did not exist as of seq \(first - 1)"), "\(before)")
    #expect(before.contains("it was defined by seq \(first), at 2"), "\(before)")
    #expect(before.contains("by ada"), "\(before)")
    let version = message("SELECT x FROM k AS OF SEQ \(first) USING VERSION 2", store)
    #expect(version.contains("version 2 of KPI k did not exist as of seq \(first)"), "\(version)")
    // What was dropped since was there then, and is computed from the events.
    _ = try run("DROP KPI k", store)
    let dropped = try run("SELECT x FROM k AS OF SEQ \(second)", store)
    #expect(numbers(dropped, 1) == [.number(1)])
    #expect(dropped.meta.answeredFrom == "columns")
    #expect(dropped.meta.notes.contains { $0.contains("has been dropped since") })
    #expect(message("SELECT x FROM k", store).contains("there is no stream or KPI k"))
  }

  /// What told series apart then does so in answers of then.
  @Test func seriesAreToldApartByTheKeyOfThen() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let documents = [("p", 0, 1), ("q", 1, 100), ("p", 2, 3)].map { device, second, c in
      #"{"ts":"2024-06-01T00:00:0\#(second)Z","device_id":"\#(device)","c":\#(c)}"#
    }
    let seq = try #require(try store.append(documents, to: "s").lastSeq)
    _ = try run("DEFINE KPI k AS increase(c) AS x FROM s EVERY 1h", store)
    let defined = try store.snapshot().lastSeq
    let texts = ["SELECT increase(c) AS x FROM s", "SELECT increase(c) AS x FROM s EVERY 1h"]
    func x(_ text: String, _ clause: String) throws -> [QueryValue] {
      let answer = try run("\(text) \(clause)", store)
      let column = try #require(answer.columns.first { $0.name == "x" })
      return (0..<answer.rowCount).map { column.values[$0] }
    }
    for text in texts { #expect(try x(text, "") == [.number(2)]) }
    let altered = try run("ALTER STREAM s NO KEY", store)
    #expect(altered.meta.notes.contains { $0.contains("by the key of then") })
    for text in texts {
      #expect(try x(text, "") == [.number(102)])
      #expect(try x(text, "AS OF SEQ \(seq)") == [.number(2)])
    }
    #expect(try x("SELECT x FROM k", "") == [.number(102)])
    #expect(try x("SELECT x FROM k", "AS OF SEQ \(defined)") == [.number(2)])
  }

  /// Range, notes and watermark are those of then, of aggregates, of facts and of documents.
  @Test func whatIsSaidIsOfThen() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let first = try store.append([#"{"ts":"2024-06-01T00:00:00Z","v":1}"#], to: "s")
    let seq = try #require(first.lastSeq)
    _ = try store.append(
      [#"{"ts":"2024-06-02T00:00:00Z","v":5}"#, #"{"ts":"2024-05-01T00:00:00Z","v":5}"#], to: "s")
    let texts = [
      "SELECT count(*) FROM s AS OF SEQ \(seq)", "SELECT v FROM s LIMIT 9 AS OF SEQ \(seq)",
      "EVENTS FOR SELECT count(*) FROM s LIMIT 9 AS OF SEQ \(seq)",
    ]
    let metas = try texts.map { try run($0, store).meta }
    for (meta, text) in zip(metas, texts) {
      #expect(meta.asOfSeq == seq, "\(text)")
      #expect(meta.watermarkNs == metas[0].watermarkNs, "\(text)")
      let startNs: Int64 = 1_717_200_000_000_000_000
      #expect(meta.rangeNs == startNs..<startNs + 1, "\(text)")
      #expect(
        meta.notes.contains { $0.contains("from 2024-06-01T00:00:00Z to 2024-06-01T00:00:00Z") },
        "\(text): \(meta.notes)")
    }
    let none = try run("SELECT count(*) FROM s AS OF SEQ \(seq - 1)", store)
    #expect(numbers(none, 0) == [.integer(0)])
    #expect(none.meta.notes.contains { $0.contains("had no events") })
  }

  /// What is no event has no seq: a state has what came before its next event, and keeps it when that comes.
  @Test func duplicatesAndRejectionsAreOfTheStateBeforeTheNextEvent() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    func event(_ id: String, _ time: String) -> String {
      #"{"event_id":"\#(id)","timestamp":"2024-06-01T\#(time):00Z","v":1}"#
    }
    func told(asOf seq: UInt64) throws -> [String] {
      let answer = try run("EXPLAIN VALUE SELECT count(*) AS n FROM s AS OF SEQ \(seq)", store)
      let duplicates = answer.columns.first { $0.name == "duplicate" }.map { "\($0.values[0])" }
      return [duplicates ?? ""] + answer.meta.notes.filter { $0.contains("rejected") }
    }
    _ = try store.append([event("1", "00:00"), event("2", "00:01")], to: "s")
    let seq = try store.snapshot().lastSeq
    _ = try store.append([event("1", "00:00")], to: "s")
    _ = try store.append([#"{"event_id":"x"}"#], to: "s")
    let before = try told(asOf: seq)
    #expect(before[0].contains("1") && before.count == 2, "\(before)")
    _ = try store.append([event("3", "00:02")], to: "s")
    _ = try store.append([event("2", "00:01")], to: "s")
    #expect(try told(asOf: seq) == before)
    #expect(try told(asOf: seq - 1)[0].contains("0"))
  }

  /// A time after AS OF is one of arrival, and the answer says so.
  @Test func timesAreOfArrival() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    _ = try store.append([#"{"ts":"2024-06-01T00:00:00Z","v":1}"#], to: "s")
    let early = try run("SELECT count(*) FROM s AS OF '2024-07-01'", store)
    #expect(numbers(early, 0) == [.integer(0)])
    #expect(
      early.meta.notes.contains {
        $0.contains("AS OF '2024-07-01' is a time of arrival: nothing was received up to")
          && $0.contains("the first event of the log came at 2")
      }, "\(early.meta.notes)")
    let late = try run("SELECT count(*) FROM s AS OF '2250-01-01'", store)
    #expect(numbers(late, 0) == [.integer(1)])
    #expect(late.meta.notes.contains { $0.contains("which is seq 2") }, "\(late.meta.notes)")
  }
}
