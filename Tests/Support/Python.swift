import Foundation

/// Python with the packages of the tests: `scripts/setup` installs them.
package enum Python {
  /// Of the environment; the system's where there is none.
  private static let interpreter: [String] = {
    let root = URL(filePath: #filePath).appending(path: "../../..").standardizedFileURL
    let own = root.appending(path: "build/venv/bin/python3").path()
    return [FileManager.default.isExecutableFile(atPath: own) ? own : "python3"]
  }()

  /// Runs a script and gives what it printed. Throws ``Mismatch`` with its errors when it fails.
  @discardableResult
  package static func run(_ script: String, _ arguments: [String] = []) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = interpreter + [script] + arguments
    let folder = FileManager.default.temporaryDirectory
    let output = folder.appending(path: "python-\(UUID().uuidString).txt")
    _ = FileManager.default.createFile(atPath: output.path(), contents: nil)
    defer { try? FileManager.default.removeItem(at: output) }
    // A file, since a pipe that a child of the script keeps open would never end.
    let handle = try FileHandle(forWritingTo: output)
    process.standardOutput = handle
    process.standardError = handle
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
    try check(process.terminationStatus == 0, "\(script) failed (run scripts/setup?): \(text)")
    return text
  }
}
