import Foundation
import Testing

/// Random questions about random events, through the command, against a plain model of the answers in Python. What
/// DuckDB cannot be asked is in it: KPIs, zones, earlier states, integers of 64 bits, texts that Unicode holds equal,
/// absent values, numbers of mixed kinds.
///
/// NILO_ROUNDS makes it longer, and NILO_SEED replays a round.
@Suite struct DifferentialTests {
  @Test func answersAreThoseOfTheModel() throws {
    let environment = ProcessInfo.processInfo.environment
    let factor = environment["NILO_ROUNDS"].flatMap { Double($0) } ?? 1
    let seed = environment["NILO_SEED"].flatMap { UInt32($0) } ?? UInt32.random(in: 0...0xFFFF_FFFF)
    let workspace = try Workspace()
    let script = URL(fileURLWithPath: #filePath)
      .appendingPathComponent("../model/differential.py").standardizedFileURL
    let venv = script.appendingPathComponent("../../../../build/venv/bin/python3")
      .standardizedFileURL.path
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      FileManager.default.isExecutableFile(atPath: venv) ? venv : "python3", script.path,
      Workspace.nilo.path, "\(max(1, Int(10 * factor)))", "\(seed)", workspace.path("rounds"),
    ]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(text)")
    #expect(text.contains("the same"), "\(text)")
  }
}
