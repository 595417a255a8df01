import Foundation
import Language
import Model
import Query
import Store
import TestSupport
import Testing

@testable import Server

/// Sinks get each row of a KPI once its bucket is final, and again when it was restated; in order, at least once.
@Suite struct SinkTests {
  private static let kpi =
    "DEFINE KPI k AS count(*) AS n, sum(v) AS total FROM m GROUP BY d EVERY 1h"

  private static func event(_ device: String, _ time: String, _ value: Int) -> String {
    "{\"d\":\"\(device)\",\"timestamp\":\"2024-06-01T\(time):00Z\",\"v\":\(value)}"
  }

  private func append(_ plant: TestPlant, _ events: (String, String, Int)...) throws {
    _ = try plant.store.append(events.map { Self.event($0.0, $0.1, $0.2) }, to: "m")
  }

  /// Has the sinks of a store hand over all that there is.
  private func publish(_ plant: TestPlant) throws {
    let watch = SinkWatch(plant.store, limits: QueryLimits())
    try watch.look()
    while try !plant.isDone {
      try plant.serve { try plant.isDone }
      // What came while something was under way is of the next.
      try watch.look()
    }
  }

  @Test func rowsAreToldOnceTheyAreFinal() throws {
    let plant = try TestPlant(TestClock("2024-06-01T12:00:00Z"))
    let hook = try TestWebhook(plant.path("told"))
    try append(plant, ("a", "00:10", 1))
    _ = try plant.ask(Self.kpi)
    try append(plant, ("a", "02:00", 2))
    // The first hour is final already: what was before the sink is not told.
    _ = try plant.ask("DEFINE SINK s FROM k INTO webhook('\(hook.url)/rows')")
    try publish(plant)
    #expect(hook.told.isEmpty)
    try append(plant, ("a", "02:20", 5), ("b", "02:30", 4))
    try publish(plant)
    #expect(hook.told.isEmpty)
    try append(plant, ("b", "03:30", 4))
    try publish(plant)
    #expect(try hook.rows == ["final 02:00 a 2 7", "final 02:00 b 1 4"])
    // Late for a bucket that was final before the sink was there, and for one since.
    try append(plant, ("a", "00:20", 10), ("b", "02:40", 1))
    try publish(plant)
    #expect(
      try hook.rows.dropFirst(2) == ["restated 00:00 a 2 11", "restated 02:00 b 2 5"])
    let message = try #require(hook.told.last)
    let object = try JSONSerialization.jsonObject(with: Data(message.body.utf8)) as? [String: Any]
    #expect(message.headers["x-nilo-id"] == object?["id"] as? String)
    #expect(object?["kpi"] as? String == "k")
    let first = (object?["rows"] as? [[String: Any]])?.first
    #expect(first?["kpi_version"] as? Int == 1)
    #expect(first?["as_of_seq"] as? Int == object?["as_of_seq"] as? Int)
    #expect(first?["state"] as? String == "final")
    #expect(Set(hook.told.map { $0.headers["x-nilo-id"] }).count == 2)
    #expect(
      try plant.rows("SHOW SINKS").map { Array($0[..<7]) } == [
        ["s", "1", "k", "idle", "\(try plant.store.sinks()[0].throughSeq)", "4", "0"]
      ])
    _ = try plant.ask("DROP SINK s")
    try append(plant, ("a", "09:00", 2))
    try publish(plant)
    #expect(hook.told.count == 2)
  }

  /// What is not taken is tried again with the same bytes, also after a restart; what came meanwhile comes after it.
  @Test func rowsWaitForTheirTarget() throws {
    let plant = try TestPlant(TestClock("2024-06-01T12:00:00Z"))
    let hook = try TestWebhook(plant.path("told"))
    try append(plant, ("a", "00:10", 1))
    _ = try plant.ask(Self.kpi)
    _ = try plant.ask("DEFINE SINK s FROM k INTO webhook('\(hook.url)/rows')")
    hook.answer(503)
    try append(plant, ("a", "01:30", 2))
    try SinkWatch(plant.store, limits: QueryLimits()).look()
    try plant.serve { try plant.store.sinks()[0].failure != nil }
    #expect(try plant.store.sinks()[0].waitingRows == 1)
    #expect(
      try plant.rows("SELECT state, failure FROM _sinks WHERE state = 'refused' LIMIT 9").count == 1
    )
    // Another row, and one that is in what waits already.
    try append(plant, ("a", "02:30", 3), ("a", "00:40", 7))
    try plant.reopen()
    hook.answer(200)
    try plant.serve { try plant.isDone }
    try publish(plant)
    let bodies = hook.told
    #expect(
      Set(bodies.filter { $0.headers["x-nilo-id"] == bodies[0].headers["x-nilo-id"] }.map(\.body))
        .count == 1)
    #expect(
      try hook.rows(status: 200) == [
        "final 00:00 a 1 1", "restated 00:00 a 2 8", "final 01:00 a 1 2",
      ])
    #expect(try plant.store.sinks()[0].failure == nil)
  }

  /// A version that takes over has its rows told from then on, and a KPI that is gone holds its sink up until there is one
  /// again.
  @Test func definitionsChange() throws {
    let plant = try TestPlant(TestClock("2024-06-01T12:00:00Z"))
    try append(plant, ("a", "00:10", 1))
    _ = try plant.ask(Self.kpi)
    _ = try plant.ask("DEFINE SINK s FROM k INTO stream('rows')")
    _ = try plant.ask("REDEFINE KPI k AS max(v) AS high FROM m GROUP BY d EVERY 1h")
    _ = try plant.ask("SWITCH KPI k TO VERSION 2")
    try append(plant, ("a", "01:30", 2))
    try publish(plant)
    #expect(
      try plant.facts("SELECT kind, kpi_version, high FROM rows LIMIT 9") == [["final", "2", "1"]])
    _ = try plant.ask("DROP KPI k")
    try append(plant, ("a", "02:30", 2))
    try publish(plant)
    #expect(try plant.store.sinks()[0].failure == "there is no KPI k")
    _ = try plant.ask(Self.kpi)
    try publish(plant)
    #expect(try plant.store.sinks()[0].failure == nil)
    #expect(
      try plant.facts("SELECT kind, kpi_version, n FROM rows LIMIT 9")
        == [["final", "2", ""], ["final", "3", "1"]])
  }

  /// Each time is noted, also by one who has seen nothing of the time before, as after a restart.
  @Test func aKpiMayBeGoneAgain() throws {
    let plant = try TestPlant(TestClock("2024-06-01T12:00:00Z"))
    try append(plant, ("a", "00:10", 1))
    _ = try plant.ask(Self.kpi)
    _ = try plant.ask("DEFINE SINK s FROM k INTO stream('rows')")
    for _ in 0..<2 {
      _ = try plant.ask("DROP KPI k")
      try SinkWatch(plant.store, limits: QueryLimits()).look()
      #expect(try plant.store.sinks()[0].failure == "there is no KPI k")
      _ = try plant.ask(Self.kpi)
      try SinkWatch(plant.store, limits: QueryLimits()).look()
      #expect(try plant.store.sinks()[0].failure == nil)
    }
    #expect(
      try plant.facts("SELECT state FROM _sinks LIMIT 9").joined().map(\.self)
        == ["failed", "recovered", "failed", "recovered"])
  }

  /// The column of the bucket gives way to a field of the stream, and the target has it all the same.
  @Test func aStreamMayHaveAFieldTime() throws {
    let plant = try TestPlant(TestClock("2024-06-01T12:00:00Z"))
    func append(_ time: String) throws {
      let document = "{\"timestamp\":\"2024-06-01T\(time):00Z\",\"time\":5,\"v\":1}"
      _ = try plant.store.append([document], to: "m")
    }
    try append("00:10")
    _ = try plant.ask("DEFINE KPI k AS count(*) AS n FROM m EVERY 1h")
    _ = try plant.ask("DEFINE SINK s FROM k INTO stream('rows')")
    try append("01:30")
    try publish(plant)
    #expect(
      try plant.rows("SELECT n, kind FROM rows LIMIT 9") == [
        ["2024-06-01T00:00:00Z", "1", "final"]
      ])
  }

  @Test func whatCannotBe() throws {
    let plant = try TestPlant(TestClock("2024-06-01T12:00:00Z"))
    try append(plant, ("a", "00:10", 1))
    _ = try plant.ask(Self.kpi)
    _ = try plant.ask("DEFINE KPI odd AS count(*) AS kind FROM m EVERY 1h")
    for (text, message) in [
      ("FROM m INTO stream('x')", "m is a stream, and a sink takes the rows of a KPI"),
      ("FROM kk INTO stream('x')", "there is no stream or KPI kk"),
      ("FROM k INTO stream('m')", "KPI k is computed from stream m itself"),
      ("FROM k INTO stream('odd')", "odd is no stream that rows can go to"),
      ("FROM k INTO stream('_runs')", "_runs is no stream that rows can go to"),
      ("FROM k INTO file('a.csv')", "a sink feeds a stream, a webhook or a topic of Kafka"),
      ("FROM k INTO webhook('ftp://x')", "'ftp://x' is no address of a webhook"),
      ("FROM odd INTO stream('x')", "KPI odd has a column kind"),
    ] {
      let error = #expect(throws: LanguageError.self) { try plant.ask("DEFINE SINK s \(text)") }
      #expect(error.map { "\($0)".contains(message) } == true, "\(error.map { "\($0)" } ?? "")")
    }
    _ = try plant.ask("DEFINE SINK s FROM k INTO stream('x')")
    #expect(throws: LanguageError.self) { try plant.ask("DEFINE SINK s FROM k INTO stream('y')") }
    #expect(throws: LanguageError.self) { try plant.ask("DROP SINK t") }
  }

  /// The last that a target was told of each row is what the KPI says of it, whatever came late and wherever it was cut off.
  @Test func theTargetKnowsWhatIsFinal() throws {
    try rounds(6) { generator in
      let plant = try TestPlant(TestClock("2024-06-01T12:00:00Z"))
      _ = try plant.store.append([Self.event("a", "00:00", 1)], to: "m")
      let kind = ["k AS count(*) AS n, sum(v) AS total", "k AS increase(v) AS n, avg(v) AS total"]
      let rolling = Bool.random(using: &generator) ? "" : " ROLLING 3h"
      _ = try plant.ask(
        "DEFINE KPI \(kind.randomElement(using: &generator)!) FROM m GROUP BY d EVERY 1h\(rolling)")
      _ = try plant.ask("DEFINE SINK s FROM k INTO stream('rows')")
      var minute = 0
      for _ in 0..<30 {
        minute += Int.random(in: 0...40, using: &generator)
        let at = max(
          0,
          minute - (Bool.random(using: &generator) ? 0 : Int.random(in: 0...300, using: &generator))
        )
        let time = String(format: "%02d:%02d", at / 60, at % 60)
        let device = ["a", "b", "c"].randomElement(using: &generator)!
        try append(plant, (device, time, Int.random(in: 0...9, using: &generator)))
        if Int.random(in: 0..<4, using: &generator) == 0 {
          try SinkWatch(plant.store, limits: QueryLimits()).look()
        }
        if Int.random(in: 0..<8, using: &generator) == 0 { try plant.reopen() }
        if Int.random(in: 0..<6, using: &generator) == 0 { try publish(plant) }
      }
      try publish(plant)
      // The last of each row by the state that it is of.
      var told: [String: (seq: Int, values: [String])] = [:]
      for row in try plant.rows("SELECT d, n, total, as_of_seq FROM rows LIMIT 10000") {
        let seq = try #require(Int(row[4]))
        if seq >= told[row[0] + row[1]]?.seq ?? 0 {
          told[row[0] + row[1]] = (seq, Array(row[2..<4]))
        }
      }
      let final = try plant.rows("SELECT n, total FROM k ONLY FINAL")
      #expect(!final.isEmpty)
      for row in final where told[row[0] + row[1]] != nil || rolling.isEmpty {
        #expect(told[row[0] + row[1]]?.values == Array(row[2..<4]), "\(row)")
      }
      #expect(told.count <= final.count)
    }
  }
}

extension TestPlant {
  /// Whether no sink has anything under way.
  fileprivate var isDone: Bool {
    get throws { try store.sinkStates().values.allSatisfy { $0.pending == nil } }
  }
}

extension TestWebhook {
  /// What was taken: what became of each row, its hour, group and items.
  fileprivate var rows: [String] { get throws { try rows(status: 200) } }

  fileprivate func rows(status: Int) throws -> [String] {
    try told.filter { $0.status == status }.flatMap { message in
      let object = try JSONSerialization.jsonObject(with: Data(message.body.utf8)) as? [String: Any]
      return (object?["rows"] as? [[String: Any]] ?? []).map { row in
        let time = (row["bucket"] as? String ?? "").dropFirst(11).prefix(5)
        return
          "\(row["kind"] ?? "") \(time) \(row["d"] ?? "") \(row["n"] ?? "") \(row["total"] ?? "")"
      }
    }
  }
}
