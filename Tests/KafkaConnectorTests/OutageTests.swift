import TestSupport
import Testing

@testable import KafkaConnector

/// Brokers that do not answer or refuse, while others do.
@Suite struct OutageTests {
  private struct Partition { let number, leader: Int32 }
  enum Outage: CaseIterable { case beforeItIsKnown, betweenRuns, whileItIsRead }

  /// One broker of three is away: what the others have is read, and what it has is named.
  @Test(arguments: Outage.allCases)
  func oneBrokerOfSeveral(_ outage: Outage) throws {
    let (cluster, target) = (try MockCluster(brokers: 3), try TargetStore())
    try cluster.makeTopic("t", partitions: 3)
    // Else all may be led by the one that goes away.
    for number in 0..<3 { try cluster.tell("leader t \(number) \(number + 1)") }
    let (lost, kept) = (Partition(number: 0, leader: 1), Partition(number: 1, leader: 2))
    var settings = target.settings(cluster, topics: ["t"])
    (settings.endsAtEnd, settings.watchSeconds, settings.timeoutMs) = (false, 0.2, 2_000)
    let hooks = TestHooks()
    if outage == .betweenRuns { try target.consume(target.settings(cluster, topics: ["t"])) }
    if outage != .whileItIsRead { try cluster.tell("down \(lost.leader)") }
    let running = try target.running(settings, hooks, isTriedAgain: true)
    try cluster.produce((0..<10).map(document), to: "t", partition: kept.number)
    try hooks.wait { $0.events >= 10 }
    if outage == .whileItIsRead { try cluster.tell("down \(lost.leader)") }
    try hooks.wait { $0.unread?.contains("t/\(lost.number)") == true && $0.lag == nil }
    try cluster.produce((10..<20).map(document), to: "t", partition: kept.number)
    try hooks.wait { $0.events >= 20 }
    #expect(hooks.figures.unread?.contains("t/\(kept.number)") == false)
    try cluster.tell("up \(lost.leader)")
    try cluster.produce((20..<30).map(document), to: "t", partition: lost.number)
    try hooks.wait { $0.events >= 30 && $0.unread == nil && $0.lag == 0 }
    hooks.stop()
    try running.wait()
    #expect(try target.numbers() == Array(0..<30))
  }

  /// A topic that does not take dead letters is waited for, and gets each of them.
  @Test func lettersThatAreRefused() throws {
    let (cluster, target) = (try MockCluster(), try TargetStore())
    for topic in ["t", "dead"] { try cluster.makeTopic(topic, partitions: 1) }
    try cluster.produce(["first", document(0), "second", document(1)], to: "t")
    var settings = target.settings(cluster, topics: ["t"])
    settings.deadLetterTopic = "dead"
    // Produce: who asks may not write to the topic.
    try cluster.tell("errors 0 29 2")
    let error = #expect(throws: ConsumptionError.self) { try target.consume(settings) }
    #expect(error?.kind == .tryAgain)
    #expect(
      error?.description
        == "the topic dead does not take what is no event: Broker: Topic authorization failed")
    // What is stored is stored, and is not taken again for the sake of the letters.
    #expect(try target.numbers() == [0, 1])
    #expect(throws: ConsumptionError.self) { try target.consume(settings) }
    #expect(try target.consume(settings).events == 0)
    try cluster.produce(["third"], to: "t")
    #expect(try target.consume(settings).rejected == 1)
    let letters = try cluster.messages(of: "dead", partitions: 1, count: 3)
    #expect(letters.map(\.text) == ["first", "second", "third"])
    #expect(try target.consume(settings).events == 0)
    #expect(try target.numbers() == [0, 1])
  }

  /// What is missing of all partitions is found at once, and one word passes it.
  @Test func oneResumeForAllPartitions() throws {
    let target = try TargetStore()
    do {
      let cluster = try MockCluster()
      try cluster.makeTopic("t", partitions: 4)
      for place in 0..<4 {
        try cluster.produce(
          (place * 10..<place * 10 + 5).map(document), to: "t", partition: Int32(place))
      }
      #expect(try target.consume(target.settings(cluster, topics: ["t"])).events == 20)
    }
    let cluster = try MockCluster()
    try cluster.makeTopic("t", partitions: 4)
    for (place, count) in [2, 5, 7, 9].enumerated() {
      let first = 100 + place * 10
      try cluster.produce(
        (first..<first + count).map(document), to: "t", partition: Int32(place))
    }
    var settings = target.settings(cluster, topics: ["t"])
    let error = #expect(throws: ConsumptionError.self) { try target.consume(settings) }
    #expect(error?.kind == .stopped)
    for place in 0..<4 { #expect(error?.description.contains("t/\(place) is of another") == true) }
    #expect(try target.gaps() == Array(repeating: "recreated found 5 0", count: 4))
    settings.resumedSeq = try target.store.snapshot().lastSeq + 1
    #expect(try target.consume(settings).events == 23)
    #expect(try target.numbers().count == 43)
  }

  @Test func positionsWithLetters() {
    let noted = PartitionPosition(next: 8, last: .init(offset: 7, hash: 99))
    var owing = noted
    owing.letters = PartitionPosition.Letters(before: 5, ledgerPage: 12)
    #expect(PartitionPosition(owing.text) == owing)
    #expect(PartitionPosition(noted.text)?.letters == nil)
  }
}
