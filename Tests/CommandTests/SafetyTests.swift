import Foundation
import Testing

@Suite struct SafetyTests {
  let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private func fill() throws {
    let line = "$nilo generate fleet --devices 20 --hours 1 | $nilo ingest --stream fleet -"
    #expect(try workspace.shell(line).status == 0)
  }

  @Test func checkOfASoundStore() throws {
    try fill()
    let outcome = try workspace.nilo("check", "--json")
    #expect(outcome.status == 0)
    let report = try outcome.json()
    #expect(report["sound"] as? Bool == true)
    #expect(report["events"] as? Int == 2_402)
    #expect((report["damages"] as? [Any])?.isEmpty == true)
    #expect(try workspace.nilo("check").output.hasPrefix("the store is sound"))
  }

  @Test func checkNamesWhatIsDamaged() throws {
    try fill()
    try damageTheBlock()
    let outcome = try workspace.nilo("check", "--json")
    #expect(outcome.status == 1)
    let report = try outcome.json()
    #expect(report["sound"] as? Bool == false)
    let damages = try #require(report["damages"] as? [[String: Any]])
    #expect(damages[0]["first_seq"] as? Int == 2)
    #expect(damages[0]["last_seq"] as? Int == 2_401)
    let text = try workspace.nilo("check").output
    #expect(text.hasPrefix("the store is damaged"))
    #expect(text.contains("\ndamaged: "))
    #expect(text.contains("(seq 2 to 2,401)"))

    let events = try workspace.nilo("events", "--stream", "fleet")
    #expect(events.status == 1)
    #expect(events.output == "")
    #expect(events.error.hasPrefix("nilo: damaged data: "))
  }

  /// Changes a byte in the middle of the block that came from standard input.
  private func damageTheBlock() throws {
    let file = workspace.directory.appendingPathComponent("nilo-data/data.mdb")
    var bytes = try Data(contentsOf: file)
    var start = bytes.startIndex
    var count = 0
    while let magic = bytes[start...].firstRange(of: Data("NLOB".utf8)) {
      start = magic.upperBound
      guard bytes[start..<start + 100].firstRange(of: Data("stdin".utf8)) != nil else { continue }
      bytes[start + 5_000] ^= 1
      count += 1
    }
    try #require(count > 0, "no block found")
    try bytes.write(to: file)
  }

  @Test func aBackupIsTheStore() throws {
    try fill()
    let copy = workspace.path("copy")
    let outcome = try workspace.nilo("backup", copy, "--json")
    #expect(outcome.status == 0)
    #expect(outcome.error == "")
    let report = try outcome.json()
    #expect(report["events"] as? Int == 2_402)
    #expect(report["destination"] as? String == copy)
    #expect(try #require(report["file_bytes"] as? Int) > 0)
    let original = try streams("nilo-data")
    #expect(try streams(copy) == original)
    #expect(
      try workspace.nilo("events", "--stream", "fleet", "--data", copy).output
        == workspace.nilo("events", "--stream", "fleet").output)

    let again = try workspace.nilo("backup", copy)
    #expect(again.status == 1)
    try expectGolden("backup-not-empty", again.error, in: workspace)
    try FileManager.default.createDirectory(
      atPath: workspace.path("empty"), withIntermediateDirectories: false)
    #expect(try workspace.nilo("backup", "empty").output.hasPrefix("copied "))
  }

  @Test func compactingChangesNothingThatIsAsked() throws {
    for n in 0..<12 {
      let line = "{\"ts\":\(1_717_200_000 + n),\"event_id\":\"e\(n)\",\"v\":\(n)}\n"
      #expect(try workspace.nilo("ingest", "--stream", "s", "-", input: line).status == 0)
    }
    func asked() throws -> [String] {
      try [
        workspace.nilo("events", "--stream", "s", "--json"),
        workspace.nilo("query", "--format", "csv", "SELECT sum(v), count(*) FROM s EVERY 1m"),
        workspace.nilo("query", "--format", "csv", "SELECT max(v) FROM s AS OF SEQ 9"),
      ].map(\.output)
    }
    let before = try asked()
    let outcome = try workspace.nilo("compact", "--json")
    #expect(outcome.status == 0 && outcome.error == "")
    let report = try outcome.json()
    let (had, has) = (report["blocks_before"] as? Int ?? 0, report["blocks"] as? Int ?? 0)
    #expect(had >= 24 && has == 3, "\(report)")
    #expect(try asked() == before)
    #expect(try workspace.nilo("check").status == 0)
    let again = try workspace.nilo("compact")
    #expect(again.status == 0)
    // What is called by one name in both is the same.
    func rows(_ report: String) -> [String] {
      report.split(separator: "\n").prefix { !$0.hasPrefix("stream ") }.map {
        $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
      }
    }
    let stat = rows(try workspace.nilo("stat").output)
    let blocks = try #require(stat.first { $0.hasPrefix("blocks 3, ") })
    #expect(rows(again.output).contains("\(blocks), as before"), "\(again.output)")
    let onDisk = try #require(stat.first { $0.hasPrefix("on disk ") })
    #expect(rows(again.output).contains { $0.hasPrefix(onDisk) }, "\(again.output)")
    let json = try workspace.nilo("stat", "--json").json()
    for name in ["blocks", "block_bytes"] {
      #expect(json[name] as? Int == report[name] as? Int, "\(name)")
    }
    // What was merged is still known by its ids.
    let line = "{\"ts\":1717200003,\"event_id\":\"e3\",\"v\":3}\n"
    let repeated = try workspace.nilo("ingest", "--stream", "s", "--json", "-", input: line).json()
    #expect(repeated["duplicates"] as? Int == 1 && repeated["accepted"] as? Int == 0)
  }

  private func streams(_ data: String) throws -> String {
    let stat = try workspace.nilo("stat", "--json", "--data", data).json()
    let streams = try #require(stat["streams"])
    let bytes = try JSONSerialization.data(withJSONObject: streams, options: [.sortedKeys])
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func aSecondWriterIsRefusedAndReadersAreNot() throws {
    let input = Pipe()
    let writer = try Run(
      Workspace.nilo, ["ingest", "--stream", "pumps", "-"], in: workspace, input: input)
    try input.fileHandleForWriting.write(contentsOf: Data(pumps.utf8))
    try awaitEvents(3)
    let second = try workspace.nilo("ingest", "--stream", "pumps", "-", input: pumps)
    #expect(second.status == 1)
    #expect(second.output == "")
    let process = "process \(writer.process.processIdentifier)"
    try expectGolden(
      "ingest-in-use", second.error.replacing(process, with: "process N"), in: workspace)
    #expect(try workspace.nilo("events", "--stream", "pumps").output == pumps)
    #expect(try workspace.nilo("check").status == 0)
    #expect(try workspace.nilo("backup", "copy").status == 0)
    try input.fileHandleForWriting.close()
    #expect(try writer.wait().status == 0)
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func aSignalEndsAtACommit(_ signal: Int32) throws {
    let input = Pipe()
    let run = try Run(
      Workspace.nilo, ["ingest", "--stream", "pumps", "--json", "-"], in: workspace, input: input)
    try input.fileHandleForWriting.write(contentsOf: Data((pumps + #"{"event_id":"#).utf8))
    try awaitEvents(3)
    #expect(kill(run.process.processIdentifier, signal) == 0)
    let outcome = try run.wait()
    #expect(outcome.status == 130)
    #expect(outcome.error == "")
    #expect(try outcome.json()["accepted"] as? Int == 3)
    #expect(try outcome.json()["rejected"] as? Int == 0)
    #expect(try outcome.json()["interrupted"] as? Bool == true)
    #expect(try workspace.nilo("check").status == 0)
    try input.fileHandleForWriting.close()
  }

  /// Waits until a reader sees so many events.
  private func awaitEvents(_ count: Int) throws {
    for _ in 1...600 {
      let stat = try workspace.nilo("stat", "--json")
      if stat.status == 0, try stat.json()["events"] as? Int == count { return }
      Thread.sleep(forTimeInterval: 0.1)
    }
    Issue.record("the events did not come")
  }
}
