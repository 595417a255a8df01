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

/// Schedules run at their times, once each, whatever is stopped when.
@Suite struct ScheduleTests {
  /// 48 hours of one value an hour, from 2024-05-31T00:00:00Z on.
  private func plant(_ clock: TestClock) throws -> TestPlant {
    let plant = try TestPlant(clock)
    _ = try plant.store.append(
      (0..<48).map { hour in
        "{\"timestamp\":\"\(Timestamp(ns: TestClock.start - Int64(24 - hour) * TestClock.hourNs))\",\"v\":\(hour)}"
      }, to: "m")
    return plant
  }

  @Test func hourByHour() throws {
    let clock = TestClock("2024-06-01T10:30:00Z")
    let plant = try plant(clock)
    try plant.define("hourly", "SELECT avg(v) AS v FROM m LAST 1h INTO stream('means')")
    try plant.run()
    #expect(try plant.runs() == [])
    clock.set("2024-06-01T11:00:00Z")
    try plant.run()
    try plant.run()
    #expect(try plant.runs() == ["11:00 begun", "11:00 done 1"])
    // The hour up to the run, in which there is the value of 10:00.
    #expect(
      try plant.rows("SELECT run_time, v FROM means LIMIT 99") == [["2024-06-01T11:00:00Z", "34"]])
    clock.set("2024-06-01T12:30:00Z")
    try plant.reopen()
    try plant.run()
    #expect(try plant.runs().suffix(2) == ["12:00 begun", "12:00 done 1"])
    #expect(try plant.rows("SELECT run_time, v FROM means LIMIT 99").count == 2)
  }

  /// Five times are missed: all are run, in order, each with what it would have asked at its time.
  @Test func missedTimes() throws {
    let clock = TestClock("2024-06-01T10:30:00Z")
    let plant = try plant(clock)
    try plant.define("hourly", "SELECT max(v) AS v FROM m LAST 1h INTO stream('means')")
    clock.set("2024-06-01T15:59:00Z")
    for _ in 0..<3 {
      try plant.reopen()
      try plant.run()
    }
    #expect(
      try plant.runs()
        == (11...15).flatMap { ["\($0):00 begun", "\($0):00 done 1"] })
    #expect(
      try plant.rows("SELECT run_time, v FROM means ORDER BY run_time LIMIT 99")
        == (11...15).map { ["2024-06-01T\($0):00:00Z", "\($0 + 23)"] })
    #expect(try plant.store.check().isSound)
  }

  /// Through the program: what was missed is run when it starts, and not again when it starts again.
  @Test func served() throws {
    let served = try ServedStore()
    _ = try served.post("/v1/streams/m/events", #"{"timestamp":"2024-06-01T00:00:00Z","v":1}"#)
    #expect(served.end() == 0)
    let definedNs = Store.wallClockNs() - 3 * TestClock.hourNs
    let store = try Store(directory: served.data, clock: { definedNs })
    _ = try QueryEngine(store).run(
      "DEFINE SCHEDULE hourly CRON '0 * * * *' AS SELECT count(*) AS n FROM m INTO stream('counts')",
      QueryOptions(nowNs: definedNs))
    store.close()
    for _ in 0..<2 {
      try served.start()
      let deadline = Date(timeIntervalSinceNow: 60)
      while try served.value("SELECT count(*) FROM _runs WHERE state = 'done'") < "3",
        Date() < deadline
      {
        usleep(20_000)
      }
      #expect(served.end() == 0)
    }
    let read = try Store(directory: served.data, mode: .readOnly)
    defer { read.close() }
    var boundaries: [String] = []
    try read.forEachEvent(of: "_runs") { event in
      let object = try JSONSerialization.jsonObject(with: Data(event.bytes)) as? [String: Any]
      if object?["state"] as? String == "done" {
        boundaries.append(object?["boundary"] as? String ?? "")
      }
      return true
    }
    // A fourth hour may have come meanwhile.
    #expect((3...4).contains(boundaries.count), "\(boundaries)")
    #expect(Set(boundaries).count == boundaries.count)
    let counts = try read.statistics().streams.first { $0.definition.name == "counts" }
    #expect(counts?.totals.events == UInt64(boundaries.count))
  }

  @Test func timesTooLongAgo() throws {
    let clock = TestClock("2024-06-01T10:30:00Z")
    let plant = try plant(clock)
    try plant.define("hourly", "SELECT count(*) AS n FROM m INTO stream('counts')")
    clock.set("2024-06-03T11:30:00Z")
    plant.catchUpNs = 2 * TestClock.hourNs
    try plant.run()
    try plant.run()
    #expect(
      try plant.runs() == [
        "11:00 passed_over 47", "10:00 begun", "10:00 done 1", "11:00 begun", "11:00 done 1",
      ])
    #expect(
      try plant.facts("SELECT boundary, until FROM _runs WHERE state = 'passed_over' LIMIT 9") == [
        ["2024-06-01T11:00:00Z", "2024-06-03T09:00:00Z"]
      ])
  }

  /// What was begun and cut off is asked again as of the state of then, also when more has come since.
  @Test func cutOff() throws {
    let clock = TestClock("2024-06-01T11:10:00Z")
    let plant = try plant(clock)
    try plant.define("hourly", "SELECT sum(v) AS v, count(*) AS n FROM m INTO stream('sums')")
    clock.set("2024-06-01T12:00:30Z")
    let schedule = try #require(try plant.store.schedules().first)
    let begun = try plant.work.begin(schedule, after: nil)
    let run = try #require(begun.run)
    // The first half of what an attempt does: rows are there, and the end is not noted.
    _ = try plant.work.attempt(run, schedule, attempts: 0, isCancelled: { false })
    #expect(try plant.runs() == ["12:00 begun"])
    _ = try plant.store.append([#"{"timestamp":"2024-06-01T11:59:00Z","v":1000}"#], to: "m")
    try plant.reopen()
    try plant.run()
    #expect(try plant.runs() == ["12:00 begun", "12:00 done 1"])
    #expect(try plant.facts("SELECT v, n FROM sums LIMIT 9") == [["1128", "48"]])
    // The same again, bit for bit.
    #expect(
      try plant.store.statistics().streams.first { $0.definition.name == "sums" }?.totals.events
        == 1)
    clock.set("2024-06-01T13:00:00Z")
    try plant.run()
    #expect(try plant.facts("SELECT v, n FROM sums LIMIT 9").last == ["2128", "49"])
  }

  @Test func files() throws {
    let clock = TestClock("2024-06-01T10:30:00Z")
    let plant = try plant(clock)
    plant.outputs = plant.path("outputs")
    try plant.define(
      "local", cron: "0 0 * * *", zone: "Asia/Kathmandu",
      "SELECT count(*) AS n FROM m SINCE yesterday UNTIL today INTO file('days/{date}-{time}.csv')")
    clock.set("2024-06-01T18:15:00Z")
    try plant.run()
    #expect(try plant.runs() == ["18:15 begun", "18:15 done 1"])
    // The day of Kathmandu before, of which the log has all.
    #expect(
      try String(contentsOfFile: plant.path("outputs/days/2024-06-02-0000.csv"), encoding: .utf8)
        == "n\n24\n")
    // A link that leads elsewhere is not followed.
    try FileManager.default.removeItem(atPath: plant.path("outputs/days"))
    try FileManager.default.createSymbolicLink(
      atPath: plant.path("outputs/days"), withDestinationPath: plant.path("elsewhere"))
    clock.set("2024-06-02T18:15:00Z")
    try plant.run()
    #expect(try plant.runs().last?.contains("is a link") == true)
    plant.outputs = ""
    clock.set("2024-06-03T18:15:00Z")
    try plant.run()
    #expect(try plant.runs().last?.contains("set outputs.directory") == true)
  }

  /// A target that does not take an answer is tried again, and given up in the end.
  @Test func retries() throws {
    let clock = TestClock("2024-06-01T10:30:00Z")
    let plant = try plant(clock)
    // Where the directory should be there is a file.
    try "".write(toFile: plant.path("outputs"), atomically: true, encoding: .utf8)
    plant.outputs = plant.path("outputs")
    try plant.define("hourly", "SELECT count(*) AS n FROM m INTO file('n.csv')")
    func isRefused(_ hour: Int) throws -> Bool {
      try plant.runs().last?.hasPrefix("\(hour):00 refused") == true
    }
    clock.set("2024-06-01T11:00:00Z")
    try plant.serve { try isRefused(11) }
    clock.set("2024-06-01T12:00:01Z")
    try plant.serve { try isRefused(12) }
    let runs = try plant.runs()
    let expected = [
      "11:00 begun", "11:00 refused", "11:00 failed given up after 2 attempts", "12:00 begun",
      "12:00 refused",
    ]
    #expect(
      runs.count == expected.count && zip(runs, expected).allSatisfy { $0.hasPrefix($1) },
      "\(runs)")
    try FileManager.default.removeItem(atPath: plant.path("outputs"))
    clock.set("2024-06-01T13:00:00Z")
    try plant.run()
    #expect(try plant.runs().suffix(3) == ["12:00 done 1", "13:00 begun", "13:00 done 1"])
  }

  /// A query that fails is noted, and not asked again for that time.
  @Test func failures() throws {
    let clock = TestClock("2024-06-01T10:30:00Z")
    let plant = try plant(clock)
    _ = try plant.ask("DEFINE KPI k AS count(*) AS n FROM m EVERY 1h")
    try plant.define("hourly", "SELECT n FROM k LAST 1h INTO stream('counts')")
    _ = try plant.ask("DROP KPI k")
    clock.set("2024-06-01T11:00:00Z")
    try plant.run()
    try plant.run()
    let runs = try plant.runs()
    #expect(runs.count == 2)
    #expect(runs.last?.contains("there is no stream or KPI k") == true, "\(runs)")
    let shown = try plant.rows("SHOW SCHEDULES")
    #expect(shown.first?[4...6] == ["2024-06-01T11:00:00Z", "failed", "2024-06-01T12:00:00Z"])
  }

  /// A schedule that is dropped and defined again begins anew.
  @Test func definedAgain() throws {
    let clock = TestClock("2024-06-01T10:30:00Z")
    let plant = try plant(clock)
    let query = "SELECT count(*) AS n FROM m INTO stream('counts')"
    try plant.define("hourly", query)
    #expect(throws: LanguageError.self) { try plant.define("hourly", query) }
    clock.set("2024-06-01T11:00:00Z")
    let schedule = try #require(try plant.store.schedules().first)
    _ = try plant.work.begin(schedule, after: nil)
    _ = try plant.ask("DROP SCHEDULE hourly")
    try plant.define("hourly", query)
    try plant.run()
    #expect(try plant.runs().map { $0.prefix(12) } == ["11:00 begun", "11:00 failed"])
    clock.set("2024-06-01T12:00:00Z")
    try plant.run()
    #expect(
      try plant.facts("SELECT run_id FROM counts LIMIT 9") == [["hourly/2/2024-06-01T12:00:00Z/0"]])
    #expect(
      try plant.rows("SHOW HISTORY OF hourly").map { $0[3] }
        == ["DEFINE SCHEDULE", "DROP SCHEDULE", "DEFINE SCHEDULE"])
  }

  @Test(
    arguments: [
      ("CRON '61 * * * *' AS SELECT count(*) FROM m INTO stream('s')", "'61' is no minute"),
      ("CRON '0 * * * *' TIME ZONE 'Mars' AS SELECT count(*) FROM m INTO stream('s')", "Mars"),
      ("CRON '0 * * * *' AS SELECT avg(x) FROM m INTO stream('s')", "no field x"),
      ("CRON '0 * * * *' AS SELECT count(*) FROM m LAST 1h INTO nowhere('s')", "no target nowhere"),
      ("CRON '0 * * * *' AS SELECT count(*) FROM m INTO file('../a.csv')", "no path within"),
      ("CRON '0 * * * *' AS SELECT count(*) FROM m INTO file('a.pdf')", "no form of a file"),
      ("CRON '0 * * * *' AS SELECT count(*) FROM m INTO webhook('ftp://a')", "no address"),
      ("CRON '0 * * * *' AS SELECT count(*) FROM m INTO stream('m')", "does not tell by run_id"),
      ("CRON '0 * * * *' AS SELECT count(*) FROM m WHERE v > $v INTO stream('s')", "has no value"),
      ("CRON '0 * * * *' AS SELECT count(*) FROM m INTO stream('_runs')", "is no stream"),
    ])
  func refusals(_ definition: String, _ message: String) throws {
    let plant = try plant(TestClock("2024-06-01T10:30:00Z"))
    let error = #expect(throws: LanguageError.self) {
      try plant.ask("DEFINE SCHEDULE s \(definition)")
    }
    #expect(error?.description.contains(message) == true, "\(error.map { "\($0)" } ?? "")")
    #expect(try plant.store.schedules().isEmpty)
  }

  /// What has not brought anything for long is closed: that is an event, and nobody waits for it.
  @Test func idleSources() throws {
    let clock = TestClock("2024-06-01T12:00:00Z")
    let plant = try TestPlant(clock)
    func append(_ source: String, _ hour: Int) throws {
      _ = try plant.store.append(
        ["{\"timestamp\":\"2024-06-01T\(10 + hour):00:00Z\",\"v\":1}"], to: "m", source: source)
    }
    try append("a", 0)
    try append("b", 0)
    clock.set("2024-06-01T12:10:00Z")
    try append("a", 2)
    plant.idleNs = 300_000_000_000
    try plant.serve { try plant.rows("SHOW SOURCES").contains { $0[3] == "closed" } }
    #expect(try plant.rows("SHOW SOURCES").map { $0[1] + " " + $0[3] } == ["a open", "b closed"])
    #expect(try plant.rows("SHOW WATERMARK").first?[1] == "2024-06-01T12:00:00Z")
    #expect(try plant.facts("SELECT source, reason FROM _sources LIMIT 9") == [["b", "idle"]])
  }

  /// A store of before, whose first stream has the number 3, keeps it.
  @Test func numbersOfStreams() throws {
    let plant = try plant(TestClock("2024-06-01T10:30:00Z"))
    let statistics = try plant.store.statistics()
    #expect(statistics.streams.first?.definition.id == 3)
    #expect(statistics.system.allSatisfy { $0.definition.id < 3 || $0.definition.id > 1 << 31 })
  }
}

/// A clock that is set.
final class TestClock: Sendable {
  static let hourNs: Int64 = 3_600_000_000_000
  /// 2024-06-01T00:00:00Z
  static let start: Int64 = 1_717_200_000_000_000_000
  private let time: Atomic<Int64>

  init(_ text: String) { time = Atomic(Timestamp(text)!.ns) }
  func set(_ text: String) { time.store(Timestamp(text)!.ns, ordering: .relaxed) }
  var ns: Int64 { time.load(ordering: .relaxed) }
}

/// A store whose schedules are run as the server does.
final class TestPlant {
  let clock: TestClock
  private let directory: URL
  private(set) var store: Store
  var outputs = ""
  var idleNs: Int64 = 0
  var secretFile = ""
  var allowedHosts: Set<String> = ["127.0.0.1"]
  var catchUpNs = 24 * TestClock.hourNs

  init(_ clock: TestClock) throws {
    self.clock = clock
    directory = FileManager.default.temporaryDirectory.appendingPathComponent(
      "nilo-schedules-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    store = try Store(directory: directory.path, clock: { clock.ns })
  }

  deinit {
    store.close()
    try? FileManager.default.removeItem(at: directory)
  }

  func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

  func reopen() throws {
    store.close()
    let clock = clock
    store = try Store(directory: directory.path, clock: { clock.ns })
  }

  var work: ScheduleWork {
    let clock = clock
    return ScheduleWork(
      store: store,
      outputs: Outputs(
        store: store, directory: outputs,
        webhooks: Webhooks(
          secretFile: secretFile, allowedHosts: allowedHosts, clock: { clock.ns })),
      limits: QueryLimits(),
      clock: { clock.ns }, catchUpNs: catchUpNs, retryNs: TestClock.hourNs)
  }

  /// Runs a scheduler until nothing is due and nothing is begun, or until `isDone` of what is begun.
  func run(until isDone: ([ScheduleRun]) -> Bool = { $0.isEmpty }) throws {
    try serve {
      let isDue = try store.schedules().contains { try $0.nextNs ?? .max <= clock.ns }
      return try !isDue && isDone(store.scheduleStates().values.flatMap(\.pending))
    }
  }

  /// Runs a scheduler until `isDone`.
  func serve(until isDone: () throws -> Bool) throws {
    let scheduler = Scheduler(
      work, idleNs: idleNs, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try scheduler.start()
    defer { scheduler.stop() }
    let deadline = Date(timeIntervalSinceNow: 60)
    while Date() < deadline {
      if try isDone() { return }
      usleep(5_000)
    }
    Issue.record("the scheduler does not come to its end")
  }

  func define(
    _ name: String, cron: String = "0 * * * *", zone: String? = nil, _ query: String
  ) throws {
    let zone = zone.map { " TIME ZONE '\($0)'" } ?? ""
    _ = try ask("DEFINE SCHEDULE \(name) CRON '\(cron)'\(zone) AS \(query)")
  }

  func ask(_ text: String) throws -> [Answer] {
    try QueryEngine(store).run(text, QueryOptions(nowNs: clock.ns))
  }

  /// The rows of an answer; of facts without their time, which stands first.
  func facts(_ text: String) throws -> [[String]] { try rows(text).map { Array($0.dropFirst()) } }

  func rows(_ text: String) throws -> [[String]] {
    let answer = try #require(try ask(text).last)
    let lines = String(decoding: AnswerRenderer(.tsv).bytes(answer), as: UTF8.self)
      .split(separator: "\n").dropFirst()
    return lines.map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// What `_runs` has: the hour, the state, and rows, the count or the failure.
  func runs() throws -> [String] {
    var runs: [String] = []
    try store.forEachEvent(of: "_runs") { event in
      let object = try JSONSerialization.jsonObject(with: Data(event.bytes)) as? [String: Any]
      let boundary = object?["boundary"] as? String ?? ""
      let rest = object?["failure"] ?? object?["count"] ?? object?["rows"]
      runs.append(
        "\(boundary.dropFirst(11).prefix(5)) \(object?["state"] ?? "")"
          + (rest.map { " \($0)" } ?? ""))
      return true
    }
    return runs
  }
}
