import Foundation
import Language
import Logging
import Model
import Query
import Store
import Synchronization
import TestSupport
import Testing

@testable import Server

/// Sources are started, stopped, replaced and tried again as they are defined.
@Suite struct SourceTests {
  /// Notes what it was told, and does what the test says.
  private final class Fetcher: SourceFetcher {
    let version: Int
    let log: Log
    init(_ version: Int, _ log: Log) { (self.version, self.log) = (version, log) }

    func fetch(_ run: SourceRun) throws {
      log.add("begin \(version)")
      if let error = log.nextError() { throw error }
      run.succeed()
      run.count(events: 3, rejected: 1)
      run.note(lag: 7)
      while run.wait(seconds: 60) {}
      log.add("end \(version)")
    }
  }

  private final class Log: Sendable {
    private let state = Mutex<(lines: [String], errors: [any Error])>(([], []))
    var lines: [String] { state.withLock { $0.lines } }
    func add(_ line: String) { state.withLock { $0.lines.append(line) } }
    func fail(_ errors: [any Error]) { state.withLock { $0.errors += errors } }
    func nextError() -> (any Error)? {
      state.withLock { $0.errors.isEmpty ? nil : $0.errors.removeFirst() }
    }
  }

  private struct Failure: Error, CustomStringConvertible {
    var description: String { "the broker is away" }
  }

  private func run(_ statements: String..., in store: Store) throws {
    for statement in statements {
      _ = try QueryEngine(store).run(statement, QueryOptions(nowNs: TestClock.start))
    }
  }

  private let definition = "DEFINE SOURCE s FROM kafka(brokers 'a', topics 'p') INTO readings"

  private func supervised(
    _ store: Store, _ log: Log, _ body: (SourceSupervisor) throws -> Void
  ) throws {
    let supervisor = SourceSupervisor(
      SourceContext(
        store: store, clock: Store.wallClockNs,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
      makers: ["kafka": { source, _ in Fetcher(source.version, log) }])
    try supervisor.start()
    defer { supervisor.stop() }
    try body(supervisor)
  }

  private func wait(_ isDone: () throws -> Bool) throws {
    let deadline = Date(timeIntervalSinceNow: 60)
    while try !isDone() {
      try #require(Date() < deadline, "it did not come to that")
      usleep(2_000)
    }
  }

  @Test func asDefined() throws {
    let plant = try TestPlant(TestClock("2024-06-01T10:30:00Z"))
    let (store, log) = (plant.store, Log())
    try run(definition, in: store)
    #expect(try store.definedSources().map(\.stateText) == ["not running"])
    try supervised(store, log) { _ in
      try wait { try store.definedSources()[0].status?.state == .running }
      let status = try #require(try store.definedSources()[0].status)
      #expect(status.events == 3 && status.rejected == 1 && status.lag == 7)
      #expect(status.failure == nil)
      try run("PAUSE SOURCE s", in: store)
      try wait { log.lines == ["begin 1", "end 1"] }
      #expect(try store.definedSources().map(\.stateText) == ["paused"])
      try run("RESUME SOURCE s", in: store)
      try wait { log.lines.count == 3 }
      // The one before has ended when the next one begins.
      try run("DROP SOURCE s", definition, in: store)
      try wait { log.lines.count == 5 }
      #expect(log.lines == ["begin 1", "end 1", "begin 1", "end 1", "begin 2"])
    }
    #expect(log.lines.last == "end 2")
    #expect(try store.definedSources().map(\.stateText) == ["not running"])
    // What was paused stays so.
    try run("PAUSE SOURCE s", in: store)
    try plant.reopen()
    try supervised(plant.store, log) { _ in
      try run("RESUME SOURCE s", in: plant.store)
      try wait { log.lines.last == "begin 2" }
    }
    #expect(try plant.store.check().isSound)
  }

  @Test func failuresAndStops() throws {
    let plant = try TestPlant(TestClock("2024-06-01T10:30:00Z"))
    let (store, log) = (plant.store, Log())
    log.fail([Failure(), SourceStopError("a gap")])
    try run(definition, in: store)
    try supervised(store, log) { _ in
      try wait { try store.definedSources()[0].status?.state == .waiting }
      #expect(try store.definedSources()[0].status?.failure == "the broker is away")
      // After a pause it is tried again, and does not go on by itself then.
      try wait { try store.definedSources()[0].status?.state == .stopped }
      #expect(try store.definedSources()[0].status?.failure == "a gap")
      try run("RESUME SOURCE s", in: store)
      try wait { try store.definedSources()[0].status?.state == .running }
      #expect(log.lines == ["begin 1", "begin 1", "begin 1"])
      #expect(try store.definedSources()[0].resumedSeq != nil)
    }
  }

  /// Of a kind that nobody fetches from.
  @Test func unknownKind() throws {
    let plant = try TestPlant(TestClock("2024-06-01T10:30:00Z"))
    try run(definition, in: plant.store)
    let supervisor = SourceSupervisor(
      SourceContext(
        store: plant.store, clock: Store.wallClockNs,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }), makers: [:])
    try supervisor.start()
    defer { supervisor.stop() }
    try wait { try plant.store.definedSources()[0].status?.state == .stopped }
  }

  @Test func rates() {
    var rate = EventRate()
    let second: Int64 = 1_000_000_000
    #expect(rate.perSecond(nowNs: 100 * second) == 0)
    rate.add(50, nowNs: 100 * second)
    // The second that has begun does not count yet.
    #expect(rate.perSecond(nowNs: 100 * second) == 0)
    #expect(rate.perSecond(nowNs: 101 * second) == 5)
    rate.add(50, nowNs: 105 * second)
    #expect(rate.perSecond(nowNs: 106 * second) == 10)
    #expect(rate.perSecond(nowNs: 111 * second) == 5)
    #expect(rate.perSecond(nowNs: 500 * second) == 0)
  }

  @Test func options() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try Data(" secret\n".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let statement = try #require(
      try Parser.statements(
        "DEFINE SOURCE s FROM kafka(a ('x', env('A')), b file('\(file.path)'), c env('B'), n 12, t TRUE, w 90s) INTO t"
      ).first)
    guard case .defineSource(let definition) = statement.body else { return }
    let options = SourceOptions(definition, environment: ["A": "y"])
    #expect(try options.texts("a") == ["x", "y"])
    #expect(try options.text("b") == "secret")
    #expect(options.number("n") == 12 && options.bool("t") == true)
    #expect(try options.lengthNs("w") == 90_000_000_000)
    #expect(try options.text("n") == "12")
    #expect(try options.text("z") == nil && options.texts("z") == [])
    let error = #expect(throws: SourceOptionError.self) { _ = try options.text("c") }
    #expect(
      error?.description == "c: there is no variable B in the environment of nilo serve")
  }

  /// What is secret is neither in the log nor in an answer, also when it is refused.
  @Test func secretsAreNowhere() throws {
    let served = try ServedStore(environment: ["SECRET_OF_TEST": "hunter3"])
    let refused = try served.post(
      "/v1/query",
      "DEFINE SOURCE s FROM kafka(brokers 'a', topics 'p', sasl.password 'hunter2') INTO t")
    #expect(refused.status == 400)
    #expect(!refused.text.contains("hunter2"))
    let misspelt = try served.post(
      "/v1/query",
      "DEFINE SOURCE s FROM kafka(brokers 'a', topics 'p', sasl.pasword 'hunter2') INTO t")
    #expect(misspelt.status == 400)
    let accepted = try served.post(
      "/v1/query",
      "DEFINE SOURCE s FROM kafka(brokers '127.0.0.1:1', topics 'p', sasl.password env('SECRET_OF_TEST')) INTO t"
    )
    #expect(accepted.status == 200, "\(accepted.text)")
    let target = "kafka(brokers 'a', topic 'p', sasl.password 'hunter4')"
    for statement in [
      "DEFINE SINK x FROM k INTO \(target)",
      "DEFINE ALERT x ON SELECT count(*) FROM t EVERY 1h HAVING count(*) > 1 NOTIFY \(target)",
      "DEFINE SCHEDULE x CRON '0 * * * *' AS SELECT count(*) FROM t INTO \(target)",
    ] {
      #expect(try served.post("/v1/query", statement).status == 400)
    }
    for path in ["/v1/sources", "/metrics"] {
      let reply = try served.get(path)
      #expect(reply.text.contains(path == "/metrics" ? "source=\"s\"" : "\"name\":\"s\""))
      #expect(!reply.text.contains("hunter"))
    }
    let audit = try served.post(
      "/v1/query?format=csv",
      "SELECT action, subject, outcome, failure FROM _audit WHERE action = 'DEFINE SOURCE' LIMIT 9")
    #expect(audit.text.contains("env('SECRET_OF_TEST')") && audit.text.contains("***"))
    #expect(!audit.text.contains("hunter"), "\(audit.text)")
    let others = try served.post(
      "/v1/query?format=csv", "SELECT action, subject, failure FROM _audit LIMIT 20")
    #expect(
      others.text.contains("DEFINE SINK") && !others.text.contains("hunter"), "\(others.text)")
    #expect(served.end() == 0)
    #expect(!served.log.contains("hunter"))
    let file = try Data(contentsOf: URL(fileURLWithPath: served.data + "/data.mdb"))
    #expect(file.range(of: Data("hunter".utf8)) == nil)
  }
}
