import Foundation
import Hummingbird
import Store
import Testing
import Yams

@testable import Server

/// The description of the server, and the server, say the same.
@Suite struct OpenAPITests {
  private static func parsed() throws -> [String: Any] {
    try #require(
      try JSONSerialization.jsonObject(with: Data(OpenAPI.json)) as? [String: Any])
  }

  private static func operations(_ path: [String: Any]) -> [String: [String: Any]] {
    path.compactMapValues { $0 as? [String: Any] }
  }

  /// Paths, their methods and what they take, both ways: the server is asked what it has.
  @Test func pathsAreThoseOfTheServer() throws {
    let served = try ServedStore()
    let described = try #require(try Self.parsed()["paths"] as? [String: [String: Any]])
    let directory = NSTemporaryDirectory() + "nilo-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let store = try Store(directory: directory)
    defer { store.close() }
    let parts = ServerParts(store, ServerSettings(), clock: { 0 })
    let paths = Set(parts.router.routes.map { "\($0.path)" }.map { $0.isEmpty ? "/" : $0 })
    #expect(paths == Set(described.keys))
    for (path, operations) in described {
      let asked = path.replacing(/\{[a-z]+\}/, with: "1")
      let allowed = try served.ask("OPTIONS", asked).headers["allow"] ?? ""
      let methods = Set(allowed.split(separator: ", ").map { $0.lowercased() })
      #expect(
        methods.subtracting(["head", "options"]) == Set(Self.operations(operations).keys), "\(path)"
      )
      for (method, operation) in Self.operations(operations) where path.contains(/^\/(v1|kpis)\//) {
        let reply = try served.ask(method.uppercased(), asked + "?xxxxxxxxxxxx=1")
        let text = try #require(try reply.json()["detail"] as? String)
        let listed = try #require(text.split(separator: "; ").last, "\(text)")
        let taken =
          listed.hasPrefix("there are ")
          ? listed.dropFirst("there are ".count).split(separator: ", ").map(String.init) : []
        #expect(Set(taken) == Set(try Self.queryParameters(operation)), "\(method) \(path)")
      }
    }
  }

  /// By the names that the server tells: those of many are `param.NAME`.
  private static func queryParameters(_ operation: [String: Any]) throws -> [String] {
    let components = try #require(try parsed()["components"] as? [String: [String: Any]])
    let known = try #require(components["parameters"])
    return try (operation["parameters"] as? [[String: Any]] ?? []).compactMap { parameter in
      var parameter = parameter
      if let reference = parameter["$ref"] as? String {
        let name = String(try #require(reference.split(separator: "/").last))
        parameter = try #require(known[name] as? [String: Any], "\(reference)")
      }
      guard parameter["in"] as? String == "query" else { return nil }
      let name = try #require(parameter["name"] as? String)
      return parameter["style"] as? String == "deepObject" ? "\(name).NAME" : name
    }
  }

  /// Each kind of problem is named, and its status is that of an answer; and there are no others.
  @Test func statusesAreThoseOfProblems() throws {
    let tree = try Self.parsed()
    let components = try #require(tree["components"] as? [String: [String: Any]])
    let problem = try #require(components["schemas"]?["Problem"] as? [String: Any])
    let properties = try #require(problem["properties"] as? [String: [String: Any]])
    #expect(
      properties["type"]?["enum"] as? [String]
        == Problem.Kind.allCases.map { "urn:nilometer:problem:\($0.rawValue)" })
    let statuses = Set(Problem.Kind.allCases.map { "\($0.status.code)" })
    var described: Set<String> = []
    for (path, operations) in try #require(tree["paths"] as? [String: [String: Any]]) {
      for (method, operation) in Self.operations(operations) {
        let responses = try #require(operation["responses"] as? [String: [String: Any]])
        for (status, response) in responses
        where !status.hasPrefix("2") && !status.hasPrefix("3") {
          described.insert(status)
          let name = (response["$ref"] as? String)?.split(separator: "/").last.map(String.init)
          #expect(components["responses"]?[name ?? ""] != nil, "\(method) \(path) \(status)")
        }
      }
    }
    #expect(described == statuses)
  }

  @Test func theServerGivesIt() throws {
    let served = try ServedStore()
    let reply = try served.get("/openapi.json")
    #expect(reply.headers["content-type"] == "application/json")
    #expect(try reply.json()["openapi"] as? String == "3.1.0")
  }
}
