import Foundation
import Synchronization
import TestSupport
import Testing

/// Requests that are sent again with the same key.
@Suite struct IdempotencyTests {
  /// Without ids: what is stored twice counts twice.
  private static func lines(_ range: Range<Int>) -> String {
    range.map { "{\"timestamp\":\(1_717_200_000 + $0),\"stroke\":\($0)}\n" }.joined()
  }

  private static let key = ["Idempotency-Key: 01J-key"]

  /// Events of the stream; 0 while there is none.
  private func count(_ served: ServedStore) throws -> Int {
    let reply = try served.post("/v1/query?format=tsv", "SELECT count(*) FROM s")
    return reply.text.split(separator: "\n").last.flatMap { Int($0) } ?? 0
  }

  /// The client leaves without its answer, the server is killed; the answer comes with the next try.
  @Test func theAnswerSurvivesAKill() throws {
    let served = try ServedStore()
    let body = Self.lines(0..<500) + "bad\n" + Self.lines(500..<1_000)
    let file = served.path("body")
    try body.write(toFile: file, atomically: true, encoding: .utf8)
    _ = try served.run(
      "bash",
      [
        "-c",
        "exec 3<>/dev/tcp/127.0.0.1/\(served.port); (printf 'POST /v1/streams/s/events HTTP/1.1\\r\\nHost: localhost\\r\\n"
          + "Idempotency-Key: 01J-key\\r\\nContent-Length: \(body.utf8.count)\\r\\n\\r\\n'; cat '\(file)') >&3; exec 3>&-",
      ])
    while try count(served) != 1_000 { usleep(5_000) }
    #expect(served.end(SIGKILL) == SIGKILL)
    try served.start()
    let first = try served.post("/v1/streams/s/events", body, headers: Self.key)
    #expect(first.status == 200)
    #expect(
      first.text == """
        {"accepted":1000,"duplicate_count":0,"duplicates":[],"rejected_count":1,"rejected":[{"index":500,"reason":"expected a value (byte 0 of the document)"}],"late":0,"ahead":0,"first_seq":2,"last_seq":1001}

        """)
    #expect(try served.post("/v1/streams/s/events", body, headers: Self.key).text == first.text)
    #expect(try count(served) == 1_000)
    // Other documents, fewer, more, of another source: each is another request.
    for other in [
      Self.lines(0..<1_000), String(body.dropLast(40)), body + Self.lines(1_000..<1_001),
    ] {
      let refused = try served.post("/v1/streams/s/events", other, headers: Self.key)
      #expect(refused.status == 422 && refused.text.contains("urn:nilometer:problem:idempotency"))
    }
    #expect(try served.post("/v1/streams/s/events?source=x", body, headers: Self.key).status == 422)
    #expect(try count(served) == 1_000)
    // The same bytes in another form are the same request.
    let (output, _) = try served.run(
      "bash",
      [
        "-c",
        "gzip -c '\(file)' | curl -s -H 'Idempotency-Key: \"01J-key\"' -H 'Content-Encoding: gzip' --data-binary @- "
          + "'\(served.url)/v1/streams/s/events'",
      ])
    #expect(String(decoding: output, as: UTF8.self) == first.text)
    #expect(served.end() == 0)
  }

  /// Killed again and again in the middle of a long body, each document is stored once.
  @Test func aRequestThatIsCutGoesOn() throws {
    let served = try ServedStore()
    var random = SeededGenerator(seed: firstSeed)
    let (half, total) = (120_000, 240_000)
    let file = served.path("body")
    try Self.lines(0..<total).write(toFile: file, atomically: true, encoding: .utf8)
    func send(_ rate: String) throws -> (output: Data, status: Int32) {
      try served.run(
        "curl",
        [
          "-s", "--limit-rate", rate, "-X", "POST", "-H", Self.key[0], "-T", file,
          "\(served.url)/v1/streams/s/events",
        ])
    }
    var before = 0
    var pauses: [UInt32] = []
    while before < half {
      let sending = Process()
      sending.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      sending.arguments = [
        "curl", "-s", "--limit-rate", "20M", "-o", served.path("ignored"), "-X", "POST", "-H",
        Self.key[0], "-T", file, "\(served.url)/v1/streams/s/events",
      ]
      try sending.run()
      // Until some more is stored, and a little longer.
      while try count(served) <= before { usleep(2_000) }
      let pause = UInt32.random(in: 0..<60_000, using: &random)
      pauses.append(pause)
      usleep(pause)
      #expect(served.end(SIGKILL) == SIGKILL)
      sending.waitUntilExit()
      try served.start()
      let now = try count(served)
      #expect(now > before && now <= total, "pauses in microseconds: \(pauses)")
      before = now
    }
    let (output, _) = try send("1G")
    let answer = try #require(
      try JSONSerialization.jsonObject(with: output) as? [String: Any],
      "\(String(decoding: output, as: UTF8.self))")
    #expect(answer["accepted"] as? Int == total, "pauses in microseconds: \(pauses)")
    #expect(try served.value("SELECT count(*), sum(stroke) FROM s") == "240000\t28799880000")
    #expect(try send("1G").output == output)
    #expect(served.end() == 0)
    let (_, status) = try served.run(ServedStore.nilo.path, ["check", "--data", served.data])
    #expect(status == 0)
  }

  /// Of two at the same time one is answered, the other is told to wait.
  @Test func twoAtTheSameTime() throws {
    let served = try ServedStore()
    let sending = Process()
    sending.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    sending.arguments = [
      "bash", "-c",
      "(echo '{\"timestamp\":1717200000,\"stroke\":1}'; until [ -e '\(served.path("go"))' ]; do sleep 0.05; done; "
        + "echo '{\"timestamp\":1717200001,\"stroke\":2}') | curl -s -o '\(served.path("reply"))' -H '\(Self.key[0])' -T - -X POST "
        + "'\(served.url)/v1/streams/s/events'",
    ]
    try sending.run()
    while try !served.get("/metrics").text.contains("nilo_http_connections 2") { usleep(10_000) }
    // A connection is there before its request is; what is in no one's way is not stored.
    var refused = try served.post("/v1/streams/s/events", "\n", headers: Self.key)
    while refused.status == 400 {
      usleep(10_000)
      refused = try served.post("/v1/streams/s/events", "\n", headers: Self.key)
    }
    #expect(refused.status == 409 && refused.headers["retry-after"] == "1", "\(refused.text)")
    // Another key, or stream, or client is not held up.
    #expect(
      try served.post("/v1/streams/t/events", Self.lines(0..<2), headers: Self.key).status == 200)
    FileManager.default.createFile(atPath: served.path("go"), contents: nil)
    sending.waitUntilExit()
    refused = try served.post("/v1/streams/s/events", Self.lines(0..<2), headers: Self.key)
    let reply = try String(contentsOfFile: served.path("reply"), encoding: .utf8)
    #expect(reply.contains("\"accepted\":2"))
    #expect(refused.status == 422)
    #expect(try count(served) == 2)
  }

  @Test func keysAreChecked() throws {
    let served = try ServedStore()
    for key in ["", "a b", "\u{e9}", String(repeating: "x", count: 256)] {
      let reply = try served.post(
        "/v1/streams/s/events", Self.lines(0..<1),
        headers: [key.isEmpty ? "Idempotency-Key;" : "Idempotency-Key: \(key)"])
      #expect(reply.status == 400 && reply.text.contains("Idempotency-Key has 1 to 255"), "\(key)")
    }
    let longest = ["Idempotency-Key: " + String(repeating: "~", count: 255)]
    // What is rejected as a whole is answered again so, too.
    let rejected = try served.post("/v1/streams/s/events", "7\n8\n", headers: longest)
    #expect(rejected.status == 422)
    let again = try served.post("/v1/streams/s/events", "7\n8\n", headers: longest)
    #expect(again.status == 422 && again.text == rejected.text)
    let ledger = try served.post("/v1/query?format=tsv", "SHOW REJECTED").text
    #expect(ledger.split(separator: "\n").count == 3, "\(ledger)")
    // Nothing is kept of what could not be read.
    #expect(try served.post("/v1/streams/s/events", "\n", headers: Self.key).status == 400)
    #expect(
      try served.post("/v1/streams/s/events", Self.lines(0..<1), headers: Self.key).status == 200)
  }
}
