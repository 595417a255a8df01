import Bytes
import Foundation
import KafkaClient
import Logging
import Model
import Query
import Store
import TestSupport
import Testing

@testable import Server

/// Rows of KPIs in topics: each at least once, in order, under ids that tell twins.
@Suite(.serialized) struct TopicSinkTests {
  @Test func rowsAreMessages() throws {
    let (cluster, plant) = (try MockCluster(), try SinkPlant())
    try cluster.makeTopic("rows", partitions: 3)
    try plant.define("brokers '\(cluster.brokers)', topic 'rows'")
    try plant.append("a", "01:10", 2)
    try plant.append("b", "01:20", 3)
    try plant.append("a", "02:10", 5)
    try plant.publish()
    // Late for a bucket that is final.
    try plant.append("a", "01:50", 7)
    try plant.publish()
    let messages = try cluster.messages(of: "rows", partitions: 3, count: 4)
    #expect(
      messages.map(\.summary).sorted() == [
        "{\"kpi\":\"k\",\"d\":\"a\"} final 01 1 2", "{\"kpi\":\"k\",\"d\":\"a\"} restated 01 2 9",
        "{\"kpi\":\"k\",\"d\":\"b\"} final 01 1 3", "{\"kpi\":\"k\",\"d\":\"z\"} final 00 1 1",
      ])
    for message in messages {
      let row = message.row
      #expect(message.headers["nilo.id"] == row["row_id"] as? String)
      #expect(message.headers["nilo.kind"] == row["kind"] as? String)
      #expect(message.headers["nilo.kpi"] == "k" && message.headers["nilo.sink"] == "s")
      #expect(message.headers["nilo.as_of_seq"] == "\(row["as_of_seq"] ?? "")")
      #expect(message.headers["content-type"] == "application/json")
    }
    // What is told of a group stays in its order, in one partition.
    let ofA = messages.filter { $0.key.contains("\"a\"") }
    #expect(Set(ofA.map(\.partition)).count == 1)
    #expect(ofA.map { $0.row["kind"] as? String } == ["final", "restated"])
    let sink = try #require(try plant.store.sinks().first)
    #expect(sink.state == .idle && sink.rows == 4 && sink.failure == nil)
  }

  @Test func brokersComeAndGo() throws {
    let (cluster, plant) = (try MockCluster(), try SinkPlant())
    try plant.define("brokers '\(cluster.brokers)', topic 'rows', socket.timeout.ms 1000")
    try plant.append("a", "01:10", 2)
    try plant.append("a", "02:10", 3)
    try plant.look()
    try plant.serve { try plant.sink.failure != nil }
    #expect(try plant.sink.state == .failing && plant.sink.waitingRows == 2)
    #expect(try plant.sink.failure?.contains("there is no topic rows") == true)
    try cluster.makeTopic("rows", partitions: 1)
    try plant.serve { try plant.sink.rows == 2 }
    #expect(try plant.sink.failure == nil)
    try cluster.tell("down 1")
    try plant.append("a", "03:10", 4)
    try plant.look()
    try plant.serve { try plant.sink.failure != nil }
    // The address that does not answer is in it.
    let failure = try #require(try plant.sink.failure)
    #expect(failure.contains(cluster.brokers), "\(failure)")
    try plant.append("a", "04:10", 5)
    try cluster.tell("up 1")
    try plant.publish()
    let messages = try cluster.messages(of: "rows", partitions: 1, count: 4)
    #expect(messages.map { $0.row["total"] as? Int } == [1, 2, 3, 4])
  }

  /// A server is killed at any moment, so also between the last acknowledgement of a broker and the note of it.
  @Test func killedAtRandom() throws {
    let cluster = try MockCluster()
    rounds(8) { random in
      let plant = try SinkPlant()
      let topic = "t\(UUID().uuidString.prefix(8))"
      let partitions = random.within(1...3)
      try cluster.makeTopic(topic, partitions: partitions)
      try plant.define("brokers '\(cluster.brokers)', topic '\(topic)'")
      var minute = 0
      for _ in 0..<random.within(2...4) {
        for _ in 0..<random.within(1...30) {
          minute += random.within(0...40)
          let at = max(0, minute - (random.oneIn(4) ? random.within(0...200) : 0))
          let time = String(format: "%02d:%02d", at / 60 % 24, at % 60)
          try plant.append(
            random.pick(["a", "b", "c"]), time, random.within(0...9), day: 1 + at / 1_440)
        }
        try plant.serveElsewhere(forMs: random.within(50...900))
      }
      try plant.publish()
      let count = try plant.sink.rows
      let messages = try cluster.messages(of: topic, partitions: partitions, count: count)
      // Twins are the same, byte for byte.
      let byId = Dictionary(grouping: messages) { $0.headers["nilo.id"] ?? "" }
      for twins in byId.values {
        try checkEqual(Set(twins.map(\.text)).count, 1, "versions of a row")
        try checkEqual(Set(twins.map(\.partition)).count, 1, "partitions of a row")
      }
      try checkEqual(byId.count, count, "rows")
      // The first time that each is there, they are in order.
      for number in 0..<Int32(partitions) {
        var seen: Set<String> = []
        let firsts = messages.filter {
          $0.partition == number && seen.insert($0.headers["nilo.id"] ?? "").inserted
        }
        let seqs = firsts.map { $0.row["as_of_seq"] as? Int ?? 0 }
        try checkEqual(seqs, seqs.sorted(), "states of the log")
      }
      // What was told last of each row is what it is.
      var told: [String: String] = [:]
      var seqs: [String: Int] = [:]
      for message in messages {
        let seq = message.row["as_of_seq"] as? Int ?? 0
        let row = "\(message.key) \(message.row["bucket"] ?? "")"
        if seq < seqs[row] ?? 0 { continue }
        seqs[row] = seq
        told[row] = "\(message.row["n"] ?? "") \(message.row["total"] ?? "")"
      }
      let final = try plant.rows("SELECT n, total FROM k ONLY FINAL")
      for row in final {
        let key = "{\"kpi\":\"k\",\"d\":\"\(row[1])\"} \(row[0])"
        try checkEqual(told[key], "\(row[2]) \(row[3])", "row \(key)")
      }
    }
  }
}

/// A store with a KPI, whose sink goes to a topic.
final class SinkPlant {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
    "nilo-topic-\(UUID().uuidString)")
  private(set) var store: Store

  init() throws {
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    store = try Store(directory: directory.path)
    try append("z", "00:00", 1)
    try ask("DEFINE KPI k AS count(*) AS n, sum(v) AS total FROM m GROUP BY d EVERY 1h")
  }

  deinit {
    store.close()
    try? FileManager.default.removeItem(at: directory)
  }

  func define(_ options: String) throws {
    try ask("DEFINE SINK s FROM k INTO kafka(\(options))")
  }

  func append(_ device: String, _ time: String, _ value: Int, day: Int = 1) throws {
    let timestamp = "2024-06-0\(day)T\(time):00Z"
    _ = try store.append(
      ["{\"d\":\"\(device)\",\"timestamp\":\"\(timestamp)\",\"v\":\(value)}"], to: "m")
  }

  @discardableResult
  func ask(_ text: String) throws -> [Answer] {
    try QueryEngine(store).run(text, QueryOptions(nowNs: Store.wallClockNs()))
  }

  func rows(_ text: String) throws -> [[String]] {
    let answer = try #require(try ask(text).last)
    return String(decoding: AnswerRenderer(.tsv).bytes(answer), as: UTF8.self)
      .split(separator: "\n").dropFirst().map {
        $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      }
  }

  var sink: SinkInfo { get throws { try #require(try store.sinks().first) } }

  func look() throws { try SinkWatch(store, limits: QueryLimits()).look() }

  /// Has the sink hand over all that there is.
  func publish() throws {
    try look()
    while try sink.waitingRows > 0 {
      try serve { try sink.waitingRows == 0 }
      // What came while something was under way is of the next.
      try look()
    }
  }

  /// Runs a scheduler until `isDone`.
  func serve(until isDone: () throws -> Bool) throws {
    let scheduler = Scheduler(
      ScheduleWork(
        store: store,
        outputs: Outputs(
          store: store, directory: "",
          webhooks: Webhooks(secretFile: "", allowedHosts: [], clock: Store.wallClockNs)),
        limits: QueryLimits(), clock: Store.wallClockNs, catchUpNs: 0, retryNs: 0),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try scheduler.start()
    defer { scheduler.stop() }
    let deadline = Date(timeIntervalSinceNow: 120)
    while Date() < deadline {
      if try isDone() { return }
      usleep(5_000)
    }
    Issue.record("the scheduler does not come to its end")
  }

  /// A server has the store for some time, and is killed.
  func serveElsewhere(forMs milliseconds: Int) throws {
    store.close()
    let process = Process()
    process.executableURL = program("nilo")
    process.arguments = ["serve", "--data", directory.path, "--listen", "127.0.0.1:0"]
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    usleep(UInt32(milliseconds) * 1_000)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    store = try Store(directory: directory.path)
  }
}

/// A message as a test reads it.
struct ReadMessage {
  var partition: Int32
  var key: String
  var text: String
  var headers: [String: String]

  var row: [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]) ?? [:]
  }

  /// Key, kind, hour and values.
  var summary: String {
    let hour = (row["bucket"] as? String ?? "").dropFirst(11).prefix(2)
    return "\(key) \(row["kind"] ?? "") \(hour) \(row["n"] ?? "") \(row["total"] ?? "")"
  }
}

extension MockCluster {
  func messages(of topic: String, partitions: Int, count: Int) throws -> [ReadMessage] {
    try readMessages(brokers, topic, partitions: partitions, count: count)
  }
}

/// All messages of a topic, those of each partition in order, once there are so many at least.
func readMessages(
  _ brokers: String, _ topic: String, partitions: Int, count: Int
) throws -> [ReadMessage] {
  let consumer = try KafkaConsumer([("bootstrap.servers", brokers)], group: "test")
  defer { consumer.close() }
  try consumer.assign((0..<Int32(partitions)).map { (KafkaPartition(topic, $0), 0) })
  var (messages, ended): ([ReadMessage], Set<Int32>) = ([], [])
  let deadline = Date(timeIntervalSinceNow: 60)
  while messages.count < count || ended.count < partitions {
    try #require(Date() < deadline, "\(messages.count) messages instead of \(count)")
    guard let polled = try consumer.poll(timeoutMs: 100) else { continue }
    switch polled.kind {
    case .failure(let error): throw error
    case .end: ended.insert(polled.partition.number)
    case .message:
      var (key, value): ([UInt8], [UInt8]) = ([], [])
      key.append(span: polled.key)
      value.append(span: polled.value)
      let headers = polled.headers.map {
        ($0.name, String(decoding: $0.value ?? [], as: UTF8.self))
      }
      messages.append(
        ReadMessage(
          partition: polled.partition.number, key: String(decoding: key, as: UTF8.self),
          text: String(decoding: value, as: UTF8.self),
          headers: Dictionary(headers, uniquingKeysWith: { $1 })))
    }
  }
  return messages
}
