import Foundation
import Testing

/// Lists, page by page, and what may be seen of them.
@Suite struct ListTests {
  private static func event(_ id: Int) -> String {
    let hour = id / 10
    return
      "{\"event_id\":\(id),\"device_id\":\"d\(id % 3)\",\"timestamp\":\"2024-01-01T\(hour < 10 ? "0" : "")\(hour):00:00Z\",\"t\":\(id)}\n"
  }

  private func served() throws -> ServedStore {
    let served = try ServedStore()
    #expect(
      try served.post("/v1/streams/s/events", (0..<240).map(Self.event).joined()).status == 200)
    #expect(
      try served.post(
        "/v1/query", "DEFINE KPI k AS sum(t) AS total FROM s GROUP BY device_id EVERY 1h"
      )
      .status == 200)
    return served
  }

  /// The pages of a list, by its cursors.
  private func pages(_ served: ServedStore, _ path: String, _ name: String) throws -> [[[String:
    Any]]]
  {
    var pages: [[[String: Any]]] = []
    var cursor: String?
    repeat {
      let reply = try served.get(path + (cursor.map { "&cursor=\($0)" } ?? ""))
      try #require(reply.status == 200, "\(reply.text)")
      let json = try reply.json()
      pages.append(try #require(json[name] as? [[String: Any]]))
      cursor = json["next"] as? String
    } while cursor != nil
    return pages
  }

  /// All pages are of one state, whatever comes meanwhile, and in them is each row once.
  @Test func pagesOfRowsAreOfOneState() throws {
    let served = try served()
    let whole = try served.get("/v1/kpis/k/rows?limit=1000&format=csv").text
    #expect(whole.split(separator: "\n").count == 73)
    for limit in [1, 2, 3, 7, 72] {
      var text = ""
      var path: String? = "/v1/kpis/k/rows?limit=\(limit)&format=csv"
      var count = 0
      while let next = path {
        let reply = try served.get(next)
        try #require(reply.status == 200, "\(reply.text)")
        let lines = reply.text.split(separator: "\n", omittingEmptySubsequences: false)
        text += (count == 0 ? lines : Array(lines.dropFirst())).joined(separator: "\n")
        count += 1
        // Another event of a bucket that was not read yet, and one that was.
        if count == 1 {
          let more = [23, 0].map {
            "{\"device_id\":\"d9\",\"timestamp\":\"2024-01-01T\($0 == 0 ? "00" : "23"):30:00Z\",\"t\":1,\"event_id\":\"x\(limit)-\($0)\"}\n"
          }
          #expect(try served.post("/v1/streams/s/events", more.joined()).status == 200)
        }
        path = reply.headers["link"].flatMap {
          $0.firstMatch(of: /<([^>]*)>; rel="next"/).map { String($0.1) }
        }
        #expect((path == nil) == (reply.headers["x-nilo-next"] == nil))
      }
      let rows = limit == 1 ? 72 : 74
      #expect(count == (rows + limit - 1) / limit)
      if limit == 1 { #expect(text == whole) } else { #expect(text.hasPrefix("time,")) }
    }
  }

  @Test func rowsArePicked() throws {
    let served = try served()
    let picked = try served.get(
      "/v1/kpis/k/rows?since=2024-01-01T03:00:00Z&until=1704085200&group.device_id=d0&group.device_id=d1&format=tsv"
    )
    #expect(
      picked.text == """
        time\tdevice_id\ttotal\tstate
        2024-01-01T03:00:00Z\td0\t138\tfinal
        2024-01-01T03:00:00Z\td1\t102\tfinal
        2024-01-01T04:00:00Z\td0\t135\tfinal
        2024-01-01T04:00:00Z\td1\t178\tfinal

        """, "\(picked.text)")
    for (path, status, text) in [
      ("/v1/kpis/none/rows", 404, "there is no KPI none"),
      ("/v1/kpis/s/rows", 404, "there is no KPI s"),
      ("/v1/kpis/k/rows?version=2", 404, "has no version 2"),
      ("/v1/kpis/k/rows?group.devise_id=d0", 400, "did you mean device_id?"),
      ("/v1/kpis/k/rows?since=never", 400, "is no time"),
      ("/v1/kpis/k/rows?limit=0", 400, "from 1 to 1000"),
      ("/v1/kpis/k/rows?limit=1001", 400, "from 1 to 1000"),
      ("/v1/kpis/k/rows?cursor=abc", 400, "not of this list"),
      ("/v1/kpis/k/rows?format=xml", 400, "format xml is not known"),
    ] {
      let reply = try served.get(path)
      #expect(reply.status == status && reply.text.contains(text), "\(path): \(reply.text)")
    }
    // A cursor is of its list only.
    let cursor = try #require(try served.get("/v1/kpis/k/rows?limit=1").headers["x-nilo-next"])
    #expect(try served.get("/v1/kpis/k/rows?limit=5&cursor=\(cursor)").status == 200)
    #expect(try served.get("/v1/kpis/k/rows?group.device_id=d0&cursor=\(cursor)").status == 400)
    #expect(try served.get("/v1/kpis/k/rows?version=1").status == 200)
  }

  /// With three more streams, each with a KPI, a source, a document that is rejected and one that comes twice.
  private func servedStreams() throws -> ServedStore {
    let served = try served()
    for name in ["c", "a", "b"] {
      #expect(
        try served.post(
          "/v1/streams/\(name)/events?source=\(name)-1&position=%ff%00",
          Self.event(1) + "7\n" + Self.event(1)
        ).status == 200)
      #expect(
        try served.post("/v1/query", "DEFINE KPI of_\(name) AS avg(t) FROM \(name) EVERY 1h").status
          == 200)
    }
    return served
  }

  @Test func listsComeInPages() throws {
    let served = try servedStreams()
    #expect(
      try pages(served, "/v1/streams?limit=2", "streams").map {
        $0.compactMap { $0["name"] as? String }
      } == [["a", "b"], ["c", "s"]])
    #expect(
      try pages(served, "/v1/kpis?limit=3", "kpis").map { $0.compactMap { $0["name"] as? String } }
        == [["k", "of_a", "of_b"], ["of_c"]])
    #expect(
      try pages(served, "/v1/sources?limit=3", "sources").map {
        $0.compactMap { $0["source"] as? String }
      } == [["a-1", "b-1", "c-1"], ["http"]])
  }

  @Test func automationsComeInPages() throws {
    let served = try servedStreams()
    for name in ["c", "a", "b"] {
      for statement in [
        "DEFINE SCHEDULE \(name)1 CRON '0 0 1 1 *' AS SELECT avg(t) FROM \(name) INTO stream('x\(name)')",
        "DEFINE ALERT \(name)2 ON SELECT avg(t) AS m FROM \(name) EVERY 1h HAVING m > 1 NOTIFY webhook('http://192.0.2.1/')",
        "DEFINE SINK \(name)3 FROM of_\(name) INTO webhook('http://192.0.2.1/')",
      ] {
        let reply = try served.post("/v1/query", statement)
        #expect(reply.status == 200, "\(reply.text)")
      }
    }
    for (number, list) in ["schedules", "alerts", "sinks"].enumerated() {
      // In the order of their definitions.
      #expect(
        try pages(served, "/v1/\(list)?limit=2", list).map {
          $0.compactMap { $0["name"] as? String }
        }
          == [["c\(number + 1)", "a\(number + 1)"], ["b\(number + 1)"]])
      #expect(try served.get("/v1/\(list)?limit=0").status == 400)
    }
  }

  @Test func definedSourcesComeInPages() throws {
    let served = try servedStreams()
    for name in ["c4", "a4", "b4"] {
      let reply = try served.post(
        "/v1/query",
        "DEFINE SOURCE \(name) FROM kafka(brokers '127.0.0.1:1', topics 'p') INTO \(name.prefix(1))"
      )
      #expect(reply.status == 200, "\(reply.text)")
    }
    // Two lists in one: each goes on where it was, also where the other has ended.
    for (list, name, wanted) in [
      ("defined", "name", [["c4", "a4"], ["b4"]]),
      ("sources", "source", [["a-1", "b-1"], ["c-1", "http"]]),
    ] {
      #expect(
        try pages(served, "/v1/sources?limit=2", list).map { $0.compactMap { $0[name] as? String } }
          == wanted)
    }
    #expect(
      try pages(served, "/v1/sources?limit=1", "defined").map(\.count) == [1, 1, 1, 0])
    #expect(try pages(served, "/v1/sources?stream=b&limit=1", "defined").map(\.count) == [1])
    let sources = try pages(served, "/v1/sources?stream=b", "sources")
    #expect(sources.count == 1 && sources[0].count == 1)
    #expect(sources[0][0]["is_open"] as? Bool == true && sources[0][0]["events"] as? Int == 1)
    #expect(sources[0][0]["watermark"] as? String == "2024-01-01T00:00:00Z")
    #expect(try served.get("/v1/sources?stream=none").status == 404)
  }

  @Test func theLedgerComesInPages() throws {
    let served = try servedStreams()
    let kinds = try pages(served, "/v1/ledger?limit=4", "entries")
    #expect(kinds.map(\.count) == [4, 2])
    #expect(Set(kinds.joined().compactMap { $0["kind"] as? String }) == ["rejected", "duplicate"])
    let rejected = try pages(served, "/v1/ledger?limit=1&kind=rejected", "entries")
    #expect(rejected.map(\.count) == [1, 1, 1])
    #expect(try pages(served, "/v1/ledger?stream=b&limit=9", "entries").map(\.count) == [2])
    #expect(try pages(served, "/v1/ledger?until=2024-01-01", "entries").map(\.count) == [0])
    #expect(try pages(served, "/v1/ledger?since=2024-01-01", "entries").map(\.count) == [6])
    #expect(try served.get("/v1/ledger?kind=none").status == 400)
  }

  /// What all KPIs have of a moment.
  @Test func momentsAreAnswered() throws {
    let served = try served()
    #expect(
      try served.post("/v1/query", "DEFINE KPI daily AS count(*) AS n FROM s EVERY 1d").status
        == 200)
    let reply = try served.get("/kpis/2024-01-01T05:30:00Z").json()
    let kpis = try #require(reply["kpis"] as? [[String: Any]])
    #expect(kpis.compactMap { $0["name"] as? String } == ["k", "daily"])
    #expect(kpis[0]["bucket_start"] as? String == "2024-01-01T05:00:00Z")
    #expect(kpis[0]["bucket_end"] as? String == "2024-01-01T06:00:00Z")
    let rows = try #require((kpis[0]["answer"] as? [String: Any])?["rows"] as? [[Any]])
    #expect(rows.count == 3 && rows[0][1] as? String == "d0" && rows[0][2] as? Int == 162)
    #expect(reply["streams"] == nil)
    // The same in other words.
    for path in ["/kpis/1704087000", "/kpis/1704087000000", "/kpis/2024-01-01T06:30:00%2B01:00"] {
      #expect(try served.get(path).json()["time"] as? String == "2024-01-01T05:30:00Z", "\(path)")
    }
    let exact = try served.get("/kpis/2024-01-01T05:00:00Z?exact=true").json()
    let streams = try #require(exact["streams"] as? [[String: Any]])
    #expect(streams.count == 1 && streams[0]["facts"] as? Int == 10)
    #expect((streams[0]["averages"] as? [String: Double])?["t"] == 54.5)
    let none = try served.get("/kpis/2030-01-01?exact=true")
    #expect(
      none.status == 404
        && none.text.contains(
          "no KPI has a row whose bucket holds 2030-01-01, and no stream has facts")
    )
    #expect(try served.get("/kpis/soon").status == 400)
    #expect(try served.get("/kpis/2024-01-01?exact=yes").status == 400)
  }

  /// A token for some streams sees nothing of others in any list.
  @Test func listsAreOfOnesStreams() throws {
    let served = try served()
    #expect(try served.post("/v1/streams/doors/events", Self.event(1) + "7\n").status == 200)
    #expect(
      try served.post("/v1/query", "DEFINE KPI opened AS count(*) AS n FROM doors EVERY 1h").status
        == 200)
    let (output, _) = try served.run(
      ServedStore.nilo.path,
      [
        "token", "create", "--data", served.data, "--role", "reader", "--name", "x", "--stream",
        "doors",
      ])
    usleep(150_000)
    let token = String(decoding: output, as: UTF8.self).trimmingCharacters(
      in: .whitespacesAndNewlines)
    let headers = ["Authorization: Bearer \(token)"]
    for (path, status) in [
      ("/v1/kpis/k/rows", 403), ("/v1/kpis/opened/rows", 200), ("/v1/ledger?stream=s", 403),
      ("/v1/sources?stream=s", 403), ("/v1/ledger", 200), ("/v1/sources", 200),
      ("/v1/streams", 200), ("/v1/kpis", 200),
      ("/kpis/2024-01-01T00:00:00Z?exact=true", 200),
    ] {
      let reply = try served.get(path, headers: headers)
      #expect(reply.status == status, "\(path)")
      #expect(
        !reply.text.contains("\"s\"") && !reply.text.contains("\"k\"")
          && !reply.text.contains("d0"), "\(path): \(reply.text)")
    }
  }
}
