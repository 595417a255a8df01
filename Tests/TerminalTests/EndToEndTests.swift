import Foundation
import Testing

@testable import Terminal

/// The editor in a process of its own, at a pseudo-terminal.
@Suite struct EndToEndTests {
  @Test func typesEditsAndSubmits() throws {
    let terminal = try PseudoTerminal.echo()
    terminal.expectAtCursor("echo>")
    terminal.type("helo\u{1B}[Dl\u{5}\u{1B}OHsay \u{5};")
    terminal.expectAtCursor("echo> say hello;")
    terminal.type("\r")
    terminal.expect(#"got "say hello;""#)
    terminal.expectAtCursor("echo>")
    terminal.type("\u{4}")
    terminal.expect("end")
    #expect(terminal.finish() == 0)
    #expect(terminal.screen.errors == [])
  }

  @Test func theFirstPromptBeginsARow() throws {
    let terminal = try PseudoTerminal([
      "/bin/bash", "-c", "printf unfinished; \"$1\"", "bash", PseudoTerminal.echo,
    ])
    terminal.expectAtCursor("echo>")
    terminal.type("abc")
    terminal.expectAtCursor("echo> abc")
    #expect(terminal.screen.text == ["unfinished", "echo> abc"])
  }

  @Test func severalLinesAndWideCharacters() throws {
    let terminal = try PseudoTerminal.echo()
    terminal.type("日本 👩‍👩‍👧\rsecond;")
    terminal.expectAtCursor("  ... second;")
    #expect(terminal.screen.text == ["echo> 日本 👩‍👩‍👧", "  ... second;"])
    terminal.type("\u{1B}[A\u{1B}[D!")
    terminal.expect("echo> 日本 !👩‍👩‍👧")
    terminal.type("\u{5}\u{1B}[B\r")
    terminal.expect(#"got "日本 !👩‍👩‍👧\nsecond;""#)
  }

  @Test func controlCGivesTheTextUp() throws {
    let terminal = try PseudoTerminal.echo()
    terminal.type("something\u{3}")
    terminal.expect("echo> something^C")
    terminal.expect("cancelled")
    terminal.expectAtCursor("echo>")
    terminal.signal(SIGINT)
    terminal.wait("second") { $0.text.filter { $0 == "cancelled" }.count == 2 }
    terminal.type("ok;\r")
    terminal.expect(#"got "ok;""#)
  }

  @Test func controlCReachesWhatRuns() throws {
    let terminal = try PseudoTerminal.echo()
    terminal.type("\\wait\r")
    terminal.expect("waiting")
    terminal.type("\u{3}")
    terminal.wait("interrupted") { $0.text.contains { $0.hasSuffix("interrupted 1") } }
    terminal.type("ok;\r")
    terminal.expect(#"got "ok;""#)
  }

  @Test func pastedLinesAreOneText() throws {
    let terminal = try PseudoTerminal.echo()
    terminal.expectAtCursor("echo>")
    #expect(String(decoding: terminal.received, as: UTF8.self).contains("\u{1B}[?2004h"))
    terminal.type("\u{1B}[200~one;\r\ntwo;\u{3}\u{1B}[201~")
    terminal.expectAtCursor("  ... two;")
    terminal.type("\r")
    terminal.expect(#"got "one;\ntwo;""#)
  }

  @Test func aLoneEscapeIsAKeyAfterAWhile() throws {
    let terminal = try PseudoTerminal.echo()
    terminal.type("abc\u{12}xyz")
    terminal.wait("search") { $0.text.contains { $0.contains("`xyz`") } }
    terminal.type("\u{1B}")
    terminal.expectAtCursor("echo> abc")
  }

  @Test func completes() throws {
    let terminal = try PseudoTerminal.echo()
    terminal.type("te\t")
    terminal.wait("list") { $0.text.contains { $0.contains("température") } }
    terminal.type("\u{1B}[Z")
    terminal.expect("echo> température")
    terminal.type(";\r")
    terminal.expect(#"got "température;""#)
    #expect(!terminal.screen.text.contains { $0.contains("  temperature") })
  }

  @Test func redrawsAfterResize() throws {
    let terminal = try PseudoTerminal.echo()
    terminal.expectAtCursor("echo>")
    terminal.type("abcdefghijklmnopqrstuvwxyz")
    terminal.expectAtCursor("echo> abcdefghijklmnopqrstuvwxyz")
    terminal.resize(columns: 16)
    terminal.wait("narrow") {
      $0.erasures == 1 && $0.text == ["echo> abcdefghij", "klmnopqrstuvwxyz"]
    }
    terminal.resize(columns: 60)
    terminal.wait("wide") { $0.erasures == 2 && $0.text == ["echo> abcdefghijklmnopqrstuvwxyz"] }
    terminal.type(";\r")
    terminal.expect(#"got "abcdefghijklmnopqrstuvwxyz;""#)
  }

  @Test func historyIsKeptAcrossRuns() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path("history")
    for round in 1...2 {
      let terminal = try PseudoTerminal.echo(path)
      terminal.type("round \(round);\r")
      terminal.expect(#"got "round \#(round);""#)
      terminal.type("two\rlines;\r")
      terminal.expect(#"got "two\nlines;""#)
      terminal.expectAtCursor("echo>")
      terminal.type("\u{4}")
      #expect(terminal.finish() == 0)
    }
    let terminal = try PseudoTerminal.echo(path)
    terminal.type("\u{10}")
    terminal.expectAtCursor("  ... lines;")
    terminal.type("\u{12}ROUND")
    terminal.wait("nothing") { $0.text.contains { $0.contains("nothing found") } }
    terminal.type("\u{7}\u{12}round\u{12}\r")
    terminal.expect(#"got "round 1;""#)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
    #expect(mode as? Int == 0o600)
  }

  @Test func aDumbTerminalHasPlainLines() throws {
    let terminal = try PseudoTerminal.echo(environment: ["TERM": "dumb"])
    terminal.expectAtCursor("echo>")
    terminal.type("one\n")
    terminal.expectAtCursor("  ...")
    terminal.type("two;\n")
    terminal.expect(#"got "one\ntwo;""#)
    terminal.expectAtCursor("echo>")
    terminal.type("rest\u{3}")
    terminal.expect("cancelled")
    terminal.expectAtCursor("echo>")
    terminal.type("\u{4}")
    #expect(terminal.finish() == 0)
    #expect(!terminal.received.contains(0x1B))
  }

  @Test func noColor() throws {
    for (value, isColored) in [("", true), ("1", false)] {
      let terminal = try PseudoTerminal.echo(environment: ["NO_COLOR": value])
      terminal.type("SELECT 1;")
      terminal.expectAtCursor("echo> SELECT 1;")
      let styles = Set(terminal.screen.cells.joined().map(\.style))
      #expect(styles.contains("1;35") == isColored)
      #expect((styles.count > 1) == isColored)
    }
  }

  @Test func aPipeHasNoPrompt() throws {
    let directory = try TemporaryDirectory()
    let output = try directory.shell(
      #"printf 'one\r\ntwo;\n\n\xff;\nrest' | "\#(PseudoTerminal.echo)""#)
    #expect(
      output == """
        got "one\\ntwo;"
        got ""
        got "\u{FFFD};"
        got "rest"
        end

        """)
  }

  @Test func longOutputGoesToThePager() throws {
    let directory = try TemporaryDirectory()
    let file = directory.path("paged")
    let terminal = try PseudoTerminal.echo(environment: ["PAGER": "cat > '\(file)'"])
    terminal.type("\\page 8\r")
    terminal.expect("line 8")
    terminal.expect("paged")
    #expect(!FileManager.default.fileExists(atPath: file))
    terminal.type("\\page 10000\r")
    terminal.wait("second") { $0.text.filter { $0 == "paged" }.count == 2 }
    let text = try String(contentsOfFile: file, encoding: .utf8)
    #expect(text.split(separator: "\n").count == 10_000)
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/less"), "needs less"))
  func lessIsThePagerUnlessThereIsAnother() throws {
    let terminal = try PseudoTerminal.echo()
    terminal.type("\\page 50\r")
    // less has its own way with the screen; what it shows is enough.
    terminal.wait("first page") { _ in
      String(decoding: terminal.received, as: UTF8.self).contains("line 9")
    }
    #expect(!String(decoding: terminal.received, as: UTF8.self).contains("line 20"))
    terminal.type("q")
    terminal.wait("end") { _ in
      String(decoding: terminal.received, as: UTF8.self).contains("paged")
    }
  }

  @Test func controlLClearsTheScreen() throws {
    let terminal = try PseudoTerminal.echo()
    terminal.type("one;\r")
    terminal.expect(#"got "one;""#)
    terminal.expectAtCursor("echo>")
    terminal.type("two\u{C}")
    terminal.wait("empty screen") { $0.text == ["echo> two"] }
  }

  @Test func aPagerThatQuitsIsNoError() throws {
    let terminal = try PseudoTerminal.echo(environment: ["PAGER": "head -n 1"])
    terminal.type("\\page 1000000\r")
    terminal.expect("paged")
    #expect(terminal.screen.text.contains("line 1"))
    terminal.expectAtCursor("echo>")
    terminal.type("\u{4}")
    #expect(terminal.finish() == 0)
    let missing = try PseudoTerminal.echo(columns: 80, environment: ["PAGER": "no-such-pager 2>&-"])
    missing.type("\\page 1000\r")
    missing.wait("error") { $0.text.contains { $0.contains("no-such-pager") } }
  }

  @Test func terminationRestoresTheTerminal() throws {
    let script = """
      before=$(stty -g); "$1"; echo "status $?"; [ "$before" = "$(stty -g)" ] && echo restored
      """
    let terminal = try PseudoTerminal([
      "/bin/bash", "-c", script + "; sleep 1", "bash", PseudoTerminal.echo,
    ])
    terminal.expectAtCursor("echo>")
    terminal.type("abc")
    terminal.expectAtCursor("echo> abc")
    let echoes = try TemporaryDirectory().shell("pgrep -P \(terminal.id)")
    for line in echoes.split(separator: "\n") { kill(try #require(pid_t(line)), SIGTERM) }
    terminal.expect("status 143")
    terminal.expect("restored")
  }

  /// Whatever ends the scope.
  @Test func anErrorRestoresTheTerminal() throws {
    struct Wrong: Error {}
    var (main, other): (Int32, Int32) = (-1, -1)
    try #require(unsafe openpty(&main, &other, nil, nil, nil) == 0)
    defer { for descriptor in [main, other] { Descriptor.close(descriptor) } }
    let modes = { try LineModes(of: other).isRaw }
    #expect(try !modes())
    #expect(throws: Wrong.self) {
      try RawMode.run(input: other, output: other) { _ in
        #expect(try modes())
        throw Wrong()
      }
    }
    #expect(try !modes())
  }

  @Test func suspendsAndGoesOn() throws {
    let script = """
      set -m; before=$(stty -g); "$1"; [ "$before" = "$(stty -g)" ] && echo restored; fg
      """
    let terminal = try PseudoTerminal([
      "/bin/bash", "-c", script, "bash", PseudoTerminal.echo,
    ])
    terminal.expectAtCursor("echo>")
    terminal.type("abc\u{1A}")
    terminal.expect("restored")
    terminal.expectAtCursor("echo> abc")
    terminal.type("d;\r")
    terminal.expect(#"got "abcd;""#)
  }
}

/// A directory that goes with the value.
final class TemporaryDirectory {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("nilometer-terminal-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  /// The standard output of a line of bash.
  func shell(_ line: String) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", line]
    process.standardOutput = output
    try process.run()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }
}
