import Foundation
import Testing

/// Requests and statements that are refused, or will be, and what is said and kept of that.
@Suite struct RefusalTests {
  private let document = "{\"device_id\":\"a\",\"timestamp\":\"2024-01-01T00:00:00Z\",\"t\":1}"

  /// Who tried what he may not is noted, with what.
  @Test func whatTheTokenDoesNotPermitIsNoted() throws {
    let served = try ServedStore()
    #expect(try served.post("/v1/streams/pumps/events", document).status == 200)
    func token(_ arguments: String...) throws -> [String] {
      let (output, status) = try served.run(
        ServedStore.nilo.path, ["token", "create", "--data", served.data] + arguments)
      #expect(status == 0)
      usleep(150_000)
      return ["Authorization: Bearer \(String(decoding: output, as: UTF8.self).dropLast())"]
    }
    let hall = try token("--role", "reader", "--name", "hall")
    let chief = try token("--role", "admin", "--name", "chief", "--stream", "pumps")
    let whole = try token("--role", "admin", "--name", "whole")
    let define = "DEFINE KPI k AS avg(t) FROM pumps EVERY 1h"
    #expect(try served.post("/v1/query", define, headers: hall).status == 403)
    #expect(try served.post("/v1/query", define, headers: chief).status == 403)
    // What changes nothing is nobody's concern.
    #expect(try served.post("/v1/query", "SHOW STREAMS", headers: chief).status == 403)
    let noted = try served.post(
      "/v1/query?format=csv",
      "SELECT actor, action, subject, outcome, failure FROM _audit WHERE outcome = 'refused' LIMIT 9",
      headers: whole)
    let lines = noted.text.split(separator: "\n").dropFirst()
    #expect(lines.count == 2, "\(noted.text)")
    #expect(
      lines.first?.hasSuffix(
        ",hall,DEFINE KPI,\(define),refused,this takes the role admin; the token has reader")
        == true,
      "\(noted.text)")
    #expect(lines.last?.contains(",chief,DEFINE KPI,") == true, "\(noted.text)")
  }

  /// A token for some streams is not told whom a schedule tells.
  @Test func schedulesAreDescribedToWhomTheyConcern() throws {
    let served = try ServedStore()
    #expect(try served.post("/v1/streams/pumps/events", document).status == 200)
    let define =
      "DEFINE SCHEDULE x CRON '0 0 1 1 *' AS SELECT count(*) FROM pumps INTO webhook('https://example.com/secret')"
    #expect(try served.post("/v1/query", define).status == 200)
    #expect(try served.post("/v1/query", "DESCRIBE x").text.contains("example.com"))
    let (output, _) = try served.run(
      ServedStore.nilo.path,
      [
        "token", "create", "--data", served.data, "--role", "reader", "--name", "r", "--stream",
        "pumps", "--stream", "x",
      ])
    usleep(150_000)
    let header = ["Authorization: Bearer \(String(decoding: output, as: UTF8.self).dropLast())"]
    for query in ["DESCRIBE x", "SHOW CREATE x"] {
      #expect(try served.post("/v1/query", query, headers: header).status == 403)
    }
    #expect(try served.post("/v1/query", "DESCRIBE pumps", headers: header).status == 200)
  }

  /// Whoever defines what will be refused is told so at once.
  @Test func targetsThatWillBeRefusedAreNoted() throws {
    let served = try ServedStore(["--set", "webhooks.allow=10.1.2.3"])
    #expect(try served.post("/v1/streams/pumps/events", document).status == 200)
    let cases = [
      ("file('a.csv')", "set outputs.directory"),
      ("webhook('http://127.0.0.1/in')", "127.0.0.1 is an address of this machine"),
      ("webhook('http://[::1]:80/in')", "webhooks.allow"),
      ("webhook('https://localhost/in')", "webhooks.allow"),
      ("webhook('http://10.1.2.3/in')", nil), ("webhook('https://example.com/in')", nil),
      ("webhook('https://8.8.8.8/in')", nil), ("stream('means')", nil),
    ]
    for (number, (target, note)) in cases.enumerated() {
      let define =
        "DEFINE SCHEDULE s\(number) CRON '0 0 1 1 *' AS SELECT count(*) FROM pumps INTO \(target)"
      let reply = try served.post("/v1/query", define)
      #expect(reply.status == 200, "\(reply.text)")
      #expect(reply.text.contains("its target will be refused") == (note != nil), "\(reply.text)")
      if let note { #expect(reply.text.contains(note), "\(reply.text)") }
    }
    for name in ["_own", "a b", ""] {
      let define =
        "DEFINE SCHEDULE s CRON '0 0 1 1 *' AS SELECT count(*) FROM pumps INTO stream('\(name)')"
      let reply = try served.post("/v1/query", define)
      #expect(reply.status == 400 && reply.text.contains("cannot be a name"), "\(reply.text)")
    }
    let alert =
      "DEFINE ALERT a ON SELECT max(t) FROM pumps EVERY 1h HAVING max(t) > 1 NOTIFY webhook('http://192.168.1.1/')"
    #expect(try served.post("/v1/query", alert).text.contains("its target will be refused"))
  }

  /// Values in the names of measurements would make a stream of each.
  @Test func aRequestMakesSoManyStreams() throws {
    let served = try ServedStore(["--set", "limits.influx_new_streams=3"])
    func lines(_ numbers: Range<Int>) -> String {
      numbers.map { "m\($0) v=1 1" }.joined(separator: "\n")
    }
    for path in ["/write?db=d", "/api/v2/write?org=o&bucket=b", "/api/v3/write_lp?db=d"] {
      let reply = try served.post(path, lines(0..<4))
      #expect(reply.status == 413 && reply.text.contains("limits.influx_new_streams"), "\(path)")
    }
    #expect(try served.get("/v1/streams").text.contains("\"streams\":[]"))
    #expect(try served.post("/write?db=d", lines(0..<3)).status == 204)
    // Those that are there are not counted.
    #expect(try served.post("/write?db=d", lines(0..<6)).status == 204)
    #expect(
      try served.post("/api/v3/write_lp?db=d&accept_partial=false", lines(10..<14)).status == 413)
  }

  @Test func aLedgerOfNoStreamIsNone() throws {
    let served = try ServedStore()
    let reply = try served.get("/v1/ledger?stream=nope")
    #expect(reply.status == 404 && reply.text.contains("there is no stream nope"))
    #expect(try served.get("/v1/ledger?stream=_audit").status == 200)
  }

  /// All that came for a stream was rejected: it is not there, and its ledger is.
  @Test func aStreamThatCouldNotBeMadeHasALedger() throws {
    let served = try ServedStore()
    #expect(try served.post("/v1/streams/doors/events", "{\"v\":1}").status == 422)
    let reply = try served.get("/v1/ledger?stream=doors")
    #expect(reply.status == 200 && reply.text.contains("\"rejected\""), "\(reply.text)")
    // What it was rejected for is told in the words of HTTP, as it was then.
    #expect(reply.text.contains("is the time: TIME in DEFINE STREAM"), "\(reply.text)")
  }

  /// What cannot be altered is for whoever asks to know, and no failure of the server.
  @Test func anAlterationThatLosesEventsIsRefused() throws {
    let served = try ServedStore()
    let document = "{\"timestamp\":\"2024-01-01T00:00:00Z\",\"v\":1}"
    #expect(try served.post("/v1/streams/b/events", document).status == 200)
    let reply = try served.post("/v1/query", "ALTER STREAM b TIME nosuch")
    #expect(
      reply.status == 400 && reply.text.contains("would lose at least 1 event"), "\(reply.text)")
  }

  /// A file of settings may have comments alone.
  @Test func aFileOfCommentsHasNoSettings() throws {
    let served = try ServedStore()
    let file = served.data + "/comments.yaml"
    for text in ["# nothing\n", ""] {
      try text.write(toFile: file, atomically: true, encoding: .utf8)
      let (output, status) = try served.run(
        ServedStore.nilo.path, ["config", "check", "--config", file])
      #expect(status == 0, "\(String(decoding: output, as: UTF8.self))")
    }
  }

  /// The store's own streams can be asked before they have anything.
  @Test func ownStreamsHaveTheirFields() throws {
    let served = try ServedStore()
    for query in [
      "SELECT schedule, boundary, state, rows, failure FROM _runs LIMIT 5",
      "SELECT alert, kind, state, provisional, failure FROM _alerts LIMIT 5",
      "SELECT actor, action, outcome FROM _audit WHERE failure IS NOT NULL LIMIT 5",
      "SELECT sum(rows) AS rows FROM _runs WHERE state = 'failed' GROUP BY schedule EVERY 1h LAST 1d",
    ] {
      let reply = try served.post("/v1/query?format=csv", query)
      #expect(reply.status == 200, "\(reply.text)")
      #expect(reply.text.split(separator: "\n").count == 1, "\(reply.text)")
    }
  }
}
