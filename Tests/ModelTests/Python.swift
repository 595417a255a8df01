import Foundation
import TestSupport

/// Runs the scripts that answers are compared with.
enum Python {
  /// What a script beside this file prints about `input`; nil if there is no Python, or none with what it needs.
  static func run(_ name: String, _ input: String) throws -> String? {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("nilometer-\(name)-\(UUID().uuidString)")
    try Data(input.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let script = here.appendingPathComponent(name)
    let venv = here.appendingPathComponent("../../build/venv/bin/python3").standardizedFileURL.path
    let hasVenv = FileManager.default.isExecutableFile(atPath: venv)
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [hasVenv ? venv : "python3", script.path, file.path]
    process.standardOutput = output
    try process.run()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    // 127: env found no Python; 3: Python found no zones.
    if [3, 127].contains(process.terminationStatus) { return nil }
    try checkEqual(process.terminationStatus, 0, "exit of \(name)")
    return String(decoding: text, as: UTF8.self)
  }
}
