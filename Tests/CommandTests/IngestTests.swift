import Foundation
import Testing

let pumps = """
  {"event_id":"a","device_id":"p1","timestamp":"2024-06-01T00:00:00Z","flow":1.50}
  {"event_id":"b","device_id":"p2","timestamp":"2024-06-01T00:01:00Z","flow":2}
  {"event_id":"c","device_id":"p1","timestamp":"2024-06-01T00:02:00Z","flow":null}

  """

@Suite struct IngestTests {
  let workspace: Workspace

  init() throws { workspace = try Workspace() }

  @Test func aFileTwiceGivesNothingNew() throws {
    let file = try workspace.write("pumps.ndjson", pumps)
    let first = try workspace.nilo("ingest", "--stream", "pumps", "--json", file)
    #expect(first.status == 0)
    #expect(first.error == "")
    let summary = try first.json()
    #expect(
      Set(summary.keys) == [
        "stream", "files", "continued", "unchanged", "accepted", "duplicates", "differing",
        "rejected", "late", "ahead",
        "first_seq", "last_seq", "bytes", "elapsed_s", "events_per_s", "interrupted",
      ])
    #expect(summary["stream"] as? String == "pumps")
    #expect(summary["files"] as? Int == 1)
    #expect(summary["accepted"] as? Int == 3)
    // The definition of the stream is event 1.
    #expect(summary["first_seq"] as? Int == 2)
    #expect(summary["last_seq"] as? Int == 4)
    #expect(summary["bytes"] as? Int == pumps.utf8.count - 3)
    #expect(summary["interrupted"] as? Bool == false)

    let second = try workspace.nilo("ingest", "--stream", "pumps", "--json", file)
    #expect(second.status == 0)
    #expect(second.error.hasPrefix("\(file): nothing new since 20"))
    #expect(second.error.hasSuffix("Z; --from-start reads it again\n"))
    let again = try second.json()
    #expect(again["unchanged"] as? Int == 1)
    #expect(again["accepted"] as? Int == 0)
    #expect(again["duplicates"] as? Int == 0)
    #expect(again["first_seq"] is NSNull)
    #expect(again["last_seq"] is NSNull)

    let third = try workspace.nilo("ingest", "--stream", "pumps", "--json", "--from-start", file)
    #expect(third.status == 0 && third.error == "")
    #expect(try third.json()["accepted"] as? Int == 0)
    #expect(try third.json()["duplicates"] as? Int == 3)
    // What is remembered is remembered of a stream.
    let other = try workspace.nilo("ingest", "--stream", "others", "--json", file)
    #expect(try other.json()["accepted"] as? Int == 3)
  }

  @Test func withoutDedupEveryEventIsKept() throws {
    let file = try workspace.write("pumps.ndjson", pumps)
    for _ in 1...2 {
      let outcome = try workspace.nilo(
        "ingest", "--stream", "pumps", "--dedup", "none", "--from-start", "--json", file)
      #expect(try outcome.json()["accepted"] as? Int == 3)
    }
  }

  @Test func aFileThatGrewIsContinued() throws {
    let file = try workspace.write("pumps.csv", "time,v\n2024-06-01T00:00:00Z,1\n")
    func ingest(_ file: String) throws -> Outcome {
      try workspace.nilo("ingest", "--stream", "pumps", "--json", file)
    }
    #expect(try ingest(file).json()["accepted"] as? Int == 1)
    _ = try workspace.shell("echo 2024-06-01T00:00:01Z,2 >> pumps.csv; mv pumps.csv pumps.1.csv")
    let moved = workspace.path("pumps.1.csv")
    let second = try ingest(moved)
    #expect(second.error == "\(moved): continued at byte 30, line 3\n")
    #expect(try second.json()["continued"] as? Int == 1)
    #expect(try second.json()["accepted"] as? Int == 1)
    // A file that took its place is another one; so is one that was written anew.
    try workspace.write("pumps.csv", "time,v\n2024-06-01T00:00:02Z,3\n")
    #expect(try ingest(file).json()["accepted"] as? Int == 1)
    _ = try workspace.shell("echo time,w > pumps.csv; echo 2024-06-01T00:00:03Z,4 >> pumps.csv")
    let anew = try ingest(file)
    #expect(
      anew.error
        == "\(file): read from its start: it has other bytes than what was read of it, up to byte 30\n"
    )
    #expect(try anew.json()["accepted"] as? Int == 1)
    // A copy that takes a file's name goes on where that was read to.
    _ = try workspace.shell(
      "cp pumps.csv new; echo 2024-06-01T00:00:04Z,5 >> new; mv new pumps.csv")
    #expect(try ingest(file).json()["accepted"] as? Int == 1)
    _ = try workspace.shell("echo time,x > pumps.csv")
    #expect(
      try ingest(file).error.hasPrefix(
        "\(file): read from its start: it is shorter than what was read of it, up to byte 53\n"))
    let values = try workspace.nilo(
      "query", "--format", "csv", "SELECT count(*) AS n, sum(v) AS v, sum(w) AS w FROM pumps")
    #expect(values.output == "n,v,w\n5,6,9\n")
  }

  /// What could not be read as events comes in when the stream is told how.
  @Test func whatMadeNoStreamIsReadAgain() throws {
    let file = try workspace.write("local.ndjson", #"{"ts":"2024-06-01 00:00:00"}"# + "\n")
    #expect(try workspace.nilo("ingest", "--stream", "s", file).status == 1)
    let told = try workspace.nilo(
      "ingest", "--stream", "s", "--time-zone", "Europe/Paris", "--json", file)
    #expect(try told.json()["accepted"] as? Int == 1)
  }

  @Test func theExamplesGoIn() throws {
    let weather = Workspace.examples
      .appendingPathComponent("weather/nyc-weather-2013.ndjson.gz").path
    let outcome = try workspace.nilo("ingest", "--stream", "weather", weather)
    #expect(outcome.status == 0)
    #expect(outcome.error == "")
    let rows = outcome.output.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(rows.contains(["accepted", "26,115"]))
    #expect(rows.contains(["rejected", "0"]))
    #expect(rows.contains(["seq", "2", "to", "26,116"]))

    let original = try workspace.shell("zcat '\(weather)'")
    #expect(try workspace.nilo("events", "--stream", "weather").output == original.output)
    #expect(try workspace.nilo("check").status == 0)
  }

  @Test func whatIsNoEventIsRejectedAndTheRestGoesIn() throws {
    let bad = (1...6).map { "bad \($0)" }.joined(separator: "\n")
    let file = try workspace.write("mixed.ndjson", pumps + bad + "\n" + #"{"flow":1}"# + "\n")
    let outcome = try workspace.nilo("ingest", "--stream", "pumps", "--json", file)
    #expect(outcome.status == 1)
    #expect(try outcome.json()["accepted"] as? Int == 3)
    #expect(try outcome.json()["rejected"] as? Int == 7)
    try expectGolden("ingest-rejected", outcome.error, in: workspace)
  }

  @Test func nothingButRubbishMakesNoStream() throws {
    let outcome = try workspace.nilo("ingest", "--stream", "s", "--json", "-", input: "[1]\n")
    #expect(outcome.status == 1)
    #expect(try outcome.json()["rejected"] as? Int == 1)
    #expect(try workspace.nilo("ledger", "--json").jsonLines().count == 1)
    #expect(try workspace.nilo("stat", "--json").json()["events"] as? Int == 0)
  }

  @Test func standardInputAndFilesTogether() throws {
    let csv = "time,device,flow,note\n2024-06-01T00:00:00Z,p9,3.5,\"a, b\"\n"
    let file = try workspace.write("pumps.csv", csv)
    let array = try workspace.write(
      "pumps.JSON", #"[{"time":"2024-06-02T00:00:00Z","device":"p8"}]"#)
    let line = #"{"time":"2024-06-03T00:00:00Z","device":"p7"}"#
    let outcome = try workspace.nilo(
      "ingest", "--stream", "pumps", "--json", file, array, "-", input: line)
    #expect(outcome.status == 0)
    #expect(outcome.error == "")
    #expect(try outcome.json()["accepted"] as? Int == 3)
    #expect(try outcome.json()["files"] as? Int == 3)
    let events = try workspace.nilo("events", "--stream", "pumps", "--json").jsonLines()
    #expect(events.map { $0["source"] as? String } == [file, array, "stdin"])
    let document = try #require(events[0]["document"] as? [String: Any])
    #expect(document["note"] as? String == "a, b")
    #expect(document["flow"] as? Double == 3.5)
  }

  @Test func theFormatCanBeGiven() throws {
    let file = try workspace.write("pumps.txt", "time,device\n2024-06-01T00:00:00Z,p9\n")
    let outcome = try workspace.nilo(
      "ingest", "--stream", "pumps", "--format", "csv", "--json", file)
    #expect(try outcome.json()["accepted"] as? Int == 1)
  }

  @Test func optionsDefineTheStream() throws {
    let line = #"{"at":{"t":1717200000},"machine":"m","n":7,"values":[{"v":1},{"v":2}]}"# + "\n"
    let outcome = try workspace.nilo(
      "ingest", "--stream", "m", "--time", "at.t", "--key", "machine", "--dedup", "n",
      "--explode", "values", "-", input: line + line)
    #expect(outcome.status == 0)
    let stat = try workspace.nilo("stat", "--json").json()
    let streams = try #require(stat["streams"] as? [[String: Any]])
    #expect(streams[0]["time"] as? String == "at.t")
    #expect(streams[0]["key"] as? String == "machine")
    #expect(streams[0]["dedup"] as? String == "n")
    #expect(streams[0]["explode"] as? String == "values")
    #expect(streams[0]["events"] as? Int == 1)
    #expect(streams[0]["facts"] as? Int == 2)
    #expect(streams[0]["duplicates"] as? Int == 1)
    let sources = streams[0]["sources"] as? [[String: Any]]
    #expect(sources?.map { $0["open"] as? Bool } == [false])
    let text = try workspace.nilo("stat").output
    #expect(text.contains(" events, closed, next position "), "\(text)")
    #expect(text.contains("  lateness     1m\n"), "\(text)")
  }

  @Test func aContradictionToTheStreamIsAnError() throws {
    let file = try workspace.write("pumps.ndjson", pumps)
    #expect(try workspace.nilo("ingest", "--stream", "pumps", file).status == 0)
    let same = try workspace.nilo(
      "ingest", "--stream", "pumps", "--time", "timestamp", "--key", "device_id", "--dedup",
      "event_id", file)
    #expect(same.status == 0)
    let other = try workspace.nilo(
      "ingest", "--stream", "pumps", "--time", "at", "--dedup", "none", "--explode", "x", file)
    #expect(other.status == 2)
    #expect(other.output == "")
    try expectGolden("ingest-contradiction", other.error, in: workspace)
  }

  @Test func whatIsToExplodeAndIsNotThereIsNamed() throws {
    let file = try workspace.write("values.ndjson", "{\"values\":[{\"timestamp\":1717200000}]}\n")
    let mistyped = try workspace.nilo("ingest", "--stream", "s", "--explode", "valeus", file)
    #expect(mistyped.status == 1)
    #expect(
      mistyped.error.contains("there is no array \"valeus\" to explode: --explode"), "\(mistyped)")
    let timed = try workspace.nilo(
      "ingest", "--stream", "t", "--explode", "valeus", "--time", "valeus.timestamp", file)
    #expect(
      timed.error.contains("no time: there is no array \"valeus\" to explode"), "\(timed)")
  }

  @Test func aFileThatCannotBeReadDoesNotHoldUpTheOthers() throws {
    let good = try workspace.write("pumps.ndjson", pumps)
    let outcome = try workspace.nilo(
      "ingest", "--stream", "pumps", "--json", workspace.path("missing"), workspace.directory.path,
      good)
    #expect(outcome.status == 1)
    #expect(try outcome.json()["accepted"] as? Int == 3)
    #expect(try outcome.json()["files"] as? Int == 1)
    try expectGolden("ingest-unreadable", outcome.error, in: workspace)
  }

  @Test func aMistypedFileLeavesNoStore() throws {
    let outcome = try workspace.nilo("ingest", "--stream", "pumps", "missing")
    #expect(outcome.status == 1)
    #expect(!FileManager.default.fileExists(atPath: workspace.path("nilo-data")))
  }

  /// Neither does what cannot be decoded, defined or written.
  @Test func aFirstIngestThatFailsLeavesNothing() throws {
    try workspace.write("pumps.ndjson", pumps)
    try workspace.write("utf16.csv", Data([0xFF, 0xFE, 0x74, 0x00]))
    func stores() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: workspace.directory.path)
        .filter { $0.hasPrefix("nilo-data") }
    }
    for line in [
      "$nilo ingest --stream s utf16.csv", "$nilo ingest --stream s --key timestamp pumps.ndjson",
      "ulimit -f 4; $nilo ingest --stream s pumps.ndjson",
    ] {
      #expect(try workspace.shell(line).status == 1, "\(line)")
      #expect(try stores() == [], "\(line)")
    }
    // A directory that was there stays, and so does a store with events.
    #expect(
      try workspace.shell("mkdir nilo-data && $nilo ingest --stream s utf16.csv").status == 1)
    #expect(try workspace.shell("$nilo ingest --stream s pumps.ndjson").status == 0)
    #expect(try workspace.shell("$nilo ingest --stream s utf16.csv").status == 1)
    #expect(try workspace.nilo("stat", "--json").json()["events"] as? Int == 3)
  }

  /// What a damaged file left out comes from a sound one, and what is stored already is the same.
  @Test func damagedCompressionIsRepairedByTheSameFile() throws {
    let lines = (0..<5_000).map {
      #"{"timestamp":"2024-06-01T00:00:00Z","device_id":"d\#($0 &* 7919 % 1000)","n":\#($0)}"#
    }.joined(separator: "\n")
    try workspace.write("x.ndjson", lines)
    _ = try workspace.shell(
      "head -1000 x.ndjson | gzip > y.ndjson.gz && tail -n +1001 x.ndjson | gzip >> y.ndjson.gz && "
        + "head -c -5000 y.ndjson.gz > cut.ndjson.gz && cp y.ndjson.gz flip.ndjson.gz")
    let path = workspace.path("flip.ndjson.gz")
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count - 6000] ^= 4
    try bytes.write(to: URL(fileURLWithPath: path))
    for (file, problem) in [("cut", "ends early at byte"), ("flip", "is damaged at byte")] {
      let outcome = try workspace.nilo(
        "ingest", "--stream", file, "--dedup", "n", "--json", "\(file).ndjson.gz")
      #expect(outcome.status == 1)
      #expect(outcome.error.hasPrefix("nilo: \(file).ndjson.gz: the gzip data \(problem)"))
      #expect(outcome.error.contains("are kept; no checksum vouches for the rest"))
      #expect(try outcome.json()["accepted"] as? Int == 1_000)
      let again = try workspace.nilo("ingest", "--stream", file, "--json", "y.ndjson.gz")
      #expect(try again.json()["accepted"] as? Int == 4_000)
      #expect(try again.json()["duplicates"] as? Int == 1_000)
      #expect(try workspace.nilo("events", "--stream", file).output == lines + "\n")
    }
  }

  /// Files as other programs write them.
  @Test func filesOfOtherPrograms() throws {
    let time = "2024-06-01T00:00:00Z"
    let files: [(name: String, text: String, document: String)] = [
      ("cr.csv", "timestamp,v\r\(time),1\r", #""v":1"#),
      ("sep.csv", "sep=;\r\ntimestamp;v\r\n\(time);1\r\n", #""v":1"#),
      ("blank.csv", "timestamp, v\n\(time), +1.\n", #""v":1"#),
      ("tab.tsv", "timestamp\tv\n\(time)\t.5\n", #""v":0.5"#),
      ("comment.csv", "# station 5\ntimestamp,v\n\(time),1\n", #""v":1"#),
    ]
    for (index, file) in files.enumerated() {
      let path = try workspace.write(file.name, file.text)
      let outcome = try workspace.nilo("ingest", "--stream", "s\(index)", path)
      #expect(outcome.status == 0 && outcome.error == "", "\(file.name): \(outcome)")
      #expect(
        try workspace.nilo("events", "--stream", "s\(index)").output
          == "{\"timestamp\":\"\(time)\",\(file.document)}\n")
    }
    let flux =
      "#group,false\n#datatype,string\n,result,table,_time,_value\n,_result,0,\(time),1.5\n"
    let file = try workspace.write("flux.csv", flux)
    #expect(try workspace.nilo("ingest", "--stream", "flux", file).status == 0)
    #expect(
      try workspace.nilo("events", "--stream", "flux").output
        == #"{"result":"_result","table":0,"_time":"\#(time)","_value":1.5}"# + "\n")
  }

  @Test func decimalCommasAreSaid() throws {
    let file = try workspace.write("p.csv", "timestamp;v\n2024-06-01T00:00:00Z;21,5\n")
    let found = try workspace.nilo("ingest", "--stream", "p", file)
    #expect(found.status == 0)
    #expect(found.error.contains("\"21,5\" is read as 21.5"))
    let odd = try workspace.write("q.csv", "timestamp;v\n2024-06-01T00:00:00Z;1,234\n")
    let refused = try workspace.nilo("ingest", "--stream", "q", odd)
    #expect(refused.status == 1)
    #expect(refused.error.contains("line 2: \"1,234\" can be 1.234 or 1234"))
    let said = try workspace.nilo("ingest", "--stream", "q", "--decimal-mark", "comma", odd)
    #expect(said.status == 0 && said.error == "")
    #expect(try workspace.nilo("events", "--stream", "q").output.contains(#""v":1.234}"#))
  }

  @Test func aFileThatGivesNothingIsNamed() throws {
    for (name, text) in [("h.csv", "timestamp,v\n"), ("b.ndjson", "\n \n\n"), ("e.json", "[]")] {
      let file = try workspace.write(name, text)
      let outcome = try workspace.nilo("ingest", "--stream", "s", "--json", file)
      #expect(outcome.status == 0)
      #expect(
        outcome.error == "\(file): there is nothing to store in its \(text.utf8.count) bytes\n")
    }
    let empty = try workspace.write("empty.ndjson", "")
    #expect(try workspace.nilo("ingest", "--stream", "s", "--json", empty).error == "")
  }

  /// Names and documents cannot steer the terminal of who reads about them.
  @Test func nothingSteersTheTerminal() throws {
    let name = "\u{1B}[31mred\u{9B}"
    let lines = [
      #"{"ts":"2024-06-01T00:00:00Z","\u001b[31mred\u009b":1,"g":"\u001b[2J","event_id":"\u001b]0;x\u0007"}"#,
      #"{"ts":"2024-06-01T00:00:00Z","event_id":"\u001b]0;x\u0007"}"#,
      #"{"ts":"\u001b[1m","a":1}"#, "{\"\u{7F}\u{9B}\"", #"{"ts":"1970-01-01T00:00:00Z","a":1}"#,
    ]
    let file = try workspace.write("\(name).ndjson", lines.joined(separator: "\n"))
    let outputs = [
      try workspace.nilo("ingest", "--stream", "s", file),
      try workspace.nilo("ingest", "--stream", "t", "--time", name, file),
      try workspace.nilo("ledger"), try workspace.nilo("stat"),
      try workspace.nilo(
        "kpi", "define", "k", "--from", "s", "--select", "count(*) AS n", "--by", "g", "--every",
        "1h"),
      try workspace.nilo("kpi", "list"), try workspace.nilo("kpi", "show", "k"),
      try workspace.nilo("kpi", "read", "k"), try workspace.nilo("check"),
      try workspace.nilo("query", "--format", "table", "SELECT count(*) FROM s BY g"),
      try workspace.nilo("query", "SELECT nothing FROM \"\(name)\""),
      try workspace.nilo("events", "--stream", name),
    ]
    for (index, outcome) in outputs.enumerated() {
      for text in [outcome.output, outcome.error] {
        let steering = text.unicodeScalars.filter {
          $0 != "\n" && $0.properties.generalCategory == .control
        }
        #expect(steering.isEmpty, "\(index): \(text)")
      }
    }
    #expect(outputs[0].error.contains(#"\u{1b}[31mred\u{9b}.ndjson:byte"#))
    #expect(outputs[7].output.contains("\u{FFFD}[2J"))
  }

  @Test func aBadStreamNameIsAnError() throws {
    let outcome = try workspace.nilo("ingest", "--stream", "9 lives", "-", input: pumps)
    #expect(outcome.status == 2)
    #expect(!FileManager.default.fileExists(atPath: workspace.path("nilo-data")))
    #expect(outcome.output == "")
    try expectGolden("ingest-stream-name", outcome.error, in: workspace)
  }
}

/// Streams that are told what they are like by options.
@Suite struct StreamOptionTests {
  let workspace: Workspace

  init() throws { workspace = try Workspace() }

  @Test func elementsHaveTimesOfTheirOwn() throws {
    let trail = try workspace.write(
      "trail.json",
      #"{"Records":[{"eventTime":"2024-06-01T10:00:00Z","n":1},{"eventTime":"2024-06-02T11:00:00Z","n":2}]}"#
    )
    for (index, options) in [
      ["--time", "Records.eventTime"], ["--element-time", "eventTime"],
    ].enumerated() {
      let stream = "s\(index)"
      let outcome = try workspace.nilo(
        ["ingest", "--stream", stream, "--explode", "Records"] + options + [trail])
      #expect(outcome.status == 0 && outcome.error == "")
      let rows = try workspace.nilo(
        "query", "--format", "csv", "SELECT sum(Records.n) AS n FROM \(stream) GROUP BY Records.n")
      #expect(rows.output == "Records.n,n\n1,1\n2,2\n")
      let again = try workspace.nilo(
        ["ingest", "--stream", stream, "--explode", "Records"] + options + [trail])
      #expect(again.status == 0)
    }
    let wrong = try workspace.nilo(
      "ingest", "--stream", "wrong", "--explode", "Records", "--time", "eventTime", trail)
    #expect(wrong.status == 1)
    #expect(wrong.error.contains("elements have it: name the time Records.eventTime"))
    let alone = try workspace.nilo("ingest", "--stream", "x", "--element-time", "t", trail)
    #expect(alone.status == 2)
    #expect(alone.error.contains("--element-time needs --explode"))
  }

  private static let devices = """
    {"timestamp":"2024-06-01T00:00:00Z","device_id":"a","event_id":1,"v":10}
    {"timestamp":"2024-06-01T00:00:01Z","device_id":"b","event_id":1,"v":20}

    """

  @Test func idsOfEachDeviceOnly() throws {
    let file = try workspace.write("devices.ndjson", Self.devices)
    let one = try workspace.nilo("ingest", "--stream", "one", file)
    #expect(one.status == 0)
    #expect(one.output.contains("duplicates  1\ndiffering   1\n"))
    #expect(one.error.contains("1 duplicate differs from the event it repeats"))
    #expect(one.error.contains("ALTER STREAM one DEDUP BY (device_id, event_id)"))
    let entry = try #require(try workspace.nilo("ledger", "--json").jsonLines().first)
    #expect(entry["differs"] as? Bool == true)
    #expect(entry["time"] as? String == "2024-06-01T00:00:01Z")
    #expect((entry["head"] as? String)?.hasSuffix(#""v":20}"#) == true)
    #expect(try workspace.nilo("ledger").output.contains(", but it differs: {"))
    #expect(try workspace.nilo("stat").output.contains("1, 1 of them differ\n"))
    let both = try workspace.nilo(
      "ingest", "--stream", "both", "--dedup", "device_id,event_id", "--dedup-window", "1d",
      "--lateness", "90s", "--json", file)
    #expect(try both.json()["accepted"] as? Int == 2)
    let stat = try workspace.nilo("stat", "--json").json()
    let stream = try #require((stat["streams"] as? [[String: Any]])?.last)
    #expect(stream["dedup"] as? String == "device_id,event_id")
    #expect(stream["dedup_window_s"] as? Int == 86_400)
    #expect(stream["lateness_s"] as? Int == 90)
    let other = try workspace.nilo(
      "ingest", "--stream", "both", "--dedup", "event_id", "--dedup-window", "2d", "--lateness",
      "1m", file)
    #expect(other.status == 2)
    #expect(
      other.error.contains(
        "with --dedup device_id,event_id, not --dedup event_id; --dedup-window 1d, not "
          + "--dedup-window 2d; --lateness 90s, not --lateness 1m"))
  }

  @Test func timesWithoutAZoneAUnitOrAUsualForm() throws {
    func times(_ stream: String, _ documents: String, _ options: String...) throws -> [String] {
      let outcome = try workspace.nilo(
        ["ingest", "--stream", stream] + options + ["-"], input: Data(documents.utf8))
      #expect(outcome.status == 0, "\(outcome.error)")
      let stat = try workspace.nilo("stat", "--json").json()
      let streams = try #require(stat["streams"] as? [[String: Any]])
      let made = try #require(streams.first { $0["name"] as? String == stream })
      return [made["first_time"] as? String ?? "", made["last_time"] as? String ?? ""]
    }
    #expect(
      try times(
        "zone", #"{"ts":"2024-06-01 00:00:00"}"# + "\n" + #"{"ts":"2024-12-01T00:00:00Z"}"# + "\n",
        "--time-zone", "Europe/Paris") == ["2024-05-31T22:00:00Z", "2024-12-01T00:00:00Z"])
    #expect(
      try times("unit", #"{"ts":1000}"# + "\n", "--time-unit", "ms")
        == ["1970-01-01T00:00:01Z", "1970-01-01T00:00:01Z"])
    #expect(
      try times(
        "form", #"{"ts":"31.12.2023 23:59"}"# + "\n", "--time-format", "%d.%m.%Y %H:%M",
        "--time-zone", "Asia/Kolkata") == ["2023-12-31T18:29:00Z", "2023-12-31T18:29:00Z"])
    // What was said is kept with the stream.
    #expect(
      try times("form", #"{"ts":"01.01.2024 00:00"}"# + "\n")
        == ["2023-12-31T18:29:00Z", "2023-12-31T18:30:00Z"])
    let other = try workspace.nilo(
      "ingest", "--stream", "form", "--time-zone", "UTC", "-", input: #"{"ts":"01.01.2024 00:00"}"#)
    #expect(other.error.contains("--time-zone Asia/Kolkata, not --time-zone UTC"))
    for options in [
      ["--time-zone", "Europe/Pari"], ["--time-unit", "min"], ["--time-format", "%Q"],
    ] {
      let wrong = try workspace.nilo(["ingest", "--stream", "x"] + options + ["-"])
      #expect(wrong.status == 2, "\(options)")
    }
  }

  @Test func whatALaterFileBringsIsTold() throws {
    let first = #"{"ts":1717200000,"v":1}"# + "\n"
    let outcome = try workspace.nilo("ingest", "--stream", "s", "-", input: first)
    #expect(outcome.error == "")
    let later = try workspace.nilo(
      "ingest", "--stream", "s", "-", input: #"{"ts":1717200000,"event_id":"a"}"# + "\n")
    let note =
      "documents have event_id since seq 4, and the stream does not use it as dedup id: "
      + "ALTER STREAM s DEDUP BY event_id\n"
    #expect(later.error == note && later.status == 0)
    #expect(try workspace.nilo("stat").output.contains(note))
  }
}
