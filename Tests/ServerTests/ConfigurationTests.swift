import Foundation
import TestSupport
import Testing

@testable import Server

/// Settings as they are read, printed and checked.
@Suite struct ConfigurationTests {
  private func configuration(
    _ flags: [String: String] = [:], file text: String? = nil
  ) async throws -> ServerConfiguration {
    let file = NSTemporaryDirectory() + "nilo-\(UUID().uuidString).yaml"
    if let text { try text.write(toFile: file, atomically: true, encoding: .utf8) }
    defer { try? FileManager.default.removeItem(atPath: file) }
    do {
      return try await ServerConfiguration(
        flags: flags, environment: [:], file: text == nil ? nil : file)
    } catch let error as ConfigurationError {
      throw ConfigurationError(faults: error.faults.map { $0.replacing(file, with: "FILE") })
    }
  }

  private func faults(_ flags: [String: String] = [:], file text: String? = nil) async -> [String] {
    do {
      _ = try await configuration(flags, file: text)
      return []
    } catch let error as ConfigurationError {
      return error.faults
    } catch {
      return ["\(error)"]
    }
  }

  private func texts(_ configuration: ServerConfiguration) -> [String: String] {
    Dictionary(uniqueKeysWithValues: configuration.entries.map { ($0.setting.key, $0.text) })
  }

  /// What is printed says the same when it is read again, whatever the texts.
  @Test func whatIsPrintedIsReadAgain() async throws {
    let usual = try await configuration()
    #expect(try await texts(configuration(file: usual.yaml)) == texts(usual))
    let hard = [
      "a # b", "'a'", "\"a\"", "null", "~", "a:", "a: b", "- a", "[a]", "{a}", " a ", "a\tb",
      "a\nb", "*a", "&a", "!a", "%a",
      "@a", "`a`", "é/日本", "\\", "1_000", "0x10", "yes", "2024-06-01", "\u{1b}[1m", "",
    ]
    for text in hard {
      var flags = ["page.directory": text, "outputs.directory": text, "jwt.audience": text]
      flags["cors.origins"] = "https://a.example, http://b:8080"
      flags["webhooks.allow"] = "::1,hooks"
      flags["memory"] = "96MiB"
      let given = try await configuration(flags)
      #expect(try await texts(configuration(file: given.yaml)) == texts(given), "\(text)")
    }
  }

  @Test func thePrintOfAFileNamesIt() async throws {
    let yaml = try await configuration(file: "limits:\n  queries: 8\nlog.format: json\n").yaml
    #expect(yaml.contains("# Queries that run at a time.\nlimits.queries: 8  # "), "\(yaml)")
    #expect(yaml.contains("log.format: json  # "))
    #expect(yaml.contains("\nlisten: 127.0.0.1:4280  # default\n"))
  }

  @Test func listsOfFiles() async throws {
    let text =
      "cors:\n  origins: [https://a, 'http://b:81']\nwebhooks.allow:\n- 10.0.0.7\n- Hooks\n- '[::1]'\n"
    let settings = try await configuration(file: text).settings
    #expect(settings.origins == ["https://a", "http://b:81"])
    #expect(settings.webhookHosts == ["10.0.0.7", "hooks", "::1"])
    #expect(
      await faults(file: "cors.origins: {}\nlisten: [a]\n") == [
        "cors.origins in FILE is neither a text nor a list of texts",
        "listen in FILE is no single value",
      ])
  }

  /// What no browser sends as an origin, and what is no host, would never be equal to anything.
  @Test func valuesThatNeverMatch() async {
    for origin in [
      "a.example", "https://a/", "https://a/b", "HTTPS://a", "https://A", "https://a:443",
      "http://a:80", "*", "null",
      "https://u@a",
    ] {
      let faults = await faults(["cors.origins": "https://fine,\(origin)"])
      #expect(
        faults.count == 1 && faults[0].contains("as browsers send them"), "\(origin): \(faults)")
    }
    #expect(
      await faults(["cors.origins": "https://a/"]).first?.hasSuffix("https://a/ would be https://a")
        == true)
    for host in ["http://a", "a:80", "a/b", "*.a b", "u@a", "[::1]:80"] {
      let faults = await faults(["webhooks.allow": host])
      #expect(
        faults.count == 1 && faults[0].contains("it is a list of hosts"), "\(host): \(faults)")
    }
  }

  @Test func namesThatThereAreNot() async {
    #expect(
      await faults(file: "queries: 3\nlimits: {querys: 4}\nportal: 1\ndata:\n") == [
        "data in FILE has no value; leave it out, or write \"\" for an empty text",
        "FILE: there is no setting limits.querys; is it limits.queries?",
        "FILE: there is no setting portal",
        "FILE: there is no setting queries; is it limits.queries?",
      ])
  }

  /// `config check` says what `serve` would, and makes nothing.
  @Test func directoriesAreLookedAt() throws {
    let served = try ServedStore()
    try "a file".write(toFile: served.path("file"), atomically: true, encoding: .utf8)
    let cases = [
      ("data", "none/of/it", "make it with: mkdir -p DIR/none/of"),
      ("data", "file", "and DIR/file is no directory"),
      ("data", "file/data", "and DIR/file is no directory"),
      ("outputs.directory", "file", "and DIR/file is no directory"),
      ("page.directory", "none", "page.directory is DIR/none, and that is not there"),
      ("page.directory", "file", "and that is no directory"),
    ]
    for (key, path, message) in cases {
      for command in [["config", "check"], ["serve", "--listen", "127.0.0.1:0"]] {
        let text = try refusal(
          served,
          command
            + ["--data", served.path("fresh"), "--set", "\(key)=\(served.path(path))"]
            .suffix(key == "data" ? 2 : 4))
        #expect(text.contains(message.replacing("DIR", with: served.directory.path)), "\(text)")
      }
    }
    #expect(!FileManager.default.fileExists(atPath: served.path("fresh")))
  }

  @Test func addressesAreLookedAt() throws {
    let served = try ServedStore()
    func check(_ address: String) throws -> String {
      try refusal(served, ["config", "check", "--data", served.path("fresh"), "--listen", address])
    }
    #expect(try check("192.0.2.7:4280").contains("there is no token: make one"))
    #expect(try check("192.0.2.7:4280").contains("has no address 192.0.2.7"))
    #expect(try check("none.invalid:4280").contains("none.invalid is no address and no name"))
    #expect(try check("[fe80::1]:4280").contains("name one: [fe80::1%eth0]"))
    // A server of the same settings runs.
    let (_, status) = try served.run(
      ServedStore.nilo.path,
      ["config", "check", "--data", served.data, "--listen", "127.0.0.1:\(served.port)"])
    #expect(status == 0)
  }

  /// What a command that is refused says on standard error.
  private func refusal(_ served: ServedStore, _ arguments: [String]) throws -> String {
    let (_, status) = try served.run(
      ServedStore.nilo.path, arguments, error: served.path("error"))
    #expect(status == 2, "\(arguments)")
    return try String(contentsOfFile: served.path("error"), encoding: .utf8)
  }

  /// The page of operation lists all settings. NILO_REWRITE=1 puts them there.
  @Test func thePageListsThem() throws {
    let page = URL(fileURLWithPath: #filePath)
      .appendingPathComponent("../../../docs/operations.md").standardized
    let text = try String(contentsOf: page, encoding: .utf8)
    let head = "| setting | by default | what it is |\n|---|---|---|\n"
    let rows = Setting.all.map { setting in
      let usual = setting.defaultText.isEmpty ? "" : "`\(setting.defaultText)`"
      return "| `\(setting.key)` | \(usual) | \(setting.meaning) |\n"
    }
    let parts = text.components(separatedBy: head)
    try #require(parts.count == 2)
    let after = parts[1].components(separatedBy: "\n\n").dropFirst().joined(separator: "\n\n")
    let wanted = parts[0] + head + rows.joined() + "\n" + after
    if ProcessInfo.processInfo.environment["NILO_REWRITE"] != nil {
      try wanted.write(to: page, atomically: true, encoding: .utf8)
    }
    #expect(wanted == text)
  }
}
