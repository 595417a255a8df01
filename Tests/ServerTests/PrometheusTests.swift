import Foundation
import Testing

/// Who may ask KPIs by PromQL, and what a Prometheus server is sent.
@Suite struct PrometheusTests {
  /// A server with a KPI over each of two streams, and a token of a reader for one of them.
  private func served() throws -> (ServedStore, headers: [String]) {
    let served = try ServedStore()
    for stream in ["open", "secret"] {
      let documents = [10, 70].map { minute in
        "{\"d\":\"a\",\"timestamp\":\"2024-06-01T0\(minute / 60):\(minute % 60):00Z\",\"v\":\(minute)}"
      }
      let stored = try served.post(
        "/v1/streams/\(stream)/events", documents.joined(separator: "\n"))
      #expect(stored.status == 200, "\(stored.text)")
      let defined = try served.post(
        "/v1/query", "DEFINE KPI k_\(stream) AS avg(v) AS v FROM \(stream) GROUP BY d EVERY 1h")
      #expect(defined.status == 200, "\(defined.text)")
    }
    let (output, status) = try served.run(
      ServedStore.nilo.path,
      [
        "token", "create", "--data", served.data, "--role", "reader", "--name", "r", "--stream",
        "open",
      ])
    #expect(status == 0)
    // The server looks at the file ten times a second.
    usleep(300_000)
    let token = String(decoding: output, as: UTF8.self).trimmingCharacters(
      in: .whitespacesAndNewlines)
    return (served, ["Authorization: Bearer \(token)"])
  }

  @Test func tokensSeeTheirKpisOnly() throws {
    let (served, headers) = try served()
    let refused = try served.get("/api/v1/labels")
    #expect(refused.status == 401 && refused.text.contains("\"errorType\":\"unauthorized\""))
    #expect(refused.headers["www-authenticate"] == "Bearer realm=\"nilo\"")
    for path in [
      "/api/v1/label/__name__/values", "/api/v1/metadata", "/metrics/kpis",
      "/api/v1/series?match[]=%7Bd=%22a%22%7D",
      "/api/v1/query?query=%7Bd=%22a%22%7D&time=1717203600",
      "/api/v1/query?query=avg(avg_over_time(%7B__name__=~%22k.*%22%7D%5B2h%5D))&time=1717203600",
    ] {
      let reply = try served.get(path, headers: headers)
      #expect(reply.status == 200 && !reply.text.contains("secret"), "\(path): \(reply.text)")
    }
    let names = try served.get("/api/v1/label/__name__/values", headers: headers).text
    #expect(names.contains("[\"k_open_v\"]"))
  }

  @Test func aQueryHasItsTime() throws {
    let (served, headers) = try served()
    let reply = try served.get("/api/v1/query?query=k_open_v&timeout=0", headers: headers)
    #expect(
      reply.status == 503 && reply.text.contains("\"errorType\":\"timeout\""), "\(reply.text)")
  }

  /// A request by hand: one query of a time and a matcher, compressed as a literal.
  @Test func samplesAreSentToWhoTakesNoChunks() throws {
    let (served, headers) = try served()
    func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
      [number << 3 | 2, UInt8(bytes.count)] + bytes
    }
    let matcher = field(2, Array("__name__".utf8)) + field(3, Array("k_open_v".utf8))
    // The end is 2^42 ms, in the year 2109.
    let end: [UInt8] = [2 << 3, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]
    let message = field(1, end + field(3, matcher))
    let body = [UInt8(message.count), UInt8(message.count - 1) << 2] + message
    let reply = try served.ask(
      "POST", "/api/v1/read", headers: headers + ["Content-Type: application/x-protobuf"],
      body: Data(body))
    #expect(reply.status == 200 && reply.headers["content-type"] == "application/x-protobuf")
    #expect(reply.headers["content-encoding"] == "snappy")
    #expect(reply.body.range(of: Data("k_open_v".utf8)) != nil)
    let damaged = try served.ask("POST", "/api/v1/read", headers: headers, body: Data([0xFF]))
    #expect(damaged.status == 400 && damaged.text.contains("not compressed by Snappy"))
  }
}
