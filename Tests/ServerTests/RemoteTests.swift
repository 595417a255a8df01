import Foundation
import TestSupport
import Testing

/// `nilo query --url` and `nilo repl --url`: what a server answers is what its directory does.
struct RemoteTests {
  private func served(_ arguments: [String] = []) throws -> ServedStore {
    let served = try ServedStore(arguments)
    let documents = [
      #"{"id":"1","time":"2024-06-01T00:00:00Z","d":"a \"b\" é","v":1.5,"on":true,"big":18446744073709551615}"#,
      #"{"id":"2","time":"2024-06-01T00:30:00Z","d":"c","v":-2,"on":false}"#,
      #"{"id":"3","time":"2024-06-01T09:30:00Z","d":"c","v":7}"#,
      #"{"id":"4","time":"2024-06-01T00:40:00Z","d":"c","v":7}"#,
    ]
    for document in documents { _ = try served.post("/v1/streams/m/events", document) }
    _ = try served.post(
      "/v1/query", "DEFINE KPI k AS avg(v) AS mean, p95(v) AS p FROM m GROUP BY d EVERY 1h")
    return served
  }

  private func nilo(
    _ served: ServedStore, _ arguments: [String], input: String? = nil
  ) throws -> (output: String, error: String, status: Int32) {
    let (output, error) = (served.path("stdout"), served.path("stderr"))
    for file in [output, error] { _ = FileManager.default.createFile(atPath: file, contents: nil) }
    let process = Process()
    process.executableURL = ServedStore.nilo
    process.arguments = arguments
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: error))
    let text = served.path("stdin")
    try (input ?? "").write(toFile: text, atomically: false, encoding: .utf8)
    process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: text))
    try process.run()
    process.waitUntilExit()
    return (
      try String(contentsOfFile: output, encoding: .utf8),
      try String(contentsOfFile: error, encoding: .utf8), process.terminationStatus
    )
  }

  @Test func answersAreThoseOfTheDirectory() throws {
    let served = try served()
    let queries = [
      "SELECT * FROM k", "SELECT * FROM m LIMIT 10", "SHOW STREAMS", "SHOW KPIS", "DESCRIBE m",
      "SELECT top(d, 3), distinct(d), p50(v), max(big) FROM m",
      "SELECT count(*) FROM m WHERE d = 'none'", "SHOW LATE", "EVENTS FOR SELECT max(v) FROM m",
      "EXPLAIN VALUE SELECT * FROM k",
      "SELECT avg(v) FROM m EVERY 1h FILL NULL TIME ZONE 'Asia/Kolkata'",
      "SELECT nothing FROM m", "SELECT foo(nothing), bar(v) FROM m", "SELECT foo(v) FROM mm",
      "SELECT v\nFROM m WHERE é = 'x'", "SELEC v", "SELECT v FROM m WHERE",
    ]
    for query in queries {
      for format in ["table", "json", "tsv", "vertical", "markdown", "ndjson"] {
        let local = try nilo(
          served, ["query", "--data", served.data, "--format", format, query])
        let remote = try nilo(served, ["query", "--url", served.url, "--format", format, query])
        func plain(_ text: String) -> String {
          text.replacing(/"elapsed_seconds":[^,}]*/, with: "")
        }
        #expect(plain(remote.output) == plain(local.output), "\(format) \(query)")
        #expect(remote.status == local.status, "\(query)")
        // The carets are under the first character of what is wrong.
        #expect(
          remote.error.replacing(/\^+/, with: "^") == local.error.replacing(/\^+/, with: "^"),
          "\(format) \(query)")
      }
    }
  }

  @Test func parametersAndChangesGoAlong() throws {
    let served = try served()
    let answer = try nilo(
      served,
      [
        "query", "--url", served.url + "/", "--param", "who=c", "--param", "low=0", "--format",
        "tsv",
        "SELECT count(*) AS n FROM m WHERE d = $who AND v > $low",
      ])
    #expect(answer.output == "n\n2\n")
    let change = try nilo(
      served,
      ["query", "--url", served.url, "DEFINE KPI two AS max(v) AS v FROM m EVERY 1d; SHOW KPIS"])
    #expect(change.status == 0 && change.output.contains("two"), "\(change)")
  }

  @Test func otherCommandsAskItToo() throws {
    let served = try served()
    for arguments in [
      ["kpi", "read", "k"],
      ["kpi", "read", "k", "--since", "2024-06-01", "--group", "d=c", "--format", "csv"],
      ["kpi", "read", "none"], ["kpi", "read", "m"],
      ["ledger"], ["ledger", "--json"], ["ledger", "--kind", "late", "--limit", "1"],
      ["ledger", "--kind", "rejected"],
    ] {
      let local = try nilo(served, arguments + ["--data", served.data])
      let remote = try nilo(served, arguments + ["--url", served.url])
      #expect(
        remote.output == local.output && remote.status == local.status, "\(arguments): \(remote)")
      // The carets are under the first character of what is wrong.
      #expect(
        remote.error.replacing(/\^+/, with: "^") == local.error.replacing(/\^+/, with: "^"),
        "\(arguments)")
    }
    let text = try nilo(served, ["stat", "--url", served.url])
    #expect(text.status == 0 && text.output.contains("stream m\n  events      4\n"), "\(text)")
    #expect(text.output.contains("\nKPIs\n  k  version 1, of m"), "\(text.output)")
    let json = try nilo(served, ["stat", "--url", served.url, "--json"])
    let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    #expect(object?["events"] as? Int == 4 && (object?["streams"] as? [Any])?.count == 1)
    let none = try nilo(served, ["ledger", "--stream", "none", "--url", served.url])
    #expect(none.status == 1 && none.error.contains("there is no stream none"), "\(none)")
    for command in [["stat"], ["ledger"], ["kpi", "read", "k"]] {
      let both = try nilo(served, command + ["--url", served.url, "--data", served.data])
      #expect(both.status == 2 && both.error.contains("either a server"), "\(both)")
    }
  }

  @Test func thePromptAsksTheServer() throws {
    let served = try served()
    let text = "SELECT mean FROM k;\n\\format json\nSHOW STREAMS;\n"
    let remote = try nilo(served, ["repl", "--url", served.url], input: text)
    let local = try nilo(served, ["repl", "--data", served.data], input: text)
    func plain(_ text: String) -> String { text.replacing(/"elapsed_seconds":[^,}]*/, with: "") }
    #expect(plain(remote.output) == plain(local.output))
    #expect(remote.status == 0 && remote.output.contains("mean"))
  }

  @Test func whoMayNotAskIsToldWhatToDo() throws {
    let served = try served()
    let token = try nilo(
      served, ["token", "create", "--data", served.data, "--role", "reader", "--name", "hall"])
    let file = served.path("token")
    try token.output.write(toFile: file, atomically: false, encoding: .utf8)
    let without = try nilo(served, ["query", "--url", served.url, "SHOW STREAMS"])
    #expect(without.status == 1 && without.error.contains("--token-file"), "\(without.error)")
    let with = try nilo(
      served, ["query", "--url", served.url, "--token-file", file, "SHOW STREAMS"])
    #expect(with.status == 0 && with.output.contains("m"), "\(with.error)")
    let change = try nilo(
      served, ["query", "--url", served.url, "--token-file", file, "DROP KPI k"])
    #expect(change.status == 1 && change.error.contains("admin"), "\(change.error)")
  }

  @Test(
    arguments: [
      (["--url", "http://127.0.0.1:1"], "nilo serve"), (["--url", "ftp://x"], "--url"),
      (["--token-file", "x"], "--url"),
      (["--url", "http://127.0.0.1:1", "--limit", "max_rows=1"], "--limit"),
    ])
  func whatCannotBeAskedIsSaid(arguments: [String], words: String) throws {
    let served = try ServedStore()
    let answer = try nilo(served, ["query"] + arguments + ["SHOW STREAMS"])
    #expect(answer.status != 0 && answer.error.contains(words), "\(answer)")
  }
}
