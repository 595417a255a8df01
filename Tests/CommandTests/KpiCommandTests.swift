import Foundation
import Testing

/// `nilo kpi` and `nilo rebuild`.
@Suite struct KpiCommandTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    let file = try workspace.write(
      "pumps.ndjson",
      """
      {"device_id":"p,1","timestamp":"2024-03-30T22:30:00Z","flow":1.5,"state":"ok"}
      {"device_id":"p,1","timestamp":"2024-03-31T00:30:00Z","flow":2.5,"state":"down"}
      {"timestamp":"2024-03-31T01:30:00Z","flow":4,"state":"ok"}
      {"device_id":"p,1","timestamp":"2024-04-01T00:30:00Z","state":"ok"}

      """)
    try #require(try workspace.nilo("ingest", "--stream", "pumps", file).status == 0)
  }

  private func define(_ arguments: String...) throws -> Outcome {
    try workspace.nilo(["kpi", "define", "k", "--from", "pumps"] + arguments)
  }

  private func listedKpis() throws -> [String] {
    try workspace.nilo("kpi", "list", "--format", "ndjson").jsonLines()
      .compactMap { $0["kpi"] as? String }
  }

  @Test func answersInAllFormats() throws {
    let defined = try define(
      "--select", "sum(flow), count(* WHERE state = 'down') / count(*) AS down", "--by",
      "device_id",
      "--every", "1d", "--time-zone", "Europe/Paris")
    #expect(defined.status == 0, "\(defined.error)")
    try expectGolden("kpi-table", try workspace.nilo("kpi", "read", "k").output, in: workspace)
    try expectGolden(
      "kpi-csv", try workspace.nilo("kpi", "read", "k", "--format", "csv").output, in: workspace)
    let asked = "SELECT * FROM k SINCE '2024-03-30T12:00' WHOLE BUCKETS"
    for format in ["table", "vertical", "ndjson", "csv", "tsv", "markdown"] {
      let read = try workspace.nilo(
        "kpi", "read", "k", "--since", "2024-03-30T12:00", "--format", format)
      let queried = try workspace.nilo("query", "--format", format, asked)
      #expect(read.output == queried.output && read.error == queried.error, "\(format)")
    }
    let json = try workspace.nilo("kpi", "read", "k", "--json", "--since", "2024-03-31").json()
    #expect((json["rows"] as? [[Any]])?.count == 3)
    let one = try workspace.nilo(
      "kpi", "read", "k", "--json", "--since", "2024-03-31T00:00:00Z", "--group", "device_id=p,1"
    ).json()
    #expect((one["rows"] as? [[Any]])?.count == 1)
    let none = try workspace.nilo("kpi", "read", "k", "--json", "--group", "device_id").json()
    #expect((none["rows"] as? [[Any]])?.count == 1)
  }

  /// Reading has the limits of queries.
  @Test func limits() throws {
    try #require(try define("--select", "sum(flow)", "--every", "1h").status == 0)
    let small = try workspace.nilo("kpi", "read", "k", "--max-memory", "1")
    #expect(small.status == 1)
    #expect(
      small.error.hasPrefix("nilo: max_memory: more than the 0 groups and buckets that "),
      "\(small)")
    #expect(try workspace.nilo("kpi", "read", "k", "--max-memory", "1MiB").status == 0)
    #expect(try workspace.nilo("kpi", "read", "k", "--max-seconds", "60").status == 0)
    #expect(try workspace.nilo("kpi", "read", "k", "--max-seconds", "0").status == 2)
    #expect(try workspace.nilo("kpi", "read", "k", "--json", "--format", "csv").status == 2)
  }

  /// What the options say is one statement, whatever texts they have.
  @Test func optionsAreOneStatement() throws {
    let defined = try workspace.nilo(
      "kpi", "define", "it's-1", "--from", "pumps", "--every", "1h", "--select",
      "count(*) FROM pumps EVERY 1h; DROP KPI k; DEFINE KPI l AS count(*)")
    #expect(defined.status == 1)
    #expect(defined.error.contains("1:10: expected"), "\(defined.error)")
    try #require(
      try define("--select", "count(*) AS n", "--every", "90m", "--lateness", "36h").status == 0)
    let created = try workspace.nilo("kpi", "show", "k", "--create", "--format", "ndjson").output
    #expect(created.contains("EVERY 90m LATENESS 36h"), "\(created)")
    let listed = try workspace.nilo("kpi", "list", "--versions", "--format", "csv").output
    #expect(listed.hasPrefix("kpi,version,active,seq,time,actor,"), "\(listed)")
  }

  @Test func offsetsOfSecondsAreWrittenInFull() throws {
    try #require(
      try define(
        "--select", "count(*) AS n", "--every", "1y", "--time-zone", "Africa/Monrovia"
      ).status == 0)
    let file = try workspace.write(
      "old.ndjson", "{\"device_id\":\"q\",\"timestamp\":\"1960-06-01T00:00:00Z\"}\n")
    try #require(try workspace.nilo("ingest", "--stream", "pumps", file).status == 0)
    let read = try workspace.nilo("kpi", "read", "k").output
    #expect(read.contains("1960-01-01T00:00:00-00:44:30  1"), "\(read)")
  }

  @Test func streamsAndKpisHaveNamesOfTheirOwn() throws {
    let same = try workspace.nilo(
      "kpi", "define", "pumps", "--from", "pumps", "--select", "count(*)", "--every", "1h")
    #expect(same.status != 0)
    #expect(same.error.contains("there is a stream pumps"), "\(same.error)")
    try #require(try define("--select", "count(*)", "--every", "1h").status == 0)
    let file = try workspace.write("more.ndjson", "{\"timestamp\":\"2024-03-30T22:30:00Z\"}\n")
    let ingested = try workspace.nilo("ingest", "--stream", "k", file)
    #expect(ingested.status != 0)
    #expect(ingested.error.contains("there is a KPI k"), "\(ingested.error)")
  }

  /// Fields and items may be called as the columns are that rows have of their own.
  @Test func ownColumnsGiveWay() throws {
    let defined = try define(
      "--select", "count(*) AS revision", "--by", "state, device_id AS time", "--every", "1d")
    try #require(defined.status == 0, "\(defined.error)")
    let csv = try workspace.nilo(
      "kpi", "read", "k", "--format", "csv", "--group", "time=p,1", "--group", "state=down")
    #expect(
      csv.output == """
        bucket_time,state,time,revision,bucket_state
        2024-03-31T00:00:00Z,down,"p,1",1,final

        """)
    let listed = try workspace.nilo("kpi", "list").output
    #expect(listed.contains("GROUP BY state, device_id AS time"))
    let asked = try workspace.nilo("query", "--format", "csv", "SELECT * FROM k LIMIT 0")
    #expect(asked.output == "bucket_time,state,time,revision,bucket_state\n")
    let unknown = try workspace.nilo("kpi", "read", "k", "--group", "site=1")
    #expect(unknown.error.contains("it has: state, time"))
    let either = try workspace.nilo(
      "kpi", "read", "k", "--format", "ndjson", "--group", "state=down", "--group", "state=ok",
      "--group", "time")
    #expect(try either.jsonLines().count == 1)
  }

  @Test func theCatalogueIsAStream() throws {
    try #require(try define("--select", "count(*)", "--every", "1h").status == 0)
    try #require(try workspace.nilo("rebuild", "k").status == 0)
    try #require(try workspace.nilo("kpi", "drop", "k").status == 0)
    let events = try workspace.nilo("events", "--stream", "_catalogue", "--json").jsonLines()
    let changes = events.compactMap { ($0["document"] as? [String: Any])?["change"] as? String }
    #expect(changes.filter { $0.hasSuffix("_kpi") } == ["define_kpi", "rebuild_kpi", "drop_kpi"])
    let history = try workspace.nilo(
      "query", "--format", "csv", "SHOW HISTORY OF k WHERE actor = 'tester' OR actor != ''")
    let lines = history.output.split(separator: "\n")
    #expect(lines.count == 4, "\(history)")
    #expect(lines.last?.hasSuffix("DROP KPI,k,,DROP KPI k") == true, "\(history.output)")
  }

  @Test func rebuiltBucketsAreOnTheClockOfTheKpi() throws {
    try #require(
      try define("--select", "sum(flow)", "--every", "1d", "--time-zone", "Europe/Paris").status
        == 0)
    let part = try workspace.nilo("rebuild", "k", "--since", "2024-03-31", "--until", "2024-04-01")
    #expect(
      part.output.contains(
        ", of the buckets from 2024-03-31T00:00:00+01:00 to before 2024-04-01T00:00:00+02:00\n"),
      "\(part)")
  }

  @Test func rebuildsAndDrops() throws {
    try #require(
      try define("--select", "avg(flow)", "--every", "1h", "--rolling", "3h").status == 0)
    let verified = try workspace.nilo("rebuild", "--verify", "--json").json()
    #expect(verified["differences"] as? [String] == [])
    #expect(verified["cells"] as? Int == 4)
    #expect(try workspace.nilo("rebuild", "k").status == 0)
    let part = try workspace.nilo(
      "rebuild", "k", "--since", "2024-03-31T00:10Z", "--until", "2024-03-31T01:00Z")
    #expect(
      part.output.hasPrefix(
        "k  rebuilt, 1 cells from 1 facts, of the buckets from 2024-03-31T00:00:00Z to before "
          + "2024-03-31T01:00:00Z\n"), "\(part)")
    let compared = try workspace.nilo(
      "rebuild", "--verify", "--until", "2024-03-31", "--json"
    ).json()
    #expect(compared["cells"] as? Int == 1 && compared["until"] as? String != nil)
    #expect(compared["differences"] as? [String] == [])
    let history = try workspace.nilo("query", "--format", "csv", "SHOW HISTORY OF k")
    #expect(
      history.output.contains(
        "REBUILD KPI k SINCE '2024-03-31T00:00:00Z' UNTIL '2024-03-31T01:00:00Z'"), "\(history)")
    let empty = try workspace.nilo("rebuild", "k", "--since", "2024-04-01", "--until", "2024-03-31")
    #expect(
      empty.status == 2 && empty.error == "nilo: --since must be before --until\n", "\(empty)")
    let nothing = try workspace.nilo("rebuild", "k", "--since", "2034-04-01")
    #expect(nothing.output.hasPrefix("k  rebuilt, 0 cells from 0 facts, of"), "\(nothing)")
    #expect(nothing.output.contains("; no event that counts is in that range\n"), "\(nothing)")
    #expect(try workspace.nilo("kpi", "drop", "k").output == "KPI k is dropped; the events stay\n")
    #expect(try listedKpis() == [])
    #expect(try workspace.nilo("check", "--json").json()["cells"] as? Int == 0)
  }

  /// What is wrong is said, with the place and what to do, and nothing is defined.
  @Test(arguments: [
    ("kpi-no-field", ["--select", "sum(flaw)", "--every", "1h"]),
    (
      "kpi-no-field-in-filter", ["--select", "count(*)", "--where", "stat = 'ok'", "--every", "1h"]
    ),
    ("kpi-syntax", ["--select", "avrage(flow), sum(", "--every", "1h"]),
    ("kpi-bucket", ["--select", "sum(flow)", "--every", "36h"]),
    ("kpi-rolling", ["--select", "sum(flow)", "--every", "2h", "--rolling", "5h"]),
    ("kpi-zone", ["--select", "sum(flow)", "--every", "1h", "--time-zone", "Europe/Pariss"]),
    ("kpi-pattern", ["--select", "count(*)", "--where", "state ~ '('", "--every", "1h"]),
    ("kpi-query-only", ["--select", "round(avg(flow))", "--every", "1h"]),
  ])
  func wrongDefinitionsAreRefused(_ golden: String, _ arguments: [String]) throws {
    let outcome = try workspace.nilo(["kpi", "define", "k", "--from", "pumps"] + arguments)
    #expect(outcome.status == 1)
    try expectGolden(golden, outcome.error, in: workspace)
    #expect(try listedKpis() == [])
  }

  @Test func unknownNamesAreRefused() throws {
    let unknown = try workspace.nilo("kpi", "read", "speed")
    #expect(unknown.status == 1)
    #expect(unknown.error.contains("there is no stream or KPI speed"), "\(unknown.error)")
    for command in ["read", "show"] {
      let stream = try workspace.nilo("kpi", command, "pumps")
      #expect(stream.status == 1)
      #expect(
        stream.error == "nilo: pumps is a stream, and no KPI; ask it with: nilo query\n")
    }
    let noStore = try workspace.nilo("rebuild", "--data", workspace.path("none"))
    #expect(noStore.status == 1)
    #expect(!FileManager.default.fileExists(atPath: workspace.path("none")))
  }
}
