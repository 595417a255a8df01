import FileConnector
import Foundation
import Workloads

/// Events with what is to be asked of them: few enough that thousands of queries are soon answered.
enum OracleData: String, CaseIterable, Sendable, CustomStringConvertible {
  case weather, machine, fleet

  var description: String { rawValue }

  /// Numeric fields, with values about which to compare.
  var numbers: [(path: String, around: ClosedRange<Double>)] {
    switch self {
    case .weather:
      [
        ("temperature", -10...15), ("humidity", 20...100), ("pressure", 990...1_035),
        ("wind_speed", 0...12), ("wind_gust", 5...20), ("rainfall", 0...2),
      ]
    case .machine: [("temperature", 60...100)]
    case .fleet: [("temperature", 0...30), ("humidity", 30...80), ("pressure", 995...1_020)]
    }
  }

  var texts: [(path: String, values: [String])] {
    switch self {
    case .weather: [("city", ["JFK", "LaGuardia", "Newark"])]
    case .machine: [("device_id", ["machine-1", "machine-2"])]
    case .fleet:
      [
        ("status", ["ok", "warning", "error", "offline", "maintenance"]),
        ("site", ["site-01", "site-07", "site-20"]), ("device_id", ["device-00003"]),
      ]
    }
  }

  var fields: [String] { numbers.map(\.path) + texts.map(\.path) }
  func isNumber(_ field: String) -> Bool { numbers.contains { $0.path == field } }

  /// The times of the events.
  var seconds: Range<Int> {
    switch self {
    case .weather: 1_357_020_000..<1_358_800_000
    case .machine: 1_385_935_200..<1_386_400_000
    case .fleet: 1_717_200_000..<1_717_214_400
    }
  }

  /// Shorter buckets would be more than facts.
  var leastSeconds: Int { self == .weather ? 3_600 : 60 }

  /// SQL types by field.
  var columns: [String: String] {
    var columns = ["timestamp": "VARCHAR"]
    for number in numbers { columns[number.path] = "DOUBLE" }
    for text in texts { columns[text.path] = "VARCHAR" }
    return columns
  }

  private static let lineCount = 1_500

  func lines() throws -> [String] {
    var bytes: [UInt8] = []
    switch self {
    case .weather: bytes = try Self.unpacked("weather/nyc-weather-2013.ndjson.gz")
    case .machine: bytes = try Self.unpacked("machine/machine-temperature.ndjson.gz")
    case .fleet:
      var options = FleetWorkload.Options()
      (options.devices, options.hours, options.intervalMs) = (12, 4, 120_000)
      (options.lateShare, options.duplicateShare) = (0.05, 0)
      var workload = FleetWorkload(options)
      while workload.next(into: &bytes) {}
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix(Self.lineCount)
      .map(String.init)
  }

  private static func unpacked(_ name: String) throws -> [UInt8] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "gzip", "-dc", root.standardizedFileURL.appending(path: "Examples/\(name)").path(),
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return Array(bytes)
  }
}
