import Foundation
import Testing

/// Programs of others against a real server: promtool, vmagent and collectd. They are large, so `make test-clients` installs
/// them, and where one is not installed its test is skipped, which the run says.
@Suite struct AgentTests {
  private static func isInstalled(_ program: String) -> Bool {
    ["/usr/bin/", "/usr/sbin/"].contains {
      FileManager.default.isExecutableFile(atPath: $0 + program)
    }
  }

  private static let hasPromtool = isInstalled("promtool")
  private static let hasVmagent = isInstalled("vmagent")
  private static let hasCollectd =
    isInstalled("collectd")
    && FileManager.default.fileExists(atPath: "/usr/lib/collectd/write_http.so")

  /// A server with figures of all kinds.
  private func busy() throws -> ServedStore {
    let served = try ServedStore()
    let document = "{\"device_id\":\"a \\\"b\\\"\",\"timestamp\":\"2024-01-01T00:00:00Z\",\"t\":1}"
    #expect(try served.post("/v1/streams/pumps/events", document).status == 200)
    for statement in [
      "DEFINE KPI k AS avg(t) FROM pumps GROUP BY device_id EVERY 1h",
      "DEFINE SCHEDULE s CRON '* * * * *' AS SELECT count(*) FROM pumps INTO stream('counts')",
      "DEFINE ALERT a ON SELECT max(t) FROM pumps EVERY 1h HAVING max(t) > 0 EARLY NOTIFY webhook('https://127.0.0.1:9/')",
      "SELECT * FROM k",
    ] {
      let reply = try served.post("/v1/query", statement)
      #expect(reply.status == 200, "\(reply.text)")
    }
    return served
  }

  /// Polls until `isDone`, a minute at most.
  private func wait(
    for program: String, _ served: ServedStore, until isDone: () throws -> Bool
  ) throws {
    let deadline = Date(timeIntervalSinceNow: 60)
    while try !isDone() {
      let log = try String(contentsOfFile: served.path("\(program).log"), encoding: .utf8)
      try #require(Date() < deadline, "\(program) brings nothing: \(log)")
      usleep(100_000)
    }
  }

  private func start(
    _ served: ServedStore, _ program: String, _ arguments: [String]
  ) throws -> Process {
    let log = served.path("\(program).log")
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["PATH=/usr/bin:/usr/sbin:/bin", program] + arguments
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
    process.standardOutput = process.standardError
    try process.run()
    return process
  }

  @Test(.enabled(if: hasPromtool, "promtool is not installed: make test-clients"))
  func promtoolFindsNothingWrong() throws {
    let served = try busy()
    let (output, status) = try served.run(
      "bash", ["-c", "curl -s \(served.url)/metrics | promtool check metrics 2>&1"])
    #expect(status == 0 && output.isEmpty, "\(String(decoding: output, as: UTF8.self))")
  }

  @Test(.enabled(if: hasVmagent, "vmagent is not installed: make test-clients"))
  func vmagentScrapes() throws {
    let served = try busy()
    let (output, _) = try served.run(
      ServedStore.nilo.path,
      ["token", "create", "--data", served.data, "--role", "reader", "--name", "vmagent"])
    try output.write(to: URL(fileURLWithPath: served.path("token")))
    try """
    scrape_configs:
      - job_name: nilo
        scrape_interval: 1s
        bearer_token_file: \(served.path("token"))
        static_configs: [{targets: ["127.0.0.1:\(served.port)"]}]
    """.write(toFile: served.path("scrape.yml"), atomically: true, encoding: .utf8)
    // Where it would write to is nobody; that it scrapes is what counts.
    let port = Int.random(in: 20_000...30_000)
    let agent = try start(
      served, "vmagent",
      [
        "-promscrape.config=\(served.path("scrape.yml"))",
        "-remoteWrite.url=\(served.url)/nothing", "-httpListenAddr=127.0.0.1:\(port)",
        "-remoteWrite.tmpDataPath=\(served.path("vmagent"))",
      ])
    defer {
      kill(agent.processIdentifier, SIGKILL)
      agent.waitUntilExit()
    }
    try wait(for: "vmagent", served) {
      let (output, _) = try served.run("curl", ["-s", "http://127.0.0.1:\(port)/api/v1/targets"])
      let text = String(decoding: output, as: UTF8.self)
      guard let samples = text.firstMatch(of: /"lastSamplesScraped":(\d+),"health":"up"/) else {
        return false
      }
      return Int(samples.1) ?? 0 > 50
    }
    let (figures, _) = try served.run("curl", ["-s", "http://127.0.0.1:\(port)/metrics"])
    #expect(
      String(decoding: figures, as: UTF8.self).contains("vm_promscrape_scrapes_failed_total 0"))
  }

  /// The recipe of docs/api.md.
  @Test(.enabled(if: hasCollectd, "collectd is not installed: make test-clients"))
  func collectdWrites() throws {
    let served = try ServedStore()
    let define = "DEFINE STREAM collectd TIME time KEY host EXPLODE values"
    #expect(try served.post("/v1/query", define).status == 200)
    try """
    Hostname "plant-7"
    BaseDir "\(served.directory.path)"
    PIDFile "\(served.path("collectd.pid"))"
    PluginDir "/usr/lib/collectd"
    TypesDB "/usr/share/collectd/types.db"
    Interval 1
    LoadPlugin memory
    LoadPlugin load
    LoadPlugin write_http
    <Plugin write_http>
      <Node "nilo">
        URL "\(served.url)/v1/streams/collectd/events"
        Format "JSON"
        BufferSize 4096
        LogHttpError true
      </Node>
    </Plugin>

    """.write(toFile: served.path("collectd.conf"), atomically: true, encoding: .utf8)
    let agent = try start(served, "collectd", ["-f", "-C", served.path("collectd.conf")])
    defer {
      kill(agent.processIdentifier, SIGKILL)
      agent.waitUntilExit()
    }
    try wait(for: "collectd", served) {
      Int(try served.value("SELECT count(*) FROM collectd")) ?? 0 >= 20
    }
    kill(agent.processIdentifier, SIGKILL)
    agent.waitUntilExit()
    let log = try String(contentsOfFile: served.path("collectd.log"), encoding: .utf8)
    #expect(!log.contains("HTTP Error") && !log.contains("failed"), "\(log)")
    let rows = try served.post(
      "/v1/query?format=csv",
      "SELECT type_instance, avg(values) AS bytes FROM collectd WHERE plugin = 'memory' AND host = 'plant-7' GROUP BY type_instance HAVING bytes > 0"
    ).text
    #expect(rows.contains("\nfree,"), "\(rows)")
    // Three numbers each.
    let events = try served.value(
      "SELECT count(*) FROM collectd WHERE plugin = 'load'")
    #expect((Int(events) ?? 1).isMultiple(of: 3))
    #expect(try served.get("/v1/ledger?stream=collectd").text.contains("\"entries\":[]"))
  }
}
