import Foundation
import Testing

/// `nilo` in a directory of its own.
final class Workplace {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
    "nilo-kafka-\(UUID().uuidString)")

  init() throws {
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

  /// What a command wrote and how it ended.
  struct Outcome {
    var output: String
    var error: String
    var status: Int32
  }

  /// Runs a command to its end. What it writes goes to files, so that none waits for a pipe to be read.
  func nilo(_ arguments: String...) throws -> Outcome { try run(program("nilo"), arguments) }

  func run(
    _ executable: URL, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> Outcome {
    let name = UUID().uuidString
    let process = try start(
      executable, arguments, output: "\(name).out", error: "\(name).err", environment: environment)
    process.waitUntilExit()
    return Outcome(
      output: try text(of: "\(name).out"), error: try text(of: "\(name).err"),
      status: process.terminationStatus)
  }

  /// Begins a command.
  func start(
    _ executable: URL, _ arguments: [String], output: String, error: String,
    environment: [String: String] = [:]
  ) throws -> Process {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = directory
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try empty(output)
    process.standardError = try empty(error)
    try process.run()
    return process
  }

  private func empty(_ name: String) throws -> FileHandle {
    FileManager.default.createFile(atPath: path(name), contents: nil)
    return try FileHandle(forWritingTo: directory.appendingPathComponent(name))
  }

  func text(of name: String) throws -> String {
    try String(contentsOfFile: path(name), encoding: .utf8)
  }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: directory.appendingPathComponent(name))
  }
}

/// `nilo serve` on a store of a workplace, until it is let go of.
final class TestServer {
  let url: String
  private let process: Process

  init(_ place: Workplace, data: String) throws {
    process = try place.start(
      program("nilo"), ["serve", "--data", data, "--listen", "127.0.0.1:0"],
      output: "\(data).out", error: "\(data).err")
    let deadline = Date(timeIntervalSinceNow: 60)
    var address: Substring?
    while address == nil {
      let said = try place.text(of: "\(data).err")
      try #require(process.isRunning && Date() < deadline, "it does not serve: \(said)")
      address = said.firstMatch(of: /http:\/\/[0-9.:]+/).map { $0.output }
      usleep(20_000)
    }
    url = String(try #require(address))
  }

  deinit {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}

/// Asks again until something is so.
func eventually(_ what: String, seconds: Double = 120, _ isSo: () throws -> Bool) throws {
  let deadline = Date(timeIntervalSinceNow: seconds)
  while try !isSo() {
    try #require(Date() < deadline, "it did not come to that: \(what)")
    usleep(50_000)
  }
}
