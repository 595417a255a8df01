import Foundation
import TestSupport
import Testing

/// InfluxQL is answered as a real InfluxDB answers it that was sent the same lines: `make test-clients` installs it.
@Suite(.enabled(if: InfluxProcess.isInstalled, "influxd is not installed: make test-clients"))
struct InfluxAgentTests {
  private static let start = 1_717_200_000

  /// Lines of a measurement with two tags and two fields, some of them without one or the other, in no order.
  private func lines(_ random: inout SeededGenerator) -> String {
    var lines: [String] = []
    for second in stride(from: 0, to: 6 * 3_600, by: 240) where !random.oneIn(4) {
      for host in ["a", "b", ""] where !random.oneIn(3) {
        let tag = host.isEmpty ? "" : ",host=\(host)"
        var fields = ["usage=\(Double(random.within(0...400)) / 4)"]
        if random.oneIn(2) { fields.append("load=\(random.within(0...50))") }
        let time = Self.start + second + random.below(200)
        lines.append(
          "cpu,region=\(random.pick(["eu", "us"]))\(tag) \(fields.joined(separator: ",")) \(time)000000000"
        )
      }
    }
    lines.shuffle(using: &random)
    return lines.joined(separator: "\n")
  }

  private func served(_ lines: String) throws -> (ServedStore, InfluxProcess) {
    let served = try ServedStore()
    let influx = try InfluxProcess(served)
    for url in [served.url, influx.url] {
      let (output, status) = try served.run(
        "curl", ["-sf", "\(url)/write?db=d", "--data-binary", lines])
      try #require(status == 0, "\(String(decoding: output, as: UTF8.self))")
    }
    return (served, influx)
  }

  @Test func aggregatesAreThoseOfInfluxDB() throws {
    var random = SeededGenerator(seed: firstSeed)
    let (served, influx) = try served(lines(&random))
    rounds(120) { random in
      let query = Self.query(&random)
      let ours = try influx.ask(served.url, query)
      let theirs = try influx.ask(influx.url, query)
      if let difference = InfluxProcess.difference(ours, theirs) {
        throw Mismatch(
          description: "\(query): \(difference)\nours: \(ours)\ntheirs: \(theirs)")
      }
    }
  }

  private static func query(_ random: inout SeededGenerator) -> String {
    let functions = [
      "mean(usage)", "count(usage)", "sum(load)", "min(usage)", "max(\"load\")", "spread(usage)",
      "stddev(usage)", "count(distinct(load))", "mean(load) AS l", "count(load)",
    ]
    let count = random.within(1...3)
    var columns = (0..<count).map { _ in random.pick(functions) }
    let from = start + 600 * random.within(-10...20)
    let until = from + 600 * random.within(1...40)
    var conditions = ["time >= \(from)000ms", "time \(random.pick(["<", "<="])) \(until)s"]
    if random.oneIn(2) {
      conditions.append(
        random.pick([
          "host = 'a'", "host != 'a'", "host = ''", "host != ''", "host =~ /a|b/", "host !~ /b/",
          "(host = 'a' OR region = 'us')", "region =~ /^e/", "host = 'none'",
        ]))
    }
    let buckets = ["time(10m)", "time(1h)", "time(7m)", "time(1d)"]
    var groups = random.oneIn(4) ? [] : [random.pick(buckets)]
    if random.oneIn(2) { groups.append(random.pick(["host", "region", "\"host\", region"])) }
    // The time of a point that is picked by itself is its own, which we do not tell.
    if !groups.contains(where: { $0.hasPrefix("time") }) { columns.append("count(usage)") }
    var query =
      "SELECT \(columns.joined(separator: ", ")) FROM \(random.pick(["cpu", "\"cpu\"", "d.autogen.cpu"]))"
    query += " WHERE \(conditions.joined(separator: " AND "))"
    if !groups.isEmpty { query += " GROUP BY \(groups.joined(separator: ", "))" }
    if groups.contains(where: { $0.hasPrefix("time") }) {
      query += random.pick([
        "", " fill(null)", " fill(none)", " fill(0)", " fill(7.5)", " fill(linear)",
      ])
      query += random.pick(["", "", " ORDER BY time DESC"])
      // With fill(none) InfluxDB limits each column by itself, and gives more rows where some have no points.
      if !query.contains("fill(none)") { query += random.pick(["", "", " LIMIT 3"]) }
      query += random.pick(["", " tz('Europe/Paris')", " tz('America/New_York')"])
    }
    return query
  }

  @Test func listsAreThoseOfInfluxDB() throws {
    var random = SeededGenerator(seed: firstSeed)
    let (served, influx) = try served(lines(&random))
    for query in [
      "SHOW MEASUREMENTS", "SHOW MEASUREMENTS LIMIT 10",
      "SHOW MEASUREMENTS WITH MEASUREMENT =~ /c.*/",
      "SHOW MEASUREMENTS WITH MEASUREMENT =~ /x/", "SHOW TAG KEYS", "SHOW TAG KEYS FROM \"cpu\"",
      "SHOW TAG KEYS FROM nothing", "SHOW FIELD KEYS FROM cpu", "SHOW FIELD KEYS",
      "SHOW TAG VALUES FROM cpu WITH KEY = \"host\"", "SHOW TAG VALUES WITH KEY IN (host, region)",
      "SHOW TAG VALUES FROM cpu WITH KEY =~ /reg/", "SHOW TAG VALUES FROM cpu WITH KEY = nothing",
      "SELECT mean(nothing) FROM cpu", "SELECT mean(usage) FROM nothing",
      "SELECT mean(usage) FROM cpu; SELECT count(usage) FROM cpu",
    ] {
      let (ours, theirs) = (try influx.ask(served.url, query), try influx.ask(influx.url, query))
      let difference = InfluxProcess.difference(ours, theirs)
      #expect(difference == nil, "\(query): \(difference ?? "")\nours: \(ours)\ntheirs: \(theirs)")
    }
  }
}

/// A real InfluxDB 1 beside a served store, with its files in that one's directory.
final class InfluxProcess: @unchecked Sendable {
  let port = Int.random(in: 20_000...30_000)
  private let served: ServedStore
  private let process = Process()

  static let isInstalled = FileManager.default.isExecutableFile(atPath: "/usr/bin/influxd")

  var url: String { "http://127.0.0.1:\(port)" }

  /// Starts it, and waits until it answers and has a database `d`.
  init(_ served: ServedStore) throws {
    self.served = served
    let directory = served.path("influxdb")
    try """
    reporting-disabled = true
    bind-address = "127.0.0.1:\(port + 1)"
    [meta]
      dir = "\(directory)/meta"
    [data]
      dir = "\(directory)/data"
      wal-dir = "\(directory)/wal"
    [monitor]
      store-enabled = false
    [http]
      bind-address = "127.0.0.1:\(port)"
    """.write(toFile: served.path("influxdb.conf"), atomically: true, encoding: .utf8)
    let log = served.path("influxdb.log")
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    process.executableURL = URL(fileURLWithPath: "/usr/bin/influxd")
    process.arguments = ["-config", served.path("influxdb.conf")]
    process.environment = ["HOME": served.directory.path]
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
    process.standardOutput = process.standardError
    try process.run()
    let deadline = Date(timeIntervalSinceNow: 60)
    while try served.run(
      "curl", ["-sf", "\(url)/query", "--data-urlencode", "q=CREATE DATABASE d"]
    ).status != 0 {
      let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
      try #require(process.isRunning && Date() < deadline, "influxd did not start: \(text)")
      usleep(100_000)
    }
  }

  deinit {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// The answer of a server to a statement, with times in milliseconds.
  func ask(_ url: String, _ query: String) throws -> NSDictionary {
    let (output, _) = try served.run(
      "curl", ["-s", "\(url)/query?db=d&epoch=ms", "--data-urlencode", "q=\(query)"])
    let answer = try JSONSerialization.jsonObject(with: output) as? NSDictionary
    return try #require(answer, "\(String(decoding: output, as: UTF8.self))")
  }

  /// Where two answers differ by more than rounding; nil where they do not.
  static func difference(_ ours: Any, _ theirs: Any) -> String? {
    switch (ours, theirs) {
    case (let one as NSDictionary, let other as NSDictionary):
      let keys = Set(one.allKeys.compactMap { $0 as? String })
      if keys != Set(other.allKeys.compactMap { $0 as? String }) {
        return "members \(keys.sorted())"
      }
      for key in keys.sorted() {
        guard let left = one[key], let right = other[key] else { continue }
        if let found = difference(left, right) { return "\(key): \(found)" }
      }
      return nil
    case (let one as NSArray, let other as NSArray):
      if one.count != other.count { return "\(one.count) and \(other.count) entries" }
      for (index, (left, right)) in zip(one, other).enumerated() {
        if let found = difference(left, right) { return "\(index): \(found)" }
      }
      return nil
    case (let one as NSNumber, let other as NSNumber):
      let (one, other) = (one.doubleValue, other.doubleValue)
      return abs(one - other) <= 1e-9 * max(1, abs(one), abs(other)) ? nil : "\(one) and \(other)"
    default:
      return (ours as? NSObject) == (theirs as? NSObject) ? nil : "\(ours) and \(theirs)"
    }
  }
}
