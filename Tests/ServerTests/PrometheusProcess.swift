import Foundation
import Testing

/// A real Prometheus server beside a served store, with files in its directory. It ends when it is not needed any more.
final class PrometheusProcess: @unchecked Sendable {
  let served: ServedStore
  let port = Int.random(in: 20_000...30_000)
  private let process = Process()
  private let log: String

  static let isInstalled = ["prometheus", "promtool"].allSatisfy {
    FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)")
  }

  var url: String { "http://127.0.0.1:\(port)" }

  /// Starts it, and waits until it answers. `configuration` is YAML; `data` is a directory that may have blocks already.
  init(
    _ served: ServedStore, configuration: String, data: String, _ arguments: [String] = []
  ) throws {
    self.served = served
    log = served.path("prometheus-\(port).log")
    let file = served.path("prometheus-\(port).yml")
    try configuration.write(toFile: file, atomically: true, encoding: .utf8)
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    process.executableURL = URL(fileURLWithPath: "/usr/bin/prometheus")
    process.arguments =
      [
        "--config.file=\(file)", "--storage.tsdb.path=\(data)",
        "--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:\(port)",
      ] + arguments
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
    process.standardOutput = process.standardError
    try process.run()
    try wait("that it is ready") {
      try served.run("curl", ["-sf", "\(url)/-/ready"]).status == 0
    }
  }

  deinit {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Polls until `isDone`, a minute at most.
  func wait(_ what: String, until isDone: () throws -> Bool) throws {
    let deadline = Date(timeIntervalSinceNow: 60)
    while try !isDone() {
      let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
      try #require(process.isRunning && Date() < deadline, "Prometheus: no \(what): \(text)")
      usleep(100_000)
    }
  }

  /// What it answers to an expression.
  func ask(_ path: String, _ fields: [String: String]) throws -> PrometheusReply {
    try PrometheusReply(served, url, path, fields)
  }
}

/// An answer in the form of Prometheus' API: values by series and time.
struct PrometheusReply {
  /// Of each series, by its labels, the value at each time.
  var series: [String: [Double: Double]] = [:]
  /// What is wrong; nil for an answer.
  var error: String?
  var warnings: [String] = []
  var text: String

  init(_ served: ServedStore, _ url: String, _ path: String, _ fields: [String: String]) throws {
    let form = fields.flatMap { ["--data-urlencode", "\($0.key)=\($0.value)"] }
    let (output, _) = try served.run("curl", ["-s", "--max-time", "60", url + path] + form)
    text = String(decoding: output, as: UTF8.self)
    let object = try JSONSerialization.jsonObject(with: output) as? [String: Any]
    let answer = try #require(object, "\(text)")
    guard answer["status"] as? String == "success" else {
      error = answer["error"] as? String ?? text
      return
    }
    warnings = answer["warnings"] as? [String] ?? []
    let data = try #require(answer["data"] as? [String: Any])
    if data["resultType"] as? String == "scalar" {
      series["scalar"] = Self.points([try #require(data["result"] as? [Any])])
      return
    }
    for one in try #require(data["result"] as? [[String: Any]], "\(text)") {
      let metric = one["metric"] as? [String: String] ?? [:]
      let labels = metric.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      let points = one["values"] as? [[Any]] ?? (one["value"] as? [Any]).map { [$0] } ?? []
      series[labels.joined(separator: ",")] = Self.points(points)
    }
  }

  private static func points(_ points: [[Any]]) -> [Double: Double] {
    var values: [Double: Double] = [:]
    for point in points {
      guard let time = point[0] as? Double, let text = point[1] as? String else { continue }
      values[time] = ["NaN": .nan, "+Inf": .infinity, "-Inf": -.infinity][text] ?? Double(text)
    }
    return values
  }

  /// Where two answers differ by more than rounding; nil where they do not.
  func difference(from other: PrometheusReply) -> String? {
    if error != nil || other.error != nil {
      return (error == nil) == (other.error == nil) ? nil : "one is an error"
    }
    guard Set(series.keys) == Set(other.series.keys) else {
      return "series \(series.keys.sorted()) and \(other.series.keys.sorted())"
    }
    for (labels, values) in series {
      let others = other.series[labels] ?? [:]
      guard Set(values.keys) == Set(others.keys) else { return "times of {\(labels)}" }
      for (time, value) in values {
        let wanted = others[time] ?? .nan
        let isEqual =
          value == wanted || value.isNaN && wanted.isNaN
          || abs(value - wanted) <= 1e-6 + 1e-9 * max(abs(value), abs(wanted))
        if !isEqual { return "{\(labels)} at \(time): \(value) and \(wanted)" }
      }
    }
    return nil
  }
}
