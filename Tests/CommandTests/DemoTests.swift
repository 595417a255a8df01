import Foundation
import Testing

/// `make run`, with the program of the tests.
@Suite struct DemoTests {
  /// A live source feeds the server, and Ctrl-C ends all that was begun.
  @Test func aLiveSourceUntilCtrlC() throws {
    let workspace = try Workspace()
    let demo = Process()
    demo.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    // What tests begin has its signals blocked.
    demo.arguments = [
      "python3", "-c",
      "import os, signal, sys; signal.pthread_sigmask(signal.SIG_SETMASK, []); os.execv(sys.argv[1], sys.argv[1:])",
      "scripts/demo", Workspace.nilo.path, workspace.path("data"),
    ]
    demo.currentDirectoryURL = Workspace.examples.deletingLastPathComponent()
    demo.environment = ProcessInfo.processInfo.environment.merging(["LISTEN": "127.0.0.1:0"]) { $1 }
    let (output, error) = (try workspace.write("output", ""), try workspace.write("error", ""))
    demo.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    demo.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: error))
    try demo.run()
    defer { demo.terminate() }
    let deadline = Date(timeIntervalSinceNow: 300)
    func wait<Found>(_ find: () throws -> Found?) throws -> Found {
      while true {
        if let found = try find() { return found }
        let said = try String(contentsOfFile: error, encoding: .utf8)
        try #require(demo.isRunning && Date() < deadline, "it did not come to that: \(said)")
        usleep(50_000)
      }
    }
    let server = try wait {
      try String(contentsOfFile: error, encoding: .utf8).firstMatch(of: /at (http:[^\s]+)\n/)
        .map { String($0.1) }
    }
    func ask(_ query: String) throws -> String {
      try workspace.nilo("query", "--url", server, "--format", "tsv", query).output
    }
    _ = try wait {
      let count = try ask("SELECT count(*) AS n FROM metrics").split(separator: "\n").last
      return count.flatMap { Int($0) }.flatMap { $0 > 1 ? $0 : nil }
    }
    #expect(try ask("SHOW SOURCES WHERE source = 'plant' AND state = 'running'").contains("http"))
    let text = try String(contentsOfFile: output, encoding: .utf8)
    let plant = try #require(text.firstMatch(of: /three presses at (http:[^\s,]+)/)).1
    kill(demo.processIdentifier, SIGINT)
    demo.waitUntilExit()
    #expect(demo.terminationStatus == 0)
    for url in [server, String(plant)] {
      #expect(try workspace.shell("curl -s --max-time 5 \(url)/").status == 7, "\(url) answers")
    }
    #expect(try workspace.nilo("check", "--data", workspace.path("data")).status == 0)
  }
}
