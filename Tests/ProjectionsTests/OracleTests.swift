import Foundation
import Query
import Store
import Testing

/// Compares the rows of KPIs with what DuckDB computes from the same lines, by way of `oracle.py`.
@Suite struct OracleTests {
  /// Random definitions of each data set.
  private static let randomCount = 15

  @Test(arguments: OracleData.allCases)
  func kpisAreThoseOfDuckDB(data: OracleData) throws {
    let directory = FileManager.default.temporaryDirectory
      .appending(path: "nilometer-oracle-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let lines = try data.lines()
    let file = directory.appending(path: "\(data).ndjson")
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
    let oracle = try OracleProcess(file: file, columns: data.columns)

    let cases = data.cases + Self.randomCases(data)
    let store = try Store(directory: directory.appending(path: "store").path())
    defer { store.close() }
    try Self.fill(store, data, lines, cases)
    for index in cases.indices {
      let differences = try Self.differences(cases[index], index, store, oracle)
      if !differences.isEmpty {
        Issue.record("\(data): \(cases[index])\n  \(differences.joined(separator: "\n  "))")
      }
    }
    for report in try store.projections.rebuild(named: [], verify: true) {
      #expect(report.differences.isEmpty, "\(data): \(report.name) rebuilt")
    }
  }

  private static func randomCases(_ data: OracleData) -> [OracleCase] {
    let environment = ProcessInfo.processInfo.environment
    let seed = environment["NILO_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...0xFFFF_FFFF)
    let factor = environment["NILO_ROUNDS"].flatMap { Double($0) } ?? 1
    print("random KPIs of \(data) are those of NILO_SEED=\(seed)")
    var random = OracleRandom(state: seed)
    return (0..<max(1, Int(Double(randomCount) * factor))).map { _ in data.randomCase(&random) }
  }

  /// A third of the KPIs is there before the events, a third comes with some of them in the log,
  /// and a third after all: so some are kept in step, some are filled, and some are both.
  private static func fill(
    _ store: Store, _ data: OracleData, _ lines: [String], _ cases: [OracleCase]
  ) throws {
    let hasId = data.columns["event_id"] != nil
    try store.define(
      StreamDefinition(
        name: data.rawValue, timePath: "timestamp", keyPath: data.texts[0].path,
        idPath: hasId ? "event_id" : nil))
    func define(_ third: Int) throws {
      for index in cases.indices where index % 3 == third {
        let one = cases[index]
        try store.projections.define(
          KpiDefinition(
            name: "k\(index)", stream: data.rawValue, select: one.select, filter: one.where,
            groupBy: one.by, every: one.every, rolling: one.rolling, timeZone: one.zone),
          actor: "test")
      }
    }
    try define(0)
    // Batches of uneven sizes: what is in one block or in many makes no difference.
    var (start, batch) = (0, 0)
    while start < lines.count {
      if batch == 5 { try define(1) }
      let end = min(lines.count, start + [1, 4_000, 77, 9_000, 2_500][batch % 5])
      let result = try store.append(Array(lines[start..<end]), to: data.rawValue)
      try #require(result.rejected.isEmpty)
      (start, batch) = (end, batch + 1)
    }
    if batch <= 5 { try define(1) }
    try define(2)
  }

  // MARK: Comparing

  private struct RowKey: Hashable, CustomStringConvertible {
    var second: Int64
    var group: [Text?]
    var description: String {
      let time = Date(timeIntervalSince1970: Double(second)).formatted(.iso8601)
      return "\(time) [\(group.map { $0?.debugDescription ?? "NULL" }.joined(separator: ", "))]"
    }
  }

  private static let maxReported = 5

  /// What the KPI says and the oracle does not, a line each.
  private static func differences(
    _ definition: OracleCase, _ index: Int, _ store: Store, _ oracle: OracleProcess
  ) throws -> [String] {
    let wanted = try oracle.answer(definition)
    let answer = try store.rows(of: "k\(index)")
    var rows: [RowKey: KpiRow] = [:]
    var found: [String] = []
    for row in answer.rows {
      let key = RowKey(second: row.timeNs / 1_000_000_000, group: row.group)
      if rows.updateValue(row, forKey: key) != nil { found.append("\(key): comes twice") }
    }
    // Each fact is in one bucket.
    if definition.where == nil, definition.rolling == nil {
      let facts = answer.rows.reduce(0) { $0 + Int($1.facts) }
      if facts != oracle.factCount { found.append("\(facts) facts of \(oracle.factCount)") }
    }
    for place in wanted.times.indices {
      let key = RowKey(
        second: wanted.times[place], group: wanted.groups[place].map { $0.map { Text($0) } })
      guard let row = rows.removeValue(forKey: key) else {
        found.append("\(key): got no row, wanted \(wanted.values[place])")
        continue
      }
      if Int(row.facts) != wanted.facts[place] {
        found.append("\(key): got \(row.facts) facts, wanted \(wanted.facts[place])")
      }
      for (item, value) in row.values.enumerated() {
        let (number, slack) = (wanted.values[place][item], wanted.slacks[place][item])
        if !isSame(value, number, slack) {
          let expected = number.map { "\($0) within \(slack)" } ?? "NULL"
          found.append("\(key): item \(item + 1): got \(value), wanted \(expected)")
        }
      }
    }
    for (key, row) in rows { found.append("\(key): got \(row.values), wanted no row") }
    found += try differencesOfPart(answer, index, store)
    if found.count <= maxReported { return found }
    return found.prefix(maxReported) + ["and \(found.count - maxReported) more"]
  }

  private static func isSame(_ value: QueryValue, _ wanted: Double?, _ slack: Double) -> Bool {
    // A divisor that may be zero or not.
    if slack == -1 { return true }
    switch value {
    case .null: return wanted == nil
    case .integer(let number): return wanted.map { abs(Double(number) - $0) <= slack } ?? false
    case .unsigned(let number): return wanted.map { abs(Double(number) - $0) <= slack } ?? false
    case .number(let number): return wanted.map { abs(number - $0) <= slack } ?? false
    case .text, .bool, .time, .top: return false
    }
  }

  /// A part of the rows is the same bits, read alone or with all.
  private static func differencesOfPart(
    _ all: KpiRows, _ index: Int, _ store: Store
  ) throws -> [String] {
    guard let first = all.rows.first, let last = all.rows.last else { return [] }
    let third = (last.timeNs - first.timeNs) / 3
    let range = first.timeNs + third..<last.timeNs - third + 1
    let part = all.rows.filter { range.contains($0.timeNs) }
    guard let row = part.first else { return [] }
    let name = "k\(index)"
    var found: [String] = []
    if try store.rows(of: name, range).rows != part {
      found.append("rows of \(range) differ, read alone")
    }
    let kpi = try store.snapshot().kpis.first { $0.name == name }
    let groups = Dictionary(uniqueKeysWithValues: zip(kpi?.groupBy ?? [], row.group))
    if try store.rows(of: name, range, groups: groups).rows
      != part.filter({ $0.group == row.group })
    {
      found.append("rows of \(range) and \(row.group) differ, read alone")
    }
    return found
  }
}

/// `oracle.py`, which has read one file.
final class OracleProcess {
  struct Answer: Decodable {
    var times: [Int64]
    var groups: [[String?]]
    var facts: [Int]
    var values: [[Double?]]
    var slacks: [[Double]]
  }

  private struct Head: Decodable { var facts: Int }
  private struct Failure: Decodable, Error { var error: String }

  static let root = URL(filePath: #filePath).appending(path: "../../..").standardizedFileURL

  let factCount: Int
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private let decoder = JSONDecoder()

  init(file: URL, columns: [String: String]) throws {
    let venv = Self.root.appending(path: "build/venv/bin/python3").path()
    let script = Self.root.appending(path: "Tests/ProjectionsTests/oracle.py").path()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      FileManager.default.isExecutableFile(atPath: venv) ? venv : "python3", script, file.path(),
      String(decoding: try JSONEncoder().encode(columns), as: UTF8.self),
    ]
    process.standardInput = input
    process.standardOutput = output
    // When the oracle has died, writing to it is an error and not the end of the tests.
    signal(SIGPIPE, SIG_IGN)
    try process.run()
    let line = Self.line(output)
    if line.isEmpty {
      process.waitUntilExit()
      // 3 is said by the script, 127 by env when there is no python3.
      let isMissing = [3, 127].contains(process.terminationStatus)
      throw Failure(
        error: isMissing
          ? "python3 with duckdb and tzdata is missing: run scripts/setup"
          : "oracle.py ended with status \(process.terminationStatus)")
    }
    factCount = try decoder.decode(Head.self, from: line).facts
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  func answer(_ definition: OracleCase) throws -> Answer {
    try input.fileHandleForWriting.write(contentsOf: JSONEncoder().encode(definition) + [10])
    let line = Self.line(output)
    if let failure = try? decoder.decode(Failure.self, from: line) { throw failure }
    do {
      return try decoder.decode(Answer.self, from: line)
    } catch {
      throw Failure(error: "oracle.py on \(definition): \(error)")
    }
  }

  /// The next line; empty at the end.
  private static func line(_ pipe: Pipe) -> Data {
    var line = Data()
    while line.last != 10 {
      let part = pipe.fileHandleForReading.availableData
      if part.isEmpty { break }
      line += part
    }
    return line
  }
}
