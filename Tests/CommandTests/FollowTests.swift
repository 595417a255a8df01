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

  /// Whether a command has written it to standard error.
  private func told(_ text: String) throws -> Bool {
    let files = try FileManager.default.contentsOfDirectory(atPath: workspace.directory.path)
    return try files.filter { $0.hasPrefix("error-") }.contains { file in
      try String(contentsOfFile: workspace.path(file), encoding: .utf8).contains(text)
    }
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

  /// Waits, and that each of the lines was stored once, in their order.
  private func expectOnce(_ count: Int, _ run: Run) throws {
    try waitFor(count)
    // What is stored twice may come later.
    usleep(1_200_000)
    let ended = try end(run)
    #expect(ended.status == 0 && !ended.error.contains("is not found"), "\(ended)")
    try expectOnce(count)
  }

  private func expectOnce(_ count: Int) throws {
    let answer = try workspace.nilo(
      "query", "--format", "csv", "SELECT count(*) AS rows, distinct(n) AS lines FROM s")
    #expect(answer.output == "rows,lines\n\(count),\(count)\n")
  }

  private func lines(_ numbers: ClosedRange<Int>) -> String {
    numbers.map { line($0) + "\n" }.joined()
  }

  /// The number of the copy that is deleted is given to the next one: it says nothing of what that holds.
  @Test func copiesThatGetTheNumbersOfDeletedOnes() throws {
    try append("", to: "a.log")
    let run = try start("--follow", "a.log")
    for round in 0..<4 {
      try append(lines(round * 10 + 1...round * 10 + 10), to: "a.log")
      try waitFor(round * 10 + 10)
      _ = try workspace.shell("rm -f a.log.1; cp a.log a.log.1; : > a.log")
      // The cut is noticed before more is written.
      usleep(300_000)
    }
    try expectOnce(40, run)
  }

  /// Lines that were not read before a rotation are in the renamed file, whose number was that of a deleted one.
  @Test(arguments: [true, false]) func newFilesThatGetTheNumbersOfDeletedOnes(
    isLive: Bool
  ) throws {
    try append("", to: "a.log")
    var run = try start("--follow", "a.log")
    var count = 0
    for _ in 0..<5 {
      try append(lines(count + 1...count + 10), to: "a.log")
      try waitFor(count + 10)
      if !isLive { #expect(try end(run).status == 0) }
      try append(lines(count + 11...count + 14), to: "a.log")
      _ = try workspace.shell("rm -f a.log.2; mv a.log.1 a.log.2; mv a.log a.log.1")
      try append(lines(count + 15...count + 17), to: "a.log")
      count += 17
      if !isLive { run = try start("--follow", "a.log") }
      try waitFor(count)
    }
    try expectOnce(count, run)
  }

  /// As `rsync` does: each file is replaced by a longer one, which gets the number of another that was.
  private func replaceFiles(_ round: Int) throws {
    for (name, start) in [("a", 0), ("b", 1_000)] {
      try workspace.write("new", lines(start + 1...start + 10 * round))
      _ = try workspace.shell("mkdir -p logs; mv new logs/\(name).ndjson")
    }
  }

  @Test func filesThatAreReplacedByLongerOnes() throws {
    try replaceFiles(1)
    let run = try start("--watch", "logs", "*.ndjson")
    try waitFor(20)
    for round in 2...5 {
      try replaceFiles(round)
      try waitFor(20 * round)
    }
    try expectOnce(100, run)
    for round in 6...9 {
      try replaceFiles(round)
      let outcome = try workspace.nilo(
        "ingest", "--stream", "s", "logs/a.ndjson", "logs/b.ndjson")
      #expect(outcome.status == 0)
      try expectOnce(20 * round)
    }
  }

  /// Two files that have changed their names and numbers are each known, also when only one of them is read.
  @Test func filesThatGetTheNumbersOfEachOther() throws {
    try replaceFiles(1)
    _ = try workspace.nilo("ingest", "--stream", "s", "logs/a.ndjson", "logs/b.ndjson")
    for round in 2...4 {
      // Written over in place, with each other's names.
      _ = try workspace.shell(
        "mv logs/a.ndjson c; mv logs/b.ndjson logs/a.ndjson; mv c logs/b.ndjson")
      for (name, first) in [("a", 0), ("b", 1_000)] {
        try workspace.write("new", lines(first + 1...first + 10 * round))
        _ = try workspace.shell("cat new > logs/\(name).ndjson")
        _ = try workspace.nilo("ingest", "--stream", "s", "logs/\(name).ndjson")
      }
      try expectOnce(20 * round)
    }
  }

  /// A file with a new name and number is known by its bytes, and a copy is none while the first is in its place.
  @Test func aFileThatWasMoved() throws {
    try append(lines(1...100), to: "a.ndjson")
    _ = try workspace.nilo("ingest", "--stream", "s", "a.ndjson")
    _ = try workspace.shell("cp a.ndjson b.ndjson; rm a.ndjson")
    try append(lines(101...110), to: "b.ndjson")
    let moved = try workspace.nilo("ingest", "--stream", "s", "b.ndjson")
    #expect(moved.error.contains("continued at byte"), "\(moved)")
    try expectOnce(110)
    _ = try workspace.shell("cp b.ndjson c.ndjson")
    let copied = try workspace.nilo("ingest", "--stream", "s", "--json", "c.ndjson")
    #expect(try copied.json()["accepted"] as? Int == 110, "\(copied)")
  }

  @Test func whatCannotBeFollowed() throws {
    for (arguments, text) in [
      (["--follow", "-"], "Standard input cannot be followed"),
      (["--watch", ".", "a/b"], "--watch takes patterns of names"),
      (["--watch", ".", "--follow", "*.log"], "leave --follow out"),
    ] {
      let outcome = try workspace.nilo(["ingest", "--stream", "s"] + arguments)
      #expect(outcome.status == 2 && outcome.error.contains(text), "\(outcome)")
    }
    let missing = try workspace.nilo("ingest", "--stream", "s", "--watch", "none", "*")
    #expect(missing.status == 1 && missing.error.contains("no directory none to watch"))
    let nowhere = try workspace.nilo("ingest", "--stream", "s", "--follow", "none/a.ndjson")
    #expect(
      nowhere.status == 1 && nowhere.error.contains("for none/a.ndjson to come in"), "\(nowhere)")
  }

  @Test func aFileThatIsNotThereIsWaitedFor() throws {
    let run = try start("--follow", "later.ndjson")
    for _ in 0..<600 {
      if try told("later.ndjson is not there yet") { break }
      usleep(50_000)
    }
    try append(line(1) + "\n", to: "later.ndjson")
    try waitFor(1)
    let outcome = try end(run)
    #expect(
      outcome.status == 0 && outcome.error.contains("later.ndjson is not there yet"), "\(outcome)")
  }
}
