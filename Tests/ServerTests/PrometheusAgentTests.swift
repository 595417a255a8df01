import Foundation
import TestSupport
import Testing

/// Programs of Prometheus ask and scrape KPIs: `make test-clients` installs them.
@Suite(
  .enabled(if: PrometheusProcess.isInstalled, "prometheus is not installed: make test-clients"))
struct PrometheusAgentTests {
  /// 2024-06-01T00:00:00Z.
  private static let start = 1_717_200_000

  /// A server with a KPI `k` of 48 hours, of random events of some sites and lines. Its columns are sums, counts and the
  /// like, whose values Prometheus may average as we do; all are multiples of a quarter, so that sums have no rounding.
  private func filled(_ random: inout SeededGenerator) throws -> ServedStore {
    let served = try ServedStore()
    var documents: [String] = []
    for hour in 0..<48 {
      for group in 0..<6 where !random.oneIn(5) {
        for _ in 0..<random.within(1...3) {
          let time = Self.start + hour * 3_600 + random.below(3_600)
          let value = Double(random.within(-400...400)) / 4
          let line = group % 3 == 2 ? "" : "\"line\":\"\(group % 3)\","
          documents.append(
            "{\"site\":\"\(group / 3 == 0 ? "north" : "south")\",\(line)\"time\":\(time),\"x\":\(value)}"
          )
        }
      }
    }
    let reply = try served.post(
      "/v1/streams/events/events", documents.joined(separator: "\n"),
      headers: ["Content-Type: application/x-ndjson"])
    try #require(reply.status == 200, "\(reply.text)")
    let define =
      "DEFINE KPI k AS sum(x) AS whole, count(*) AS n, min(x) AS low, max(x) AS high, avg(x) AS mean, p90(x) AS p90 FROM events GROUP BY site, line EVERY 1h"
    let defined = try served.post("/v1/query", define)
    try #require(defined.status == 200, "\(defined.text)")
    return served
  }

  private static func ask(
    _ served: ServedStore, _ path: String, _ fields: [String: String]
  ) throws -> PrometheusReply {
    try PrometheusReply(served, served.url, path, fields)
  }

  /// The samples of all series as OpenMetrics, as blocks of Prometheus.
  private func blocks(_ served: ServedStore) throws -> String {
    let all = try Self.ask(
      served, "/api/v1/query",
      ["query": "{__name__=~\"k_.*\"}[100d]", "time": "\(Self.start + 9 * 86_400)"])
    var text = ""
    for metric in ["k_high", "k_low", "k_mean", "k_n", "k_p90", "k_whole"] {
      text += "# TYPE \(metric) gauge\n"
      for (labels, values) in all.series.sorted(by: { $0.key < $1.key })
      where labels.hasPrefix("__name__=\(metric)") {
        let pairs = labels.split(separator: ",").dropFirst().map { pair in
          let parts = pair.split(separator: "=")
          return "\(parts[0])=\"\(parts[1])\""
        }
        for (time, value) in values.sorted(by: { $0.key < $1.key }) {
          text += "\(metric){\(pairs.joined(separator: ","))} \(value) \(Int(time))\n"
        }
      }
    }
    try (text + "# EOF\n").write(
      toFile: served.path("samples"), atomically: true, encoding: .utf8)
    let data = served.path("tsdb")
    let (output, status) = try served.run(
      "promtool", ["tsdb", "create-blocks-from", "openmetrics", served.path("samples"), data])
    try #require(status == 0, "\(String(decoding: output, as: UTF8.self))")
    return data
  }

  /// All that the subset has, over the same samples, is what Prometheus makes of it. Neither looks at a sample that lies
  /// exactly at an end of what it looks at, of which Prometheus 2 takes both and Prometheus 3 and we one.
  @Test func expressionsAreWhatPrometheusMakesOfThem() throws {
    var random = SeededGenerator(seed: firstSeed)
    let served = try filled(&random)
    let prometheus = try PrometheusProcess(
      served, configuration: "global: {}\n", data: try blocks(served),
      ["--query.lookback-delta=1h"])
    rounds(150) { random in
      var maker = ExpressionMaker(random: random, startSeconds: Self.start + 7)
      let expression = maker.vector(3)
      let start = Self.start + 7 + 600 * maker.random.below(200)
      var fields = ["query": expression]
      var path = "/api/v1/query"
      if maker.random.oneIn(2) {
        fields["time"] = "\(start)"
      } else {
        path = "/api/v1/query_range"
        fields["start"] = "\(start)"
        fields["end"] = "\(start + 6 * 3_600)"
        fields["step"] = maker.random.pick(["600", "3600", "1700"])
      }
      let ours = try Self.ask(served, path, fields)
      let theirs = try prometheus.ask(path, fields)
      if let difference = ours.difference(from: theirs) {
        throw Mismatch(
          description:
            "\(path) \(fields): \(difference)\nours: \(ours.text)\ntheirs: \(theirs.text)")
      }
    }
  }

  /// Averages of averages are what we do not do: here Prometheus has another number.
  @Test func averagesAreOfEvents() throws {
    var random = SeededGenerator(seed: firstSeed)
    let served = try filled(&random)
    let time = "\(Self.start + 30 * 3_600)"
    for (query, statement) in [
      ("avg(avg_over_time(k_mean[24h]))", "SELECT avg(x) FROM events"),
      (
        "avg_over_time(k_p90{site=\"north\",line=\"1\"}[24h])",
        "SELECT p90(x) FROM events WHERE site = 'north' AND line = '1'"
      ),
      (
        "avg by (site) (avg_over_time(k_p90{site=\"south\"}[24h]))",
        "SELECT p90(x) FROM events WHERE site = 'south'"
      ),
      (
        "avg(avg_over_time(k_mean{line=\"\"}[24h]))", "SELECT avg(x) FROM events WHERE line IS NULL"
      ),
    ] {
      let ours = try Self.ask(served, "/api/v1/query", ["query": query, "time": time])
      let range = " SINCE '2024-06-01T06:00:00Z' UNTIL '2024-06-02T06:00:00Z'"
      let value = try #require(ours.series.values.first?.values.first, "\(query): \(ours.text)")
      #expect(Double(try served.value(statement + range)) == value, "\(query)")
      #expect(ours.series.count == 1 && !ours.text.contains("averages of averages"), "\(ours.text)")
    }
  }

  @Test func promtoolAsks() throws {
    var random = SeededGenerator(seed: firstSeed)
    let served = try filled(&random)
    func promtool(_ arguments: String...) throws -> String {
      let (output, status) = try served.run(
        "promtool", ["query"] + arguments, error: served.path("error"))
      let error = try String(contentsOfFile: served.path("error"), encoding: .utf8)
      #expect(status == 0, "promtool \(arguments): \(error)")
      return String(decoding: output, as: UTF8.self)
    }
    let time = "--time=\(Self.start + 86_400)"
    let value = try served.value(
      "SELECT count(*) FROM events SINCE '2024-06-01T23:00:00Z' UNTIL '2024-06-02T00:00:00Z'")
    #expect(try promtool("instant", time, served.url, "sum(k_n)").contains("=> \(value) @["))
    let (from, until) = ("--start=\(Self.start)", "--end=\(Self.start + 86_400)")
    let range = try promtool("range", from, until, "--step=1h", served.url, "sum by (site) (k_n)")
    #expect(range.contains("{site=\"north\"} =>") && range.contains("{site=\"south\"} =>"))
    let series = try promtool("series", "--match=k_n", from, until, served.url)
    #expect(series.contains("line=\"0\"") && series.split(separator: "\n").count == 6, "\(series)")
    #expect(try promtool("labels", from, until, served.url, "site") == "north\nsouth\n")
  }

  /// What is scraped is what we say, and a selector picks it.
  @Test func prometheusScrapesAndFederates() throws {
    var random = SeededGenerator(seed: firstSeed)
    let served = try filled(&random)
    let (checked, status) = try served.run(
      "bash", ["-c", "curl -s \(served.url)/metrics/kpis | promtool check metrics 2>&1"])
    #expect(status == 0, "\(String(decoding: checked, as: UTF8.self))")
    let prometheus = try PrometheusProcess(
      served,
      configuration: """
        scrape_configs:
          - job_name: all
            scrape_interval: 1s
            metrics_path: /metrics/kpis
            static_configs: [{targets: ["127.0.0.1:\(served.port)"]}]
          - job_name: federate
            scrape_interval: 1s
            honor_labels: true
            metrics_path: /metrics/kpis
            params: {"match[]": ['k_n{site="north"}', 'k_whole']}
            static_configs: [{targets: ["127.0.0.1:\(served.port)"]}]

        """, data: served.path("scraped"))
    try prometheus.wait("series of both jobs") {
      try prometheus.ask("/api/v1/query", ["query": "count by (job) ({__name__=~\"k_.*\"})"])
        .series.count == 2
    }
    let exposed = try served.get("/metrics/kpis").text.split(separator: "\n")
      .filter { !$0.hasPrefix("#") }
    let all = try prometheus.ask("/api/v1/query", ["query": "{__name__=~\"k_.*\",job=\"all\"}"])
    #expect(all.series.count == exposed.count && exposed.count > 6)
    let picked = try prometheus.ask(
      "/api/v1/query", ["query": "{__name__=~\"k_.*\",job=\"federate\"}"])
    let wanted = exposed.filter {
      $0.hasPrefix("k_whole{") || $0.hasPrefix("k_n{") && $0.contains("north")
    }
    #expect(picked.series.count == wanted.count)
    for line in exposed where line.hasPrefix("k_whole{") {
      let value = Double(line.split(separator: " ").last ?? "")
      #expect(picked.series.values.contains { $0.values.first == value }, "\(line)")
    }
  }

  /// With a Prometheus in front that reads from us it answers as we do: expressions that it computes itself of samples that
  /// it has read.
  @Test func prometheusReadsFromUs() throws {
    var random = SeededGenerator(seed: firstSeed)
    let served = try filled(&random)
    let prometheus = try PrometheusProcess(
      served,
      configuration: """
        remote_read:
          - url: \(served.url)/api/v1/read
            read_recent: true

        """, data: served.path("remote"), ["--query.lookback-delta=1h"])
    for query in [
      "{__name__=~\"k_.*\"}", "k_n{site=\"north\"}", "k_whole{line=\"\"}", "k_low{line!~\"0\"}",
      "sum by (site) (k_whole)", "max_over_time(k_high[5h])", "k_whole / k_n", "nothing",
    ] {
      let fields = [
        "query": query, "start": "\(Self.start + 7)", "end": "\(Self.start + 50 * 3_600)",
        "step": "3600",
      ]
      let ours = try Self.ask(served, "/api/v1/query_range", fields)
      let theirs = try prometheus.ask("/api/v1/query_range", fields)
      #expect(ours.error == nil && theirs.error == nil, "\(query): \(theirs.text)")
      let difference = ours.difference(from: theirs)
      #expect(
        difference == nil,
        "\(query): \(difference ?? "")\nours: \(ours.text)\ntheirs: \(theirs.text)")
    }
  }
}

/// Makes expressions of the subset up, over the series of `k`. Where a rounding more or less would change which values there
/// are, operands are values as they are stored.
private struct ExpressionMaker {
  var random: SeededGenerator
  let startSeconds: Int

  mutating func vector(_ depth: Int) -> String {
    if depth == 0 || random.oneIn(6) { return selector() }
    let inner = depth - 1
    switch random.below(12) {
    case 0: return overTime()
    case 1, 2: return aggregation(inner)
    case 3: return "(\(vector(inner)) \(random.pick(["+", "-", "*", "/"])) \(number()))"
    case 4: return "(\(number()) \(random.pick(["+", "-", "*", "/"])) \(vector(inner)))"
    case 5: return "(\(vector(inner)) \(comparison()) \(random.pick(["7.3", "-3.3"])))"
    case 6:
      return "(\(selector()) \(random.pick(["+", "-", "*", "/", "%"])) \(matching()) \(selector()))"
    case 7: return "(\(selector()) \(comparison()) \(matching()) \(selector()))"
    case 8:
      let name = random.pick(["abs", "sort", "-", "+"])
      return name.count == 1 ? "\(name)\(vector(inner))" : "\(name)(\(vector(inner)))"
    case 9:
      return random.oneIn(2)
        ? "round(\(selector())\(random.pick(["", ", 0.1", ", 5"])))"
        : "\(random.pick(["clamp_min", "clamp_max"]))(\(vector(inner)), \(number()))"
    case 10:
      return "label_replace(\(vector(inner)), \"place\", \"$1-${line}\", \"site\", \"(.*)th\")"
    default:
      return random.oneIn(2) ? "absent(\(selector()))" : "vector(scalar(\(vector(inner))) + time())"
    }
  }

  private mutating func selector(range: String = "") -> String {
    var matchers: [String] = []
    if random.oneIn(2) {
      matchers.append(
        random.pick([
          "site=\"north\"", "site!=\"north\"", "line=\"\"", "line!=\"\"", "line=~\"0|1\"",
          "line=~\"|1\"", "line!~\"0\"", "site=~\"n.*\"", "other=\"\"", "site=\"x\"",
        ]))
    }
    var text = random.pick(["k_whole", "k_n", "k_low", "k_high"])
    if !matchers.isEmpty { text += "{\(matchers.joined(separator: ","))}" }
    text += range
    if random.oneIn(6) { text += " @ \(startSeconds + 600 * random.below(200))" }
    if random.oneIn(4) { text += random.pick([" offset 1h", " offset 3h", " offset -2h"]) }
    return text
  }

  private mutating func overTime() -> String {
    let name = random.pick([
      "rate", "increase", "delta", "avg_over_time", "min_over_time", "max_over_time",
      "sum_over_time", "count_over_time", "stddev_over_time", "stdvar_over_time",
      "last_over_time", "present_over_time", "absent_over_time", "quantile_over_time",
    ])
    let range = selector(range: random.pick(["[2h]", "[5h]", "[1h30m]", "[1d]"]))
    return name == "quantile_over_time" ? "\(name)(0.3, \(range))" : "\(name)(\(range))"
  }

  private mutating func aggregation(_ depth: Int) -> String {
    let grouping = random.pick([
      "", " by (site)", " by (line)", " without (line)", " by ()", " without ()", " by (x, site)",
    ])
    // Which of equal values is picked is anybody's guess.
    if random.oneIn(4) {
      let distinct = "k_whole * 1000 + k_low * 31 + k_high"
      return "\(random.pick(["topk", "bottomk"]))\(grouping) (2, \(distinct))"
    }
    if random.oneIn(4) { return "quantile\(grouping) (0.7, \(vector(depth)))" }
    let name = random.pick(["sum", "avg", "min", "max", "count", "stddev"])
    return random.oneIn(2)
      ? "\(name)\(grouping) (\(vector(depth)))" : "\(name)(\(vector(depth)))\(grouping)"
  }

  private mutating func comparison() -> String {
    random.pick(["==", "!=", "<", "<=", ">", ">="]) + random.pick(["", " bool"])
  }

  private mutating func matching() -> String {
    random.pick(["", "on (site, line)", "ignoring (x)", "on (site)", "ignoring (line)"])
  }

  private mutating func number() -> String { random.pick(["2", "0.5", "-3", "7", "1e3", "2 ^ 3"]) }
}
