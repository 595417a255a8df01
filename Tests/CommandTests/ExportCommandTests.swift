import Foundation
import TestSupport
import Testing

/// `nilo export` as a command, and killed.
@Suite struct ExportCommandTests {
  @Test func whatIsKilledAtAnyMomentExportsEachEventOnce() throws {
    let workspace = try Workspace()
    let count = 6_000
    let lines = (0..<count).map { number in
      #"{"timestamp":"2024-06-0\#(1 + number / 1_000)T00:00:\#(10 + number % 50)Z","device_id":"d","n":\#(number)}"#
    }
    try workspace.write("events.ndjson", lines.map { $0 + "\n" }.joined())
    try #require(workspace.nilo("ingest", "--stream", "plant", "events.ndjson").status == 0)
    rounds(2) { random in
      let lake = "lake-\(random.next())"
      let export = [
        "export", "facts", "plant", "--to", lake, "--row-group-size", "40", "--partition",
        random.oneIn(2) ? "date" : "stream",
      ]
      var kills = 0
      for _ in 0..<15 {
        // Killed after so many milliseconds, if it is not done by then.
        let seconds = Double(random.within(5...250)) / 1_000
        let outcome = try workspace.shell(
          "timeout -s KILL \(seconds) \"$nilo\" \(export.joined(separator: " ")) || exit 9")
        if outcome.status != 0 { kills += 1 }
      }
      try check(kills > 0, "it was killed at no time")
      let last = try workspace.nilo(export)
      try check(last.status == 0, "\(last)")
      let numbers = try Python.run(
        try workspace.write("numbers.py", Self.script), [workspace.path(lake)])
      try checkEqual(numbers, "\(count) rows, \(count) events, 0..\(count - 1), 0 hidden\n", lake)
    }
  }

  /// A file takes the place of the one before it, whatever is written there.
  @Test func aFileIsWrittenAgain() throws {
    let workspace = try Workspace()
    try workspace.write("a.ndjson", #"{"timestamp":"2024-06-01T00:00:00Z","n":1}"# + "\n")
    try workspace.write("b.ndjson", #"{"timestamp":"2024-06-02T00:00:00Z","n":2}"# + "\n")
    for ending in ["parquet", "csv", "ndjson", "lp"] {
      try workspace.write("out.\(ending)", "old")
    }
    for (file, rows) in [("a.ndjson", 1), ("b.ndjson", 2)] {
      try #require(workspace.nilo("ingest", "--stream", "plant", file).status == 0)
      for ending in ["parquet", "csv", "ndjson", "lp"] {
        let outcome = try workspace.nilo("export", "facts", "plant", "--to", "out.\(ending)")
        #expect(outcome.status == 0 && outcome.output.hasPrefix("\(rows) rows"), "\(outcome)")
      }
      let lines = try workspace.shell("wc -l < out.csv; wc -l < out.ndjson; wc -l < out.lp").output
      #expect(lines == "\(rows + 1)\n\(rows)\n\(rows)\n")
    }
    #expect(try workspace.shell("ls -A | grep partial").output.isEmpty)
  }

  /// Times without a zone are of the KPI's clock, as everywhere.
  @Test func timesOfKpisAreOfTheirClock() throws {
    let workspace = try Workspace()
    let lines = (1...3).map { #"{"timestamp":"2024-07-0\#($0)T12:00:00+02:00","n":\#($0)}"# + "\n" }
    try workspace.write("events.ndjson", lines.joined())
    try #require(workspace.nilo("ingest", "--stream", "plant", "events.ndjson").status == 0)
    let statement = "DEFINE KPI days AS sum(n) AS n FROM plant EVERY 1d TIME ZONE 'Europe/Paris'"
    try #require(workspace.nilo("query", statement).status == 0)
    let outcome = try workspace.nilo(
      "export", "kpi", "days", "--format", "csv", "--since", "2024-07-02", "--until", "2024-07-03",
      "--to", "-")
    let rows = outcome.output.split(separator: "\n")
    #expect(
      rows.count == 2 && rows.last?.hasPrefix("2024-07-01T22:00:00Z,2,") == true, "\(outcome)")
  }

  @Test func targetsThatWouldMislead() throws {
    let workspace = try Workspace()
    try workspace.write("a.ndjson", #"{"timestamp":"2024-06-01T00:00:00Z","n":1}"# + "\n")
    try #require(workspace.nilo("ingest", "--stream", "plant", "a.ndjson").status == 0)
    let json = try workspace.nilo("export", "facts", "plant", "--to", "w.json")
    #expect(json.status != 0 && json.error.contains("names no format"), "\(json)")
    #expect(try workspace.nilo("export", "facts", "plant", "--to", "lake").status == 0)
    // Another stream may share the directory, whatever it is called.
    try #require(workspace.nilo("ingest", "--stream", "plant-2", "a.ndjson").status == 0)
    #expect(try workspace.nilo("export", "facts", "plant-2", "--to", "lake").status == 0)
    let again = try workspace.shell("rm lake/_*; \"$nilo\" export facts plant --to lake")
    #expect(again.status != 0 && again.error.contains("no manifest"), "\(again)")
  }

  private static let script = """
    import glob, sys, duckdb
    rows = duckdb.sql(f"SELECT n, seq FROM read_parquet('{sys.argv[1]}/**/*.parquet')").fetchall()
    numbers, seqs = {row[0] for row in rows}, {row[1] for row in rows}
    hidden = glob.glob(f"{sys.argv[1]}/**/.*", recursive=True)
    print(f"{len(rows)} rows, {len(seqs)} events, {min(numbers)}..{max(numbers)}, {len(hidden)} hidden")
    """

  @Test func whatComesIsFollowedBesideAWriter() throws {
    let workspace = try Workspace()
    try workspace.write("first.ndjson", #"{"timestamp":"2024-06-01T00:00:00Z","n":1}"# + "\n")
    try workspace.write("second.ndjson", #"{"timestamp":"2024-06-01T00:00:01Z","n":2.5}"# + "\n")
    try #require(workspace.nilo("ingest", "--stream", "plant", "first.ndjson").status == 0)
    let outcome = try workspace.shell(
      """
      "$nilo" export facts plant --to lake --format ndjson --follow 100ms > followed & export=$!
      until ls lake/*.ndjson; do sleep 0.05; done
      "$nilo" ingest --stream plant second.ndjson
      until [[ $(ls lake/*.ndjson | wc -l) == 2 ]]; do sleep 0.05; done
      kill -INT $export; wait $export
      """)
    #expect(outcome.status == 0, "\(outcome)")
    let texts = try workspace.shell("cat lake/*.ndjson").output
    #expect(texts.contains("\"n\":1}") && texts.contains("\"n\":2.5}"), "\(texts)")
  }

  @Test func rowsOfAKPIThatHaveChangedAreWritten() throws {
    let workspace = try Workspace()
    func ingest(_ name: String, _ line: String) throws {
      try workspace.write(name, line + "\n")
      try #require(workspace.nilo("ingest", "--stream", "plant", name).status == 0)
    }
    try ingest("a", #"{"timestamp":"2024-06-01T00:00:00Z","device_id":"a","n":1}"#)
    try #require(
      workspace.nilo(
        "kpi", "define", "load", "--from", "plant", "--select", "avg(n) AS mean", "--by",
        "device_id", "--every", "1h"
      ).status == 0)
    let export = ["export", "kpi", "load", "--format", "csv", "--to", "lake"]
    #expect(try workspace.nilo(export).status == 0)
    try ingest("b", #"{"timestamp":"2024-06-01T03:00:00Z","device_id":"b","n":4}"#)
    #expect(try workspace.nilo(export).status == 0)
    #expect(try workspace.nilo(export).output.hasPrefix("nothing new of load"))
    let files = try workspace.shell("for file in lake/*.csv; do echo; cut -d, -f1-4 $file; done")
    #expect(
      files.output == """

        time,device_id,mean,state
        2024-06-01T00:00:00Z,a,1,provisional

        time,device_id,mean,state
        2024-06-01T00:00:00Z,a,1,final
        2024-06-01T03:00:00Z,b,4,provisional

        """, "\(files)")
  }

  @Test func whatCannotBeExportedIsSaid() throws {
    let workspace = try Workspace()
    try workspace.write("a", #"{"timestamp":"2024-06-01T00:00:00Z","n":1}"# + "\n")
    try #require(workspace.nilo("ingest", "--stream", "plant", "a").status == 0)
    func error(_ arguments: String...) throws -> String {
      let outcome = try workspace.nilo(["export"] + arguments)
      #expect(outcome.status != 0, "\(arguments)")
      return outcome.error
    }
    #expect(try error("facts", "plan", "--to", "x.csv").contains("there are: plant"))
    #expect(!FileManager.default.fileExists(atPath: workspace.path("x.csv")))
    #expect(try error("kpi", "plant", "--to", "x").contains("export it with: nilo export facts"))
    #expect(try error("facts", "plant", "--to", "x.csv", "--follow", "1s").contains("a directory"))
    #expect(try error("facts", "plant", "--to", "x", "--tag", "n").contains("line-protocol"))
    #expect(
      try error("facts", "plant", "--to", "-", "--format", "line-protocol", "--tag", "machine")
        .contains("stream plant has no field machine that could be a tag; SHOW FIELDS FROM plant"))
    #expect(try error("facts", "plant", "--to", "x", "--partition", "day").contains("stream,date"))
    #expect(try workspace.nilo("export", "facts", "plant", "--to", "x").status == 0)
    #expect(
      try error("facts", "plant", "--to", "x", "--partition", "date").contains("was begun with no"))
  }
}
