import Foundation
import Language
import Query
import Store
import Testing

@testable import Server

/// What changes a store is noted, with who did it from where, and how it ended.
@Suite struct AuditTests {
  private func noted(_ plant: TestPlant) throws -> [String] {
    try plant.store.auditEntries().map {
      let failure = $0.failure.map { " \($0.prefix { !$0.isNewline })" }
      return "\($0.actor) \($0.address) \($0.action)\(failure ?? "")"
    }
  }

  @Test func statements() throws {
    let plant = try TestPlant(TestClock("2024-06-01T12:00:00Z"))
    let audit = Audit(plant.store, configuration: "limits.queries: 4\n")
    func run(_ text: String) throws {
      let statement = try #require(try Parser.statements(text).first)
      try audit.running(statement, actor: "ann", address: "192.0.2.7") {
        _ = try QueryEngine(plant.store).run(statement, of: text, QueryOptions(nowNs: 0))
      }
    }
    try audit.noteConfiguration()
    try run("SHOW STREAMS")
    #expect(try noted(plant) == [])
    try run("define stream  s time t")
    #expect(throws: LanguageError.self) { try run("DROP STREAM x") }
    #expect(
      try noted(plant) == [
        "nilo local CONFIGURE", "ann 192.0.2.7 DEFINE STREAM",
        "ann 192.0.2.7 DROP STREAM 1:13: there is no stream x",
      ])
    // On one line, without a picture of the text.
    #expect(
      try plant.store.auditEntries().last?.failure == "1:13: there is no stream x")
    let entry = try #require(try plant.store.auditEntries().dropFirst().first)
    #expect(entry.subject == "DEFINE STREAM s TIME t")
    // printf %s 'DEFINE STREAM s TIME t' | sha256sum
    #expect(entry.digest == "cec80b418e3a694a9d408398afde31c75219f929f66c697cea5eca572c37222a")
    // The settings themselves are not kept, and not noted again while they are the same.
    #expect(try plant.store.auditEntries().first?.subject == nil)
    for (settings, count) in [("limits.queries: 4\n", 3), ("limits.queries: 8\n", 4)] {
      try Audit(plant.store, configuration: settings).noteConfiguration()
      #expect(try noted(plant).count == count)
    }
    #expect(
      try plant.facts("SELECT action, outcome FROM _audit WHERE actor = 'ann' LIMIT 9")
        == [["DEFINE STREAM", "done"], ["DROP STREAM", "failed"]])
  }

  @Test func tokens() throws {
    let plant = try TestPlant(TestClock("2024-06-01T12:00:00Z"))
    let tokens = ["a", "b c"].map {
      Token.make(name: $0, role: .writer, streams: ["s"], created: "", expires: nil).token
    }
    let audit = Audit(plant.store)
    try audit.noteTokens(tokens)
    try audit.noteTokens([tokens[1]])
    // Another program finds what was noted.
    try Audit(plant.store).noteTokens([tokens[1]])
    try Audit(plant.store).noteTokens([])
    // One that was made and revoked before anybody looked.
    var brief = Token.make(
      name: "brief", role: .reader, streams: nil, created: "2024-06-01T00:00:00Z", expires: nil
    ).token
    brief.revoked = "2024-06-01T00:00:01Z"
    let later = Audit(plant.store)
    try later.noteTokens([brief])
    try later.noteTokens([brief])
    try Audit(plant.store).noteTokens([brief])
    #expect(
      try plant.store.auditEntries().map { "\($0.action) \($0.subject ?? "")" } == [
        "MAKE TOKEN \(tokens[0].id) writer s a", "MAKE TOKEN \(tokens[1].id) writer s b c",
        "REVOKE TOKEN \(tokens[0].id)", "REVOKE TOKEN \(tokens[1].id)",
        "MAKE TOKEN \(brief.id) reader * brief", "REVOKE TOKEN \(brief.id)",
      ])
  }

  /// Over HTTP the address is that of the client, and the name of its token the actor.
  @Test func overHTTP() throws {
    let served = try ServedStore()
    _ = try served.post(
      "/v1/query", "DEFINE STREAM s TIME t", headers: ["Content-Type: text/plain"])
    #expect(
      try served.value(
        "SELECT actor, address, outcome FROM _audit WHERE action = 'DEFINE STREAM' LIMIT 9"
      )
      .hasSuffix("http 127.0.0.1\t127.0.0.1\tdone"))
    let reply = try served.get("/v1/schedules")
    #expect(reply.text.hasPrefix(#"{"schedules":[],"as_of_seq":"#), "\(reply.text)")
    #expect(try served.get("/v1/alerts").text.hasPrefix(#"{"alerts":[],"as_of_seq":"#))
    #expect(served.end() == 0)
  }
}
