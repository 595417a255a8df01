import Foundation
import Testing

/// What clients see of faults: a server that is killed, a disk that is full, connections that bring nothing.
@Suite(.serialized) struct ServerFaultTests {
  private static let clients = 8
  private static let batch = 50

  /// More in `make test-long`: 50 times each.
  private static var roundCount: Int {
    let factor = ProcessInfo.processInfo.environment["NILO_ROUNDS"].flatMap { Double($0) } ?? 1
    return max(2, Int(2.5 * factor))
  }

  private func script(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(name).path
  }

  private func python(
    _ arguments: [String], output: String
  ) throws -> Process {
    _ = FileManager.default.createFile(atPath: output, contents: nil)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    try process.run()
    return process
  }

  /// A store that was taken away while it is served is not written to any more.
  @Test func aStoreThatIsGoneIsTold() throws {
    let served = try ServedStore()
    let document = #"{"timestamp":"2024-01-01T00:00:00Z"}"#
    #expect(try served.post("/v1/streams/s/events", document).status == 200)
    #expect(try served.get("/-/ready").status == 200)
    try FileManager.default.removeItem(atPath: served.data)
    usleep(150_000)
    #expect(try served.post("/v1/streams/s/events", document).status == 507)
    #expect(try served.post("/write?db=d", "m x=1").status == 503)
    #expect(try served.get("/-/ready").status == 507)
    #expect(served.log.contains("data.mdb is not there any more"), "\(served.log)")
  }

  /// What was acknowledged is there, once, whatever happened to the server while eight clients append.
  @Test(arguments: [SIGKILL, SIGTERM]) func whatWasAcknowledgedIsThere(_ signal: Int32) throws {
    let served = try ServedStore()
    var random = SystemRandomNumberGenerator()
    var stored = 0
    for round in 0..<Self.roundCount {
      let first = round * 10_000_000
      let output = served.path("acknowledged")
      let load = try python(
        [script("load.py"), "\(served.port)", "\(Self.clients)", "\(first)"], output: output)
      defer { kill(load.processIdentifier, SIGKILL) }
      // From the first acknowledgement on, which takes long where much else runs.
      while try served.post("/v1/query?format=tsv", "SELECT count(*) FROM s").text
        .split(separator: "\n").last.flatMap({ Int($0) }) ?? 0 <= stored
      { usleep(20_000) }
      usleep(.random(in: 1_000...300_000, using: &random))
      let status = served.end(signal)
      if signal == SIGTERM { #expect(status == 0, "\(served.log)") }
      load.waitUntilExit()
      let acknowledged = try String(contentsOfFile: output, encoding: .utf8)
        .split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
      try #require(acknowledged.count == Self.clients)
      try served.start()
      for (client, count) in acknowledged.enumerated() {
        // Each client numbers its events, and sends the next batch when it has the answer to the last.
        let start = first + client * 1_000_000
        func events(_ from: Int, _ until: Int) throws -> Int? {
          Int(
            try served.value(
              "SELECT count(*) FROM s WHERE event_id >= \(from) AND event_id < \(until)"))
        }
        #expect(try events(start, start + count) == count, "round \(round), client \(client)")
        // One that was under way may be stored, unacknowledged.
        let more = try #require(try events(start + count, start + 1_000_000))
        #expect([0, Self.batch].contains(more), "round \(round), client \(client): \(more)")
      }
      stored = try #require(Int(try served.value("SELECT count(*) FROM s")))
      let twice = try served.post(
        "/v1/query?format=csv",
        "SELECT count(*) AS n FROM s WHERE event_id >= \(first) GROUP BY event_id HAVING n > 1")
      #expect(twice.status == 200 && twice.text == "event_id,n\n", "\(twice.text)")
    }
    #expect(served.end() == 0)
    let (_, status) = try served.run(ServedStore.nilo.path, ["check", "--data", served.data])
    #expect(status == 0)
  }

  /// A thousand connections that bring nothing leave others served.
  @Test func idleConnectionsHoldNobodyUp() throws {
    let served = try ServedStore()
    let output = served.path("idle")
    // The limit of files is raised for the client as the server does for itself.
    let idle = try python(
      [
        "-c",
        """
        import resource, socket, sys, time
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        open_ones = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(1000)]
        for one in open_ones[::2]:
            one.sendall(b"GET /-/hea")
        print("open", flush=True)
        time.sleep(600)
        """, "\(served.port)",
      ], output: output)
    defer { kill(idle.processIdentifier, SIGKILL) }
    while try String(contentsOfFile: output, encoding: .utf8).isEmpty {
      try #require(idle.isRunning)
      usleep(20_000)
    }
    // They are accepted, and others are answered.
    var connections = 0
    while connections < 1_000 {
      let text = try served.get("/metrics").text
      let figure = try #require(text.firstMatch(of: /\nnilo_http_connections (\d+)/))
      connections = Int(figure.1) ?? 0
    }
    let document = "{\"device_id\":\"a\",\"timestamp\":\"2024-01-01T00:00:00Z\",\"t\":1}"
    #expect(try served.post("/v1/streams/pumps/events", document).status == 200)
    #expect(try served.value("SELECT count(*) FROM pumps") == "1")
    #expect(served.end() == 0)
  }

  /// Root alone may mount a small disk.
  private static let mayMount = getuid() == 0

  @Test(.enabled(if: mayMount, "needs root, to mount a small tmpfs"))
  func aFullDiskIsSaidAndOthersAreServed() throws {
    let served = try ServedStore()
    #expect(served.end() == 0)
    try FileManager.default.removeItem(atPath: served.data)
    try FileManager.default.createDirectory(
      atPath: served.data, withIntermediateDirectories: true)
    let (_, mounted) = try served.run(
      "mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", served.data])
    try #require(mounted == 0)
    defer {
      _ = served.end(SIGKILL)
      _ = try? served.run("umount", ["-l", served.data])
    }
    try served.start()
    var accepted = 0
    func append() throws -> Reply {
      // Of digits that have no pattern, so that little compresses.
      let lines = (0..<500).map { index in
        let noise = (0..<8).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 36) }
        return
          "{\"event_id\":\"\(accepted + index)-\(noise[0])\",\"timestamp\":\"2024-01-01T00:00:00Z\","
          + "\"noise\":\"\(noise.joined())\"}"
      }
      let reply = try served.post("/v1/streams/s/events", lines.joined(separator: "\n"))
      if reply.status == 200 {
        accepted += try #require(try reply.json()["accepted"] as? Int)
      }
      return reply
    }
    var reply = try append()
    #expect(reply.status == 200)
    // The rest of the disk is taken by somebody else but for a little.
    let ballast = "\(served.data)/ballast"
    _ = try served.run(
      "bash",
      ["-c", "head -c 8M /dev/zero > '\(ballast)' 2>/dev/null; truncate -s -300K '\(ballast)'"])
    for _ in 0..<200 where reply.status == 200 { reply = try append() }
    #expect(reply.status == 507, "\(reply.text)")
    #expect(reply.headers["retry-after"] == "30")
    #expect(reply.text.contains("urn:nilometer:problem:disk-full"))
    // Others read on, all that was acknowledged, and the program says that it is ready.
    #expect(try served.value("SELECT count(*) FROM s") == "\(accepted)")
    #expect(try served.get("/v1/streams").status == 200)
    #expect(try served.get("/-/ready").status == 200)
    #expect(try append().status == 507)
    // With room again it goes on.
    try FileManager.default.removeItem(atPath: ballast)
    let before = accepted
    #expect(try append().status == 200)
    #expect(accepted == before + 500)
    #expect(try served.value("SELECT count(*) FROM s") == "\(accepted)")
    #expect(served.end() == 0)
    let (_, status) = try served.run(ServedStore.nilo.path, ["check", "--data", served.data])
    #expect(status == 0)
  }
}
