import Foundation
import Testing
import Workloads

/// A definition, in the texts that both Nilometer and the oracle read.
struct OracleCase: Encodable, CustomStringConvertible {
  var select: String
  var `where`: String?
  var by: String?
  var every: String
  var rolling: String?
  var zone = "UTC"

  init(
    _ select: String, where filter: String? = nil, by: String? = nil, every: String,
    rolling: String? = nil, zone: String = "UTC"
  ) {
    (self.select, self.where, self.by) = (select, filter, by)
    (self.every, self.rolling, self.zone) = (every, rolling, zone)
  }

  var description: String {
    "SELECT \(select)" + (self.where.map { " WHERE \($0)" } ?? "") + (by.map { " BY \($0)" } ?? "")
      + " EVERY \(every)" + (rolling.map { " ROLLING \($0)" } ?? "") + " IN \(zone)"
  }
}

/// Events with what is to be asked of them.
enum OracleData: String, CaseIterable, CustomTestStringConvertible {
  case weather, machine, fleet, mixed

  var testDescription: String { rawValue }

  static let zones = ["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]

  /// Numeric fields, with values about which to compare.
  var numbers: [(path: String, around: ClosedRange<Double>)] {
    switch self {
    case .weather:
      [
        ("temperature", -10...30), ("humidity", 20...100), ("pressure", 990...1_035),
        ("wind_speed", 0...12), ("wind_gust", 5...20), ("rainfall", 0...2), ("visibility", 0...17),
      ]
    case .machine: [("temperature", 20...110)]
    case .fleet: [("temperature", 0...30), ("humidity", 30...80), ("pressure", 995...1_020)]
    case .mixed: [("env.load", -50...50), ("line", 0...4), ("reading", -3...3)]
    }
  }

  var texts: [(path: String, values: [String])] {
    switch self {
    case .weather: [("city", ["JFK", "LaGuardia", "Newark"])]
    case .machine: [("device_id", ["machine-1", "machine-2"])]
    case .fleet:
      [
        ("status", ["ok", "warning", "error", "offline", "maintenance"]),
        ("site", ["site-01", "site-07", "site-20"]),
        ("device_id", ["device-00003", "device-00042"]),
      ]
    case .mixed: [("site", OracleData.sites)]
    }
  }

  var flags: [String] { self == .mixed ? ["ok"] : [] }

  var dimensions: [String] { texts.map(\.path) + flags + (self == .mixed ? ["line"] : []) }

  /// SQL types by field.
  var columns: [String: String] {
    var columns = ["timestamp": "VARCHAR"]
    for number in numbers where !number.path.contains(".") { columns[number.path] = "DOUBLE" }
    for text in texts { columns[text.path] = "VARCHAR" }
    for flag in flags { columns[flag] = "BOOLEAN" }
    if self == .mixed { columns["env"] = "STRUCT(load DOUBLE)" }
    if self == .mixed || self == .fleet { columns["event_id"] = "VARCHAR" }
    return columns
  }

  /// Lengths of buckets that make some tens to some thousands of them.
  var lengths: [String] {
    switch self {
    case .weather: ["1h", "90m", "6h", "1d", "1w", "1mo", "3mo", "1y"]
    case .machine: ["15m", "1h", "5h", "6h", "12h", "1d", "2d", "1w", "1mo"]
    case .fleet: ["1m", "7m", "15m", "1h", "6h", "1d"]
    case .mixed: ["15m", "1h", "3h", "6h", "1d", "3d", "1w", "1mo"]
    }
  }

  var windows: [(every: String, rolling: String)] {
    switch self {
    case .weather: [("6h", "24h"), ("1d", "7d"), ("1w", "4w"), ("1mo", "3mo")]
    case .machine: [("1h", "24h"), ("15m", "1h"), ("6h", "2d"), ("1d", "7d")]
    case .fleet: [("15m", "1h"), ("5m", "30m"), ("1h", "3h")]
    case .mixed: [("1h", "24h"), ("3h", "12h"), ("1d", "3d"), ("1w", "2w")]
    }
  }

  // MARK: Events

  /// The documents, one a line.
  func lines() throws -> [String] {
    let text: String
    switch self {
    case .weather: text = try Self.unpacked("weather/nyc-weather-2013.ndjson.gz")
    case .machine: text = try Self.unpacked("machine/machine-temperature.ndjson.gz")
    case .mixed: return Self.mixedLines()
    case .fleet:
      var options = FleetWorkload.Options()
      (options.devices, options.hours, options.lateShare) = (50, 6, 0.05)
      options.duplicateShare = 0.02
      var (workload, bytes) = (FleetWorkload(options), [UInt8]())
      while workload.next(into: &bytes) {}
      text = String(decoding: bytes, as: UTF8.self)
    }
    return text.utf8.split(separator: UInt8(ascii: "\n")).map { String(Substring($0)) }
  }

  private static func unpacked(_ name: String) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "gzip", "-dc", OracleProcess.root.appending(path: "Examples/\(name)").path(),
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: bytes, as: UTF8.self)
  }

  private static let sites = ["", "a,b", "it's", "Zürich", "null", "A", "100%"]

  /// What the other sets lack: times in any order and shared by many, absent and null fields, odd
  /// texts, numbers in several spellings. A clock change of New York is among the times.
  private static func mixedLines() -> [String] {
    var random = OracleRandom(state: 7)
    var lines: [String] = []
    for number in 0..<4_000 {
      if random.oneIn(50), let line = lines.suffix(200).randomElement(using: &random) {
        lines.append(line)
        continue
      }
      // From 2024-10-20, 20 days in steps of five minutes.
      let date = Date(timeIntervalSince1970: 1_729_382_400 + Double(random.below(5_760)) * 300)
      var fields = [
        "\"event_id\": \"e\(number)\"", "\"timestamp\": \"\(date.formatted(.iso8601))\"",
      ]
      let site = random.pick(sites)
      if !random.oneIn(5) { fields.append("\"site\": \"\(site)\"") }
      if !random.oneIn(5) { fields.append("\"ok\": \(random.pick(["true", "false", "null"]))") }
      if !random.oneIn(5) {
        fields.append("\"line\": \(random.pick(["0", "1", "2", "2.0", "3e0"]))")
      }
      if !random.oneIn(3) {
        let load = Double.random(in: -100...100, using: &random)
        fields.append("\"env\": {\"load\": \(load)}")
      }
      let spellings = ["-0", "0.0", "1e-7", "2.5E+6", "-1.50", "3", "null", "12345678.9"]
      if !random.oneIn(4) { fields.append("\"reading\": \(random.pick(spellings))") }
      lines.append("{\(fields.joined(separator: ", "))}")
    }
    return lines
  }
}

// MARK: Definitions

extension OracleData {
  var cases: [OracleCase] {
    // All lengths where clocks change, every other one where they do not.
    let counts = Self.zones.enumerated().flatMap { number, zone in
      lengths.enumerated().filter { number % 2 == 1 || $0.offset % 2 == number / 2 }
        .map { OracleCase("count(*)", every: $0.element, zone: zone) }
    }
    return counts + ownCases
  }

  private var ownCases: [OracleCase] {
    switch self {
    case .weather: Self.weatherCases
    case .machine:
      [
        OracleCase(
          "first(temperature), last(temperature), delta(temperature)", every: "15m",
          zone: "Asia/Kolkata"),
        OracleCase(
          "count(*), min(temperature), max(temperature), p99(temperature), stddev(temperature)",
          every: "1h", rolling: "24h", zone: "America/New_York"),
        OracleCase("avg(temperature), distinct(temperature)", every: "15m", rolling: "1h"),
        OracleCase("sum(temperature), variance(temperature)", by: "device_id", every: "1mo"),
        OracleCase(
          "p0(temperature), median(temperature), p100(temperature), distinct(device_id)",
          where: "temperature NOT BETWEEN 40 AND 100", every: "1w", zone: "Australia/Lord_Howe"),
      ]
    case .fleet:
      [
        OracleCase(
          "count(* WHERE status = 'error' OR status = 'offline') / count(*) AS share, count(*)",
          by: "site", every: "15m", rolling: "1h"),
        OracleCase(
          "p50(temperature), p95(temperature), p99(temperature)", by: "site, status", every: "1h"),
        OracleCase(
          "first(pressure), last(pressure), delta(humidity)", by: "device_id", every: "15m",
          zone: "Asia/Kolkata"),
        OracleCase("distinct(device_id), distinct(site), distinct(event_id)", every: "1h"),
        OracleCase(
          "avg(temperature WHERE status != 'ok'), variance(pressure)",
          where: "site LIKE 'site-_1' AND NOT (humidity > 60 OR status IN ('error', 'offline'))",
          by: "site", every: "6h", zone: "Australia/Lord_Howe"),
      ]
    case .mixed:
      [
        OracleCase(
          "count(*), first(env.load), last(env.load), first(reading)", by: "site, ok",
          every: "1d", zone: "America/New_York"),
        OracleCase(
          "count(site), count(ok), count(reading), distinct(site), distinct(line)", by: "line",
          every: "6h", rolling: "24h", zone: "America/New_York"),
        OracleCase(
          "count(*), sum(reading)", where: "site IS NULL OR NOT site LIKE '%''%' AND ok != TRUE",
          by: "site", every: "1w"),
        OracleCase(
          "-sum(env.load) * 2 - 1, (max(reading) - min(reading)) / 0, 1 / sum(line)",
          where: "site NOT IN ('', 'A') AND line >= 1", every: "1h"),
      ]
    }
  }

  private static let weatherCases = [
    OracleCase(
      "count(*), count(rainfall), sum(rainfall), avg(temperature), min(wind_speed),"
        + " max(wind_speed), stddev(temperature), variance(pressure)", by: "city", every: "1d",
      zone: "America/New_York"),
    OracleCase(
      "first(temperature), last(temperature), delta(pressure), p50(humidity), p95(humidity),"
        + " p99(wind_gust), distinct(temperature), distinct(city)", by: "city", every: "1w",
      zone: "Australia/Lord_Howe"),
    OracleCase("count(* WHERE humidity > 80) / count(*) AS humid", by: "city", every: "6h"),
    OracleCase(
      "100 * sum(rainfall WHERE temperature < 0) / sum(rainfall) AS snow", every: "1mo",
      zone: "Asia/Kolkata"),
    OracleCase(
      "count(*), avg(wind_gust)",
      where: "wind_gust IS NOT NULL AND (pressure IS NULL OR pressure BETWEEN 1000 AND 1020)",
      by: "city", every: "1d"),
    OracleCase("distinct(pressure), distinct(visibility)", every: "1y"),
    OracleCase(
      "avg(temperature), p95(wind_speed), delta(temperature), stddev(humidity)", by: "city",
      every: "1h", rolling: "24h", zone: "America/New_York"),
    OracleCase("max(rainfall), last(pressure)", every: "15m", rolling: "1h"),
    OracleCase(
      "count(*)", where: "NOT (city LIKE 'N%') AND temperature NOT IN (0, 3.9, 4.4)",
      by: "city", every: "1w"),
  ]

  func randomCase(_ random: inout OracleRandom) -> OracleCase {
    var items: [String] = []
    for number in 0..<random.within(1...3) { items.append("\(item(&random)) AS v\(number)") }
    var definition = OracleCase(
      items.joined(separator: ", "), every: random.pick(lengths), zone: random.pick(Self.zones))
    if random.oneIn(3) {
      let window = random.pick(windows)
      (definition.every, definition.rolling) = (window.every, window.rolling)
    }
    if random.oneIn(2) { definition.where = predicate(&random, depth: 2) }
    let by = dimensions.shuffled(using: &random).prefix(random.below(3))
    if !by.isEmpty { definition.by = by.joined(separator: ", ") }
    return definition
  }

  private func item(_ random: inout OracleRandom) -> String {
    let first = aggregate(&random)
    switch random.below(6) {
    case 0: return "\(first) / \(aggregate(&random))"
    case 1: return "(\(first) - \(aggregate(&random))) * 0.5"
    case 2: return "100 * \(first) / count(*)"
    default: return first
    }
  }

  private func aggregate(_ random: inout OracleRandom) -> String {
    let functions = [
      "count", "sum", "avg", "min", "max", "stddev", "variance", "first", "last", "delta",
      "p\(random.within(0...100))", "p99.9", "median", "distinct",
    ]
    let function = random.pick(functions)
    let filter = random.oneIn(3) ? " WHERE \(predicate(&random, depth: 1))" : ""
    let paths = ["count", "distinct"].contains(function) ? dimensions : []
    let field = random.pick(numbers.map(\.path) + paths)
    if function == "count", random.oneIn(2) { return "count(*\(filter))" }
    return "\(function)(\(field)\(filter))"
  }

  private func predicate(_ random: inout OracleRandom, depth: Int) -> String {
    if depth > 0 {
      let left = { (random: inout OracleRandom) in predicate(&random, depth: depth - 1) }
      switch random.below(6) {
      case 0: return "\(left(&random)) AND \(left(&random))"
      case 1: return "(\(left(&random)) OR \(left(&random)))"
      case 2: return "NOT (\(left(&random)))"
      default: break
      }
    }
    let not = random.pick(["", "NOT "])
    let fields = numbers.map(\.path) + dimensions
    if random.oneIn(6) { return "\(random.pick(fields)) IS \(not)NULL" }
    if random.oneIn(2) { return comparison(of: random.pick(numbers), not, &random) }
    if let flag = flags.first, random.oneIn(3) {
      return "\(flag) = \(random.pick(["TRUE", "FALSE"]))"
    }
    return test(of: random.pick(texts), not, &random)
  }

  private func comparison(
    of field: (path: String, around: ClosedRange<Double>), _ not: String,
    _ random: inout OracleRandom
  ) -> String {
    let values = (0..<3).map { _ in
      (Double.random(in: field.around, using: &random) * 10).rounded() / 10
    }.sorted()
    switch random.below(3) {
    case 0: return "\(field.path) \(not)BETWEEN \(values[0]) AND \(values[2])"
    case 1: return "\(field.path) \(not)IN (\(values[0]), \(values[1]), \(Int(values[2])))"
    default: return "\(field.path) \(random.pick(["=", "!=", "<", "<=", ">", ">="])) \(values[1])"
    }
  }

  private func test(
    of field: (path: String, values: [String]), _ not: String, _ random: inout OracleRandom
  ) -> String {
    let texts = field.values.map { $0.replacingOccurrences(of: "'", with: "''") }
    let (one, other) = (random.pick(texts), random.pick(texts))
    switch random.below(4) {
    case 0: return "\(field.path) \(not)IN ('\(one)', '\(other)')"
    case 1: return "\(field.path) \(not)BETWEEN '\(min(one, other))' AND '\(max(one, other))'"
    case 2:
      let pattern = random.pick(["%", "%_", "_%e%", "%-0%", "_", "%i%", "%a%r%"])
      return "\(field.path) \(not)LIKE '\(pattern)'"
    default: return "\(field.path) \(random.pick(["=", "!=", "<", "<=", ">", ">="])) '\(one)'"
    }
  }
}

/// SplitMix64: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
struct OracleRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
  mutating func within(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
  mutating func oneIn(_ times: Int) -> Bool { below(times) == 0 }
  mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }
}
