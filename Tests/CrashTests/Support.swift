import Foundation
import Synchronization
import Testing

/// A temporary directory, removed in the end.
final class Workspace: Sendable {
  let directory: String
  private let runs = Atomic<Int>(0)

  init(in parent: String = FileManager.default.temporaryDirectory.path) throws {
    directory = "\(parent)/nilo-crash-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  func path(_ name: String) -> String { "\(directory)/\(name)" }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path(name)))
    return path(name)
  }

  func copy(_ name: String, to other: String) throws {
    try? FileManager.default.removeItem(atPath: path(other))
    try FileManager.default.copyItem(atPath: path(name), toPath: path(other))
  }

  func remove(_ name: String) { try? FileManager.default.removeItem(atPath: path(name)) }

  fileprivate func newPath(_ kind: String) -> String {
    path("\(kind)-\(runs.wrappingAdd(1, ordering: .relaxed).newValue)")
  }
}

/// How a process ended and what it said.
struct Ended {
  /// Negative when a signal ended it.
  var status: Int32
  var output: String
  var error: String

  var lines: [String] { output.split(separator: "\n").map(String.init) }

  func json() throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
    return try #require(value as? [String: Any], "no JSON object: \(output)")
  }
}

/// A process of its own. What it writes goes to files, which can be read while it runs.
final class Child {
  static let nilo = beside("nilo")
  static let writer = beside("crash-writer")
  static let strace = "/usr/bin/strace"
  static let hasStrace = FileManager.default.isExecutableFile(atPath: strace)

  private let process = Process()
  private let outputPath: String
  private let errorPath: String
  private let ended = DispatchSemaphore(value: 0)

  init(
    _ executable: String, _ arguments: [String], in workspace: Workspace,
    input: Any = FileHandle.nullDevice
  ) throws {
    (outputPath, errorPath) = (workspace.newPath("output"), workspace.newPath("error"))
    for path in [outputPath, errorPath] { try Data().write(to: URL(fileURLWithPath: path)) }
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: workspace.directory)
    process.environment = [
      "PATH": "/usr/bin:/bin", "USER": "tester",
      // A trap has to end the process at once, with its signal.
      "SWIFT_BACKTRACE": "enable=no",
    ]
    process.standardInput = input
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: outputPath))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errorPath))
    let ended = ended
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
  }

  static func run(
    _ executable: String, _ arguments: [String], in workspace: Workspace
  ) throws -> Ended {
    try Child(executable, arguments, in: workspace).wait()
  }

  var isRunning: Bool { process.isRunning }
  var outputBytes: Int { (try? Data(contentsOf: URL(fileURLWithPath: outputPath)).count) ?? 0 }
  /// The whole lines so far.
  var lines: [String] {
    text(outputPath).split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(
      String.init)
  }
  var outputLines: Int { text(outputPath).utf8.count { $0 == UInt8(ascii: "\n") } }

  func send(_ signal: Int32) { if process.isRunning { kill(process.processIdentifier, signal) } }

  func wait() throws -> Ended {
    ended.wait()
    let status = process.terminationStatus
    return Ended(
      status: process.terminationReason == .exit ? status : -status, output: text(outputPath),
      error: text(errorPath))
  }

  private func text(_ path: String) -> String {
    String(decoding: (try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data(), as: UTF8.self)
  }

  /// The executables stand beside the test bundle.
  private static func beside(_ name: String) -> String {
    URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
      .deletingLastPathComponent().appendingPathComponent(name).path
  }
}

/// A file system of little room.
final class SmallDisk: Sendable {
  let workspace: Workspace
  var path: String { workspace.path("disk") }
  static let isAvailable = (try? SmallDisk(kilobytes: 1024)) != nil

  init(kilobytes: Int) throws {
    workspace = try Workspace()
    try FileManager.default.createDirectory(
      atPath: workspace.path("disk"), withIntermediateDirectories: true)
    try mount(["-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs"])
  }

  deinit {
    _ = try? Child.run("/usr/bin/umount", ["-l", path], in: workspace)
  }

  func resize(kilobytes: Int) throws {
    try mount(["-o", "remount,size=\(kilobytes)k"])
  }

  private func mount(_ arguments: [String]) throws {
    let ended = try Child.run("/usr/bin/mount", arguments + [path], in: workspace)
    try check(ended.status == 0, "mount: \(ended.error)")
  }
}

/// Waits a moment, as short as the machine can.
func pause(microseconds: Int) { usleep(UInt32(microseconds)) }

/// Runs `body` in threads of its own and throws what the first to fail threw.
func inThreads(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
  let group = DispatchGroup()
  let failures = Mutex<[any Error]>([])
  for index in 0..<count {
    group.enter()
    Thread.detachNewThread {
      do { try body(index) } catch { failures.withLock { $0.append(error) } }
      group.leave()
    }
  }
  group.wait()
  if let first = failures.withLock({ $0.first }) { throw first }
}
