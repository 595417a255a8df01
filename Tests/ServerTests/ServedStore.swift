import Foundation
import Synchronization
import Testing

/// A store that `nilo serve` serves, as a process of its own, in a temporary directory that is removed in the end.
final class ServedStore: @unchecked Sendable {
  let directory: URL
  private(set) var port = 0
  private(set) var process = Process()
  var arguments: [String]
  var environment: [String: String]
  private let counter = Atomic<Int>(0)

  var url: String { "http://127.0.0.1:\(port)" }
  var data: String { path("data") }

  /// Starts it; `arguments` follow those that say where the store is, and where to listen.
  init(_ arguments: [String] = [], environment: [String: String] = [:]) throws {
    (self.arguments, self.environment) = (arguments, environment)
    directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("nilo-server-tests-\(UUID().uuidString)").resolvingSymlinksInPath()
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    try start()
  }

  deinit {
    process.terminate()
    process.waitUntilExit()
    try? FileManager.default.removeItem(at: directory)
  }

  func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

  /// What the server has written to standard error.
  var log: String { (try? String(contentsOfFile: path("log"), encoding: .utf8)) ?? "" }

  /// Starts it, and waits until it listens.
  func start() throws {
    FileManager.default.createFile(atPath: path("log"), contents: nil)
    process = Process()
    process.executableURL = Self.nilo
    process.arguments = ["serve", "--data", data, "--listen", "127.0.0.1:0"] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: path("log")))
    try process.run()
    let deadline = Date(timeIntervalSinceNow: 60)
    while true {
      if let match = log.firstMatch(of: /at https?:\/\/127\.0\.0\.1:(\d+)\n/),
        let port = Int(match.1)
      {
        self.port = port
        return
      }
      try #require(process.isRunning && Date() < deadline, "nilo serve did not start: \(log)")
      usleep(5_000)
    }
  }

  /// Sends a signal, and gives the exit status once it has ended.
  func end(_ signal: Int32 = SIGTERM) -> Int32 {
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// The executable, which stands beside the test bundle.
  static var nilo: URL {
    URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
      .deletingLastPathComponent().appendingPathComponent("nilo")
  }

  /// Runs a program to its end, and gives its output and exit status. Its standard error goes to the file `error`, if one is
  /// named. (Not through pipes: a server that another test starts meanwhile would have their ends as well, and keep them open.)
  func run(
    _ program: String, _ arguments: [String], error: String? = nil
  ) throws -> (output: Data, status: Int32) {
    let file = path("out-\(counter.wrappingAdd(1, ordering: .relaxed).newValue)")
    for name in [file, error].compactMap(\.self) {
      _ = FileManager.default.createFile(atPath: name, contents: nil)
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
    if let error {
      process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: error))
    }
    try process.run()
    process.waitUntilExit()
    let output = try Data(contentsOf: URL(fileURLWithPath: file))
    try? FileManager.default.removeItem(atPath: file)
    return (output, process.terminationStatus)
  }

  /// Asks by curl. `headers` are lines.
  func ask(
    _ method: String, _ path: String, headers: [String] = [], body: Data? = nil
  ) throws -> Reply {
    let head = self.path("head-\(counter.wrappingAdd(1, ordering: .relaxed).newValue)")
    var arguments = ["-s", "-D", head, "--globoff", "--max-time", "60"]
    arguments += method == "HEAD" ? ["-I", "-o", "/dev/null"] : ["-X", method]
    for header in headers { arguments += ["-H", header] }
    var file: String?
    if let body {
      let name = self.path("body-\(counter.wrappingAdd(1, ordering: .relaxed).newValue)")
      try body.write(to: URL(fileURLWithPath: name))
      arguments += ["--data-binary", "@\(name)"]
      file = name
    }
    defer { if let file { try? FileManager.default.removeItem(atPath: file) } }
    let (output, status) = try run("curl", arguments + [url + path])
    try #require(status == 0, "curl \(method) \(path) ended with \(status); \(log)")
    defer { try? FileManager.default.removeItem(atPath: head) }
    let lines = try String(contentsOfFile: head, encoding: .utf8)
    return try #require(Reply(lines, output), "no answer of HTTP")
  }

  func post(_ path: String, _ body: String, headers: [String] = []) throws -> Reply {
    try ask("POST", path, headers: headers, body: Data(body.utf8))
  }

  func get(_ path: String, headers: [String] = []) throws -> Reply {
    try ask("GET", path, headers: headers)
  }

  /// The one value that a query gives.
  func value(_ query: String) throws -> String {
    let reply = try post("/v1/query?format=tsv", query, headers: ["Content-Type: text/plain"])
    try #require(reply.status == 200, "\(reply.text)")
    return String(reply.text.split(separator: "\n").last ?? "")
  }
}

/// What a server answered.
struct Reply {
  var status: Int
  /// Names in small letters.
  var headers: [String: String] = [:]
  var body: Data
  /// The statuses of informational answers before it.
  var informational: [Int] = []
  var text: String { String(decoding: body, as: UTF8.self) }

  /// Of the heads as curl dumps them, those of informational answers first and trailers last, and the body.
  init?(_ heads: String, _ body: Data) {
    (status, self.body) = (0, body)
    for line in heads.split(whereSeparator: \.isNewline) {
      if line.hasPrefix("HTTP/") {
        if status > 0 { informational.append(status) }
        guard let code = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
          return nil
        }
        status = code
        continue
      }
      let parts = line.split(separator: ":", maxSplits: 1)
      headers[parts[0].lowercased()] =
        parts.count == 2 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
    }
    if status == 0 { return nil }
  }

  func json() throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: body)
    return try #require(value as? [String: Any], "no JSON object: \(text)")
  }
}
