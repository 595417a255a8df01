import Foundation
import Query
import Testing

@testable import Server

/// Messages of the store name options of the command line; over HTTP they name what says the same there.
@Suite struct HTTPWordsTests {
  @Test func optionsAreTold() {
    #expect(
      HTTPWords.told("say --decimal-mark comma for the first, or --decimal-mark point")
        == "say ?decimal_mark=comma for the first, or ?decimal_mark=point")
    #expect(
      HTTPWords.told("which zone: --time-zone")
        == "which zone: ZONE 'name' behind TIME in DEFINE STREAM or ALTER STREAM")
    #expect(HTTPWords.told("the one that is the time: --time").hasSuffix(": TIME in DEFINE STREAM"))
    #expect(
      HTTPWords.told("the one that is the time: --time", bySource: true)
        .hasSuffix(": rename ('FIELD AS time') in DEFINE SOURCE, or TIME in DEFINE STREAM"))
    // A command of the shell stays one.
    #expect(HTTPWords.told("nilo rebuild --verify k") == "nilo rebuild --verify k")
    #expect(HTTPWords.told("a -- b --") == "a -- b --")
  }

  /// Whoever names another option in a message has to say what it is called over HTTP.
  @Test func allOptionsOfMessagesAreKnown() throws {
    let sources = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../Sources")
      .standardizedFileURL
    let modules = [
      "Model", "EventLog", "FileConnector", "Language", "Query", "Projections", "Store",
      "KafkaConnector",
      "Server",
    ]
    // What these say is said before there is a server.
    let before = [
      "Server+Checking.swift", "Setting.swift", "HTTPWords.swift", "StatementWords.swift",
    ]
    let known = Set(StatementWords.words.keys).union(HTTPWords.words.keys)
    var found: Set<String> = []
    for module in modules {
      let folder = sources.appendingPathComponent(module)
      let files = try #require(FileManager.default.enumerator(atPath: folder.path))
      for case let file as String in files
      where file.hasSuffix(".swift") && !before.contains { file.hasSuffix($0) } {
        let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
        for line in text.split(separator: "\n") {
          let code = line.drop { $0 == " " }
          if code.hasPrefix("//") || code.contains("nilo ") || code.contains("curl ") { continue }
          for match in code.matches(of: #/--[a-z][a-z-]*(?: (?:comma|point))?/#) {
            let option = String(match.output)
            found.insert(option)
            #expect(known.contains(option), "\(module)/\(file): \(code)")
          }
        }
      }
    }
    #expect(found == known)
  }
}
