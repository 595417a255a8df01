import Foundation
import Testing

/// How far long statements have got.
@Suite struct ProgressTests {
  @Test func longStatementsTellHowFarTheyAre() throws {
    let served = try ServedStore()
    for part in 0..<4 {
      let lines = (0..<30_000).map { number in
        "{\"timestamp\":\(1_717_200_000 + part * 30_000 + number),\"id\":\"d\(number)\",\"t\":\(number)}\n"
      }.joined()
      #expect(try served.post("/v1/streams/s/events", lines).status == 200)
    }
    let define =
      "DEFINE KPI k AS p95(t) AS p, distinct(t) AS n, avg(t) AS mean FROM s GROUP BY id EVERY 1m"
    let accept = ["Accept: application/x-ndjson"]
    for statement in [define, "REBUILD KPI k"] {
      let reply = try served.post("/v1/query", statement, headers: accept)
      #expect(reply.status == 200 && reply.headers["content-type"] == "application/x-ndjson")
      let lines = try reply.text.split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
      let shares = lines.compactMap { $0["_progress"] as? Double }
      #expect(!shares.isEmpty && shares.allSatisfy((0...1).contains), "\(statement): \(reply.text)")
      #expect(shares == shares.sorted())
      #expect(lines.prefix(shares.count).allSatisfy { $0["_progress"] != nil })
      #expect(lines.count == shares.count + 2)
      #expect(lines[shares.count]["message"] != nil)
      let status = try #require(lines.last?["_status"] as? [String: Any])
      #expect(status["error"] == nil && status["as_of_seq"] != nil)
    }
    // Other forms have no place for it, and an error that is found at once has its own status.
    #expect(try served.post("/v1/query", "REBUILD KPI k").json()["message"] != nil)
    let refused = try served.post("/v1/query", define, headers: accept)
    #expect(refused.status != 200 && refused.headers["content-type"] == "application/problem+json")
    #expect(try served.post("/v1/query", "REBUILD KPI none", headers: accept).status == 400)
  }
}
