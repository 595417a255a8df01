import Foundation
import Synchronization
import Testing

/// Who may do what.
@Suite struct SecurityTests {
  private let document = "{\"device_id\":\"a\",\"timestamp\":\"2024-01-01T00:00:00Z\",\"t\":1}"

  /// Makes a token, and gives its id and text.
  private func token(_ served: ServedStore, _ arguments: String...) throws -> (
    id: String, text: String
  ) {
    let (output, status) = try served.run(
      ServedStore.nilo.path, ["token", "create", "--data", served.data, "--json"] + arguments)
    #expect(status == 0)
    // The server looks at the file ten times a second.
    usleep(150_000)
    let made = try JSONSerialization.jsonObject(with: output) as? [String: String]
    return (try #require(made?["id"]), try #require(made?["token"]))
  }

  private func header(_ text: String, _ scheme: String = "Bearer") -> [String] {
    ["Authorization: \(scheme) \(text)"]
  }

  @Test func rolesMayDoWhatTheyMay() throws {
    let served = try ServedStore()
    // Without tokens programs of this machine may do all.
    #expect(try served.post("/v1/streams/pumps/events", document).status == 200)
    let reader = try token(served, "--role", "reader", "--name", "hall").text
    let writer = try token(served, "--role", "writer", "--name", "plant").text
    let admin = try token(served, "--role", "admin", "--name", "chief").text
    // Now that there are some, everybody has to show one.
    let define = "DEFINE KPI k AS avg(t) FROM pumps EVERY 1h"
    let query = "SELECT count(*) FROM pumps"
    for (token, mayAsk, mayAppend, mayDefine) in [
      (reader, 200, 403, 403), (writer, 200, 200, 403), (admin, 200, 200, 200),
      (nil, 401, 401, 401), (reader.dropLast().description + "x", 401, 401, 401),
      ("nilo_x_y", 401, 401, 401), ("", 401, 401, 401),
    ] {
      let headers = token.map { header($0) } ?? []
      #expect(try served.post("/v1/query", query, headers: headers).status == mayAsk)
      #expect(
        try served.post("/v1/streams/pumps/events", document, headers: headers).status == mayAppend)
      #expect(try served.post("/v1/query", define, headers: headers).status == mayDefine)
      #expect(try served.get("/-/healthy").status == 200)
    }
    let refused = try served.get("/v1/streams")
    #expect(refused.headers["www-authenticate"] == "Bearer realm=\"nilo\"")
    #expect(!served.log.contains(reader))
  }

  /// A KPI may have versions over several streams, and one that was dropped may have been over another: a token for one of
  /// them does not lead to the other, whichever way it is asked.
  @Test func versionsOverSeveralStreams() throws {
    let served = try ServedStore()
    for stream in ["open", "secret"] {
      let document = "{\"d\":\"\(stream)\",\"timestamp\":\"2024-01-01T00:00:00Z\",\"v\":1}"
      #expect(try served.post("/v1/streams/\(stream)/events", document).status == 200)
    }
    func admin(_ statement: String, _ headers: [String] = []) throws {
      #expect(try served.post("/v1/query", statement, headers: headers).status == 200)
    }
    try admin("DEFINE KPI gone AS sum(v) AS s FROM secret GROUP BY d EVERY 1h")
    let seen = try served.get("/v1/kpis").text.matches(of: #/"as_of_seq":\s*(\d+)/#).first?.1 ?? "0"
    try admin("DROP KPI gone")
    try admin("DEFINE KPI gone AS sum(v) AS s FROM open GROUP BY d EVERY 1h")
    try admin("DEFINE KPI k AS sum(v) AS s FROM open GROUP BY d EVERY 1h")
    try admin("REDEFINE KPI k AS sum(v) AS s FROM secret GROUP BY d EVERY 1h")
    let reader = header(
      try token(served, "--role", "reader", "--name", "r", "--stream", "open").text)
    let chief = header(try token(served, "--role", "admin", "--name", "chief").text)
    func status(_ statement: String) throws -> Int {
      let reply = try served.post("/v1/query", statement, headers: reader)
      #expect(!reply.text.contains("secret"), "\(statement): \(reply.text)")
      return reply.status
    }
    #expect(try status("SELECT * FROM k") == 200)
    #expect(try status("SELECT * FROM gone") == 200)
    #expect(try served.get("/v1/kpis/k/rows", headers: reader).status == 403)
    #expect(try served.get("/v1/kpis/k/rows?version=2", headers: reader).status == 403)
    let versions = try served.get("/v1/kpis/k", headers: reader)
    #expect(versions.status == 200 && !versions.text.contains("secret"), "\(versions.text)")
    for statement in [
      "SELECT * FROM k USING VERSION 2", "EVENTS FOR SELECT * FROM k USING VERSION 2 LIMIT 3",
      "EXPLAIN SELECT * FROM k USING VERSION 2", "SHOW VERSIONS FROM k", "SHOW HISTORY OF k",
      "COMPARE KPI k VERSION 1 WITH VERSION 2", "SHOW HISTORY OF gone",
      "SELECT * FROM gone AS OF SEQ \(seen)", "EXPLAIN SELECT * FROM gone AS OF SEQ \(seen)",
      "EXPLAIN VALUE SELECT * FROM gone AS OF SEQ \(seen)",
    ] {
      #expect(try status(statement) == 403, "\(statement)")
    }
    try admin("SWITCH KPI k TO VERSION 2", chief)
    for statement in [
      "SELECT * FROM k", "EVENTS FOR SELECT * FROM k LIMIT 3", "SHOW CREATE k", "DESCRIBE k",
      "SHOW FIELDS FROM k",
    ] {
      #expect(try status(statement) == 403, "\(statement)")
    }
    #expect(try status("SELECT * FROM k USING VERSION 1") == 200)
    #expect(try served.get("/v1/subscribe?kpi=k", headers: reader).status == 403)
    let moment = try served.get("/kpis/2024-01-01T00:00:00Z?exact=true", headers: reader)
    #expect(moment.status == 200 && !moment.text.contains("secret"), "\(moment.text)")
  }

  @Test func schemesOfClientsAreKnown() throws {
    let served = try ServedStore()
    let reader = try token(served, "--role", "reader", "--name", "r").text
    let basic = Data("user:\(reader)".utf8).base64EncodedString()
    for headers in [
      header(reader), header(reader, "Token"), header(basic, "Basic"), header(reader, "bearer"),
    ] {
      #expect(try served.get("/v1/streams", headers: headers).status == 200)
    }
    #expect(try served.get("/v1/streams", headers: header(reader, "Digest")).status == 401)
    // Clients of InfluxDB that speak its second version with a server of the first.
    #expect(try served.get("/v1/streams", headers: header("any:\(reader)", "Token")).status == 200)
    // Those of the first put it into the query string, where others may not.
    #expect(try served.get("/query?q=SHOW+DATABASES&u=any&p=\(reader)").status == 200)
    #expect(try served.get("/query?q=SHOW+DATABASES&u=any&p=x").status == 401)
    #expect(try served.get("/v1/streams?p=\(reader)").status == 401)
    #expect(!served.log.contains(reader))
    let lines = served.log.split(separator: "\n").filter { $0.contains("nobody was let in") }
    #expect(lines.count == 3 && lines.allSatisfy { $0.contains("127.0.0.1") }, "\(served.log)")
  }

  /// What somebody has written into the file by hand is told in the log, and shuts out nobody else.
  @Test func aFileThatIsDamagedIsTold() throws {
    let served = try ServedStore()
    #expect(served.log.contains("there is no token: all programs of this machine may do all"))
    let reader = header(try token(served, "--role", "reader", "--name", "r").text)
    #expect(try served.get("/v1/streams", headers: reader).status == 200)
    let file = "\(served.data)/tokens"
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try (text + "garbage\n").write(toFile: file, atomically: true, encoding: .utf8)
    usleep(150_000)
    #expect(try served.get("/v1/streams", headers: reader).status == 200)
    #expect(try served.get("/v1/streams").status == 401)
    #expect(served.log.contains("/tokens:2: this is no token"), "\(served.log)")
    try FileManager.default.removeItem(atPath: file)
    usleep(150_000)
    #expect(try served.get("/v1/streams").status == 200)
    #expect(served.log.contains("/tokens is gone"), "\(served.log)")
  }

  @Test func aTokenForStreamsIsForThese() throws {
    let served = try ServedStore()
    #expect(try served.post("/v1/streams/pumps/events", document).status == 200)
    #expect(try served.post("/v1/streams/doors/events", document).status == 200)
    for (kpi, stream) in [("k", "pumps"), ("l", "doors")] {
      #expect(
        try served.post("/v1/query", "DEFINE KPI \(kpi) AS avg(t) FROM \(stream) EVERY 1h").status
          == 200)
    }
    let writer = header(
      try token(served, "--role", "writer", "--name", "w", "--stream", "pumps").text)
    func status(_ query: String) throws -> Int {
      try served.post("/v1/query", query, headers: writer).status
    }
    #expect(try status("SELECT count(*) FROM pumps") == 200)
    #expect(try status("SELECT * FROM k") == 200)
    #expect(try status("DESCRIBE pumps") == 200)
    for query in [
      "SELECT count(*) FROM doors", "SELECT * FROM l", "EXPLAIN SELECT count(*) FROM doors",
      "EVENTS FOR SELECT count(*) FROM doors", "SHOW STREAMS", "SHOW HISTORY", "SHOW REJECTED",
      "DESCRIBE l", "SHOW FIELDS FROM doors", "SHOW CREATE l",
    ] {
      #expect(try status(query) == 403, "\(query)")
    }
    #expect(
      try served.post("/v1/streams/doors/events", document, headers: writer).status == 403)
    let streams = try served.get("/v1/streams", headers: writer).text
    #expect(streams.contains("pumps") && !streams.contains("doors"))
    let kpis = try served.get("/v1/kpis", headers: writer).text
    #expect(kpis.contains("\"k\"") && !kpis.contains("doors"))
    #expect(try served.get("/v1/streams/doors", headers: writer).status == 403)
    #expect(try served.get("/v1/kpis/l", headers: writer).status == 403)
    #expect(try served.get("/metrics", headers: writer).status == 403)
    #expect(
      !(try served.post("/v1/query", "SELECT * FROM l", headers: writer).text.contains("doors")))
    // Events of the other stream, of the catalogue, and its own.
    let statuses = try (1...6).map { try served.get("/v1/events/\($0)", headers: writer).status }
    #expect(statuses.filter { $0 == 200 }.count == 1)
  }

  @Test func revokedAndEndedTokensEndAtOnce() throws {
    let served = try ServedStore()
    let first = try token(served, "--role", "reader", "--name", "a")
    // Made a while before it ends, however slow the machine is.
    let end = Date(timeIntervalSinceNow: 10)
    let ended = try token(
      served, "--role", "reader", "--name", "b", "--expires", end.ISO8601Format())
    #expect(try served.get("/v1/streams", headers: header(first.text)).status == 200)
    while Date() < end { usleep(50_000) }
    #expect(try served.get("/v1/streams", headers: header(ended.text)).status == 401)
    let (list, _) = try served.run(ServedStore.nilo.path, ["token", "list", "--data", served.data])
    let text = String(decoding: list, as: UTF8.self)
    #expect(text.contains(first.id) && !text.contains(first.text.suffix(20)))
    let (_, status) = try served.run(
      ServedStore.nilo.path, ["token", "revoke", "--data", served.data, first.id])
    #expect(status == 0)
    usleep(150_000)
    #expect(try served.get("/v1/streams", headers: header(first.text)).status == 401)
    let file = try FileManager.default.attributesOfItem(atPath: "\(served.data)/tokens")
    #expect((file[.posixPermissions] as? NSNumber)?.intValue == 0o600)
  }

  /// Whoever makes a token as root makes it for the server's user, who has the directory, and for nobody else.
  @Test(.enabled(if: geteuid() == 0)) func tokensAreOfTheOwnerOfTheDirectory() throws {
    let served = try ServedStore()
    let files = FileManager.default
    try files.setAttributes(
      [.ownerAccountID: 65_534, .groupOwnerAccountID: 65_533], ofItemAtPath: served.data)
    _ = try token(served, "--role", "reader", "--name", "a")
    let second = try token(served, "--role", "reader", "--name", "b")
    _ = try served.run(
      ServedStore.nilo.path, ["token", "revoke", "--data", served.data, second.id])
    for name in ["tokens", "tokens.lock"] {
      let file = try files.attributesOfItem(atPath: "\(served.data)/\(name)")
      #expect((file[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(name)")
      #expect((file[.ownerAccountID] as? NSNumber)?.intValue == 65_534, "\(name)")
      #expect((file[.groupOwnerAccountID] as? NSNumber)?.intValue == 65_533, "\(name)")
    }
  }

  private final class Following: Sendable {
    let told = Atomic<Int>(0)
    let hasEnded = Atomic<Bool>(false)
  }

  /// Whoever follows what changes all the time is not told of it any more once the token is revoked.
  @Test func aBusySubscriptionEndsWithItsToken() throws {
    let served = try ServedStore()
    #expect(try served.post("/v1/streams/pumps/events", document).status == 200)
    #expect(
      try served.post("/v1/query", "DEFINE KPI k AS avg(t) AS mean FROM pumps EVERY 1h").status
        == 200)
    let writer = try token(served, "--role", "writer", "--name", "plant").text
    let reader = try token(served, "--role", "reader", "--name", "hall")
    let following = Following()
    let follower = Thread {
      _ = try? LiveTests.follow(served, "kpi=k", token: reader.text) {
        following.told.store($0.count, ordering: .relaxed)
        return false
      }
      following.hasEnded.store(true, ordering: .relaxed)
    }
    follower.start()
    var (sent, isRevoked) = (0, false)
    let deadline = Date(timeIntervalSinceNow: 60)
    while !following.hasEnded.load(ordering: .relaxed), Date() < deadline {
      sent += 1
      let event = "{\"device_id\":\"a\",\"timestamp\":\"2024-01-01T00:00:00Z\",\"t\":\(sent)}"
      #expect(
        try served.post("/v1/streams/pumps/events", event, headers: header(writer)).status == 200)
      if !isRevoked, following.told.load(ordering: .relaxed) > 3 {
        let (_, status) = try served.run(
          ServedStore.nilo.path, ["token", "revoke", "--data", served.data, reader.id])
        #expect(status == 0)
        isRevoked = true
      }
    }
    #expect(isRevoked && following.hasEnded.load(ordering: .relaxed))
  }

  /// Without tokens a page that somebody looks at must not reach the server through the browser.
  @Test func pagesOfOthersAreRefused() throws {
    let served = try ServedStore(["--set", "cors.origins=https://hall.example"])
    #expect(try served.post("/v1/streams/pumps/events", document).status == 200)
    let drop = "DROP KPI k"
    #expect(
      try served.post("/v1/query", "DEFINE KPI k AS avg(t) FROM pumps EVERY 1h").status == 200)
    for header in [
      "Origin: http://evil.example", "Origin: null", "Origin: http://127.0.0.1.evil.example",
      "Host: evil.example", "Host: evil.example:4280", "Origin: https://hall.example.evil.example",
      "Host: 127.0.0.1.", "Host: 127.0.1", "Host: 127.0.0.1234", "Host: 128.0.0.1",
      "Host: 127.0..1",
    ] {
      #expect(
        try served.post("/v1/query", drop, headers: [header, "Content-Type: text/plain"]).status
          == 403,
        "\(header)")
    }
    for header in [
      "Origin: https://hall.example", "Origin: http://localhost:3000", "Host: localhost",
      "Host: [::1]:4280", "Host: 127.0.0.1:1", "Host: 127.255.10.9", "Host: LOCALHOST",
    ] {
      #expect(try served.get("/v1/kpis/k", headers: [header]).status == 200, "\(header)")
    }
  }

  /// The catalogue says who did it.
  @Test func changesAreNotedWithTheirActor() throws {
    let served = try ServedStore()
    let admin = header(try token(served, "--role", "admin", "--name", "chief").text)
    #expect(try served.post("/v1/streams/pumps/events", document, headers: admin).status == 200)
    let define = "DEFINE KPI k AS avg(t) FROM pumps EVERY 1h"
    #expect(try served.post("/v1/query", define, headers: admin).status == 200)
    let history = try served.post("/v1/query?format=tsv", "SHOW HISTORY OF k", headers: admin).text
    #expect(history.contains("chief"), "\(history)")
  }

  /// Others than programs of this machine need a token, so there has to be one.
  @Test func anOpenServerNeedsTokens() throws {
    let directory = NSTemporaryDirectory() + "nilo-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let process = Process()
    let error = Pipe()
    process.executableURL = ServedStore.nilo
    process.arguments = ["serve", "--data", directory, "--listen", "0.0.0.0:0"]
    process.standardError = error
    try process.run()
    let text = String(decoding: try error.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 2)
    #expect(!FileManager.default.fileExists(atPath: directory))
    #expect(text.contains("there is no token: make one with nilo token create"))
    // It can be made before there is a store.
    let fresh = directory + "-fresh"
    defer { try? FileManager.default.removeItem(atPath: fresh) }
    let create = Process()
    create.executableURL = ServedStore.nilo
    create.arguments = ["token", "create", "--data", fresh, "--role", "admin", "--name", "chief"]
    create.standardOutput = FileHandle.nullDevice
    create.standardError = FileHandle.nullDevice
    try create.run()
    create.waitUntilExit()
    #expect(create.terminationStatus == 0)
  }
}
