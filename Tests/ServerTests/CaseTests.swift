import Foundation
import Testing

@testable import Server

/// What clients send and get, as `cases/*.http` have it: lines with `>` are sent, those with `<` come back. Each file has
/// a server of its own. `NILO_REWRITE=1` writes what comes back into the files.
@Suite struct HTTPCaseTests {
  static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("cases")

  static let files: [String] = {
    let names = try? FileManager.default.contentsOfDirectory(atPath: directory.path)
    return (names ?? []).filter { $0.hasSuffix(".http") }.sorted()
  }()

  /// Of the headers that come back only these are told; the others are the framework's.
  private static let told = [
    "allow", "content-type", "retry-after", "www-authenticate", "x-influxdb-error",
    "x-influxdb-version",
    "x-nilo-next", "x-nilo-stream", "x-nilo-summary", "access-control-allow-origin",
  ]

  @Test func thereAreCases() { #expect(Self.files.count > 2) }

  @Test(arguments: files)
  func exchangesAreAsWritten(_ file: String) throws {
    let place = Self.directory.appendingPathComponent(file)
    let text = try String(contentsOf: place, encoding: .utf8)
    let served = try ServedStore()
    var written: [String] = []
    var request: [String] = []
    var isAnswering = false
    func answer() throws {
      if !request.isEmpty { written += try Self.answer(served, request) }
      request = []
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if line.hasPrefix("<") {
        if !isAnswering { try answer() }
        isAnswering = true
        continue
      }
      if isAnswering || !line.hasPrefix(">") { try answer() }
      isAnswering = false
      written.append(line)
      if line.hasPrefix(">") {
        request.append(String(line.dropFirst(line.hasPrefix("> ") ? 2 : 1)))
      }
    }
    try answer()
    let result = written.joined(separator: "\n")
    if ProcessInfo.processInfo.environment["NILO_REWRITE"] != nil {
      try result.write(to: place, atomically: true, encoding: .utf8)
    }
    #expect(result == text, "\(file)")
    // Who asks over HTTP has no command line.
    let options = HTTPWords.words.keys.filter { option in
      written.contains { $0.hasPrefix("<") && $0.contains(option) }
    }
    #expect(options.isEmpty, "\(file)")
  }

  /// Sends a request and gives the lines of its answer.
  private static func answer(_ served: ServedStore, _ request: [String]) throws -> [String] {
    let words = request[0].split(separator: " ", maxSplits: 1).map(String.init)
    let blank = request.firstIndex(of: "") ?? request.count
    let headers = Array(request[1..<blank])
    let body = request.dropFirst(blank + 1).joined(separator: "\n")
    let reply = try served.ask(
      words[0], words[1], headers: headers,
      body: blank < request.count ? Data(body.utf8) : nil)
    var lines = ["< \(reply.status)"]
    for name in told {
      if let value = reply.headers[name] { lines.append("< \(name): \(masked(value))") }
    }
    guard !reply.body.isEmpty else { return lines }
    lines.append("<")
    var text = masked(reply.text)
    if text.hasSuffix("\n") { text.removeLast() }
    return lines
      + text.split(separator: "\n", omittingEmptySubsequences: false).map {
        $0.isEmpty ? "<" : "< \($0)"
      }
  }

  /// What is another each time is a star.
  private static func masked(_ text: String) -> String {
    text.replacing(/("elapsed_seconds":|elapsed=)[0-9.e-]+/) { "\($0.1)*" }
  }
}
