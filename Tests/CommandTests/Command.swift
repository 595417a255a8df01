import Foundation
import Synchronization
import Testing

/// What a run of `nilo` left.
struct Outcome {
  var status: Int32
  var output: String
  var error: String

  /// Standard output as one JSON object.
  func json() throws -> [String: Any] { try Outcome.object(output) }

  /// Standard output as a JSON object a line.
  func jsonLines() throws -> [[String: Any]] {
    try output.split(separator: "\n").map { try Outcome.object(String($0)) }
  }

  private static func object(_ text: String) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return try #require(value as? [String: Any], "no JSON object: \(text)")
  }
}

/// A temporary directory that `nilo` runs in, removed in the end.
final class Workspace: Sendable {
  let directory: URL
  private let runs = Atomic<Int>(0)

  init() throws {
    directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("nilo-command-tests-\(UUID().uuidString)").resolvingSymlinksInPath()
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  /// The executable, which stands beside the test bundle.
  static var nilo: URL {
    URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
      .deletingLastPathComponent().appendingPathComponent("nilo")
  }

  static var examples: URL {
    URL(fileURLWithPath: #filePath).appendingPathComponent("../../../Examples").standardizedFileURL
  }

  func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    try write(name, Data(text.utf8))
  }

  @discardableResult
  func write(_ name: String, _ data: Data) throws -> String {
    try data.write(to: directory.appendingPathComponent(name))
    return path(name)
  }

  /// Runs `nilo` to its end.
  func nilo(_ arguments: String..., input: String = "") throws -> Outcome {
    try nilo(arguments, input: Data(input.utf8))
  }

  func nilo(_ arguments: [String], input: Data = Data()) throws -> Outcome {
    let file = try write("input-\(runs.wrappingAdd(1, ordering: .relaxed).newValue)", input)
    let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
    return try Run(Self.nilo, arguments, in: self, input: handle).wait()
  }

  /// Runs a line of bash, in which `$nilo` is the executable.
  func shell(_ line: String) throws -> Outcome {
    try Run(
      URL(fileURLWithPath: "/bin/bash"), ["-c", "set -o pipefail; \(line)"], in: self,
      input: FileHandle.nullDevice
    ).wait()
  }

  fileprivate func newOutput() -> (output: URL, error: URL) {
    let number = runs.wrappingAdd(1, ordering: .relaxed).newValue
    return (
      directory.appendingPathComponent("output-\(number)"),
      directory.appendingPathComponent("error-\(number)")
    )
  }
}

/// A process that was started. Its output goes to files, so that no pipe can fill up.
final class Run {
  let process = Process()
  private let output: URL
  private let error: URL
  private let ended = DispatchSemaphore(value: 0)

  init(
    _ executable: URL, _ arguments: [String], in workspace: Workspace, input: Any
  ) throws {
    (output, error) = workspace.newOutput()
    for file in [output, error] { try Data().write(to: file) }
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = workspace.directory
    // The width of usage texts comes from COLUMNS.
    process.environment = [
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
      "COLUMNS": "80", "USER": "tester", "nilo": Workspace.nilo.path,
    ]
    process.standardInput = input
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: error)
    let ended = ended
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
  }

  /// Waits for the end.
  func wait() throws -> Outcome {
    ended.wait()
    #expect(process.terminationReason == .exit, "killed by a signal")
    return Outcome(
      status: process.terminationStatus,
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      error: String(decoding: try Data(contentsOf: error), as: UTF8.self))
  }
}

/// Compares `text` with the file of that name in `golden`, or writes it there when `NILO_REWRITE`
/// is 1.
func expectGolden(
  _ name: String, _ text: String, in workspace: Workspace,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let file = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().appendingPathComponent("golden/\(name).txt")
  let found = text.replacingOccurrences(of: workspace.directory.path, with: "DIR")
  if ProcessInfo.processInfo.environment["NILO_REWRITE"] == "1" {
    try Data(found.utf8).write(to: file)
    return
  }
  let expected = try? String(contentsOf: file, encoding: .utf8)
  #expect(found == expected, "golden/\(name).txt", sourceLocation: sourceLocation)
}
