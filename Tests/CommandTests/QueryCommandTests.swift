import Foundation
import Testing

/// `nilo query`: where texts come from, how answers are written, and what errors say.
@Suite struct QueryCommandTests {
  let workspace: Workspace

  /// Two pumps, one with a name that every format has to take care of.
  static let readings = """
    {"device":"p,1|\\"é\\"","timestamp":"2024-03-31T00:00:00Z","flow":1.5,"ok":true}
    {"device":"p,1|\\"é\\"","timestamp":"2024-03-31T00:30:00Z","flow":2.25,"ok":true}
    {"device":"泵","timestamp":"2024-03-31T00:45:00Z","flow":1000000,"ok":false}
    {"device":"泵","timestamp":"2024-03-31T01:15:00Z","ok":true}

    """

  init() throws {
    workspace = try Workspace()
    let outcome = try workspace.nilo("ingest", "--stream", "pumps", "-", input: Self.readings)
    try #require(outcome.status == 0, "\(outcome.error)")
  }

  private static let hours = """
    SELECT avg(flow) AS mean, count(*) AS n, top(device, 2) AS devices FROM pumps
    GROUP BY device SINCE '2024-03-31' UNTIL '2024-04-01' EVERY 1h TIME ZONE 'Europe/Paris'
    """

  @Test(arguments: ["table", "vertical", "json", "ndjson", "csv", "tsv", "markdown"])
  func formats(_ format: String) throws {
    let outcome = try workspace.nilo("query", "--format", format, Self.hours)
    #expect(outcome.status == 0)
    #expect(outcome.error == "")
    let seconds = try Regex(#""elapsed_seconds":[0-9.e-]+"#)
    let text = outcome.output.replacing(seconds, with: #""elapsed_seconds":0"#)
    try expectGolden("query-\(format)", text, in: workspace)
  }

  @Test func aPipeGetsTabs() throws {
    let outcome = try workspace.nilo("query", Self.hours)
    #expect(try outcome.output == workspace.nilo("query", "--format", "tsv", Self.hours).output)
    #expect(try workspace.nilo("query", "--json", Self.hours).json()["rows"] != nil)
  }

  @Test func textsComeFromAnywhere() throws {
    let text = "SELECT count(*) AS n FROM pumps SINCE '2024-01-01' UNTIL '2025-01-01'"
    let file = try workspace.write("count.nql", text)
    let expected = "n\n4\n"
    #expect(try workspace.nilo("query", text).output == expected)
    #expect(try workspace.nilo("query", input: text).output == expected)
    #expect(try workspace.nilo("query", "-", input: text).output == expected)
    #expect(try workspace.nilo("query", "-f", file).output == expected)
    #expect(try workspace.nilo("query", "-f", "-", input: text).output == expected)
    #expect(try workspace.nilo("query", "").output == "")
  }

  @Test func statementsAreAnsweredInTurn() throws {
    let text = """
      DEFINE KPI k AS sum(flow) AS total FROM pumps EVERY 1h; -- a comment; with a semicolon
      SELECT total FROM k SINCE '2024-03-31' UNTIL '2024-03-31T01:00Z';;
      SHOW KPIS; DROP KPI k;
      """
    let outcome = try workspace.nilo("query", text)
    #expect(outcome.status == 0)
    try expectGolden("query-statements", outcome.output + outcome.error, in: workspace)
    // What is wrong is found before the first of them.
    let wrong = try workspace.nilo("query", "SELECT count(*) FROM pumps LAST 1h; DROP KPI k")
    #expect(wrong.status == 1)
    #expect(wrong.output == "" && wrong.error.hasPrefix("nilo: 1:46: "))
    // Of what the text makes itself it is not: what was answered before stays answered.
    let late = try workspace.nilo(
      "query",
      "DEFINE KPI l AS count(*) FROM pumps EVERY 1h; SELECT count(*) FROM pumps LAST 1h; "
        + "SELECT nothing FROM l"
    )
    #expect(late.status == 1)
    #expect(late.output == "count(*)\n0\n")
    #expect(late.error.contains("nilo: 1:90: KPI l has no item nothing\n"), "\(late.error)")
  }

  /// Exponential for an engine that backtracks, and a join of each row with those before it.
  @Test func patternsCannotHang() throws {
    let line =
      #"{"timestamp":"2024-06-01T00:00:00Z","s":""# + String(repeating: "a", count: 40) + #"!"}"#
    #expect(try workspace.nilo("ingest", "--stream", "p", "-", input: line + "\n").status == 0)
    let query = "SELECT count(*) AS n FROM p WHERE s ~ '^(a+)+$' SINCE '2024-01-01'"
    #expect(try workspace.nilo("query", "--limit", "max_seconds=60", query).output == "n\n0\n")
    let select = "count(* WHERE s ~ '^(a+)+$') AS n"
    let defined = try workspace.nilo(
      "kpi", "define", "k", "--from", "p", "--every", "1d", "--select", select)
    #expect(defined.status == 0, "\(defined.error)")
    #expect(try workspace.nilo("ingest", "--stream", "p", "-", input: line + "\n").status == 0)
    let refused = try workspace.nilo(
      "kpi", "define", "l", "--from", "p", "--every", "1d", "--select", "count(*) AS n",
      "--where", #"s ~ '(a)\1'"#)
    #expect(refused.status == 1)
    #expect(refused.error.contains("1:48: the regular expression is not legal"))
  }

  /// A LIKE of a long text that would take minutes, ended by Ctrl-C and by max_seconds.
  @Test func whatTakesLongIsEnded() throws {
    let text = String(repeating: "a", count: 4_000_000)
    let line = #"{"timestamp":"2024-06-01T00:00:00Z","s":""# + text + #""}"#
    #expect(try workspace.nilo("ingest", "--stream", "p", "-", input: line + "\n").status == 0)
    let pattern = "%" + String(repeating: "a", count: 1_000_000 - 1_000) + "b"
    let query = try workspace.write(
      "slow.nql", "SELECT count(*) FROM p WHERE s LIKE '\(pattern)' SINCE '2024-01-01'")
    let late = try workspace.nilo("query", "--limit", "max_seconds=1", "-f", query)
    #expect(late.status == 1)
    #expect(late.error.contains("more than 1.0 s"))
    let stopped = try workspace.shell(
      "timeout --preserve-status -s INT -k 60 2 \"$nilo\" query -f '\(query)'")
    #expect(stopped.status == 130)
  }

  @Test func parameters() throws {
    func count(_ condition: String, _ parameters: String...) throws -> String {
      let outcome = try workspace.nilo(
        ["query", "SELECT count(*) AS n FROM pumps WHERE \(condition) SINCE $from UNTIL now"]
          + ["--param", "from=2024-01-01"] + parameters.flatMap { ["--param", $0] })
      return outcome.output.isEmpty ? outcome.error : outcome.output
    }
    #expect(try count("flow > $low", "low=2") == "n\n2\n")
    #expect(try count("flow > $low", "low=-1e3") == "n\n3\n")
    #expect(try count("ok = $ok", "ok=false") == "n\n1\n")
    #expect(try count("device = $name", "name=泵") == "n\n2\n")
    // What comes from outside is a value, whatever it looks like.
    #expect(try count("device = $name", "name=' OR TRUE; DROP KPI k --") == "n\n0\n")
    #expect(try count("device = $name").contains("$name"))
  }

  @Test func mistakesHaveAPlace() throws {
    let text = "SELECT avg(flaw) FROM pumps\nLIMIT 1;\nSHOW KPIS"
    let onLine = try workspace.nilo("query", text)
    #expect(onLine.status == 1)
    #expect(onLine.output == "")
    try expectGolden("query-mistake", onLine.error, in: workspace)
    let file = try workspace.write("mistake.nql", "SHOW STREAMS;\n\nSELECT 1 FORM x;\nSHOWS;\n")
    let inFile = try workspace.nilo("query", "-f", file)
    #expect(inFile.status == 1)
    #expect(inFile.output == "")
    try expectGolden("query-mistake-in-file", inFile.error, in: workspace)
  }

  @Test(arguments: [
    ("usage-query-both", ["query", "-f", "x.nql", "SHOW KPIS"]),
    ("usage-query-format", ["query", "--format", "xml", "SHOW KPIS"]),
    ("usage-query-parameter", ["query", "--param", "city", "SHOW KPIS"]),
    ("usage-query-json", ["query", "--json", "--format", "csv", "SHOW KPIS"]),
  ])
  func wrongUsage(_ name: String, _ arguments: [String]) throws {
    let outcome = try workspace.nilo(arguments)
    #expect(outcome.status == 2)
    #expect(outcome.output == "")
    try expectGolden(name, outcome.error, in: workspace)
  }

  @Test func filesThatCannotBeRead() throws {
    let missing = try workspace.nilo("query", "-f", "none.nql")
    #expect(missing.status == 1)
    #expect(missing.error == "nilo: none.nql cannot be read: there is no such file\n")
    let long = try workspace.write("long.nql", String(repeating: " ", count: (1 << 20) + 1))
    let outcome = try workspace.nilo("query", "-f", long)
    #expect(outcome.status == 1)
    #expect(outcome.error == "nilo: \(long) has more than 1 MiB of text\n")
  }

  @Test func aStoreThatIsMissing() throws {
    for command in ["query", "repl"] {
      let outcome = try workspace.nilo(command, "--data", "none", input: "SHOW STREAMS;")
      #expect(outcome.status == 1)
      #expect(outcome.error.hasPrefix("nilo: no store at none; make one with: nilo ingest"))
    }
    let made = try workspace.nilo("query", "--data", "new", "DEFINE STREAM s TIME ts")
    #expect(made.error == "stream s is defined\n")
    #expect(try workspace.nilo("query", "--data", "new", "SHOW STREAMS").output.contains("\ns\t"))
  }

  /// Another process that writes keeps changes off, and nothing else.
  @Test func aStoreThatIsWrittenTo() throws {
    let outcome = try workspace.shell(
      """
      mkfifo fifo; $nilo ingest --stream more - < fifo & exec 3> fifo
      echo '{"timestamp":"2024-01-01T00:00:00Z"}' >&3
      for try in $(seq 600); do $nilo query 'SHOW STREAMS' | grep -q more && break; sleep 0.05; done
      $nilo query 'SHOW STREAMS' > streams; echo "read $?"
      $nilo query 'DEFINE STREAM x TIME t' 2> error; echo "write $?"
      echo 'DEFINE STREAM x TIME t;' | $nilo repl 2>> error; echo "repl $?"
      exec 3>&-; wait; cat error streams
      """)
    #expect(outcome.output.contains("read 0\nwrite 1\nrepl 1\n"))
    #expect(outcome.output.contains("another process has it open for writing"))
    #expect(outcome.output.contains("pumps\t4"))
  }

  @Test func aReaderThatLeaves() throws {
    let outcome = try workspace.shell("$nilo query 'SHOW STREAMS; SHOW KPIS' | head -n 1")
    #expect(outcome.status == 0)
    #expect(outcome.error == "")
  }

  @Test func controlC() throws {
    // The answer is longer than a pipe holds, so that the signal comes while it is written.
    let lines = (0..<5_000).map {
      #"{"timestamp":"2024-01-01T00:00:00Z","text":"\#(String(repeating: "x", count: 100))\#($0)"}"#
    }
    _ = try workspace.nilo(
      "ingest", "--stream", "long", "-", input: lines.joined(separator: "\n"))
    let outcome = try workspace.shell(
      """
      mkfifo answer
      $nilo query "SELECT * FROM long LIMIT 5000" > answer & exec 3< answer
      read -u 3 line; kill -INT $!; cat <&3 > rest; wait $!; echo "status $?"
      """)
    #expect(outcome.output == "status 130\n")
  }

  // MARK: The prompt's input from a pipe

  @Test func aScript() throws {
    try workspace.write("more.nql", "SELECT count(*) AS n\nFROM pumps WHERE device = $d LIMIT 1;\n")
    let script = """
      \\param d 泵
      \\timing
      \\i more.nql
      SELECT max(flow) AS max FROM pumps LIMIT 1; SELECT min(flow) AS min
      FROM pumps LIMIT 1;
      \\format csv
      \\o out.csv
      SELECT device, flow FROM pumps LIMIT 1;
      \\o
      \\x
      SELECT count(*) FROM pumps LIMIT 1
      """
    let outcome = try workspace.nilo("repl", input: script)
    #expect(outcome.status == 0)
    #expect(outcome.output.hasPrefix("n\n2\nmax\n1000000\nmin\n1.5\n-[ row 1 ]-\ncount(*)  4\n"))
    #expect(outcome.error.contains("time "))
    let file = try String(contentsOfFile: workspace.path("out.csv"), encoding: .utf8)
    #expect(file == "time,device,flow\n2024-03-31T00:00:00Z,\"p,1|\"\"é\"\"\",1.5\n")
  }

  @Test func aScriptEndsAtItsFirstError() throws {
    let outcome = try workspace.nilo(
      "repl", input: "SHOW KPIS;\nSELECT\navg(flaw) FROM pumps LIMIT 1;\nSHOW STREAMS;\n")
    #expect(outcome.status == 1)
    #expect(outcome.output.split(separator: "\n").count == 1)
    #expect(outcome.error.hasPrefix("nilo: 2:5: pumps has no field flaw\navg(flaw)"))
    try workspace.write("bad.nql", "SHOW KPIS;\n\n\nSELECT 1 FROM;\n")
    let file = try workspace.nilo("repl", input: "\\i bad.nql\n")
    #expect(file.status == 1)
    #expect(file.error.hasPrefix("bad.nql:4:14: "))
    let command = try workspace.nilo("repl", input: "\\nonsense\n")
    #expect(command.status == 1)
    #expect(command.error == "nilo: there is no command \\nonsense; \\? lists them\n")
    try workspace.write("loop.nql", "\\i loop.nql\n")
    let loop = try workspace.nilo("repl", input: "\\i loop.nql\n")
    #expect(loop.error.contains("more than 16 levels deep"))
  }
}
