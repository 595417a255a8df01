import Foundation
import Testing

@testable import Server

/// Connections as clients other than curl use them.
@Suite struct ConnectionTests {
  /// What comes back for what a shell writes to the connection, until the server closes that.
  private func exchange(_ served: ServedStore, _ shell: String) throws -> String {
    let (output, _) = try served.run(
      "bash",
      ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(served.port); (\(shell)) >&3; cat <&3"])
    return String(decoding: output, as: UTF8.self)
  }

  @Test func oldClientsAreUnderstood() throws {
    let served = try ServedStore()
    let reply = try exchange(served, "printf 'GET /-/healthy HTTP/1.0\\r\\n\\r\\n'")
    #expect(reply.hasPrefix("HTTP/1.0 200 OK\r\n"), "\(reply)")
    #expect(reply.hasSuffix("\r\n\r\n{\"status\":\"healthy\"}\n"))
    // What has no length ends with the connection, and not with chunks.
    let lines = (0..<20_000).map {
      "{\"timestamp\":\(1_717_200_000 + $0),\"t\":\($0),\"u\":\(1_000_000 + $0)}\n"
    }.joined()
    #expect(try served.post("/v1/streams/s/events", lines).status == 200)
    let rows = try exchange(
      served,
      "printf 'GET /v1/query?q=SELECT+t,u+FROM+s+LIMIT+20000&format=csv HTTP/1.0\\r\\n\\r\\n'")
    #expect(!rows.lowercased().contains("transfer-encoding"))
    let body = rows.split(separator: "\r\n\r\n", maxSplits: 1).last ?? ""
    #expect(body.split(separator: "\n").count == 20_001 && body.hasSuffix("19999,1019999\n"))
  }

  /// A client of HTTP/1.0 would take "100 Continue" for the answer.
  @Test func oldClientsAreNotToldToGoOn() throws {
    let served = try ServedStore()
    let request = "POST /v1/streams/s/events HTTP/1.0\\r\\nExpect: 100-continue\\r\\n"
    let reply = try exchange(served, "printf '\(request)Content-Length: 2\\r\\n\\r\\n{}'")
    #expect(reply.hasPrefix("HTTP/1.0 422 "), "\(reply)")
  }

  /// Nobody takes such a body apart, and read as it is it would be documents that are none.
  @Test func codingsOfTransferAreRefused() throws {
    let served = try ServedStore()
    let request = "POST /v1/streams/s/events HTTP/1.1\\r\\nHost: localhost\\r\\n"
    let reply = try exchange(
      served,
      "printf '\(request)Transfer-Encoding: gzip, chunked\\r\\n\\r\\n2\\r\\n{}\\r\\n0\\r\\n\\r\\n'")
    #expect(reply.hasPrefix("HTTP/1.1 501 "), "\(reply)")
    #expect(try served.get("/v1/ledger").text.contains("\"entries\":[]"))
  }

  /// What a client asks for and does not take is not held for ever.
  @Test func clientsThatDoNotReadAreLeft() throws {
    let served = try ServedStore(["--set", "limits.request_seconds=1"])
    let text = String(repeating: "x", count: 300)
    let lines = (0..<50_000).map {
      "{\"timestamp\":\(1_717_200_000 + $0),\"t\":\"\($0)\(text)\"}\n"
    }.joined()
    #expect(try served.post("/v1/streams/s/events", lines).status == 200)
    func connections() throws -> Int {
      let text = try served.get("/metrics").text
      return text.firstMatch(of: /\nnilo_http_connections (\d+)/).flatMap { Int($0.1) } ?? -1
    }
    // More than the buffers of the two sides hold.
    let request =
      "GET /v1/query?q=SELECT+t+FROM+s+SINCE+%%272024-01-01%%27 HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n"
    let asking = Process()
    asking.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    asking.arguments = [
      "bash", "-c",
      "exec 3<>/dev/tcp/127.0.0.1/\(served.port); printf '\(request)' >&3; exec sleep 60",
    ]
    try asking.run()
    defer { kill(asking.processIdentifier, SIGKILL) }
    while try connections() < 2 { usleep(20_000) }
    let deadline = Date(timeIntervalSinceNow: 40)
    while try connections() > 1, Date() < deadline { usleep(50_000) }
    #expect(try connections() == 1)
  }

  /// Answers that nobody reads have a bound together; small ones, and one that is read, go out.
  @Test func answersThatAreNotReadAreBounded() throws {
    let served = try ServedStore(["--set", "limits.answers_memory=1MiB"])
    let text = String(repeating: "x", count: 300)
    let lines = (0..<50_000).map {
      "{\"timestamp\":\(1_717_200_000 + $0),\"t\":\"\($0)\(text)\"}\n"
    }.joined()
    #expect(try served.post("/v1/streams/s/events", lines).status == 200)
    func held() throws -> Int {
      let text = try served.get("/metrics").text
      return text.firstMatch(of: /\nnilo_answers_held_bytes (\d+)/).flatMap { Int($0.1) } ?? -1
    }
    let question = "/v1/query?q=SELECT+t+FROM+s+SINCE+%272024-01-01%27"
    let whole = try served.get(question)
    #expect(whole.status == 200 && whole.text.count > 10_000_000)
    let asking = Process()
    asking.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let path = question.replacing("%", with: "%%")
    let request = "GET \(path) HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n"
    asking.arguments = [
      "bash", "-c",
      "exec 3<>/dev/tcp/127.0.0.1/\(served.port); printf '\(request)' >&3; exec sleep 600",
    ]
    try asking.run()
    defer { kill(asking.processIdentifier, SIGKILL) }
    let deadline = Date(timeIntervalSinceNow: 120)
    while try held() == 0, Date() < deadline { usleep(20_000) }
    let refused = try served.get(question)
    #expect(refused.status == 429)
    #expect(refused.text.contains("limits.answers_memory"), "\(refused.text.prefix(300))")
    let small = question.replacing("SELECT+t+", with: "SELECT+count(*)+")
    #expect(try served.get(small).status == 200)
    kill(asking.processIdentifier, SIGKILL)
    while try held() > 0, Date() < deadline { usleep(20_000) }
    #expect(try served.get(question).status == 200)
  }

  /// RFC 9112, section 3.2.
  @Test func headsNameOneHost() throws {
    let served = try ServedStore()
    for (headers, version, status) in [
      ("", "1.1", 400), ("Host: a\\r\\nHost: a\\r\\n", "1.1", 400),
      ("Host: localhost\\r\\n", "1.1", 200),
      ("Host: a\\r\\nhost: b\\r\\n", "1.0", 400), ("", "1.0", 200),
    ] {
      let close = "Connection: close\\r\\n"
      let text = try exchange(
        served, "printf 'GET /-/healthy HTTP/\(version)\\r\\n\(headers)\(close)\\r\\n'")
      #expect(
        text.hasPrefix("HTTP/\(status == 400 ? "1.1" : version) \(status) "), "\(headers): \(text)")
      if status == 400 {
        #expect(
          text.contains("urn:nilometer:problem:bad-request") && text.contains("header Host"),
          "\(text)")
        #expect(text.lowercased().contains("connection: close"))
      }
    }
  }

  @Test func headsThatAreTooLargeAreToldSo() throws {
    let served = try ServedStore(["--set", "limits.header_bytes=4KiB"])
    let text = try exchange(
      served,
      "printf 'GET / HTTP/1.1\\r\\nHost: localhost\\r\\nX: '; head -c 9000 /dev/zero | tr '\\0' x; printf '\\r\\n\\r\\n'"
    )
    #expect(text.hasPrefix("HTTP/1.1 431 "), "\(text)")
    #expect(text.lowercased().contains("connection: close"))
    #expect(try served.get("/-/healthy").status == 200)
  }

  /// Who begins a head or a body, and says no more, is left; who is silent between requests is not.
  @Test func silentClientsAreLeft() throws {
    let served = try ServedStore(["--set", "limits.request_seconds=1"])
    let head = try exchange(served, "printf 'GET /-/hea'")
    #expect(head == "", "\(head)")
    let body = try exchange(
      served,
      "printf 'POST /v1/streams/s/events HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 100\\r\\n\\r\\n{'"
    )
    #expect(!body.contains(" 200 "), "\(body)")
    let request = "GET /-/healthy HTTP/1.1\\r\\nHost: localhost\\r\\n"
    let idle = try exchange(
      served,
      "printf '\(request)\\r\\n'; sleep 2; printf '\(request)Connection: close\\r\\n\\r\\n'")
    #expect(idle.matches(of: /HTTP\/1.1 200 OK/).count == 2, "\(idle)")
    #expect(try served.get("/-/healthy").status == 200)
  }

  @Test func clientsThatAskTooOftenAreToldSo() throws {
    let served = try ServedStore([
      "--set", "limits.requests_per_second=1", "--set", "limits.request_burst=3",
    ])
    let statuses = try (0..<8).map { _ in try served.get("/v1/streams").status }
    #expect(statuses.prefix(3).allSatisfy { $0 == 200 } && statuses.contains(429), "\(statuses)")
    let refused = try served.get("/v1/streams")
    if refused.status == 429 { #expect(refused.headers["retry-after"] == "1") }
    // Those who watch over the program are not counted.
    #expect(try served.get("/-/healthy").status == 200)
  }

  /// Each client has tokens of its own, and they come back with time.
  @Test func tokensComeBack() throws {
    let rates = RateLimits(perSecond: 2, burst: 3)
    let start = ContinuousClock.now
    func isAdmitted(_ client: String, _ ms: Int) -> Bool {
      do { try rates.admit(client, at: start + .milliseconds(ms)) } catch {
        #expect(error.kind == .tooBusy && error.retryAfterSeconds == 1)
        return false
      }
      return true
    }
    #expect((0..<5).map { _ in isAdmitted("a", 0) } == [true, true, true, false, false])
    #expect(isAdmitted("b", 0))
    #expect((0..<2).map { _ in isAdmitted("a", 500) } == [true, false])
    #expect((0..<5).map { _ in isAdmitted("a", 60_000) } == [true, true, true, false, false])
    let none = RateLimits(perSecond: 0, burst: 1)
    for _ in 0..<1_000 { try none.admit("a", at: start) }
  }
}
