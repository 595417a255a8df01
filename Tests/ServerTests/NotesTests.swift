import Foundation
import Testing

@testable import Server

/// Notes that people write beside the numbers, what columns mean, and shifts.
@Suite struct NotesTests {
  private func served(_ settings: [String] = []) throws -> ServedStore {
    let served = try ServedStore(settings)
    #expect(
      try served.post(
        "/v1/streams/pumps/events",
        "{\"device_id\":\"a\",\"timestamp\":\"2024-06-01T00:00:00Z\",\"level\":4}"
      ).status == 200)
    #expect(
      try served.post(
        "/v1/query",
        "DEFINE KPI level AS avg(level) AS mean UNIT 'm' TARGET 3 BETWEEN 2 AND 5 FROM pumps EVERY 1h"
      ).status == 200)
    return served
  }

  private func texts(_ served: ServedStore, _ query: String = "") throws -> [String] {
    let notes = try served.get("/v1/notes\(query)").json()["notes"] as? [[String: Any]]
    return (notes ?? []).compactMap { $0["text"] as? String }
  }

  @Test func whatColumnsMeanIsListed() throws {
    let served = try served()
    #expect(
      try served.post("/v1/query", "ALTER KPI level UNIT 'cm' NO TARGET HIGHER IS BETTER").status
        == 200)
    let kpi = try #require(
      (try served.get("/v1/kpis").json()["kpis"] as? [[String: Any]])?.first)
    let column = try #require((kpi["columns"] as? [[String: Any]])?.first)
    #expect(column["name"] as? String == "mean")
    #expect(column["expression"] as? String == "avg(level)")
    #expect(column["unit"] as? String == "cm")
    #expect(column["better"] as? String == "higher")
    #expect(column["target"] == nil)
    #expect(kpi["version"] as? Int == 1)
  }

  @Test func notesAreWrittenListedAndWithdrawn() throws {
    let served = try served()
    func write(_ body: String) throws -> [String: Any] {
      let reply = try served.post("/v1/notes", body)
      try #require(reply.status == 201, "\(reply.text)")
      return try reply.json()
    }
    let valve = try write(
      #"{"text":" valve changed ","time":"2024-06-01T02:00:00Z","until":"2024-06-01T03:00:00Z","kpi":"level"}"#
    )
    #expect(valve["text"] as? String == "valve changed")
    #expect(valve["author"] as? String == "http 127.0.0.1")
    _ = try write(#"{"text":"storm","time":"2024-06-01T01:00:00Z"}"#)
    _ = try write(#"{"text":"now"}"#)
    #expect(try texts(served) == ["storm", "valve changed", "now"])
    #expect(try texts(served, "?since=2024-06-01T02:59:00Z&until=2024-06-02") == ["valve changed"])
    #expect(try texts(served, "?until=2024-06-01T02:00:00Z") == ["storm"])
    #expect(try texts(served, "?kpi=level&until=2025-01-01") == ["storm", "valve changed"])
    #expect(try texts(served, "?limit=1") == ["storm"])
    let next = try #require(try served.get("/v1/notes?limit=1").json()["next"] as? String)
    #expect(try texts(served, "?limit=1&cursor=\(next)") == ["valve changed"])

    let id = try #require(valve["id"] as? String)
    #expect(try served.ask("DELETE", "/v1/notes/\(id)").status == 204)
    #expect(try served.ask("DELETE", "/v1/notes/\(id)").status == 404)
    #expect(try texts(served) == ["storm", "now"])
    // What was written stays in the log, with who withdrew it.
    let query = "SELECT count(*) AS n FROM _notes WHERE note = '\(id)'"
    let rows = try served.post("/v1/query", query).json()["rows"] as? [[Any]]
    #expect(rows?.first?.first as? Int == 2)
  }

  @Test(arguments: [
    (#"{"text":""}"#, 400), (#"{"text":"a","time":"soon"}"#, 400), (#"{"time":"2024-06-01"}"#, 400),
    (#"{"text":"a","time":"2024-06-02","until":"2024-06-01"}"#, 400), ("note", 400),
    (#"{"text":"a","kpi":"none"}"#, 404), (#"{"text":"a","kip":"level"}"#, 400),
  ])
  func otherNotesAreRefused(body: String, status: Int) throws {
    let served = try served()
    let reply = try served.post("/v1/notes", body)
    #expect(reply.status == status, "\(reply.text)")
    #expect(try texts(served).isEmpty)
  }

  @Test func shiftsAreWhatTheSettingSays() throws {
    let served = try served(["--set", "page.shifts=06-14, 14:00-22:00,22-6:30"])
    let shifts = try served.get("/v1/shifts").json()["shifts"] as? [[String: String]]
    #expect(
      shifts == [
        ["from": "06:00", "until": "14:00"], ["from": "14:00", "until": "22:00"],
        ["from": "22:00", "until": "06:30"],
      ])
    for text in ["6", "06-24", "06-06", "a-b", "06:60-07", "06-14-22", "-", "006-14"] {
      #expect(Shift(text) == nil, "\(text)")
    }
  }
}
