import Foundation
import Testing

/// `nilo stream`: documents of files at a pace.
@Suite struct StreamCommandTests {
  let workspace: Workspace

  init() throws { workspace = try Workspace() }

  /// A process that says where it listens.
  private final class Listening {
    let process = Process()
    let port: Int

    init(_ arguments: [String], in workspace: Workspace) throws {
      let error = Pipe()
      process.executableURL = Workspace.nilo
      process.arguments = arguments
      process.currentDirectoryURL = workspace.directory
      process.standardError = error
      try process.run()
      var text = ""
      while !text.contains(/at http:[^\n]*\n/) {
        let more = error.fileHandleForReading.availableData
        try #require(!more.isEmpty, "it ended: \(text)")
        text += String(decoding: more, as: UTF8.self)
      }
      port = try #require(text.firstMatch(of: /:([0-9]+)\n/).flatMap { Int($0.1) })
    }

    deinit {
      process.terminate()
      process.waitUntilExit()
    }
  }

  @Test func documentsAsLines() throws {
    try workspace.write(
      "orders.json", #"[{"order":1,"timestamp":"2024-06-01T00:00:00Z"},"# + "\n{\n\"order\": 2}]")
    let sent = try workspace.nilo("stream", "orders.json", "--interval", "1ms", "--json")
    #expect(sent.status == 0)
    #expect(
      sent.output == """
        {"order":1,"timestamp":"2024-06-01T00:00:00Z"}
        { "order": 2}

        """)
    let summary = try #require(
      try JSONSerialization.jsonObject(with: Data(sent.error.utf8)) as? [String: Any])
    #expect(summary["sent"] as? Int == 2)
    let limited = try workspace.nilo(
      "stream", "orders.json", "--pace", "timestamps", "--loop", "--limit", "5")
    #expect(limited.output.split(separator: "\n").count == 5)
    // A field that no document has is no pace.
    for (arguments, words) in [
      (["--time", "nosuch"], "document 1 has no time in nosuch"),
      (["--time", "id"], "has no time in id"),
    ] {
      let untimed = try workspace.nilo(
        ["stream", "orders.json", "--pace", "timestamps"] + arguments)
      #expect(untimed.error.contains(words) && untimed.error.contains("without time"), "\(untimed)")
    }
    for (arguments, text) in [
      (["--to", "kafka"], "--to is stdout, or a URL"), (["--speed", "2x"], "go with --pace"),
      (["--pace", "timestamps", "--speed", "0x"], "write a factor greater than 0"),
    ] {
      let wrong = try workspace.nilo(["stream", "orders.json"] + arguments)
      #expect(wrong.status == 2 && wrong.error.contains(text), "\(wrong)")
    }
    #expect(try workspace.nilo("stream", "none.json").error.contains("cannot be opened"))
  }

  /// What a server does not take at once is sent again, and stored once.
  @Test func aServerTakesEachDocumentOnce() throws {
    let lines = (0..<40).map { "{\"ts\":\(1_717_200_000 + $0),\"n\":\($0)}\n" }.joined()
    try workspace.write("metrics.ndjson", lines + "bad\n")
    let free = try Listening(
      ["serve", "--data", "other", "--listen", "127.0.0.1:0"], in: workspace
    ).port
    // Nobody listens there now; the server comes later.
    let sending = try Run(
      Workspace.nilo,
      [
        "stream", "metrics.ndjson", "--interval", "2ms", "--to",
        "http://127.0.0.1:\(free)/v1/streams/metrics/events", "--json",
      ], in: workspace, input: FileHandle.nullDevice)
    usleep(700_000)
    let server = try Listening(
      ["serve", "--data", "data", "--listen", "127.0.0.1:\(free)"], in: workspace)
    let sent = try sending.wait()
    #expect(sent.status == 1)
    #expect(sent.error.contains("trying again until it is taken"))
    let line = try #require(sent.error.split(separator: "\n").last)
    let summary = try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(summary["sent"] as? Int == 41)
    #expect(summary["accepted"] as? Int == 40)
    #expect(summary["rejected"] as? Int == 1)
    #expect((summary["retries"] as? Int ?? 0) > 0)
    let answer = try workspace.nilo(
      "query", "--url", "http://127.0.0.1:\(server.port)", "--format", "csv",
      "SELECT count(*) AS n, sum(n) AS sum FROM metrics")
    #expect(answer.output == "n,sum\n40,780\n")
    // A stream that cannot be is not tried again.
    let wrong = try workspace.nilo(
      "stream", "metrics.ndjson", "--to", "http://127.0.0.1:\(server.port)/nothing")
    #expect(wrong.status == 1 && wrong.error.contains("/nothing"), "\(wrong)")
  }

  @Test func filesAreServedAsStreams() throws {
    _ = try workspace.shell("mkdir plant")
    try workspace.write("plant/metrics.json", #"[{"n":1},{"n":2}]"#)
    try workspace.write("plant/workorder.csv", "order,ok\n7,true\n")
    let server = try Listening(
      ["stream", "serve", "plant", "--listen", "127.0.0.1:0", "--interval", "1ms"], in: workspace)
    func get(_ path: String) throws -> String {
      try workspace.shell("curl -sS -i --max-time 20 http://127.0.0.1:\(server.port)\(path)").output
    }
    #expect(try get("/").contains(#"["/stream_data_metrics","/stream_data_workorder"]"#))
    let metrics = try get("/stream_data_metrics").lowercased()
    #expect(metrics.contains("content-type: application/x-ndjson"))
    #expect(metrics.contains("transfer-encoding: chunked"))
    #expect(metrics.hasSuffix("\r\n\r\n{\"n\":1}\n{\"n\":2}\n"))
    #expect(try get("/stream_data_workorder").hasSuffix("{\"order\":7,\"ok\":true}\n"))
    #expect(try get("/stream_data_none").contains("404"))
    // A service that is polled: the next one to each request, in the end the last one again.
    let polled = try (0..<3).map { _ in try get("/next_data_metrics").suffix(8) }
    #expect(polled == [#"{"n":1}"#, #"{"n":2}"#, #"{"n":2}"#].map { $0 + "\n" })
    #expect(try get("/next_data_none").contains("404"))
    let endless = try Listening(
      ["stream", "serve", "plant", "--listen", "127.0.0.1:0", "--interval", "1ms", "--loop"],
      in: workspace)
    let some = try workspace.shell(
      "set +o pipefail; curl -sN http://127.0.0.1:\(endless.port)/stream_data_metrics | head -9")
    #expect(some.output.split(separator: "\n").suffix(2) == [#"{"n":2}"#, #"{"n":1}"#])
  }
}
