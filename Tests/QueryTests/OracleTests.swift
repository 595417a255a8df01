import Foundation
import Query
import Store
import TestSupport
import Testing

/// Compares answers to random queries with those of DuckDB to the same question in SQL, by way of `oracle.py`.
@Suite struct OracleTests {
  /// Random queries of each data set; NILO_ROUNDS makes them more.
  private static let count = 3_400

  @Test(arguments: OracleData.allCases)
  func answersAreThoseOfDuckDB(data: OracleData) throws {
    let directory = TemporaryDirectory()
    try FileManager.default.createDirectory(
      atPath: directory.path, withIntermediateDirectories: true)
    let lines = try data.lines()
    let file = "\(directory.path)/\(data).ndjson"
    try (lines.joined(separator: "\n") + "\n").write(
      toFile: file, atomically: true, encoding: .utf8)
    let oracle = try Oracle(file: file, columns: data.columns)
    let store = try Store(directory: "\(directory.path)/store")
    defer { store.close() }
    for start in stride(from: 0, to: lines.count, by: 700) {
      _ = try store.append(Array(lines[start..<min(start + 700, lines.count)]), to: data.rawValue)
    }
    let environment = ProcessInfo.processInfo.environment
    let seed = environment["NILO_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...0xFFFF_FFFF)
    let rounds = environment["NILO_ROUNDS"].flatMap { Double($0) } ?? 1
    var queries = OracleQueries(data: data, random: SeededGenerator(seed: seed))
    var failures = 0
    for number in 0..<Int(Double(Self.count) * rounds) where failures < 3 {
      let query = queries.next()
      if let difference = try Self.difference(query, store, oracle) {
        failures += 1
        Issue.record(
          "NILO_SEED=\(seed), \(data) \(number): \(difference)\n\(query.nql)\n\(query.sql)")
      }
    }
  }

  /// What differs; nil if nothing does.
  private static func difference(
    _ query: OracleQuery, _ store: Store, _ oracle: Oracle
  ) throws -> String? {
    let wanted = try oracle.rows(query.sql)
    let answer: Answer
    do {
      answer = try QueryEngine(store).run(query.nql, QueryOptions(nowNs: 0))[0]
    } catch {
      return "\(error)"
    }
    let columns = answer.columns.filter { $0.kind != .state }
    guard columns.count == query.slacks.count else { return "\(columns.count) columns" }
    if answer.rowCount != wanted.count { return "\(answer.rowCount) rows, not \(wanted.count)" }
    for row in wanted.indices {
      for (column, slack) in query.slacks.enumerated() {
        let got = columns[column].values[row]
        if !isSame(got, wanted[row][column], slack) {
          return "row \(row), \(columns[column].name): \(got), not \(wanted[row][column])"
        }
      }
    }
    return nil
  }

  private static func isSame(_ got: QueryValue, _ wanted: Oracle.Value, _ slack: Double?) -> Bool {
    if case .number(OracleQuery.anything) = wanted { return true }
    switch (got, wanted) {
    case (.null, .null): return true
    case (.text(let a), .text(let b)): return a == Text(b)
    case (.time(let ns), .number(let us)): return Double(ns / 1_000) == us
    case (.integer(let a), .number(let b)): return isNear(Double(a), b, slack)
    case (.number(let a), .number(let b)): return isNear(a, b, slack)
    // Above all NULL and a number.
    default: return false
    }
  }

  private static func isNear(_ a: Double, _ b: Double, _ slack: Double?) -> Bool {
    guard let slack else { return a == b }
    // The change of what is approximate.
    if slack == -1 { return true }
    if slack == -2 { return abs(a - b) <= 1e-3 * (1 + abs(b)) || abs(b) > 50 }
    return abs(a - b) <= slack * max(abs(a), abs(b)) + 1e-6
  }
}

/// `oracle.py`, which has read one file.
final class Oracle {
  enum Value: Decodable, CustomStringConvertible {
    case null
    case number(Double)
    case text(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .null
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else {
        self = .text(try container.decode(String.self))
      }
    }

    var description: String {
      switch self {
      case .null: "NULL"
      case .number(let number): "\(number)"
      case .text(let text): text
      }
    }
  }

  private struct Rows: Decodable { var rows: [[Value]] }
  private struct Failure: Decodable, Error { var error: String }

  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()

  init(file: String, columns: [String: String]) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    let root = folder.appending(path: "../..").standardizedFileURL
    let venv = root.appending(path: "build/venv/bin/python3").path()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      FileManager.default.isExecutableFile(atPath: venv) ? venv : "python3",
      folder.appending(path: "oracle.py").path(), file,
      String(decoding: try JSONEncoder().encode(columns), as: UTF8.self),
    ]
    process.standardInput = input
    process.standardOutput = output
    // When the oracle has died, writing to it is an error and not the end of the tests.
    signal(SIGPIPE, SIG_IGN)
    try process.run()
    if line().isEmpty {
      throw Failure(error: "python3 with duckdb is missing: run scripts/setup")
    }
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  func rows(_ sql: String) throws -> [[Value]] {
    try input.fileHandleForWriting.write(contentsOf: JSONEncoder().encode(sql) + [10])
    let line = line()
    if let failure = try? JSONDecoder().decode(Failure.self, from: line) {
      throw Failure(error: "\(failure.error)\n\(sql)")
    }
    return try JSONDecoder().decode(Rows.self, from: line).rows
  }

  /// The next line; empty at the end.
  private func line() -> Data {
    var line = Data()
    while line.last != 10 {
      let part = output.fileHandleForReading.availableData
      if part.isEmpty { break }
      line += part
    }
    return line
  }
}
