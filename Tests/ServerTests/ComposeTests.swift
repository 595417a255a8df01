import Foundation
import Testing
import Yams

/// The containers that stand side by side: the file is one that docker takes, and what it names is there.
@Suite struct ComposeTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../..").standardizedFileURL
  private static let file = root.appendingPathComponent("dist/docker-compose.yml")

  private static func services() throws -> [String: [String: Any]] {
    let text = try String(contentsOf: file, encoding: .utf8)
    let parsed = try #require(try Yams.load(yaml: text) as? [String: Any])
    return try #require(parsed["services"] as? [String: [String: Any]])
  }

  @Test func servicesFitTogether() throws {
    let services = try Self.services()
    #expect(Set(services.keys) == ["kafka", "influxdb", "nilo"])
    for (name, service) in services {
      #expect(service["image"] != nil || service["build"] != nil, "\(name)")
      // Nobody else's machine reaches what has no password.
      for port in service["ports"] as? [String] ?? [] {
        #expect(port.hasPrefix("127.0.0.1:"), "\(name): \(port)")
      }
      for other in (service["depends_on"] as? [String: Any] ?? [:]).keys {
        #expect(services[other]?["healthcheck"] != nil, "\(name) waits for \(other)")
      }
    }
    let build = try #require(services["nilo"]?["build"] as? [String: String])
    let context = Self.file.deletingLastPathComponent()
      .appendingPathComponent(build["context"] ?? "").standardizedFileURL
    let dockerfile = context.appendingPathComponent(build["dockerfile"] ?? "")
    #expect(FileManager.default.fileExists(atPath: dockerfile.path))
  }

  private static func docker(_ arguments: [String]) throws -> (text: String, status: Int32) {
    let (process, output) = (Process(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["docker", "compose"] + arguments
    (process.standardOutput, process.standardError) = (output, output)
    try process.run()
    let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (String(decoding: bytes, as: UTF8.self), process.terminationStatus)
  }

  private static let hasDocker = (try? docker(["version"]).status) == 0

  @Test(.enabled(if: hasDocker)) func dockerTakesIt() throws {
    let outcome = try Self.docker(["-f", Self.file.path, "config", "--quiet"])
    #expect(outcome.status == 0, "\(outcome.text)")
  }
}
