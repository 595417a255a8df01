import Foundation
import KafkaClient
import Model
import Store
import Synchronization
import TestSupport
import Testing

@testable import KafkaConnector

/// Partitions read from brokers into a store.
@Suite(.serialized) struct ConsumptionTests {
  @Test func everyOffsetOnce() throws {
    let (cluster, target) = (try MockCluster(), try TargetStore())
    try cluster.makeTopic("plant.a", partitions: 2)
    try cluster.makeTopic("plant.b", partitions: 1)
    try cluster.makeTopic("other", partitions: 1)
    try cluster.produce((0..<500).map(document), to: "plant.a", partition: 0)
    try cluster.produce((500..<700).map(document), to: "plant.a", partition: 1)
    try cluster.produce((700..<705).map(document), to: "plant.b")
    try cluster.produce([document(9_999)], to: "other")
    let settings = target.settings(cluster, topics: ["plant.*"])
    let figures = try target.consume(settings)
    #expect(figures.events == 705 && figures.rejected == 0 && figures.lag == 0)
    #expect(try target.numbers() == Array(0..<705))
    // Nothing is read again, and what is new goes on.
    #expect(try target.consume(settings).events == 0)
    try cluster.produce((705..<720).map(document), to: "plant.b")
    #expect(try target.consume(settings).events == 15)
    #expect(try target.numbers() == Array(0..<720))
    let progress = try #require(try target.store.progress(of: "kafka/plant.b/0"))
    #expect(PartitionPosition(progress.progress.position)?.next == 20)
    #expect(try target.store.check().isSound)
  }

  @Test func whatIsNoEvent() throws {
    let (cluster, target) = (try MockCluster(), try TargetStore())
    try cluster.makeTopic("t", partitions: 1)
    try cluster.produce(
      [document(0), "no JSON", nil, "", document(1), "[1]"], to: "t", key: "k")
    let figures = try target.consume(target.settings(cluster, topics: ["t"]))
    #expect(figures.events == 4 && figures.rejected == 2 && figures.empty == 2)
    #expect(try target.numbers() == [0, 1])
    var entries: [String] = []
    try target.store.forEachLedgerEntry(kind: .rejected) { entry in
      entries.append("\(entry.source) \(entry.position ?? -1)")
      return true
    }
    #expect(entries == ["kafka/t/0 1", "kafka/t/0 5"])
    let told = try Workplace().nilo("ledger", "--data", target.directory.path).output
    #expect(told.contains("kafka/t/0:position 1: "), "\(told)")
  }

  @Test func tenMebibytes() throws {
    let (cluster, target) = (try MockCluster(), try TargetStore())
    try cluster.makeTopic("t", partitions: 1)
    let frame = document(0).utf8.count + ",\"x\":\"\"".utf8.count
    func large(_ number: Int, _ byteCount: Int) -> String {
      document(number).dropLast()
        + ",\"x\":\"\(String(repeating: "x", count: byteCount - frame))\"}"
    }
    // The mock keeps 5 MiB of a partition, or the last message.
    try cluster.makeTopic("u", partitions: 1)
    try cluster.produce([large(0, Limits.maxDocumentBytes)], to: "t")
    try cluster.produce([large(1, Limits.maxDocumentBytes + 1)], to: "u")
    var settings = target.settings(cluster, topics: ["t", "u"])
    settings.memoryBytes = 32 << 20
    let figures = try target.consume(settings)
    #expect(figures.events == 2 && figures.rejected == 1)
    #expect(try target.numbers() == [0])
  }

  @Test func startAtTheEnd() throws {
    let (cluster, target) = (try MockCluster(), try TargetStore())
    try cluster.makeTopic("t", partitions: 1)
    try cluster.produce((0..<10).map(document), to: "t")
    var settings = target.settings(cluster, topics: ["t"])
    settings.startsAtEnd = true
    #expect(try target.consume(settings).events == 0)
    // Where it begins is noted: what comes while nobody reads is read.
    try cluster.produce((10..<15).map(document), to: "t")
    #expect(try target.consume(settings).events == 5)
    #expect(try target.numbers() == Array(10..<15))
  }

  /// The brokers come anew with a topic of the same name: nothing is mixed up, and it is on record.
  @Test(arguments: [3, 9, 10, 20]) func recreatedTopic(messages: Int) throws {
    let target = try TargetStore()
    do {
      let cluster = try MockCluster()
      try cluster.makeTopic("t", partitions: 1)
      try cluster.produce((0..<10).map(document), to: "t")
      #expect(try target.consume(target.settings(cluster, topics: ["t"])).events == 10)
    }
    let cluster = try MockCluster()
    try cluster.makeTopic("t", partitions: 1)
    try cluster.produce((100..<100 + messages).map(document), to: "t")
    var settings = target.settings(cluster, topics: ["t"])
    let error = #expect(throws: ConsumptionError.self) { try target.consume(settings) }
    #expect(error?.kind == .stopped)
    #expect(error?.description.contains("another topic of the same name") == true)
    #expect(try target.gaps() == ["recreated found 10 0"])
    // It was resumed before: that does not count.
    settings.resumedSeq = 1
    #expect(throws: ConsumptionError.self) { try target.consume(settings) }
    settings.resumedSeq = try target.store.snapshot().lastSeq + 1
    #expect(try target.consume(settings).events == messages)
    #expect(try target.numbers() == Array(0..<10) + Array(100..<100 + messages))
    #expect(try target.gaps() == ["recreated found 10 0", "recreated passed 10 0"])
    #expect(try target.consume(settings).events == 0)
    #expect(try target.store.check().isSound)
  }

  @Test func deletedBeforeTheyWereRead() throws {
    let (cluster, target) = (try MockCluster(), try TargetStore())
    try cluster.makeTopic("t", partitions: 1)
    try cluster.produce([document(0)], to: "t")
    var settings = target.settings(cluster, topics: ["t"])
    #expect(try target.consume(settings).events == 1)
    // The mock keeps 5 MiB of a partition.
    let padding = String(repeating: "x", count: 1 << 20)
    try cluster.produce(
      (1..<12).map { document($0).dropLast() + ",\"x\":\"\(padding)\"}" }, to: "t")
    settings.passesGaps = true
    try target.consume(settings)
    let numbers = try target.numbers()
    let first = try #require(numbers.dropFirst().first)
    #expect(first > 1 && numbers == [0] + Array(first..<12))
    #expect(try target.gaps() == ["lost passed 1 \(first)"])
  }

  @Test func topicsAndPartitionsThatCome() throws {
    let (cluster, target) = (try MockCluster(), try TargetStore())
    try cluster.makeTopic("t.a", partitions: 1)
    try cluster.produce((0..<5).map(document), to: "t.a")
    var settings = target.settings(cluster, topics: ["t.*"])
    (settings.endsAtEnd, settings.watchSeconds) = (false, 0.2)
    let hooks = TestHooks()
    let running = try target.running(settings, hooks)
    try hooks.wait { $0.events >= 5 }
    try cluster.makeTopic("t.b", partitions: 2)
    try cluster.produce((5..<9).map(document), to: "t.b", partition: 1)
    try hooks.wait { $0.events >= 9 }
    hooks.stop()
    try running.wait()
    #expect(try target.numbers() == Array(0..<9))
  }

  /// Two stores that read one partition under the name of one group see each other; one of another group sees nobody.
  @Test func anotherStoreReadsTheSame() throws {
    let cluster = try MockCluster()
    try cluster.makeTopic("t", partitions: 2)
    let targets = try (0..<3).map { _ in try TargetStore() }
    let hooks = targets.map { _ in TestHooks() }
    let running = try targets.indices.map { index in
      var settings = targets[index].settings(cluster, topics: ["t"])
      (settings.endsAtEnd, settings.watchSeconds, settings.groupSeconds) = (false, 0.2, 0.07)
      if index == 2 { settings.group = "other" }
      return try targets[index].running(settings, hooks[index])
    }
    for index in 0..<2 { try hooks[index].wait { $0.warning != nil } }
    let warning = try #require(hooks[0].figures.warning)
    #expect(warning.hasPrefix("another store reads t/0, t/1 as the group nilo.test, too"))
    #expect(hooks[2].figures.warning == nil)
    for one in hooks { one.stop() }
    for one in running { try one.wait() }
  }

  @Test func noTopicAndNoBroker() throws {
    let (cluster, target) = (try MockCluster(), try TargetStore())
    let missing = #expect(throws: ConsumptionError.self) {
      try target.consume(target.settings(cluster, topics: ["absent.*"]))
    }
    #expect(missing?.kind == .tryAgain)
    var settings = target.settings(cluster, topics: ["t"])
    settings.options = [("bootstrap.servers", "127.0.0.1:1")]
    settings.timeoutMs = 3_000
    let error = #expect(throws: KafkaError.self) { try target.consume(settings) }
    #expect(error?.kind == .unreachable, "\(String(describing: error))")
    settings.options = [("bootstrap.servers", "a"), ("security.protocol", "hunter2")]
    let option = #expect(throws: KafkaError.self) { try target.consume(settings) }
    #expect(option?.kind == .badOption && option?.description.contains("hunter2") == false)
  }

  /// Brokers go down and come up, and requests fail: it goes on by itself, or when it is begun again.
  @Test func brokersThatFail() throws {
    rounds(3) { random in
      let (cluster, target) = (try MockCluster(brokers: 2), try TargetStore())
      try cluster.makeTopic("t", partitions: 2)
      var settings = target.settings(cluster, topics: ["t"])
      (settings.endsAtEnd, settings.watchSeconds) = (false, 1)
      let hooks = TestHooks()
      let running = try target.running(settings, hooks, isTriedAgain: true)
      var count = 0
      for _ in 0..<6 {
        switch random.below(4) {
        case 0:
          // Fetch, ListOffsets, Metadata: not the leader any more, not there for now, asked in vain.
          let (api, code) = (random.pick([1, 2, 3]), random.pick([6, 5, 7]))
          try cluster.tell("errors \(api) \(code) \(random.within(1...3))")
        case 1:
          let broker = random.within(1...2)
          try cluster.tell("down \(broker)")
          usleep(100_000)
          try cluster.tell("up \(broker)")
        default: break
        }
        let more = random.within(1...300)
        try cluster.produce(
          (count..<count + more).map(document), to: "t", partition: Int32(random.below(2)))
        count += more
      }
      try hooks.wait { $0.events >= count }
      hooks.stop()
      try running.wait()
      try checkEqual(try target.numbers(), Array(0..<count), "documents")
    }
  }

  /// Several streams by a field: cut off at any commit, each is stored once.
  @Test func severalStreams() throws {
    let (cluster, target) = (try MockCluster(), try TargetStore())
    try cluster.makeTopic("t", partitions: 1)
    try cluster.produce((0..<300).map(document), to: "t")
    var settings = target.settings(cluster, topics: ["t"])
    settings.limits.events = 16
    settings.contents = .decoded { message in
      .documents([
        MessageDocument(stream: "events\(message.offset % 3)", bytes: message.value)
      ])
    }
    for limit in [20, 50, 120] {
      let hooks = TestHooks(stopsAfter: limit)
      try KafkaConsumption(settings, target.store, hooks).run()
      // As if the position had not been noted: the streams know how far they have got.
      try target.store.setProgress(
        SourceProgress(source: "kafka/t/0", position: PartitionPosition(next: 0).text))
    }
    try target.consume(settings)
    #expect(
      try (0..<3).flatMap { try target.numbers(in: "events\($0)") }.sorted() == Array(0..<300))
  }
}

func document(_ number: Int) -> String {
  "{\"timestamp\":\"2024-06-01T00:00:00Z\",\"n\":\(number)}"
}

/// A store that topics are read into.
final class TargetStore {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
    "nilo-kafka-\(UUID().uuidString)")
  let store: Store

  init() throws {
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    store = try Store(directory: directory.path)
  }

  deinit {
    store.close()
    try? FileManager.default.removeItem(at: directory)
  }

  func settings(_ cluster: some Brokers, topics: [String]) -> KafkaSettings {
    var settings = KafkaSettings(
      name: "kafka", options: [("bootstrap.servers", cluster.brokers)],
      topics: TopicChoice(topics), group: "nilo.test", contents: .values(into: "events"))
    settings.endsAtEnd = true
    return settings
  }

  /// Reads to where the partitions end.
  @discardableResult
  func consume(_ settings: KafkaSettings) throws -> TestHooks.Figures {
    let hooks = TestHooks()
    try KafkaConsumption(settings, store, hooks).run()
    return hooks.figures
  }

  /// Reads on a thread of its own.
  func running(
    _ settings: KafkaSettings, _ hooks: TestHooks, isTriedAgain: Bool = false
  ) throws -> Running {
    let running = Running()
    let store = store
    let thread = Thread {
      var result: Result<Void, any Error> = .success(())
      repeat {
        result = Result { try KafkaConsumption(settings, store, hooks).run() }
      } while isTriedAgain && !hooks.hasToStop && (try? result.get()) == nil
      running.end(isTriedAgain ? .success(()) : result)
    }
    thread.start()
    return running
  }

  final class Running: @unchecked Sendable {
    private let condition = NSCondition()
    private var result: Result<Void, any Error>?
    func end(_ result: Result<Void, any Error>) {
      condition.withLock {
        self.result = result
        condition.broadcast()
      }
    }
    func wait() throws {
      try condition.withLock {
        while result == nil { condition.wait() }
        try result?.get()
      }
    }
  }

  func numbers(in stream: String = "events") throws -> [Int] {
    try Self.numbers(store, in: stream)
  }

  static func numbers(_ store: Store, in stream: String = "events") throws -> [Int] {
    guard store.definition(of: stream) != nil else { return [] }
    var numbers: [Int] = []
    try store.forEachEvent(of: stream) { event in
      let object = try JSONSerialization.jsonObject(with: Data(event.bytes)) as? [String: Any]
      numbers.append(object?["n"] as? Int ?? -1)
      return true
    }
    return numbers.sorted()
  }

  func gaps() throws -> [String] {
    var gaps: [String] = []
    try store.forEachEvent(of: "_gaps") { event in
      let gap = try JSONSerialization.jsonObject(with: Data(event.bytes)) as? [String: Any] ?? [:]
      gaps.append(
        ["kind", "state", "from", "to"].map { "\(gap[$0] ?? "")" }.joined(separator: " "))
      return true
    }
    return gaps
  }
}

/// Counts, and stops when the test says so.
final class TestHooks: ConsumptionHooks {
  struct Figures {
    var events = 0
    var rejected = 0
    var empty = 0
    var lag: UInt64?
    var warning: String?
    var unread: String?
  }

  private let state = Mutex((figures: Figures(), isStopping: false))
  private let limit: Int

  init(stopsAfter limit: Int = .max) { self.limit = limit }

  var figures: Figures { state.withLock { $0.figures } }
  var hasToStop: Bool { state.withLock { $0.isStopping || $0.figures.events >= limit } }
  func stop() { state.withLock { $0.isStopping = true } }
  func succeed() {}
  func count(events: Int, rejected: Int, empty: Int) {
    state.withLock {
      $0.figures.events += events
      $0.figures.rejected += rejected
      $0.figures.empty += empty
    }
  }
  func note(lag: UInt64?) { state.withLock { $0.figures.lag = lag } }
  func note(warning: String?) { state.withLock { $0.figures.warning = warning } }
  func note(unread: String?) { state.withLock { $0.figures.unread = unread } }

  /// Looks again and again, as long as there is something new and some minutes longer: looks are counted, and not time, which
  /// goes on while the processes are stopped.
  func wait(_ isDone: (Figures) -> Bool) throws {
    var (looksLeft, events) = (36_000, figures.events)
    while !isDone(figures) {
      if figures.events != events { (looksLeft, events) = (36_000, figures.events) }
      try #require(looksLeft > 0, "it did not come to that: \(figures)")
      looksLeft -= 1
      usleep(5_000)
    }
  }
}
