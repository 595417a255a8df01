import Foundation
import Testing

/// `nilo ingest --follow` and `--watch`.
@Suite struct FollowTests {
  let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private func start(_ arguments: String...) throws -> Run {
    try Run(
      Workspace.nilo, ["ingest", "--stream", "s", "--json"] + arguments, in: workspace,
      input: FileHandle.nullDevice)
  }

  private func append(_ text: String, to name: String) throws {
    if !FileManager.default.fileExists(atPath: workspace.path(name)) {
      try workspace.write(name, text)
      return
    }
    let handle = try FileHandle(forWritingTo: workspace.directory.appendingPathComponent(name))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(text.utf8))
    try handle.close()
  }

  private func line(_ number: Int) -> String {
    "{\"ts\":\(1_717_200_000 + number),\"n\":\(number)}"
  }

  /// Waits until so many events are there.
  private func waitFor(_ count: Int) throws {
    for _ in 0..<600 {
      if try events() == count { return }
      usleep(50_000)
    }
    Issue.record("\(try events()) events are there, not \(count)")
  }

  private func events() throws -> Int {
    let stat = try workspace.nilo("stat", "--json")
    let streams = stat.status == 0 ? try stat.json()["streams"] as? [[String: Any]] : []
    return streams?.first?["events"] as? Int ?? 0
  }

  private func end(_ run: Run) throws -> Outcome {
    run.process.terminate()
    return try run.wait()
  }

  @Test func filesOfADirectoryAreTakenAsTheyAppear() throws {
    _ = try workspace.shell("mkdir logs")
    try append(line(1) + "\n", to: "logs/a.ndjson")
    try append("no event\n", to: "logs/a.txt")
    let run = try start("--watch", "logs", "*.ndjson", "*.csv")
    try waitFor(1)
    try append(line(2) + "\n" + line(3).prefix(9), to: "logs/a.ndjson")
    try append("ts;n\n1717200004;4\n", to: "logs/b.csv")
    try waitFor(3)
    try append(String(line(3).dropFirst(9)) + "\n", to: "logs/a.ndjson")
    _ = try workspace.shell("gzip -c logs/a.ndjson > c; mv c logs/c.ndjson")
    try waitFor(7)
    let ended = try end(run)
    #expect(ended.status == 0 && ended.error == "", "\(ended)")
    let summary = try ended.json()
    #expect(summary["files"] as? Int == 3)
    #expect(summary["accepted"] as? Int == 7)
    #expect(summary["interrupted"] as? Bool == false)
    // What comes meanwhile is taken later.
    try append("1717200005;5\n", to: "logs/b.csv")
    let again = try start("--watch", "logs", "*.csv")
    try waitFor(8)
    #expect(
      try end(again).error == "\(workspace.path("logs/b.csv")): continued at byte 18, line 3\n")
    #expect(
      try workspace.nilo("query", "--format", "csv", "SELECT sum(n) AS n FROM s").output
        == "n\n21\n")
  }

  /// A last line without its end is taken when nothing can follow it, and not before.
  @Test func aLineWithoutItsEnd() throws {
    try append(line(1), to: "a.ndjson")
    let run = try start("--follow", "a.ndjson", "later.ndjson")
    try waitFor(1)
    try append("\n" + line(2).dropLast(), to: "a.ndjson")
    try append(line(3) + "\n", to: "later.ndjson")
    try waitFor(2)
    try append("}\n", to: "a.ndjson")
    try waitFor(3)
    let ended = try end(run)
    #expect(ended.status == 0)
    #expect(try ended.json()["rejected"] as? Int == 0)
    #expect(try ended.json()["files"] as? Int == 2)
  }

  @Test func aRotatedFileIsReadToItsEnd() throws {
    try append(line(1) + "\n", to: "a.log")
    let run = try start("--follow", "a.log")
    try waitFor(1)
    _ = try workspace.shell("mv a.log a.log.1; echo '\(line(2))' >> a.log.1")
    try waitFor(2)
    try append(line(3) + "\n", to: "a.log")
    try waitFor(3)
    _ = try workspace.shell(
      "cp a.log a.log.2; : > a.log; echo '\(line(4))' >> a.log.1; echo '\(line(5))' >> a.log")
    try waitFor(5)
    let ended = try end(run)
    #expect(ended.status == 0)
    let sources = try workspace.nilo("stat", "--json").json()["streams"] as? [[String: Any]]
    #expect((sources?.first?["sources"] as? [[String: Any]])?.count == 1)
  }

  @Test func whatCannotBeFollowed() throws {
    for (arguments, text) in [
      (["--follow", "-"], "Standard input cannot be followed"),
      (["--watch", ".", "a/b"], "--watch takes patterns of names"),
    ] {
      let outcome = try workspace.nilo(["ingest", "--stream", "s"] + arguments)
      #expect(outcome.status == 2 && outcome.error.contains(text), "\(outcome)")
    }
    let missing = try workspace.nilo("ingest", "--stream", "s", "--watch", "none", "*")
    #expect(missing.status == 1 && missing.error.contains("no directory none to watch"))
  }
}
