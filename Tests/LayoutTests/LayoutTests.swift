import Foundation
import Testing

/// The directions of dependencies, of modules and of the folders within them, are those that are declared, and all that
/// is public has a doc comment.
@Suite struct LayoutTests {
  @Test func sourcesKeepTheirLayout() throws {
    let here = URL(filePath: #filePath).deletingLastPathComponent()
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "python3", here.appending(path: "layout.py").path(),
      here.appending(path: "../..").standardizedFileURL.path(),
    ]
    process.standardOutput = output
    try process.run()
    let faults = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "python3 layout.py")
    #expect(String(decoding: faults, as: UTF8.self) == "")
  }
}
