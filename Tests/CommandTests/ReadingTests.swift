import Foundation
import Testing

@Suite struct ReadingTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    let file = try workspace.write("pumps.ndjson", pumps)
    _ = try workspace.nilo("ingest", "--stream", "pumps", file)
  }

  private var lines: [String] { pumps.split(separator: "\n").map(String.init) }

  private func events(_ arguments: String...) throws -> [String] {
    let outcome = try workspace.nilo(["events", "--stream", "pumps"] + arguments)
    #expect(outcome.status == 0)
    #expect(outcome.error == "")
    return outcome.output.split(separator: "\n").map(String.init)
  }

  @Test func eventsByteForByte() throws {
    let odd = """
      { "timestamp" : "2024-06-01T00:03:00.5+02:00",
      \t"x": 1e2, "é": "\\u00e9" }
      """
    let file = try workspace.write("odd.json", odd)
    #expect(try workspace.nilo("ingest", "--stream", "odd", file).status == 0)
    #expect(try workspace.nilo("events", "--stream", "odd").output == odd + "\n")
    let lines = try workspace.nilo("events", "--stream", "odd", "--json").jsonLines()
    #expect(lines.count == 1)
    #expect(lines[0]["time"] as? String == "2024-05-31T22:03:00.500Z")
    #expect((lines[0]["document"] as? [String: Any])?["é"] as? String == "é")
  }

  @Test func eventsBySeq() throws {
    #expect(try events() == lines)
    #expect(try events("--seq", "3") == [lines[1]])
    #expect(try events("--seq", "3..4") == Array(lines[1...2]))
    #expect(try events("--seq", "3..") == Array(lines[1...2]))
    #expect(try events("--seq", "..3") == Array(lines[0...1]))
    #expect(try events("--seq", "100..") == [])
    #expect(try events("--seq", "1..18446744073709551615") == lines)
  }

  @Test func eventsByTimeAndLimit() throws {
    #expect(try events("--since", "2024-06-01T00:01:00Z") == Array(lines[1...2]))
    #expect(try events("--until", "2024-06-01T00:01:00Z") == [lines[0]])
    #expect(
      try events("--since", "2024-06-01", "--until", "2024-06-01T02:01:00.001+02:00")
        == Array(lines[0...1]))
    #expect(try events("--until", "2024-06-01") == [])
    #expect(try events("--limit", "2") == Array(lines[0...1]))
    #expect(try events("--limit", "0") == [])
  }

  @Test func eventsWithEnvelope() throws {
    let outcome = try workspace.nilo("events", "--stream", "pumps", "--json", "--seq", "3")
    let event = try outcome.jsonLines()[0]
    #expect(
      Set(event.keys) == [
        "seq", "time", "source", "position", "received", "actor", "document",
      ])
    #expect(event["seq"] as? Int == 3)
    #expect(event["time"] as? String == "2024-06-01T00:01:00Z")
    #expect(event["source"] as? String == workspace.path("pumps.ndjson"))
    #expect(event["position"] as? Int == lines[0].utf8.count + 1)
    #expect((event["actor"] as? String)?.isEmpty == false)
    #expect(outcome.output.contains(#""document":"# + lines[1] + "}"))
  }

  @Test func anUnknownStreamIsAnError() throws {
    let outcome = try workspace.nilo("events", "--stream", "pump")
    #expect(outcome.status == 1)
    try expectGolden("events-unknown-stream", outcome.error, in: workspace)
  }

  @Test func ledgerKinds() throws {
    let text = """
      {"event_id":"a","device_id":"p1","timestamp":"2024-06-01T00:00:00Z","flow":1.50}
      {"event_id":"d","device_id":"p1","timestamp":"2024-06-03T00:00:00Z","flow":1}
      {"event_id":"e","device_id":"p1","timestamp":"2024-06-01T23:00:00Z","flow":1}
      {"event_id":"f"

      """
    let file = try workspace.write("more.ndjson", Data(text.utf8) + [0xFF, 0x0A])
    let ingest = try workspace.nilo("ingest", "--stream", "pumps", "--json", file)
    #expect(ingest.status == 1)
    #expect(try ingest.json()["late"] as? Int == 1)

    let duplicate = try entries("duplicate")
    #expect(duplicate.count == 1)
    #expect(duplicate[0]["id"] as? String == "a")
    #expect(duplicate[0]["first_seq"] as? Int == 2)
    #expect(duplicate[0]["position"] as? Int == 0)
    let late = try entries("late")
    #expect(late.count == 1)
    // After the end of the first file, an event of the catalogue.
    #expect(late[0]["seq"] as? Int == 7)
    #expect(late[0]["time"] as? String == "2024-06-01T23:00:00Z")
    #expect(late[0]["behind_s"] as? Double == 90_000)
    let rejected = try entries("rejected")
    #expect(rejected.count == 2)
    #expect(rejected[0]["head"] as? String == #"{"event_id":"f""#)
    #expect((rejected[0]["reason"] as? String)?.isEmpty == false)
    #expect(rejected[0]["source"] as? String == file)
    #expect(rejected[0]["position"] as? Int == text.utf8.count - 16)
    #expect(rejected[1]["head"] == nil)
    #expect(rejected[1]["head_base64"] as? String == "/w==")
  }

  private func entries(_ kind: String) throws -> [[String: Any]] {
    let outcome = try workspace.nilo("ledger", "--kind", kind, "--json")
    #expect(outcome.status == 0)
    let entries = try outcome.jsonLines()
    #expect(entries.allSatisfy { $0["kind"] as? String == kind })
    return entries
  }

  @Test func ledgerAsText() throws {
    _ = try workspace.nilo("ingest", "--stream", "pumps", "-", input: "{\"\u{1B}[31m\nx\ny\n")
    let all = try workspace.nilo("ledger", "--stream", "pumps").output
    #expect(all.split(separator: "\n").count == 3)
    #expect(all.contains("rejected  pumps  stdin:byte 0: "))
    // Nothing in a document can steer the terminal.
    #expect(!all.contains("\u{1B}"))
    #expect(all.contains(#"{".[31m"#))
    let limited = try workspace.nilo("ledger", "--limit", "2").output
    #expect(limited.split(separator: "\n").count == 2)
    #expect(try workspace.nilo("ledger", "--stream", "other").output == "")
  }

  @Test func statCountsAll() throws {
    let stat = try workspace.nilo("stat", "--json").json()
    #expect(stat["events"] as? Int == 3)
    // The definition of the stream and the end of the file are events, too.
    #expect(stat["last_seq"] as? Int == 5)
    #expect(stat["original_bytes"] as? Int == pumps.utf8.count - 3)
    let onDisk = try #require(stat["disk_bytes"] as? Double)
    #expect(stat["bytes_per_event"] as? Double == onDisk / 3)
    #expect((stat["used_bytes"] as? Double ?? 0) > 0)
    let tables = try #require(stat["tables"] as? [String: Int])
    #expect(tables["blocks"] ?? 0 > 0)
    #expect(Set(["kpis", "cells", "series"]).isSubset(of: tables.keys))
    #expect(stat["free_bytes"] as? Int != nil && stat["givable_bytes"] as? Int != nil)
    let stream = try #require((stat["streams"] as? [[String: Any]])?.first)
    #expect(stream["name"] as? String == "pumps")
    #expect(stream["events"] as? Int == 3)
    #expect(stream["facts"] as? Int == 3)
    #expect(stream["blocks"] as? Int == 1)
    #expect(stream["first_time"] as? String == "2024-06-01T00:00:00Z")
    #expect(stream["last_time"] as? String == "2024-06-01T00:02:00Z")
    #expect(stream["watermark"] as? String == "2024-06-01T00:02:00Z")
    #expect(stream["dedup"] as? String == "event_id")
    #expect(stream["explode"] is NSNull)
    let columns = try #require(stream["columns"] as? [[String: String]])
    #expect(columns.contains(["path": "flow", "type": "number"]))
    #expect(columns.contains(["path": "device_id", "type": "string"]))
    let sources = try #require(stream["sources"] as? [[String: Any]])
    #expect(sources[0]["name"] as? String == workspace.path("pumps.ndjson"))
    #expect(sources[0]["events"] as? Int == 3)
    #expect(sources[0]["end_position"] as? Int == pumps.utf8.count)
    let text = try workspace.nilo("stat").output
    #expect(text.contains("stream pumps\n"))
    #expect(text.contains("  key field    device_id\n"))
  }

  @Test func statTellsOfFieldsWithoutColumn() throws {
    let fields = (0..<1_010).map { #""f\#($0)":\#($0)"# }.joined(separator: ",")
    let line = #"{"timestamp":"2024-06-01T00:00:00Z",\#(fields)}"# + "\n"
    #expect(try workspace.nilo("ingest", "--stream", "wide", "-", input: line).status == 0)
    let text = try workspace.nilo("stat").output
    #expect(
      text.contains(
        "10 fields have no column: a stream has 1,000 columns at most, and a name 1,024 bytes: f1000, f1001, "
      ))
    #expect(try workspace.nilo("events", "--stream", "wide").output == line)
  }
}
