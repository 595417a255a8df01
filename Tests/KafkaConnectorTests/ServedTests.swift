import Bytes
import Foundation
import KafkaClient
import Language
import Logging
import Query
import Store
import TestSupport
import Testing

@testable import KafkaConnector
@testable import Server

/// Sources that statements define, as a server runs them.
@Suite(.serialized) struct ServedTests {
  private func served(
    _ target: TargetStore, _ options: String, into: String, until count: Int
  ) throws -> DefinedSource {
    let supervisor = SourceSupervisor(
      SourceContext(
        store: target.store, clock: Store.wallClockNs,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
      makers: SourceSupervisor.fetchers)
    try supervisor.start()
    defer { supervisor.stop() }
    _ = try QueryEngine(target.store).run(
      "DEFINE SOURCE plant FROM kafka(\(options)) INTO \(into)",
      QueryOptions(nowNs: Store.wallClockNs()))
    let deadline = Date(timeIntervalSinceNow: 60)
    while true {
      let source = try #require(try target.store.definedSources().first)
      if let status = source.status, status.events >= count { return source }
      try #require(Date() < deadline, "\(String(describing: source.status))")
      usleep(5_000)
    }
  }

  private func documents(_ target: TargetStore, _ stream: String) throws -> [String] {
    var documents: [String] = []
    try target.store.forEachEvent(of: stream) { event in
      documents.append(String(decoding: event.bytes, as: UTF8.self))
      return true
    }
    return documents
  }

  @Test func metadataAsMembers() throws {
    let (cluster, target) = (try MockCluster(), try TargetStore())
    try cluster.makeTopic("t", partitions: 1)
    try cluster.produce(
      [document(0), "{ }", "[1]"], to: "t", key: "pump-1",
      headers: [("site", Array("north".utf8)), ("raw", [0xFF]), ("site", Array("south".utf8))])
    let source = try served(
      target,
      "brokers '\(cluster.brokers)', topics 't', metadata ('key', 'headers', 'offset', 'topic')",
      into: "readings", until: 3)
    #expect(source.stateText == "running")
    let added =
      "\"_key\":\"pump-1\",\"_headers\":{\"site\":[\"north\",\"south\"],\"raw_base64\":\"/w==\"},\"_topic\":\"t\",\"_offset\":0}"
    #expect(try documents(target, "readings") == [document(0).dropLast() + "," + added])
    // One has no time, the other is no object.
    #expect(source.status?.rejected == 2)
  }

  @Test func streamsByTopicAndByField() throws {
    let (cluster, target) = (try MockCluster(), try TargetStore())
    try cluster.makeTopic("plant-a", partitions: 1)
    try cluster.makeTopic("plant-b", partitions: 1)
    try cluster.produce([document(0)], to: "plant-a")
    try cluster.produce([document(1), document(2)], to: "plant-b")
    _ = try served(
      target, "brokers '\(cluster.brokers)', topics 'plant-*'", into: "TOPIC", until: 3)
    #expect(try target.numbers(in: "plant-a") == [0])
    #expect(try target.numbers(in: "plant-b") == [1, 2])
    let other = try TargetStore()
    try cluster.makeTopic("kinds", partitions: 1)
    try cluster.produce(
      ["x", "y", "x"].enumerated().map { number, kind in
        document(number).dropLast() + ",\"of\":{\"kind\":\"\(kind)\"}}"
      } + [document(9)], to: "kinds")
    let source = try served(
      other, "brokers '\(cluster.brokers)', topics 'kinds'", into: "FIELD of.kind", until: 4)
    #expect(try other.numbers(in: "x") == [0, 2] && other.numbers(in: "y") == [1])
    #expect(source.status?.rejected == 1)
    var reasons: [String] = []
    try other.store.forEachLedgerEntry(kind: .rejected) { entry in
      reasons.append(entry.reason ?? "")
      return true
    }
    #expect(reasons == ["it has no field of.kind that names a stream"])
  }

  @Test func linesOfInflux() throws {
    let (cluster, target) = (try MockCluster(), try TargetStore())
    try cluster.makeTopic("lines", partitions: 1)
    try cluster.produce(
      [
        "cpu,host=a idle=92.5 1717200000000000000\nmem,host=a free=3i 1717200000000000000",
        "cpu,host=a idle=91 1717200001000000000\nbad line",
      ], to: "lines")
    let source = try served(
      target, "brokers '\(cluster.brokers)', topics 'lines', format 'line'",
      into: "FIELD _measurement", until: 4)
    #expect(try documents(target, "cpu").count == 2 && documents(target, "mem").count == 1)
    #expect(source.status?.rejected == 1)
  }

  @Test func deadLetters() throws {
    let (cluster, target) = (try MockCluster(), try TargetStore())
    try cluster.makeTopic("t", partitions: 1)
    try cluster.makeTopic("dead", partitions: 1)
    try cluster.produce([document(0), "no JSON", document(1), "nor this"], to: "t", key: "k")
    _ = try served(
      target, "brokers '\(cluster.brokers)', topics 't', dead_letter 'dead'", into: "readings",
      until: 4)
    #expect(try target.numbers(in: "readings") == [0, 1])
    let letters = try cluster.messages(of: "dead", partitions: 1, count: 2)
    #expect(letters.map(\.text) == ["no JSON", "nor this"])
    #expect(letters.map(\.key) == ["k", "k"])
    let headers = try #require(letters.first?.headers)
    #expect(headers["nilo.topic"] == "t" && headers["nilo.partition"] == "0")
    #expect(headers["nilo.offset"] == "1" && headers["nilo.reason"]?.isEmpty == false)
  }

  /// `nilo kafka`, against brokers that are none.
  @Test func tools() throws {
    let (cluster, target) = (try MockCluster(), try TargetStore())
    try cluster.makeTopic("pumps", partitions: 2)
    let file = target.directory.appendingPathComponent("events.ndjson")
    try Data((0..<50).map { document($0) + "\n" }.joined().utf8).write(to: file)
    func run(_ arguments: String...) throws -> (output: String, status: Int32) {
      let (process, output) = (Process(), Pipe())
      process.executableURL = program("nilo")
      process.arguments = ["kafka"] + arguments + ["--brokers", cluster.brokers]
      process.standardOutput = output
      process.standardError = FileHandle.nullDevice
      try process.run()
      let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      return (String(decoding: bytes, as: UTF8.self), process.terminationStatus)
    }
    #expect(try run("topics", "list") == ("pumps  2 partitions\n", 0))
    #expect(try run("produce", "pumps", "--key", "n", file.path).status == 0)
    #expect(try run("produce", "absent", file.path).status == 1)
    let tail = try run("tail", "pumps", "--from-beginning", "--until-end")
    #expect(tail.status == 0)
    let lines = tail.output.split(separator: "\n").map(String.init)
    #expect(lines.sorted() == (0..<50).map(document).sorted())
    let objects = try run("tail", "pumps", "--from-beginning", "--until-end", "--json")
    #expect(objects.output.contains("\"key\":\"7\",\"value\":\"{"), "\(objects.output.prefix(300))")
    try cluster.makeTopic("odd", partitions: 1)
    let producer = try KafkaProducer([("bootstrap.servers", cluster.brokers)])
    defer { producer.close() }
    let keys: [[UInt8]?] = [[0xFF], [], nil]
    for (tag, key) in keys.enumerated() {
      try producer.send(
        KafkaProducer.Message(key: key, value: [0xFE], headers: [("h", [0xFF]), ("h", nil)]),
        to: "odd", tag: tag)
    }
    try #require(producer.flush(timeoutMs: 30_000) == 0)
    let odd = try run("tail", "odd", "--from-beginning", "--until-end", "--json").output
    for key in ["\"key_base64\":\"/w==\",", "\"key\":\"\",", ""] {
      let rest = "\(key)\"headers\":{\"h_base64\":\"/w==\",\"h\":null},\"value_base64\":\"/g==\"}"
      #expect(odd.split(separator: "\n").count { $0.contains("Z\",\(rest)") } == 1, "\(odd)")
    }
  }

  /// What can be no name is refused before a broker is asked: there is none here.
  @Test(arguments: ["", "bad name!", "..", String(repeating: "x", count: 250)])
  func namesOfTopics(_ name: String) throws {
    for arguments in [
      ["topics", "create"], ["topics", "delete"], ["topics", "describe"], ["tail"],
    ] {
      let ran = try Workplace().run(
        program("nilo"),
        ["kafka"] + arguments + [name, "--brokers", "127.0.0.1:1", "--timeout", "1"])
      #expect(ran.status == 2 && ran.error.contains("The name of a topic has"), "\(ran)")
    }
  }

  @Test func brokersAreNamed() throws {
    for brokers in ["", "a,,b", ":9092", "a b"] {
      let ran = try Workplace().nilo("kafka", "topics", "list", "--brokers", brokers)
      #expect(ran.status == 2 && ran.error.contains("--brokers is host:port"), "\(ran)")
    }
  }
}
