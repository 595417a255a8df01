import Curl
import Foundation
import Model
import Query
import Store
import Testing

@testable import Server

/// Webhooks are told at least once, under one id, signed, and only where it is permitted.
@Suite struct WebhookTests {
  private static let events = [
    #"{"timestamp":"2024-06-01T00:10:00Z","v":50}"#, #"{"timestamp":"2024-06-01T05:00:00Z","v":1}"#,
  ]

  /// A schedule's answer is tried again with the same id and the same bytes, also after a restart, and other schedules are not
  /// held up by it.
  @Test func schedules() throws {
    let clock = TestClock("2024-06-01T10:30:00Z")
    let plant = try TestPlant(clock)
    let hook = try TestWebhook(plant.path("told"))
    plant.secretFile = plant.path("secret")
    try "very secret\n".write(toFile: plant.secretFile, atomically: true, encoding: .utf8)
    _ = try plant.store.append(Self.events, to: "m")
    try plant.define("hook", "SELECT count(*) AS n FROM m INTO webhook('\(hook.url)/in')")
    try plant.define("other", "SELECT count(*) AS n FROM m INTO stream('counts')")
    hook.answer(500)
    clock.set("2024-06-01T11:00:00Z")
    try plant.run(until: { $0.map(\.key.name) == ["hook"] && $0[0].attempts == 1 })
    #expect(
      try plant.rows("SHOW SCHEDULES").map { [$0[0], $0[5], $0[7]] } == [
        ["hook", "refused", "1"], ["other", "done", "0"],
      ])
    #expect(try plant.store.schedules()[0].refusal?.hasSuffix("answers with status 500") == true)
    _ = try plant.store.append([#"{"timestamp":"2024-06-01T06:00:00Z","v":1}"#], to: "m")
    hook.answer(204)
    try plant.reopen()
    try plant.run()
    try plant.run()
    let told = hook.told
    #expect(told.map(\.status) == [500, 204])
    #expect(Set(told.map(\.body)).count == 1)
    #expect(told[0].body.contains(#""rows":["# + "\n[2]]"), "\(told[0].body)")
    #expect(told.allSatisfy { $0.headers["x-nilo-id"] == "hook/1/2024-06-01T11:00:00Z" })
    for one in told {
      let timestamp = one.headers["x-nilo-timestamp"] ?? ""
      #expect(timestamp == "\(clock.ns / 1_000_000_000)")
      let signature = Webhooks.signature("very secret", timestamp: timestamp, Array(one.body.utf8))
      #expect(one.headers["x-nilo-signature"] == "v1=\(signature)")
    }
    #expect(try plant.runs().filter { $0.contains("done") } == ["11:00 done 1", "11:00 done 1"])
    // Attempts count over restarts.
    #expect(
      try plant.facts(
        "SELECT attempts FROM _runs WHERE schedule = 'hook' AND state = 'done' LIMIT 9") == [["2"]])
    #expect(try plant.store.schedules()[0].waitingRuns == 0)
  }

  /// What is referred to goes to the receiver, and into no message and no event.
  @Test func secretsOfReceivers() throws {
    let clock = TestClock("2024-06-01T10:30:00Z")
    let plant = try TestPlant(clock)
    let hook = try TestWebhook(plant.path("told"))
    _ = try plant.store.append(Self.events, to: "m")
    let token = plant.path("token")
    try plant.define(
      "a",
      "SELECT count(*) AS n FROM m INTO webhook(url '\(hook.url)/in?a=1', "
        + "header.Authorization file('\(token)'), query.token file('\(token)'), "
        + "query.site 'north & south')")
    let url = plant.path("url")
    try plant.define("b", "SELECT count(*) AS n FROM m INTO webhook(url file('\(url)'))")
    clock.set("2024-06-01T11:00:00Z")
    func failures() throws -> [String] { try plant.store.schedules().compactMap(\.refusal) }
    try plant.serve { try failures().count == 2 }
    let absent = try failures()
    #expect(absent[0].contains("file \(token) cannot be read"), "\(absent)")
    hook.answer(500)
    try "hidden-token".write(toFile: token, atomically: true, encoding: .utf8)
    try "\(hook.url)/hidden-path".write(toFile: url, atomically: true, encoding: .utf8)
    try plant.serve { try failures().allSatisfy { $0.hasSuffix("answers with status 500") } }
    hook.answer(204)
    try plant.run()
    let told = Dictionary(grouping: hook.told) { $0.headers["x-nilo-id"]?.first }.mapValues(\.last)
    #expect(told["a"]??.headers["authorization"] == "hidden-token")
    #expect(told["a"]??.path == "/in?a=1&site=north%20%26%20south&token=hidden-token")
    #expect(told["b"]??.path == "/hidden-path")
    for stream in ["_runs", "_schedules", "_audit"] where plant.store.definition(of: stream) != nil
    {
      try plant.store.forEachEvent(of: stream) { event in
        let text = String(decoding: event.bytes, as: UTF8.self)
        #expect(!text.contains("hidden"), "\(stream): \(text)")
        return true
      }
    }
  }

  @Test func signatures() {
    // python3 -c "import hmac; print(hmac.new(b'key', b'1717239600.{}', 'sha256').hexdigest())"
    #expect(
      Webhooks.signature("key", timestamp: "1717239600", Array("{}".utf8))
        == "d804d24ff1de45ef23bf1fc3774c5560f7f264d9aa1dfae2dd1090f2dbaaab3e")
  }

  @Test func alerts() throws {
    let clock = TestClock("2024-06-01T12:00:00Z")
    let plant = try TestPlant(clock)
    let hook = try TestWebhook(plant.path("told"))
    _ = try plant.store.append([#"{"timestamp":"2024-06-01T00:00:00Z","v":1}"#], to: "m")
    _ = try plant.ask(
      "DEFINE ALERT hot ON SELECT max(v) AS high FROM m EVERY 1h HAVING high > 40 NOTIFY webhook('\(hook.url)/hot')"
    )
    _ = try plant.store.append(Self.events, to: "m")
    try AlertWatch(plant.store, limits: QueryLimits()).judge(after: 0)
    hook.answer(500)
    try plant.serve {
      try plant.store.alertLedgers().values.flatMap(\.untold).map(\.attempts) == [1, 1]
    }
    let waiting = try plant.store.alerts()[0]
    #expect(waiting.waitingNotices == 2 && waiting.waitingSinceNs == clock.ns)
    #expect(try plant.rows("SHOW ALERTS")[0][8].hasSuffix("answers with status 500"))
    hook.answer(200)
    try plant.reopen()
    try plant.serve { try plant.untold == 0 }
    try plant.serve { try plant.untold == 0 }
    let told = hook.told.filter { $0.status == 200 }
    #expect(told.count == 2)
    #expect(
      told.contains {
        $0.body.contains(#""state":"firing","before":"resolved","values":{"high":50}"#)
      })
    #expect(Set(hook.told.map { $0.headers["x-nilo-id"] }).count == 2)
    #expect(try plant.alerts().suffix(2) == ["notified", "notified"])
    #expect(
      try plant.facts("SELECT attempts FROM _alerts WHERE kind = 'notified' LIMIT 9")
        == [["2"], ["2"]])
    #expect(told.allSatisfy { $0.headers["x-nilo-signature"] == nil })
  }

  /// What cannot be told is given up in the end, and noted.
  @Test func givenUp() throws {
    let clock = TestClock("2024-06-01T12:00:00Z")
    let plant = try TestPlant(clock)
    plant.allowedHosts = []
    let hook = try TestWebhook(plant.path("told"))
    _ = try plant.store.append(Self.events, to: "m")
    try plant.define("hook", "SELECT count(*) AS n FROM m INTO webhook('\(hook.url)/in')")
    clock.set("2024-06-01T13:00:00Z")
    try plant.run()
    #expect(try plant.runs().last?.contains("webhooks.allow lists hosts") == true)
    #expect(hook.told.isEmpty)
    // A redirect is not followed.
    plant.allowedHosts = ["127.0.0.1"]
    hook.answer(302)
    clock.set("2024-06-01T14:00:00Z")
    try plant.run(until: { _ in hook.told.count == 1 })
    clock.set("2024-06-01T15:00:00Z")
    try plant.run(until: { pending in pending.count == 1 })
    #expect(
      try plant.runs().contains { $0.hasPrefix("14:00 failed given up") && $0.contains("302") })
    #expect(hook.told.allSatisfy { $0.path == "/in" })
  }

  @Test(
    arguments: [
      ("8.8.8.8", true), ("127.0.0.1", false), ("10.1.2.3", false), ("172.16.0.1", false),
      ("172.32.0.1", true), ("192.168.1.1", false), ("169.254.169.254", false), ("0.0.0.0", false),
      ("100.64.0.1", false), ("224.0.0.1", false), ("255.255.255.255", false), ("1.2.3", false),
      ("::1", false), ("::", false), ("fe80::1", false), ("fe80::1%eth0", false),
      ("fd00::1", false),
      ("ff02::1", false), ("2606:4700::1111", true), ("::ffff:127.0.0.1", false),
      ("::ffff:8.8.8.8", true), ("::7f00:1", false), ("64:ff9b::7f00:1", false),
      ("2002:7f00:1::", false), ("2001:db8:0:0:0:0:0:1", true), ("x", false), ("1:2", false),
      ("", false),
    ])
  func addresses(_ text: String, _ isPublic: Bool) {
    #expect(PublicAddress.isPublic(text) == isPublic)
  }
}

extension TestPlant {
  /// Events that somebody is still to be told of.
  var untold: Int {
    get throws { try store.alertLedgers().values.reduce(0) { $0 + $1.untold.count } }
  }
}

/// A webhook that notes what it is told.
final class TestWebhook: @unchecked Sendable {
  struct Told: Decodable {
    var path: String
    var body: String
    var status: Int
    var headers: [String: String]
  }

  let url: String
  private let file: String
  private let process = Process()

  init(_ file: String) throws {
    self.file = file
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "python3",
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "webhook.py"
      )
      .path, file,
    ]
    process.standardOutput = output
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    url = "http://127.0.0.1:\(line.trimmingCharacters(in: .whitespacesAndNewlines))"
  }

  deinit {
    // The threads of tests block SIGTERM, and so does what they start.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// The status of answers from now on.
  func answer(_ status: Int) {
    try? "\(status)".write(toFile: file + ".status", atomically: true, encoding: .utf8)
  }

  var told: [Told] {
    let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap {
      try? JSONDecoder().decode(Told.self, from: Data($0.utf8))
    }
  }
}
