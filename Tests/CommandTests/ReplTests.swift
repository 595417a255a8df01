import Foundation
import TestTerminal
import Testing

/// `nilo repl` at a pseudo-terminal.
@Suite struct ReplTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    let lines = (0..<48).map { hour in
      let time = "2024-06-0\(1 + hour / 24)T\(hour % 24 < 10 ? "0" : "")\(hour % 24):00:00Z"
      let city = hour % 2 == 0 ? "Graz" : "Linz"
      return #"{"timestamp":"\#(time)","city":"\#(city)","temperature":\#(hour)}"#
    }
    let outcome = try workspace.nilo(
      "ingest", "--stream", "weather", "-", input: lines.joined(separator: "\n"))
    try #require(outcome.status == 0, "\(outcome.error)")
  }

  private func open(_ environment: [String: String] = [:], rows: Int = 30) throws -> PseudoTerminal
  {
    var values = ["PAGER": "", "XDG_STATE_HOME": workspace.path("state")]
    values.merge(environment) { $1 }
    let terminal = try PseudoTerminal(
      [Workspace.nilo.path, "repl", "--data", workspace.path("nilo-data")], columns: 100,
      rows: rows, environment: values)
    terminal.expectAtCursor("nilo>")
    return terminal
  }

  @Test func theBannerSaysWhatThereIs() throws {
    let terminal = try open()
    terminal.expect("streams  weather (48 events)")
    terminal.expect("KPIs     none")
    terminal.expect(#"End a statement with ";". \? is help, \q leaves."#)
    terminal.type("\\?\r")
    terminal.wait("commands") { $0.text.contains { $0.hasPrefix(#"  \watch [SECONDS]"#) } }
    terminal.type("\\q\r")
    #expect(terminal.finish() == 0)
    #expect(terminal.screen.errors == [])
  }

  @Test(arguments: ["exit\r", "quit;\r", "\u{4}", "\\q\r"])
  func leaves(_ typed: String) throws {
    let terminal = try open()
    terminal.type(typed)
    #expect(terminal.finish() == 0)
  }

  @Test func aStatementOfTwoLines() throws {
    let terminal = try open()
    terminal.type("SELECT avg(temperature) AS mean FROM weather\r")
    terminal.expectAtCursor("   ->")
    terminal.type("GROUP BY city SINCE '2024-06-01' UNTIL '2024-06-02';\r")
    terminal.expect("Graz    11")
    terminal.expect("Linz    12")
    terminal.wait("footer") {
      $0.text.contains {
        $0.hasPrefix("2 rows, watermark 2024-06-02T23:00:00Z, from columns, as of")
      }
    }
    terminal.expectAtCursor("nilo>")
  }

  @Test func mistakesAreMarked() throws {
    let terminal = try open()
    terminal.type("SELECT avg(temprature) FROM weather LIMIT 1;\r")
    terminal.expect("1:12: weather has no field temprature")
    terminal.expect("           ^^^^^^^^^^")
    terminal.expect("hint: did you mean temperature?")
    terminal.expectAtCursor("nilo>")
    terminal.type("\\nothing\r")
    terminal.expect(#"error: there is no command \nothing; \? lists them"#)
    terminal.expectAtCursor("nilo>")
  }

  @Test func completes() throws {
    let terminal = try open()
    terminal.type("sel\tav\tte\t) fr\tw\t")
    terminal.expectAtCursor("nilo> select avg(temperature) from weather")
    terminal.type(" wh\tci\t = '")
    terminal.type("\t")
    terminal.wait("values") { $0.text.contains { $0.contains("'Linz'") } }
    terminal.type("l\t gr\tci\t;\r")
    terminal.wait("answer") { $0.text.contains { $0.hasPrefix("Linz ") } }
    terminal.type("\\fo\tmar\t\r")
    terminal.expect("format is markdown")
    terminal.type("\\d wea\t\r")
    terminal.wait("fields") { $0.text.contains { $0.contains("field temperature") } }
  }

  @Test func completesDefinitionsAndLists() throws {
    let terminal = try open()
    terminal.type("ALT\tw\t")
    terminal.expectAtCursor("nilo> ALTER STREAM weather")
    terminal.type("\u{15}")
    terminal.type("drop st\twe\t")
    terminal.expectAtCursor("nilo> drop stream weather")
    terminal.type("\u{15}show cre\twe\t")
    terminal.expectAtCursor("nilo> show create weather")
    terminal.type("\u{15}alter stream we\t")
    terminal.expectAtCursor("nilo> alter stream weather")
    terminal.type("\u{15}show ah\tfrom we\t")
    terminal.expectAtCursor("nilo> show ahead from weather")
    terminal.type("\u{15}SHOW DUP\t\u{17}HIST\tOF w\t;\r")
    terminal.wait("history") { $0.text.contains { $0.contains("DEFINE STREAM") } }
  }

  @Test func highlights() throws {
    let terminal = try open()
    terminal.type("SELECT avg(x) FROM w WHERE c = 'é")
    terminal.expectAtCursor("nilo> SELECT avg(x) FROM w WHERE c = 'é")
    let cells = terminal.screen.cells[terminal.screen.row]
    #expect(cells[6].style == "1;35")
    #expect(cells[13].style == "1;34")
    #expect(cells[38].style == "32")
    let plain = try open(["NO_COLOR": "1"])
    plain.type("SELECT avg(x)")
    plain.expectAtCursor("nilo> SELECT avg(x)")
    #expect(plain.screen.cells.joined().allSatisfy { $0.style == "" })
  }

  @Test func describesAndTurns() throws {
    let terminal = try open()
    terminal.type("\\d\r")
    terminal.wait("streams") { $0.text.contains { $0.hasPrefix("weather ") } }
    terminal.type("\\x\r\\timing\rSELECT max(temperature) AS top FROM weather LIMIT 1;\r")
    terminal.expect("-[ row 1 ]-")
    terminal.expect("top  47")
    terminal.wait("time") { $0.text.contains { $0.hasSuffix(" ms") } }
    terminal.type("\\x\r")
    terminal.expect("format is table")
    terminal.type("\\explain\r")
    terminal.wait("plan") { $0.text.contains { $0.hasPrefix("facts to read ") } }
  }

  @Test func charts() throws {
    let terminal = try open(rows: 24)
    terminal.type("\\chart\r")
    terminal.expect(#"error: \chart draws the last answer; ask something first"#)
    terminal.type("SELECT max(temperature) AS t FROM weather GROUP BY city EVERY 6h ")
    terminal.type("SINCE '2024-06-01' UNTIL '2024-06-03';\r")
    terminal.wait("rows") { $0.text.contains { $0.hasPrefix("16 rows") } }
    terminal.type("\\chart\r")
    terminal.expect("  ─── Graz   ─── Linz")
    terminal.wait("dots") { $0.text.contains { $0.hasPrefix("50 ┤") } }
    terminal.type("SELECT max(temperature) AS t FROM weather GROUP BY city;\r\\chart\r")
    terminal.wait("bars") {
      $0.text.contains { $0.hasPrefix("Linz █████") && $0.hasSuffix("█ 47") }
    }
    terminal.type("\\chart line\r")
    terminal.wait("no times") { $0.text.contains { $0.contains("no times to draw a line over") } }
  }

  @Test func watchesUntilControlC() throws {
    let terminal = try open(rows: 60)
    terminal.type("SELECT count(*) AS n FROM weather LIMIT 1;\r\\watch 0.1\r")
    terminal.wait("three answers") { $0.text.filter { $0.hasSuffix(", every 0.1 s") }.count > 2 }
    terminal.type("\u{3}")
    terminal.expectAtCursor("nilo>")
    terminal.type("\\watch no\r")
    terminal.wait("error") { $0.text.contains { $0.contains("write a number of seconds") } }
    terminal.type("DEFINE KPI k AS count(*) AS n FROM weather EVERY 1h;\r\\watch\r")
    terminal.expect("KPI k version 1 is defined")
    terminal.expect(#"error: \watch repeats questions, not changes"#)
  }

  @Test func controlCEndsAnAnswerAndNotThePrompt() throws {
    let lines = (0..<5_000).map {
      #"{"timestamp":"2024-01-01T00:00:00Z","text":"\#(String(repeating: "x", count: 60))\#($0)"}"#
    }
    _ = try workspace.nilo(
      "ingest", "--stream", "long", "-", input: lines.joined(separator: "\n"))
    let terminal = try open()
    terminal.type("SELECT text FROM long LIMIT 5000;\r")
    terminal.wait("rows") { $0.text.filter { $0.contains("xxxx") }.count > 5 }
    // Not read meanwhile, the terminal is full.
    terminal.type("\u{3}")
    terminal.expect("cancelled")
    terminal.expectAtCursor("nilo>")
    #expect(!terminal.screen.text.contains { $0.hasPrefix("5,000 rows") })
    terminal.type("SELECT count(*) AS n FROM long LIMIT 1;\r")
    terminal.expect("5000")
  }

  @Test func longAnswersGoToThePager() throws {
    let file = workspace.path("paged")
    let terminal = try open(["PAGER": "cat > '\(file)'"])
    terminal.type("SELECT temperature FROM weather LIMIT 40;\r")
    terminal.wait("prompt") { $0.text.filter { $0.hasPrefix("nilo>") }.count == 2 }
    let text = try String(contentsOfFile: file, encoding: .utf8)
    #expect(text.contains("\n40 rows"))
  }

  @Test func editsInAnEditor() throws {
    let terminal = try open(["EDITOR": "sed -i s/Graz/Linz/"])
    terminal.type("SELECT min(temperature) AS low FROM weather WHERE city = 'Graz' LIMIT 1;\r")
    terminal.expect("  0")
    terminal.type("\\e\r")
    terminal.expect("SELECT min(temperature) AS low FROM weather WHERE city = 'Linz' LIMIT 1;")
    terminal.expect("  1")
    terminal.expectAtCursor("nilo>")
    terminal.type("\u{10}")
    terminal.wait("history") { $0.text.last?.contains("'Linz' LIMIT 1;") == true }
  }

  @Test func theHistoryIsKept() throws {
    let first = try open()
    first.type("SHOW\rSTREAMS;\r")
    first.wait("answer") { $0.text.contains { $0.hasPrefix("1 row") } }
    first.expectAtCursor("nilo>")
    first.type("\u{4}")
    #expect(first.finish() == 0)
    let second = try open()
    second.type("\u{10}")
    second.expectAtCursor("   -> STREAMS;")
    second.type("\r")
    second.wait("answer") { $0.text.contains { $0.hasPrefix("1 row") } }
    let directory = try FileManager.default.attributesOfItem(atPath: workspace.path("state/nilo"))
    #expect(directory[.posixPermissions] as? Int == 0o700)
  }

  @Test func aHistoryThatCannotBeKept() throws {
    try workspace.write("state", "a file")
    let terminal = try open()
    terminal.wait("note") { $0.text.contains { $0.hasPrefix("the history is not kept: ") } }
    terminal.type("SHOW STREAMS;\r")
    terminal.wait("answer") { $0.text.contains { $0.hasPrefix("1 row") } }
  }

  @Test func aDumbTerminal() throws {
    let terminal = try open(["TERM": "dumb"])
    terminal.type("SELECT max(temperature) AS t\n")
    terminal.expectAtCursor("   ->")
    terminal.type("FROM weather GROUP BY city;\n\\chart\n")
    terminal.wait("bars") { $0.text.contains { $0.hasPrefix("Linz █████") } }
    terminal.expectAtCursor("nilo>")
    terminal.type("\u{4}")
    #expect(terminal.finish() == 0)
    #expect(!terminal.received.contains(0x1B))
  }

  /// The store is open for writing only while a statement changes it.
  @Test func othersMayWriteMeanwhile() throws {
    let terminal = try open()
    terminal.type("DEFINE KPI k AS max(temperature) AS t FROM weather EVERY 1d;\r")
    terminal.expect("KPI k version 1 is defined")
    let line = #"{"timestamp":"2024-06-03T00:00:00Z","city":"Graz","temperature":99}"#
    let outcome = try workspace.nilo("ingest", "--stream", "weather", "-", input: line)
    #expect(outcome.status == 0)
    terminal.type("SELECT t FROM k SINCE '2024-06-03' UNTIL '2024-06-04';\r")
    terminal.wait("the new row") { $0.text.contains { $0.hasPrefix("2024-06-03T00:00:00Z  99") } }
  }
}
