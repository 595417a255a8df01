import Bytes
import Foundation
import KafkaClient
import Model
import Store
import TestSupport
import Testing

@testable import KafkaConnector

/// What is made of the messages of a partition, without a broker.
@Suite struct IntakeTests {
  private let partition = KafkaPartition("p", 0)
  private func limits(_ events: Int) -> CommitLimits {
    var limits = CommitLimits()
    (limits.events, limits.bytes, limits.afterNs) = (events, 1_000, 100)
    return limits
  }

  private func take(
    _ intake: inout PartitionIntake, _ offset: Int64, _ value: String, nowNs: Int64 = 0,
    end: Int64? = nil
  ) {
    intake.take(
      offset: offset, hash: UInt64(offset), value: Array(value.utf8).rawSpan, into: "s",
      nowNs: nowNs, endOf: { _ in end })
  }

  @Test func collectsHandsOverAndLands() throws {
    var intake = PartitionIntake(partition, from: PartitionPosition(next: 5))
    #expect(intake.isDone && !intake.isDue(limits(2), nowNs: 0))
    take(&intake, 5, "{}")
    #expect(!intake.isDue(limits(2), nowNs: 99))
    #expect(intake.isDue(limits(2), nowNs: 100))
    #expect(!intake.isDue(limits(2), nowNs: 399, isBehind: true))
    #expect(intake.isDue(limits(2), nowNs: 400, isBehind: true))
    // An offset without a message in between.
    take(&intake, 7, "{\"a\":1}")
    #expect(intake.isDue(limits(2), nowNs: 0) && intake.isFull(limits(2)))
    let flight = intake.handOver()
    #expect(flight.batches.count == 1)
    let batch = flight.batches[0].documents
    #expect(String(decoding: batch.bytes, as: UTF8.self) == "{}{\"a\":1}")
    #expect(batch.documents.map(\.position) == [5, 7] && batch.endPosition == 8)
    #expect(flight.position == PartitionPosition(next: 8, last: .init(offset: 7, hash: 7)))
    // Meanwhile more is collected, and waits.
    take(&intake, 8, "{}")
    take(&intake, 9, "{}")
    #expect(!intake.isDue(limits(2), nowNs: 1_000))
    intake.landed(at: flight.position)
    #expect(intake.durable.next == 8 && intake.isDue(limits(2), nowNs: 0))
    #expect(intake.handOver().batches[0].documents.documents.map(\.position) == [8, 9])
  }

  @Test func gapsOfOffsetsAtTheEnd() {
    var intake = PartitionIntake(partition, from: PartitionPosition(next: 0))
    take(&intake, 0, "{}")
    #expect(intake.lag(end: 34) == 33)
    intake.reachEnd(at: 34, nowNs: 0)
    #expect(intake.lag(end: 34) == 0 && intake.isAtEnd)
    let flight = intake.handOver()
    #expect(flight.position.next == 34 && flight.position.last?.offset == 0)
    intake.landed(at: flight.position)
    // The end alone, without a message, moves the position as well.
    intake.reachEnd(at: 40, nowNs: 0)
    #expect(!intake.isDone && intake.handOver().batches.isEmpty)
  }

  @Test func emptyAndOversize() {
    var intake = PartitionIntake(partition, from: PartitionPosition(next: 0))
    take(&intake, 0, "")
    #expect(intake.emptyCount == 1 && intake.documentCount == 0 && intake.position.next == 1)
    take(&intake, 1, String(repeating: "x", count: Limits.maxDocumentBytes + 1))
    let refused = intake.handOver().batches[0].documents.refused
    #expect(refused.map(\.position) == [1] && refused[0].head.count == Limits.ledgerHeadBytes)
    #expect(refused[0].reason.contains("over the limit"))
  }

  /// What a stream has already is passed over, by what the store says of it.
  @Test func whatIsThereAlready() {
    var intake = PartitionIntake(partition, from: PartitionPosition(next: 3))
    for offset: Int64 in 3...6 { take(&intake, offset, "{}", end: 5) }
    #expect(intake.handOver().batches[0].documents.documents.map(\.position) == [5, 6])
  }

  @Test func theLastMessageAgain() throws {
    let noted = PartitionPosition(next: 8, last: .init(offset: 7, hash: 99))
    let intake = PartitionIntake(partition, from: noted)
    #expect(try !intake.expects(offset: 7, hash: 99))
    #expect(throws: PartitionGap(.recreated, after: noted, resumesAt: 0)) {
      try intake.expects(offset: 7, hash: 98)
    }
    // It was compacted away: what comes is new.
    #expect(try intake.expects(offset: 8, hash: 1))
  }

  @Test func whereToBegin() {
    let noted = PartitionPosition(next: 8, last: .init(offset: 6, hash: 1), incarnation: 2)
    #expect(PartitionStart(noted, marks: 0..<10) == .from(offset: 6))
    #expect(PartitionStart(noted, marks: 0..<8) == .from(offset: 6))
    #expect(PartitionStart(noted, marks: 7..<10) == .from(offset: 8))
    #expect(PartitionStart(noted, marks: 8..<8) == .from(offset: 8))
    let lost = PartitionGap(.lost, after: noted, resumesAt: 9)
    #expect(PartitionStart(noted, marks: 9..<12) == .gap(lost))
    #expect(lost.after == PartitionPosition(next: 9, incarnation: 2))
    let other = PartitionGap(.recreated, after: noted, resumesAt: 0)
    #expect(
      PartitionStart(PartitionPosition(next: 8, incarnation: 2), marks: 0..<7) != .from(offset: 8))
    // The last message is read again, and says whether it is so.
    #expect(PartitionStart(noted, marks: 0..<7) == .from(offset: 6))
    #expect(other.after == PartitionPosition(next: 0, incarnation: 3))
  }

  @Test func positionsAsText() {
    for position in [
      PartitionPosition(next: 0),
      PartitionPosition(next: .max, last: .init(offset: .max - 1, hash: .max), incarnation: 7),
    ] {
      #expect(PartitionPosition(position.text) == position)
    }
    #expect(PartitionPosition(Array("42".utf8)) == nil && PartitionPosition([]) == nil)
  }

  @Test func patternsAndShares() {
    let choice = TopicChoice(["plant.*", "pumps", "*-x-*"])
    for (topic, isChosen) in [
      ("plant.", true), ("plant.a.b", true), ("plant", false), ("pumps", true), ("pumps2", false),
      ("a-x-b-x-", true), ("ax-", false), ("-x-", true), ("__a-x-", false),
    ] {
      #expect(choice.contains(topic) == isChosen, "\(topic)")
    }
    #expect(TopicChoice(["__consumer_offsets"]).contains("__consumer_offsets"))
    #expect(PartitionShare("all") == .all && PartitionShare("0, 1,5") == .numbers([0, 1, 5]))
    #expect(PartitionShare("node 2 of 3") == .node(2, of: 3))
    for text in ["", "0,", "-1", "node 4 of 3", "node 0 of 3", "every"] {
      #expect(PartitionShare(text) == nil, "\(text)")
    }
    let partitions = (0..<5).map {
      KafkaTopic.Partition(number: $0, leader: 1, replicas: [1], inSync: [1])
    }
    let topics = [KafkaTopic(name: "pumps", partitions: partitions)]
    for node in 1...3 {
      let owned = OwnedPartitions(topics, choice, .node(node, of: 3))
      let wanted: [Int32] = node == 1 ? [0, 3] : node == 2 ? [1, 4] : [2]
      #expect(owned.partitions.map(\.number) == wanted)
      #expect(owned.missing.isEmpty)
    }
    #expect(OwnedPartitions([], choice, .all).missing == ["pumps"])
  }

  @Test func whenTheQueueIsToBeFilled() {
    var refill = QueueRefill()
    func isDue(_ queuedCount: Int, at nowNs: Int64) -> Bool {
      refill.isDue(queuedCount: queuedCount, nowNs: nowNs)
    }
    let pauseNs: Int64 = 50_000_000
    #expect(isDue(0, at: 0))
    // It is not asked again and again while it is empty, and not at all as long as it is full enough.
    #expect(!isDue(0, at: pauseNs - 1))
    #expect(!isDue(400, at: pauseNs))
    #expect(!isDue(101, at: 2 * pauseNs))
    #expect(isDue(100, at: 2 * pauseNs))
    #expect(!isDue(90, at: 4 * pauseNs))
    #expect(isDue(25, at: 4 * pauseNs))
    refill.hold(untilNs: 20 * pauseNs)
    #expect(!isDue(0, at: 19 * pauseNs))
    #expect(isDue(0, at: 20 * pauseNs))
  }

  /// Many small documents weigh as much as fewer large ones, and what is on its way is not to be handed over.
  @Test func whatABatchWeighs() {
    var intake = PartitionIntake(partition, from: PartitionPosition(next: 0))
    #expect(intake.weight == 0)
    for offset: Int64 in 0..<4 { take(&intake, offset, "{}") }
    #expect(intake.weight == 4 * 256)
    take(&intake, 4, String(repeating: "x", count: 2_000))
    #expect(intake.weight == 2_008)
    _ = intake.handOver()
    take(&intake, 5, "{}")
    #expect(intake.weight == 0)
  }

  /// Messages, ends, commits that fail and restarts in any order: each offset with a message is stored once, in order.
  @Test func anyOrderOfEvents() throws {
    rounds(300) { random in
      // A topic with offsets that have no message.
      let end = Int64(random.within(1...60))
      let messages = (0..<end).filter { _ in !random.oneIn(5) }
      var stored: [Int64] = []
      var noted = PartitionPosition(next: 0)
      var intake = PartitionIntake(partition, from: noted)
      var flight: PartitionIntake.Flight?
      var cursor: Int64 = 0
      for _ in 0..<2_000 where !(intake.isDone && intake.durable.next >= end) {
        switch random.below(5) {
        case 0, 1:
          if let offset = messages.first(where: { $0 >= cursor }) {
            let isNew = try intake.expects(offset: offset, hash: UInt64(offset))
            if isNew { take(&intake, offset, "{}") }
            cursor = offset + 1
          } else {
            intake.reachEnd(at: end, nowNs: 0)
          }
        case 2:
          if !intake.isOnItsWay, !intake.isDone { flight = intake.handOver() }
        case 3:
          guard let landing = flight else { break }
          stored += landing.batches.flatMap { $0.documents.documents.map(\.position) }
          noted = landing.position
          intake.landed(at: noted)
          flight = nil
        default:
          guard random.oneIn(10) else { break }
          // What was on its way is lost, or is stored all the same.
          if let landing = flight, random.oneIn(2) {
            stored += landing.batches.flatMap { $0.documents.documents.map(\.position) }
            noted = landing.position
          }
          flight = nil
          intake = PartitionIntake(partition, from: noted)
          guard case .from(let offset) = PartitionStart(noted, marks: 0..<end) else {
            throw Mismatch(description: "a gap where there is none: \(noted)")
          }
          cursor = offset
        }
      }
      try check(stored == messages, "\(stored) is not \(messages)")
    }
  }
}
