import Foundation
import Testing

/// The dashboard of `Examples/grafana`: what Grafana asks for it is answered.
@Suite struct DashboardTests {
  private static let examples = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../Examples").standardizedFileURL

  private static func text(_ name: String) throws -> String {
    try String(contentsOf: examples.appendingPathComponent("grafana/\(name)"), encoding: .utf8)
  }

  /// The expressions of the panels, with their variable as Grafana fills it in.
  private static func expressions() throws -> [String] {
    let dashboard = try JSONSerialization.jsonObject(with: Data(text("weather.json").utf8))
    let panels = try #require((dashboard as? [String: Any])?["panels"] as? [[String: Any]])
    return panels.flatMap { $0["targets"] as? [[String: Any]] ?? [] }
      .compactMap { $0["expr"] as? String }
      .map { $0.replacing("$city", with: "(JFK|LaGuardia|Newark)") }
  }

  /// Method, path and form.
  private static func requests() throws -> [(method: String, path: String, form: String)] {
    try text("requests.txt").split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
      let words = line.split(separator: " ").map(String.init)
      return (words[0], words[1], words.count > 2 ? words[2] : "")
    }
  }

  @Test func requestsAreThoseOfTheDashboard() throws {
    let asked = try Self.requests().compactMap { request in
      request.form.split(separator: "&").first { $0.hasPrefix("query=") }
        .flatMap { $0.dropFirst("query=".count).removingPercentEncoding }
    }
    let expressions = try Self.expressions()
    #expect(expressions.count > 5)
    for expression in expressions { #expect(asked.contains(expression), "\(expression)") }
  }

  @Test func allRequestsAreAnswered() throws {
    let served = try ServedStore()
    let weather = Self.examples.appendingPathComponent("weather/nyc-weather-2013.ndjson.gz")
    let stored = try served.ask(
      "POST", "/v1/streams/weather/events", headers: ["Content-Encoding: gzip"],
      body: try Data(contentsOf: weather))
    try #require(stored.status == 200, "\(stored.text)")
    let defined = try served.post("/v1/query", try Self.text("kpi.nql"))
    try #require(defined.status == 200, "\(defined.text)")
    for (method, path, form) in try Self.requests() {
      let reply =
        method == "GET"
        ? try served.get(path)
        : try served.post(path, form, headers: ["Content-Type: application/x-www-form-urlencoded"])
      let answer = try reply.json()
      #expect(
        reply.status == 200 && answer["status"] as? String == "success",
        "\(path) \(form): \(reply.text)")
      guard form.contains("query="), let data = answer["data"] as? [String: Any] else { continue }
      let result = try #require(data["result"] as? [Any])
      #expect(!result.isEmpty, "\(path) \(form)")
      // Nothing that is drawn is an average of averages.
      #expect(!reply.text.contains("of averages"), "\(form): \(reply.text.prefix(500))")
    }
    let cities = try served.get("/api/v1/label/city/values?match%5B%5D=heat_mean")
    #expect(cities.text == "{\"status\":\"success\",\"data\":[\"JFK\",\"LaGuardia\",\"Newark\"]}\n")
  }
}
