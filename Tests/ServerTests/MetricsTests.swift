import Foundation
import Testing

@testable import Server

/// Figures for Prometheus.
@Suite struct MetricsTests {
  @Test func linesOfOneKindAreRare() {
    let line = RareLine()
    let now = ContinuousClock.now
    #expect(line.admit(at: now) == 0)
    for ms in [1, 5_000, 9_999] { #expect(line.admit(at: now + .milliseconds(ms)) == nil) }
    #expect(line.admit(at: now + .seconds(10)) == 3)
    #expect(line.admit(at: now + .seconds(21)) == 0)
  }

  @Test func figuresAreRightAndInForm() throws {
    let served = try ServedStore()
    let line = "{\"event_id\":1,\"device_id\":\"a\",\"timestamp\":\"2024-01-01T00:00:00Z\",\"t\":1}"
    #expect(try served.post("/v1/streams/pumps/events", line + "\nbad\n").status == 200)
    #expect(try served.post("/v1/streams/pumps/events", line).status == 200)
    #expect(try served.post("/v1/query", "SELECT count(*) FROM pumps").status == 200)
    #expect(try served.post("/v1/query", "SELEC").status == 400)
    #expect(try served.post("/v1/query", "SELECT avg(x) FROM pumps").status == 400)
    let reply = try served.get("/metrics")
    #expect(reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
    let lines = reply.text.split(separator: "\n").map(String.init)
    for expected in [
      "nilo_stream_events_total{stream=\"pumps\"} 1",
      "nilo_stream_duplicates_total{stream=\"pumps\"} 1",
      "nilo_stream_rejected_total{stream=\"pumps\"} 1",
      "nilo_queries_total{outcome=\"answered\"} 1", "nilo_queries_total{outcome=\"refused\"} 1",
      "nilo_query_seconds_count 2", "nilo_append_seconds_count 2",
      "nilo_append_seconds_bucket{le=\"+Inf\"} 2", "nilo_append_pending_bytes 0",
      "nilo_http_responses_total{class=\"2xx\"} 3", "nilo_http_responses_total{class=\"4xx\"} 2",
      "nilo_last_seq 2",
      // Whoever asks for figures is not among those who ask.
      "nilo_queries_running 0",
    ] {
      #expect(lines.contains(expected), "\(expected) is not in\n\(reply.text)")
    }
    // Each family is described once, before its figures.
    var described: Set<Substring> = []
    for line in lines {
      let words = line.split(separator: " ")
      if line.hasPrefix("# TYPE ") {
        #expect(described.insert(words[2]).inserted, "\(line)")
      } else if !line.hasPrefix("#") {
        let name = line.prefix { $0 != "{" && $0 != " " }
        let family = ["_bucket", "_sum", "_count"].map { suffix in
          name.hasSuffix(suffix) ? name.dropLast(suffix.count) : name
        }
        #expect((family + [name]).contains { described.contains($0) }, "\(line)")
        #expect(words.last.flatMap { Double($0) } != nil, "\(line)")
      }
    }
  }
}
