import Query
import Store
import Testing

/// The lateness of a KPI is its own or its stream's, whichever is more now: for whoever reads the store.
@Suite struct LatenessTests {
  @Test func isTheSameForAllReaders() throws {
    let directory = TemporaryDirectory()
    var store = try Store(directory: directory.path)
    defer { store.close() }
    func ask(_ text: String) throws -> String {
      let answer = try QueryEngine(store).run(text, QueryOptions(nowNs: 0))[0]
      return String(decoding: AnswerRenderer(.csv).bytes(answer), as: UTF8.self)
    }
    func append(_ time: String) throws {
      _ = try store.append([#"{"timestamp":"2024-06-01T\#(time):00Z","v":1}"#], to: "s")
    }
    try append("00:05")
    _ = try ask("ALTER STREAM s LATENESS 4m")
    _ = try ask("DEFINE KPI k AS count(*) AS n FROM s EVERY 1h")
    for lateness in ["10m", "1m", "7m", "2m"] {
      _ = try ask("ALTER STREAM s LATENESS \(lateness)")
      try append("01:06")
      try append("00:30")
      let questions = ["SELECT *, revision FROM k", "SHOW CREATE k"]
      let before = try questions.map(ask)
      for report in try store.rebuild(named: ["k"], verify: true) {
        #expect(report.differences.isEmpty, "\(lateness)")
      }
      store.close()
      store = try Store(directory: directory.path)
      #expect(try questions.map(ask) == before, "\(lateness)")
    }
  }
}
