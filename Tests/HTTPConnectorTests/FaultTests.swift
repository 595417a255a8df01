import Foundation
import Synchronization
import TestSupport
import Testing

@testable import HTTPConnector

/// What goes wrong with servers, and what comes of it: a clear failure, nothing twice, and recovery without help.
@Suite struct FaultTests {
  private let server: TestServer
  private let target: PolledStore

  init() throws {
    server = try TestServer()
    target = try PolledStore()
  }

  private let good = TestServer.body(#"{"id":"1","timestamp":"2024-06-01T00:00:00Z","v":1}"#)

  private func options(_ path: String, _ others: String = "") -> String {
    "url '\(server.url)\(path)', allow '127.0.0.1'" + (others.isEmpty ? "" : ", \(others)")
  }

  /// What a path says once, and that the good answer after it is taken.
  private func failure(
    _ fault: String, _ others: String = "",
    adjust: @escaping (inout HTTPSourceSettings) -> Void = { _ in }
  ) throws -> String {
    try server.answer("/a", fault, good)
    let seen = try target.poll(options("/a", others), adjust: adjust) { $0.successes == 1 }
    #expect(try target.values("v") == ["1"])
    #expect(seen.failures.count == 1, "\(seen.failures)")
    return (seen.failures.first ?? "").replacingOccurrences(of: server.url, with: "")
  }

  @Test func statuses() throws {
    #expect(
      try failure(#"{"status":500,"body":"<b>out\n of\torder</b>"}"#)
        == "/a answers with status 500: <b>out of order</b>")
  }

  @Test func tooManyRequests() throws {
    #expect(
      try failure(#"{"status":429,"headers":{"Retry-After":"1"}}"#)
        == "/a answers with status 429; it asks to be left alone for 1 s")
  }

  @Test func aBodyThatIsCut() throws {
    let told = try failure(#"{"body":"[{\"v\":","cut":100}"#)
    #expect(told.hasPrefix("/a: "), "\(told)")
  }

  @Test func aSlowDrip() throws {
    let told = try failure(
      #"{"body":"\#(String(repeating: " ", count: 100))","drip":0.05}"#
    ) { $0.limits.timeoutMs = 300 }
    #expect(told.hasPrefix("/a has not answered in time"), "\(told)")
  }

  @Test func aServerThatSaysNothing() throws {
    let told = try failure(#"{"hold":5}"#) { $0.limits.timeoutMs = 200 }
    #expect(told.hasPrefix("/a has not answered in time"), "\(told)")
  }

  @Test(arguments: [#"{"body":"\#(String(repeating: "x", count: 3_000))"}"#, #"{"bomb":50000000}"#])
  func aHugeBody(_ fault: String) throws {
    #expect(
      try failure(fault, "max_bytes 2000")
        == "the answer of /a has more than 2000 bytes; ask for less at once, or raise max_bytes")
  }

  /// The first bytes of what is compressed are no answer, however many of them were announced.
  @Test(arguments: [0.5, 0.9])
  func compressedAnswersThatAreCutOff(_ part: Double) throws {
    let lines = (0..<200).map { #"{"id":"x\#($0)","timestamp":"2024-06-01T00:00:00Z","v":9}"# }
    let body = TestServer.body(lines.joined(separator: "\n"), #""gzip":true,"part":\#(part)"#)
    let told = try failure(body, "format 'ndjson'")
    #expect(told.hasPrefix("/a: gzip: the data ends within a member"), "\(told)")
  }

  @Test func answersThatAreCompressedInAnotherWay() throws {
    #expect(
      try failure(#"{"body":"x","headers":{"Content-Encoding":"br"}}"#)
        == "/a: the answer is compressed by br, which was not asked for")
  }

  @Test func compressedAnswersAreTaken() throws {
    try server.answer("/a", String(good.dropLast()) + #","gzip":true}"#)
    try target.poll(options("/a")) { $0.successes == 1 }
    #expect(try target.values("v") == ["1"])
  }

  /// What was said stays to be looked at.
  @Test(arguments: [
    ("<html>", "it cannot be mapped: no JSON at byte 0"),
    (#"{"items":[]} x"#, "it cannot be mapped: no JSON at byte 13"),
    (#"{"data":{}}"#, "it has no items"),
  ])
  func anotherAnswerThanWasSaid(_ body: String, _ reason: String) throws {
    try server.answer(
      "/a", TestServer.body(body), TestServer.body(body),
      TestServer.body(#"{"items":[{"timestamp":"2024-06-01T00:00:00Z","v":1}]}"#))
    let seen = try target.poll(options("/a", "records 'items'")) { $0.successes == 1 }
    #expect(
      seen.failures
        == Array(repeating: "the answer of \(server.url)/a cannot be used: \(reason)", count: 2))
    #expect(try target.values("v") == ["1"])
    // Once, though it came twice.
    #expect(try target.documents("s_answers").count == 2)
  }

  /// Records that are no events are on the ledger; the others go in.
  @Test func aRecordThatIsNone() throws {
    try server.answer(
      "/a", TestServer.body(#"[{"timestamp":"2024-06-01T00:00:00Z","v":1},{"v":2},7]"#))
    let seen = try target.poll(options("/a")) { $0.successes == 1 }
    #expect(seen.rejected == 2 && seen.failures == [])
    #expect(try target.values("v") == ["1"])
  }

  /// One that is no JSON is on the ledger alone, with what is wrong with it.
  @Test func aRecordThatIsNoJSON() throws {
    let records = [1, 2, 3].map { number in
      #"{"timestamp":"2024-06-01T00:00:0\#(number)Z","v":\#(number == 2 ? "NaN" : "\(number)")}"#
    }
    try server.answer(
      "/a", TestServer.body(#"{"items":[\#(records.joined(separator: ","))],"next":"b"}"#),
      TestServer.body(#"{"items":[],"next":null}"#))
    let paged = "records 'items', paging 'cursor', next 'next'"
    let seen = try target.poll(options("/a", paged)) { $0.successes == 1 }
    #expect(seen.failures == [] && seen.rejected == 1)
    #expect(try target.values("v") == ["1", "3"])
    var reasons: [String] = []
    try target.store.forEachLedgerEntry(kind: .rejected) { entry in
      reasons.append(entry.reason ?? "")
      return true
    }
    #expect(reasons == ["expected a value (byte 40 of the document)"])
    #expect(try server.asked().map(\.path).prefix(2) == ["/a", "/a?cursor=b"])
  }

  /// One that is no document names no stream, but that is not what is wrong with it.
  @Test func aStrayThatIsNoJSON() throws {
    try server.answer("/a", TestServer.body(#"[{"kind":tru},{"v":1}]"#))
    let seen = try target.poll(options("/a"), into: "FIELD kind") { $0.successes == 1 }
    #expect(seen.rejected == 2)
    var reasons: [String] = []
    try target.store.forEachLedgerEntry(kind: .rejected) { entry in
      reasons.append(entry.reason ?? "")
      return true
    }
    #expect(
      reasons == [
        "expected a value (byte 8 of the document)", "it has no field kind that names a stream",
      ])
  }

  // MARK: Redirects

  @Test func redirectsAreFollowed() throws {
    try server.answer("/a", #"{"status":302,"headers":{"Location":"b?x=1"}}"#)
    try server.answer("/b", #"{"status":307,"headers":{"Location":"\#(server.url)/c"}}"#)
    try server.answer("/c", good)
    try target.poll(options("/a", "method 'POST', body 'x'")) { $0.successes == 1 }
    #expect(
      try server.asked().map { "\($0.method) \($0.path) \($0.body)" } == [
        "POST /a x", "GET /b?x=1 ", "GET /c ",
      ])
    #expect(try target.values("url", of: "s_answers") == ["\(server.url)/c"])
  }

  @Test func redirectsThatDoNotEnd() throws {
    try server.answer("/a", #"{"status":302,"headers":{"Location":"/b"}}"#)
    try server.answer("/b", #"{"status":302,"headers":{"Location":"/a"}}"#)
    let seen = try target.poll(options("/a", "max_redirects 3")) { $0.failures.count == 1 }
    #expect(
      seen.failures.first
        == "\(server.url)/a is where more than 3 redirects lead; give the last URL, or raise max_redirects"
    )
    #expect(try server.asked().count == 4)
  }

  /// A server may not have others of the network asked.
  @Test func redirectsToOtherNetworks() throws {
    // To the same server by an address that is not allowed.
    try server.answer(
      "/a", #"{"status":302,"headers":{"Location":"http://127.0.0.2:\#(server.port)/b"}}"#)
    try server.answer("/b", good)
    let seen = try target.poll(options("/a")) { $0.failures.count == 1 }
    #expect(
      seen.failures.first
        == "http://127.0.0.2:\(server.port)/b: 127.0.0.2 has an address of this machine or of its networks; allow '127.0.0.2' permits that"
    )
    try server.answer("/a", #"{"status":302,"headers":{"Location":"file:///etc/passwd"}}"#)
    let file = try target.poll(options("/a")) { $0.failures.count == 1 }
    #expect(
      file.failures.first
        == "\(server.url)/a points to what is no URL of http: file:///etc/passwd")
    #expect(try server.asked().map(\.path) == ["/a", "/a"])
  }

  /// A name that is resolved to another address the next time.
  @Test func addressesThatChange() throws {
    try server.answer("/a", String(good.dropLast()) + #","headers":{"Connection":"close"}}"#)
    let count = Mutex(0)
    let seen = try target.poll(
      "url 'http://weather.example:\(server.port)/a'",
      adjust: { settings in
        settings.limits.permits = { $0 == "127.0.0.1" }
        settings.limits.lookUp = { host in
          count.withLock {
            $0 += 1
            return $0 == 1 ? "127.0.0.1" : "127.0.0.2"
          }
        }
      }, until: { $0.failures.count == 1 })
    #expect(seen.events == 1)
    #expect(
      seen.failures.first
        == "http://weather.example:\(server.port)/a: weather.example has an address of this machine or of its networks; allow 'weather.example' permits that"
    )
    #expect(try server.asked().count == 1)
  }

  @Test(arguments: ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]"])
  func ownAddresses(_ host: String) throws {
    try server.answer("/a", good)
    let seen = try target.poll("url 'http://\(host):\(server.port)/a'") { $0.failures.count == 1 }
    #expect(
      seen.failures.first?.contains("has an address of this machine or of its networks") == true,
      "\(seen.failures)")
    #expect(try server.asked().isEmpty)
  }

  // MARK: Secrets

  /// Secrets go to the server that was meant, and to no other; none is kept or shown.
  @Test func secretsGoNowhereElse() throws {
    let file = target.directory.appendingPathComponent("secret")
    try Data("hunter two\n".utf8).write(to: file)
    let secrets =
      "header.\"X-Api-Key\" file('\(file.path)'), query.appid file('\(file.path)'), password file('\(file.path)'), header.\"X-Own\" 'o'"
    // The other server is the same one, by another address.
    let other = "http://127.0.0.2:\(server.port)"
    try server.answer(
      "/a",
      TestServer.body(
        #"{"items":[{"timestamp":"2024-06-01T00:00:00Z","v":1}],"next":"\#(server.url)/b?appid=hunter%20two"}"#
      ))
    try server.answer(
      "/b",
      TestServer.body(
        #"{"items":[{"timestamp":"2024-06-01T00:00:01Z","v":2}],"next":"\#(other)/c"}"#))
    try server.answer("/c", #"{"status":302,"headers":{"Location":"\#(other)/d"}}"#)
    try server.answer("/d", #"{"status":400,"body":"bad key"}"#)
    let paged = "records 'items', paging 'next', next 'next', allow ('127.0.0.1', '127.0.0.2')"
    let own = "url '\(server.url)/a', \(paged), \(secrets)"
    let seen = try target.poll(own) { $0.failures.count == 1 }
    let asked = try server.asked()
    #expect(
      asked.map(\.path) == ["/a?appid=hunter%20two", "/b?appid=hunter%20two", "/c", "/d"])
    #expect(asked.map { $0.headers["x-api-key"] } == ["hunter two", "hunter two", nil, nil])
    #expect(asked.map { $0.headers["authorization"] == nil } == [false, false, true, true])
    #expect(asked.map { $0.headers["x-own"] } == ["o", "o", "o", "o"])
    #expect(seen.failures == ["\(other)/d answers with status 400: bad key"])
    #expect(
      try target.values("url", of: "s_answers") == ["\(server.url)/a", "\(server.url)/b"])
    // A server that says it again is not helped in that.
    try server.answer("/e", #"{"status":401,"body":"the key hunter two is wrong"}"#)
    let told = try target.poll("url '\(server.url)/e', allow '127.0.0.1', \(secrets)") {
      $0.failures.count == 1
    }
    #expect(
      told.failures == ["\(server.url)/e answers with status 401: the key *** is wrong"])
    let noted = try target.store.progress(withPrefix: "s").map {
      String(decoding: $0.progress.position, as: UTF8.self)
    }
    #expect(!noted.joined().contains("hunter"))
  }

  /// A secret is looked up anew for each poll.
  @Test func secretsMayChange() throws {
    let file = target.directory.appendingPathComponent("secret")
    try Data("old".utf8).write(to: file)
    try server.answer("/a", #"{"status":403}"#, good)
    try target.poll(options("/a", "header.Authorization file('\(file.path)')")) { seen in
      if seen.failures.count == 1 { try? Data("new".utf8).write(to: file) }
      return seen.successes == 1
    }
    #expect(try server.asked().map { $0.headers["authorization"] } == ["old", "new"])
  }

  // MARK: Pages

  private let next = "records 'items', paging 'next', next 'next'"

  @Test func pagesThatLeadBack() throws {
    try server.answer(
      "/a", TestServer.body(#"{"items":[{"timestamp":"2024-06-01T00:00:00Z","v":1}],"next":"/b"}"#))
    try server.answer(
      "/b", TestServer.body(#"{"items":[{"timestamp":"2024-06-01T00:00:01Z","v":2}],"next":"/b"}"#))
    let seen = try target.poll(options("/a", next)) { $0.failures.count == 1 }
    #expect(seen.failures == ["the pages of s lead back to one that was read"])
    #expect(try target.values("v") == ["1", "2"])
    #expect(try server.asked().count == 2)
  }

  @Test func moreLinksThanWereSaid() throws {
    for number in 0..<4 {
      try server.answer(
        "/\(number)",
        TestServer.body(
          #"{"items":[{"timestamp":"2024-06-01T00:00:0\#(number)Z","v":\#(number)}],"next":\#(number < 3 ? "\"/\(number + 1)\"" : "null")}"#
        ))
    }
    let seen = try target.poll(options("/0", "\(next), max_pages 2")) { $0.successes == 1 }
    #expect(
      seen.failures == [
        "there are more than 2 pages; it goes on after them, or max_pages may be raised"
      ])
    #expect(try target.values("v") == ["0", "1", "2", "3"])
  }

  /// The answer says it in another way than it did.
  @Test func pagingThatChanges() throws {
    try server.answer("/a", TestServer.body(#"{"items":[],"next":{"url":"/b"}}"#))
    let seen = try target.poll(options("/a", next)) { $0.failures.count == 1 }
    #expect(seen.failures == ["the answer of \(server.url)/a has no text at next"])
    // A page that is not there any more: the next poll begins with the first.
    try server.answer("/a", TestServer.body(#"{"items":[],"next":"/gone"}"#))
    try server.answer("/gone", #"{"status":410}"#)
    _ = try server.asked()
    let gone = try target.poll(options("/a", next)) { $0.failures.count == 2 }
    #expect(gone.failures.allSatisfy { $0 == "\(server.url)/gone answers with status 410" })
    #expect(try server.asked().map(\.path) == ["/a", "/gone", "/a", "/gone"])
  }

  // MARK: Pauses

  @Test func pausesGrowWithFullJitter() {
    rounds(20) { random in
      let failure = PollFailure("x")
      let later = PollFailure("x", retryAfterNs: 7_000_000_000)
      for (failures, seconds) in [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (99, 300)] {
        let boundNs = Int64(seconds) * 1_000_000_000
        let pauses = (0..<200).map { _ in
          PollBackoff.pauseNs(failure, failedPolls: failures, &random)
        }
        try check(pauses.allSatisfy { 0...boundNs ~= $0 }, "beyond \(seconds) s")
        // All of it is used.
        try check(pauses.contains { $0 < boundNs / 10 }, "none is short")
        try check(pauses.contains { $0 > boundNs / 10 * 9 }, "none is long")
        try check(
          PollBackoff.pauseNs(later, failedPolls: failures, &random) >= 7_000_000_000,
          "before the server has asked for it")
      }
    }
  }
}
