import Foundation
import Synchronization
import Testing

/// The server as a whole: many clients, long bodies, the end, and the middle of it.
@Suite struct ServerTests {
  private static func line(_ id: Int) -> String {
    let hour = String(id % 24).count == 1 ? "0\(id % 24)" : "\(id % 24)"
    return
      "{\"event_id\":\(id),\"device_id\":\"d\(id % 7)\",\"timestamp\":\"2024-01-01T\(hour):00:00Z\",\"t\":\(id)}"
  }

  private static func lines(_ ids: Range<Int>) -> String {
    ids.map(line).joined(separator: "\n")
  }

  @Test(arguments: ["", "gzip", "zstd"])
  func aLongBodyIsStoredAsAWhole(_ compression: String) throws {
    let served = try ServedStore()
    let file = served.path("lines")
    try Self.lines(0..<60_000).write(toFile: file, atomically: true, encoding: .utf8)
    var arguments = ["-s", "-T", "-", "-X", "POST", "\(served.url)/v1/streams/s/events"]
    if !compression.isEmpty { arguments += ["-H", "Content-Encoding: \(compression)"] }
    let filter = compression.isEmpty ? "cat" : "\(compression) -c"
    let quoted = arguments.map { "'\($0)'" }.joined(separator: " ")
    let (output, _) = try served.run("bash", ["-c", "\(filter) < \(file) | curl \(quoted)"])
    let answer = try JSONSerialization.jsonObject(with: output) as? [String: Any]
    #expect(answer?["accepted"] as? Int == 60_000, "\(String(decoding: output, as: UTF8.self))")
    #expect(try served.value("SELECT count(*), sum(t) FROM s") == "60000\t1799970000")
  }

  @Test func clientsAtTheSameTimeAreStoredOnce() throws {
    let served = try ServedStore()
    let failures = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: 8) { client in
      for batch in 0..<10 {
        let first = (client * 10 + batch) * 100
        let body = Self.lines(first..<(first + 110))
        let reply = try? served.post("/v1/streams/s/events", body)
        if reply?.status != 200 { failures.add(1, ordering: .relaxed) }
      }
    }
    #expect(failures.load(ordering: .relaxed) == 0)
    #expect(try served.value("SELECT count(*), count(event_id) FROM s") == "8010\t8010")
  }

  /// Those who wait to be told to go on are told at once.
  @Test func aClientThatAsksIsToldToGoOn() throws {
    let served = try ServedStore()
    let reply = try served.post(
      "/v1/streams/s/events", Self.lines(0..<100), headers: ["Expect: 100-continue"])
    #expect(reply.status == 200 && reply.informational == [100])
  }

  @Test func aLargeAnswerComesInPiecesAndSaysThatItIsWhole() throws {
    let served = try ServedStore()
    #expect(try served.post("/v1/streams/s/events", Self.lines(0..<30_000)).status == 200)
    let csv = try served.post(
      "/v1/query", "SELECT t FROM s LIMIT 30000", headers: ["Accept: text/csv"])
    #expect(csv.headers["x-nilo-status"] == "complete")
    #expect(csv.text.split(separator: "\n").count == 30_001)
    let lines = try served.post(
      "/v1/query", "SELECT t FROM s LIMIT 30000", headers: ["Accept: application/x-ndjson"])
    let all = lines.text.split(separator: "\n")
    #expect(all.count == 30_001)
    #expect(all.last?.hasPrefix("{\"_status\":{\"rows\":30000,") == true)
    let json = try served.post("/v1/query", "SELECT t FROM s LIMIT 30000").json()
    #expect((json["rows"] as? [Any])?.count == 30_000)
  }

  /// A body that drips is cut, and holds up no other client.
  @Test func aSlowBodyIsCut() throws {
    let served = try ServedStore(["--set", "limits.request_seconds=1"])
    let (output, _) = try served.run(
      "bash",
      [
        "-c",
        "(for n in 1 2 3 4 5 6 7 8; do echo '{\"n\":'; sleep 0.4; done) | curl -s -T - -X POST \(served.url)/v1/streams/s/events",
      ])
    let text = String(decoding: output, as: UTF8.self)
    #expect(text.contains("urn:nilometer:problem:too-slow"), "\(text)")
    #expect(try served.get("/-/healthy").status == 200)
  }

  /// A query ends when nobody waits for it any more.
  @Test func aClientThatGoesAwayEndsItsQuery() throws {
    let served = try ServedStore(["--set", "limits.queries=1"])
    #expect(try served.post("/v1/streams/s/events", Self.lines(0..<50_000)).status == 200)
    // Windows over many buckets take long.
    let slow = "SELECT distinct(t) FROM s GROUP BY device_id, event_id EVERY 1m ROLLING 24h"
    _ = try served.run("curl", ["-s", "--max-time", "1", "-d", slow, "\(served.url)/v1/query"])
    #expect(try served.value("SELECT count(*) FROM s") == "50000")
  }

  @Test func aWrongConfigurationIsNamedAsAWhole() throws {
    let file = NSTemporaryDirectory() + "nilo-\(UUID().uuidString).yaml"
    try
      "limits:\n  querys: 5\n  request_seconds: soon\n  idle_seconds: [1, 2]\nlisten: nowhere\nmemory: {}\n"
      .write(toFile: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: file) }
    let process = Process()
    let error = Pipe()
    process.executableURL = ServedStore.nilo
    process.arguments = ["serve", "--config", file]
    process.environment = ProcessInfo.processInfo.environment.merging([
      "NILO_LISTN": "127.0.0.1:0", "NILO_LIMITS_NOTHING": "1", "NILO_SERVICE_HOST": "10.0.0.7",
    ]) { $1 }
    process.standardError = error
    try process.run()
    let text = String(decoding: try error.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 2)
    #expect(
      text.replacing(file, with: "FILE") == """
        nilo: the environment has NILO_LIMITS_NOTHING, which is no setting
        the environment has NILO_LISTN, which is no setting; is it NILO_LISTEN?
        FILE: there is no setting limits.querys; is it limits.queries?
        memory in FILE is no single value
        listen is nowhere (FILE); it is an address and a port, such as 127.0.0.1:4280 or [::1]:4280
        limits.request_seconds is soon (FILE); it is a whole number from 1 to 1000000000
        limits.idle_seconds in FILE is no single value

        """)
  }

  /// Whoever starts a second one is told so, and finds no store that was not there.
  @Test func anAddressThatIsTakenIsNamed() throws {
    let served = try ServedStore()
    let other = served.path("other")
    let (output, status) = try served.run(
      "bash",
      [
        "-c",
        "'\(ServedStore.nilo.path)' serve --data '\(other)' --listen 127.0.0.1:\(served.port) 2>&1",
      ])
    #expect(status == 2)
    #expect(
      String(decoding: output, as: UTF8.self)
        == "nilo: another program listens at 127.0.0.1:\(served.port), perhaps another nilo serve; stop it, or listen "
        + "elsewhere: --listen 127.0.0.1:\(served.port + 1)\n")
    #expect(!FileManager.default.fileExists(atPath: other))
    let (absent, code) = try served.run(
      "bash",
      [
        "-c",
        "'\(ServedStore.nilo.path)' serve --data '\(other)' --listen no.such.host.invalid:0 2>&1; echo $?; '\(ServedStore.nilo.path)' token create --role reader --name x --data '\(other)' >/dev/null 2>&1; '\(ServedStore.nilo.path)' serve --data '\(other)' --listen 192.0.2.1:0 2>&1",
      ])
    #expect(code == 2)
    let text = String(decoding: absent, as: UTF8.self)
    #expect(text.contains("no.such.host.invalid:0, and there is no token"), "\(text)")
    #expect(text.contains("this machine has no address 192.0.2.1"), "\(text)")
  }

  /// What is held of compressed bodies until their checksums come is bounded over all clients.
  @Test func bodiesThatAreHeldCount() throws {
    let served = try ServedStore(["--set", "limits.pending_bytes=8MiB"])
    // A gzip member that has not ended: 6 MiB of lines each.
    let file = served.path("lines")
    try Self.lines(0..<60_000).write(toFile: file, atomically: true, encoding: .utf8)
    func hold() throws -> Process {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = [
        "bash", "-c",
        "(gzip -c '\(file)' | head -c -8; sleep 5) | curl -s -o '\(served.path("reply"))' -H 'Content-Encoding: gzip' "
          + "-T - -X POST '\(served.url)/v1/streams/s/events'",
      ]
      try process.run()
      return process
    }
    func pending() throws -> Int {
      let line = try served.get("/metrics").text.split(separator: "\n").first {
        $0.hasPrefix("nilo_append_pending_bytes ")
      }
      return try #require(line.flatMap { Int($0.dropFirst("nilo_append_pending_bytes ".count)) })
    }
    let first = try hold()
    defer {
      first.terminate()
      first.waitUntilExit()
    }
    while try pending() < 4 << 20 { usleep(10_000) }
    let (output, _) = try served.run(
      "bash",
      [
        "-c",
        "gzip -c '\(file)' | curl -s -H 'Content-Encoding: gzip' --data-binary @- '\(served.url)/v1/streams/s/events'",
      ])
    #expect(
      String(decoding: output, as: UTF8.self).contains("urn:nilometer:problem:too-busy"),
      "\(String(decoding: output, as: UTF8.self))")
    first.waitUntilExit()
    while try pending() > 0 { usleep(10_000) }
    let reply = try served.run(
      "bash",
      [
        "-c",
        "gzip -c '\(file)' | curl -s -H 'Content-Encoding: gzip' --data-binary @- '\(served.url)/v1/streams/s/events'",
      ])
    #expect(String(decoding: reply.output, as: UTF8.self).contains("\"accepted\":60000"))
    // Without the header it would be no document, and on the ledger.
    let untold = try served.run(
      "bash",
      ["-c", "gzip -c '\(file)' | curl -s --data-binary @- '\(served.url)/v1/streams/s/events'"])
    #expect(
      String(decoding: untold.output, as: UTF8.self).contains("send Content-Encoding: gzip"))
    let rejected = try served.get("/v1/ledger?kind=rejected").text
    #expect(rejected.contains("\"entries\":[]"), "\(rejected.prefix(500))")
  }

  @Test func environmentAndFlagsComeBeforeTheFile() throws {
    let served = try ServedStore(
      ["--set", "limits.query_rows=2"], environment: ["NILO_LIMITS_QUERY_ROWS": "5"])
    #expect(try served.post("/v1/streams/s/events", Self.lines(0..<4)).status == 200)
    let reply = try served.post("/v1/query", "SELECT t FROM s LIMIT 4")
    #expect(reply.status == 422 && reply.text.contains("or raise limits.query_rows"))
  }
}
