import Foundation
import Hummingbird
import Synchronization
import TestSupport
import Testing

@testable import Server

/// Writers of InfluxDB: what cases as texts do not show, and clients as their users have them.
@Suite struct InfluxTests {
  private static func lines(_ count: Int, measurements: Int = 1) -> String {
    (0..<count).map { index in
      "m\(index % measurements),host=h\(index % 7) v=\(index).5,n=\(index)i \(1_717_200_000_000 + index)"
    }.joined(separator: "\n")
  }

  /// As Telegraf sends its batches. Sent again, they are not counted twice.
  @Test func aLongCompressedBodyOfSeveralMeasurementsIsStoredOnce() throws {
    let served = try ServedStore()
    let file = served.path("lines")
    try Self.lines(30_000, measurements: 3).write(toFile: file, atomically: true, encoding: .utf8)
    for _ in 0..<2 {
      let (output, _) = try served.run(
        "bash",
        [
          "-c",
          "gzip -c '\(file)' | curl -s -w '%{http_code}' --data-binary @- -H 'Content-Encoding: gzip' '\(served.url)/write?db=d&precision=ms'",
        ])
      #expect(String(decoding: output, as: UTF8.self) == "204", "\(served.log)")
      for name in ["m0", "m1", "m2"] {
        #expect(try served.value("SELECT count(*) FROM \(name)") == "10000")
      }
    }
    #expect(try served.value("SELECT sum(v), sum(n) FROM m2") == "150010000\t150005000")
    let text = try served.get("/v1/lines/2").text
    #expect(text == "m0,host=h0 v=0.5,n=0i 1717200000000", "\(text)")
  }

  @Test func aLineWithoutATimeHasThatOfTheServer() throws {
    let served = try ServedStore()
    #expect(try served.post("/write?db=d", "m v=1").status == 204)
    #expect(try served.value("SELECT count(*) FROM m SINCE now() - 1m") == "1")
    #expect(try served.get("/v1/lines/2").text == "m v=1")
  }

  /// Agents that send again whatever is not answered by 204, and sometimes what was: each point is there once.
  @Test func agentsThatSendAgainAreCountedOnce() throws {
    let served = try ServedStore(["--set", "limits.pending_bytes=1MiB"])
    let others = Mutex<Set<Int>>([])
    DispatchQueue.concurrentPerform(iterations: 6) { agent in
      for batch in 0..<4 {
        let lines = (0..<500).map { "m,host=h\(agent) v=\($0)i \(batch * 500 + $0)" }
        let body = lines.joined(separator: "\n")
        for attempt in 0..<200 {
          let reply = try? served.post("/write?db=d&precision=s", body)
          if let status = reply?.status, status != 204 { _ = others.withLock { $0.insert(status) } }
          if reply?.status == 204, attempt > 0 || batch % 2 == 0 { break }
        }
      }
    }
    #expect(others.withLock { $0 }.isSubset(of: [503]))
    #expect(try served.value("SELECT count(*), sum(v) FROM m") == "12000\t2994000")
  }

  /// What cannot be read is not lost: its sender may throw it away.
  @Test func badLinesAreOnTheLedger() throws {
    let served = try ServedStore()
    #expect(try served.post("/write?db=d", "m v=1 1\nm v=x 2\nbad\\ one\n,\u{1}").status == 400)
    let ledger = try served.post("/v1/query?format=tsv", "SHOW REJECTED").text
    #expect(
      ledger.contains("invalid field format") && ledger.contains("missing measurement"), "\(ledger)"
    )
    #expect(try served.value("SELECT count(*) FROM m") == "1")
  }

  @Test func aStreamCanBeNamedByItsDatabase() throws {
    let served = try ServedStore(["--set", "influx.stream=db.measurement"])
    #expect(try served.post("/write?db=plant%201", "m v=1 5").status == 204)
    #expect(try served.value("SELECT count(*) FROM plant_1.m") == "1")
    #expect(try served.get("/v1/lines/2").text == "m v=1 5")
  }

  /// What may be sent again is 503, since agents throw away what is answered by any 4xx.
  @Test func whatMayBeSentAgainIsUnavailable() {
    for kind: Problem.Kind in [.tooBusy, .diskFull, .tooSlow, .stopping, .conflict] {
      for api in [InfluxAPI.v1, .v2, .v3] {
        let response = api.response(Problem(kind, "wait\nµ"))
        #expect(response.status == .serviceUnavailable)
        #expect(response.headers[.retryAfter] == "1")
        #expect(response.headers[.influxError] == "wait??")
      }
    }
  }

  @Test func namesBecomeThoseOfStreams() {
    func name(_ text: String, _ naming: ServerSettings.InfluxStream = .measurement) -> String {
      naming.name(of: Array(text.utf8)[...], in: "my db")
    }
    #expect(name("cpu") == "cpu")
    #expect(name("http requests/é") == "http_requests__")
    #expect(name("_internal") == "m__internal")
    #expect(name("1min") == "m_1min")
    #expect(name(String(repeating: "x", count: 200)).utf8.count == 100)
    #expect(name("cpu", .databaseAndMeasurement) == "my_db.cpu")
  }

  @Test func statementsOfInfluxQLAreKnown() {
    func kinds(_ text: String) -> [String] {
      InfluxQLStatement.all(text, nowNs: 0).map { statement in
        switch statement {
        case .createDatabase(let name): "create \(name)"
        case .showDatabases: "databases"
        case .showRetentionPolicies: "policies"
        case .showMeasurements: "measurements"
        case .showTagKeys: "tags"
        case .showFieldKeys: "fields"
        case .showTagValues: "values"
        case .select: "select"
        case .refused: "refused"
        }
      }
    }
    #expect(
      kinds(#"create database "a;\"b" with duration 1d ; CREATE DATABASE IF NOT EXISTS c;"#)
        == ["create a;\"b", "create c"])
    #expect(
      kinds(
        "show databases;SHOW RETENTION POLICIES ON x;SHOW MEASUREMENTS LIMIT 1;DROP DATABASE x;select mean(a) from b"
      )
        == ["databases", "policies", "measurements", "refused", "select"])
    for text in ["", ";", "\"", "CREATE DATABASE", "CREATE DATABASE IF NOT EXISTS", "'\\"] {
      #expect(kinds(text).allSatisfy { $0 == "refused" || $0 == "create " }, "\(text)")
    }
  }

  /// Runs a client and gives what it prints, with its port masked.
  private static func client(_ name: String, _ served: ServedStore) throws -> String {
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let python = here.appendingPathComponent("../../build/venv/bin/python3").path
    let script = here.appendingPathComponent("clients.py").path
    let (output, status) = try served.run(python, ["-W", "ignore", script, "\(served.port)", name])
    let text = String(decoding: output, as: UTF8.self)
    #expect(status == 0, "\(name): \(text)")
    return text
  }

  @Test func theClientOfInfluxDB1Writes() throws {
    let served = try ServedStore()
    let text = try Self.client("influxdb", served)
    #expect(
      text.contains("'name': 'plant'") && text.contains("autogen") && text.contains("1.8.10-nilo"))
    #expect(text.contains("partial write: unable to parse 'bad line'"), "\(text)")
    #expect(
      try served.value("SELECT count(*), max(i) FROM py WHERE s IS NOT NULL")
        == "20\t9007199254741002")
  }

  @Test func theClientOfInfluxDB2Writes() throws {
    let served = try ServedStore()
    let text = try Self.client("influxdb_client", served)
    #expect(text.contains("True 1.8.10-nilo pass"), "\(text)")
    #expect(text.contains("400") && text.contains("\"code\":\"invalid\""), "\(text)")
    #expect(try served.value("SELECT count(*) FROM py WHERE s = 'two\nlines'") == "10")
  }

  @Test func theClientOfInfluxDB3Writes() throws {
    let served = try ServedStore()
    let text = try Self.client("influxdb_client_3", served)
    // Through both APIs; that of version 3 names the line.
    #expect(text.contains("ApiException (400)"), "\(text)")
    #expect(
      text.contains("InfluxDBPartialWriteError") && text.contains("line 1: invalid field format"))
    #expect(try served.value("SELECT count(*) FROM py") == "10")
  }

  @Test func theShellOfInfluxDB1Writes() throws {
    let served = try ServedStore()
    let shell = ["-host", "127.0.0.1", "-port", "\(served.port)"]
    for statement in ["CREATE DATABASE plant", "INSERT INTO plant m,host=a v=1 5"] {
      let (_, status) = try served.run(
        "influx", shell + ["-database", "plant", "-execute", statement])
      #expect(status == 0, "\(statement)")
    }
    let (output, _) = try served.run("influx", shell + ["-execute", "SHOW DATABASES"])
    #expect(String(decoding: output, as: UTF8.self).contains("plant"))
    #expect(try served.value("SELECT count(*) FROM m") == "1")
  }
}
