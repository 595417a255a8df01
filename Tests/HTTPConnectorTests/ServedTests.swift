import Foundation
import Language
import Logging
import Query
import Store
import TestSupport
import Testing

@testable import Server

/// Sources that statements define, as a server runs them.
@Suite struct ServedTests {
  private let server: TestServer
  private let target: PolledStore

  init() throws {
    server = try TestServer()
    target = try PolledStore()
  }

  /// What runs the sources of the store, from now on.
  private func supervised() throws -> SourceSupervisor {
    let supervisor = SourceSupervisor(
      SourceContext(
        store: target.store, clock: Store.wallClockNs,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
      makers: SourceSupervisor.fetchers)
    try supervisor.start()
    return supervisor
  }

  private func run(_ statement: String) throws {
    _ = try QueryEngine(target.store).run(statement, QueryOptions(nowNs: Store.wallClockNs()))
  }

  private func wait(_ isDone: (FetchStatus) -> Bool) throws -> DefinedSource {
    let deadline = Date(timeIntervalSinceNow: 60)
    while true {
      let source = try #require(try target.store.definedSources().first)
      if let status = source.status, isDone(status) { return source }
      try #require(Date() < deadline, "\(String(describing: source.status))")
      usleep(5_000)
    }
  }

  @Test func statesAndRecovery() throws {
    let supervisor = try supervised()
    defer { supervisor.stop() }
    try server.answer("/a", #"{"status":503,"body":"not yet"}"#)
    try run(
      "DEFINE SOURCE s FROM http(url '\(server.url)/a', every 1s, allow '127.0.0.1') INTO readings")
    let failing = try wait { $0.state == .waiting }
    #expect(
      failing.status?.failure == "\(server.url)/a answers with status 503: not yet")
    try server.answer(
      "/a", TestServer.body(#"[{"timestamp":"2024-06-01T00:00:00Z","v":1},{"v":2}]"#))
    let running = try wait { $0.state == .running }
    #expect(running.status?.events == 2 && running.status?.rejected == 1)
    #expect(running.status?.lag == 0 && running.status?.failure == nil)
    // A secret that is not there is told, and looked for again.
    try run("DROP SOURCE s")
    try run(
      "DEFINE SOURCE s FROM http(url '\(server.url)/a', header.Authorization env('NO_SUCH_SECRET')) INTO readings"
    )
    let lacking = try wait { $0.state == .waiting }
    #expect(
      lacking.status?.failure
        == "header.Authorization: there is no variable NO_SUCH_SECRET in the environment of nilo serve"
    )
  }

  /// A source that runs and brings nothing but what is rejected says so, until something is taken.
  @Test func allOfItRejected() throws {
    let supervisor = try supervised()
    defer { supervisor.stop() }
    try server.answer("/a", TestServer.body(#"[{"v":1},{"v":2}]"#))
    try run(
      "DEFINE SOURCE s FROM http(url '\(server.url)/a', every 1s, allow '127.0.0.1') INTO readings")
    let useless = try wait { $0.state == .running }
    #expect(
      useless.status?.failure
        == "all of the last 2 documents were rejected: SHOW REJECTED says why")
    try server.answer("/a", TestServer.body(#"[{"timestamp":"2024-06-01T00:00:00Z","v":1}]"#))
    #expect(try wait { $0.events == 3 && $0.state == .running }.status?.failure == nil)
  }

  /// Whatever is killed when, records without ids are stored once each: their position is in the same commit.
  @Test func killedAtAnyTime() throws {
    let count = 700
    try run(
      "DEFINE SOURCE s FROM http(url '\(server.url)/numbered?count=\(count)&size=7', every 1s, records 'items', paging 'cursor', next 'next', parameter 'after', allow '127.0.0.1') INTO readings"
    )
    try run("DEFINE STREAM readings TIME timestamp KEY d")
    target.close()
    var random = SeededGenerator(seed: firstSeed)
    var kills = 0
    while try stored() < count {
      let serving = Process()
      serving.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        .resolvingSymlinksInPath().deletingLastPathComponent().appendingPathComponent("nilo")
      serving.arguments = ["serve", "--data", target.directory.path, "--listen", "127.0.0.1:0"]
      serving.standardError = FileHandle.nullDevice
      try serving.run()
      usleep(UInt32(random.within(200_000...1_200_000)))
      kill(serving.processIdentifier, SIGKILL)
      serving.waitUntilExit()
      kills += 1
      try #require(kills < 500, "it does not get on: NILO_SEED=\(firstSeed)")
    }
    try target.reopen()
    #expect(
      try target.values("v") == (0..<count).map { "\($0)" }, "NILO_SEED=\(firstSeed)")
    #expect(try target.store.check().isSound)
  }

  private func stored() throws -> Int {
    let store = try Store(directory: target.directory.path, mode: .readOnly)
    defer { store.close() }
    var count = 0
    try store.forEachEvent(of: "readings") { _ in
      count += 1
      return true
    }
    return count
  }
}
