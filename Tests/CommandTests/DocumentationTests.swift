import Foundation
import Testing

/// The sessions in the documentation, run. A block marked `console` has commands after `$ `, and below each what it
/// prints; `...` stands for anything, within a line, or for any lines. `cat FILE` makes the file. The blocks of
/// one page are one session. A server that a page starts, by `nilo serve ... &`, listens at another port than the page says.
@Suite struct DocumentationTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../..").standardizedFileURL

  private struct Step {
    var command: String
    var expected: [String] = []
  }

  /// All pages that have such blocks.
  private static let pages: [String] = {
    let docs = FileManager.default.enumerator(atPath: root.appendingPathComponent("docs").path)
    let files = (docs?.allObjects as? [String] ?? []).map { "docs/" + $0 }
    return (["README.md"] + files.sorted()).filter { file in
      file.hasSuffix(".md") && !steps(of: file).isEmpty
    }
  }()

  private static func steps(of page: String) -> [Step] {
    let file = root.appendingPathComponent(page)
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
    var steps: [Step] = []
    var isInside = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        isInside = line == "```console"
      } else if isInside, line.hasPrefix("$ ") {
        steps.append(Step(command: String(line.dropFirst(2))))
      } else if isInside {
        steps[steps.count - 1].expected.append(String(line))
      }
    }
    return steps
  }

  /// The example of README is that of `Store`, which a test of the store runs.
  @Test func theExampleOfTheLibraryIsTheTestedOne() throws {
    func text(_ path: String) throws -> String {
      try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
    }
    let example = try #require(try text("README.md").components(separatedBy: "```swift\n").last)
      .components(separatedBy: "```")[0]
    let lines = example.split(separator: "\n").filter { $0 != "import Store" }
    #expect(
      try text("Sources/Store/Store.swift").contains(
        lines.map { "/// " + $0 }.joined(separator: "\n")))
  }

  @Test func pagesHaveSessions() { #expect(Self.pages.contains("README.md")) }

  @Test(arguments: pages) func sessionsRunAsWritten(_ page: String) throws {
    let workspace = try Workspace()
    try FileManager.default.createSymbolicLink(
      atPath: workspace.path("Examples"), withDestinationPath: Workspace.examples.path)
    var server: ServerOfPage?
    defer { server?.end() }
    for var step in Self.steps(of: page) {
      if step.command.hasPrefix("nilo serve"), step.command.hasSuffix(" &") {
        server = try ServerOfPage(step.command, in: workspace)
        continue
      }
      step.command = server?.command(step.command) ?? step.command
      if step.command.hasPrefix("cat ") {
        try workspace.write(
          String(step.command.dropFirst(4)), step.expected.joined(separator: "\n") + "\n")
        continue
      }
      let outcome = try workspace.shell("nilo() { \"$nilo\" \"$@\"; }; \(step.command) 2>&1")
      var lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
      if lines.last == "" { lines.removeLast() }
      #expect(
        Self.matches(step.expected[...], lines.map(String.init)[...]),
        "\(page): $ \(step.command)\nprinted:\n\(outcome.output)")
    }
  }

  /// Whether the lines are as `expected` says.
  private static func matches(_ expected: ArraySlice<String>, _ lines: ArraySlice<String>) -> Bool {
    guard let first = expected.first else { return lines.isEmpty }
    let rest = expected.dropFirst()
    if first == "..." {
      return (lines.startIndex...lines.endIndex).contains { matches(rest, lines[$0...]) }
    }
    guard let line = lines.first, matches(pattern: first, line) else { return false }
    return matches(rest, lines.dropFirst())
  }

  private static func matches(pattern: String, _ line: String) -> Bool {
    let parts = pattern.components(separatedBy: "...")
    var position = line.startIndex
    for (index, part) in parts.enumerated() where !part.isEmpty {
      guard let range = line.range(of: part, range: position..<line.endIndex) else { return false }
      if index == 0 && range.lowerBound != line.startIndex { return false }
      position = range.upperBound
    }
    return parts.last == "" || position == line.endIndex || line.hasSuffix(parts.last ?? "")
  }
}

/// What a page starts in the background.
private final class ServerOfPage {
  private static let usual = "127.0.0.1:4280"
  private let process = Process()
  private let address: String

  /// Waits until it listens.
  init(_ command: String, in workspace: Workspace) throws {
    let words = command.split(separator: " ").dropFirst().dropLast().map(String.init)
    let error = Pipe()
    process.executableURL = Workspace.nilo
    process.arguments = words + ["--listen", "127.0.0.1:0"]
    process.currentDirectoryURL = workspace.directory
    process.standardError = error
    try process.run()
    var text = ""
    while !text.contains(/at http:[^\n]*\n/) {
      let more = error.fileHandleForReading.availableData
      try #require(!more.isEmpty, "it ended: \(text)")
      text += String(decoding: more, as: UTF8.self)
    }
    address = try #require(text.firstMatch(of: /at http:\/\/([0-9.:]+)/).map { String($0.1) })
  }

  /// A command of the page, asking this server.
  func command(_ text: String) -> String { text.replacing(Self.usual, with: address) }

  func end() {
    process.terminate()
    process.waitUntilExit()
  }
}
