import Foundation
import Model
import Query
import Store
import TestSupport
import Testing

@testable import KafkaConnector

/// Partitions that are caught up with: no bucket is final before each of them has passed it.
@Suite(.serialized) struct FinalityTests {
  /// Readings of a day, one every ten minutes.
  private static let dayCount = 144
  private static func reading(_ number: Int, day: Int = 1) -> String {
    let minute = number % 6 * 10
    return
      "{\"timestamp\":\"2024-06-0\(day)T\(twoDigits(number / 6)):\(twoDigits(minute)):00Z\",\"n\":\(number)}"
  }
  private static func twoDigits(_ number: Int) -> String {
    number < 10 ? "0\(number)" : "\(number)"
  }
  private static let day = (0..<dayCount).map { reading($0) }

  private func cluster(partitions: Int) throws -> (MockCluster, TargetStore) {
    let (cluster, target) = (try MockCluster(), try TargetStore())
    try cluster.makeTopic("t", partitions: partitions)
    try target.ask(
      "DEFINE STREAM events TIME timestamp; DEFINE KPI hourly AS count(*) AS n FROM events EVERY 1h"
    )
    return (cluster, target)
  }

  /// The whole day of one partition is one commit, long before the next one's.
  @Test func aDayOfEachPartition() throws {
    let (cluster, target) = try cluster(partitions: 3)
    for partition: Int32 in 0..<3 {
      try cluster.produce(Self.day, to: "t", partition: partition)
    }
    try target.consume(target.settings(cluster, topics: ["t"]))
    #expect(
      try target.changes() == (0..<3).map { "open_source events kafka/t/\($0) begin" })
    try target.expectHours(of: 18)
    #expect(try target.count(.late) == 0)
    #expect(try target.store.check().isSound)
    // What comes then is nobody's beginning.
    try cluster.produce([Self.reading(0, day: 2)], to: "t", partition: 1)
    try target.consume(target.settings(cluster, topics: ["t"]))
    #expect(try target.changes().count == 3)
    #expect(try target.watermark() == "2024-06-01T23:50:00Z")
  }

  /// It is cut off after the first of them, and goes on in another program: what was expected still is.
  @Test func cutOffInBetween() throws {
    let (cluster, target) = try cluster(partitions: 4)
    for partition: Int32 in 0..<4 {
      try cluster.produce(Self.day, to: "t", partition: partition)
    }
    var settings = target.settings(cluster, topics: ["t"])
    settings.limits.events = 1
    for limit in [1, 10] {
      try KafkaConsumption(settings, target.store, TestHooks(stopsAfter: limit)).run()
    }
    #expect(try !target.watermark().hasPrefix("2024-06-01T2"))
    settings.limits.events = 1_000
    try target.consume(settings)
    #expect(try target.changes().count == 4)
    try target.expectHours(of: 24)
    #expect(try target.count(.late) == 0)
  }

  /// Partitions without an event are not waited for: those that are empty from the beginning, and those of which it turns out.
  @Test func partitionsWithoutEvents() throws {
    let (cluster, target) = try cluster(partitions: 4)
    try cluster.produce(Self.day, to: "t", partition: 0)
    try cluster.produce([nil, nil], to: "t", partition: 1)
    try cluster.produce(["no JSON"], to: "t", partition: 2)
    try target.consume(target.settings(cluster, topics: ["t"]))
    let changes = try target.changes()
    #expect(!changes.contains { $0.contains("t/3") })
    for source in ["kafka/t/1", "kafka/t/2"] {
      // One that has come to its end before the others have begun was never expected.
      let own = changes.filter { $0.contains(source) }
      let wanted = ["open_source events \(source) begin", "close_source events \(source) empty"]
      #expect(own.isEmpty || own == wanted)
    }
    #expect(try target.watermark() == "2024-06-01T23:50:00Z")
    #expect(try target.store.check().isSound)
    // One that was closed comes again.
    try cluster.produce([Self.reading(0, day: 2)], to: "t", partition: 0)
    try cluster.produce([Self.reading(3, day: 2)], to: "t", partition: 1)
    try target.consume(target.settings(cluster, topics: ["t"]))
    #expect(try target.watermark() == "2024-06-02T00:00:00Z")
    #expect(try target.count(.late) == 0)
  }

  /// Of a topic that has a stream of its own the other topics' partitions are not expected.
  @Test func aStreamForEachTopic() throws {
    let (cluster, target) = (try MockCluster(), try TargetStore())
    for topic in ["a", "b"] {
      try cluster.makeTopic(topic, partitions: 2)
      for partition: Int32 in 0..<2 {
        try cluster.produce(Self.day, to: topic, partition: partition)
      }
    }
    var settings = target.settings(cluster, topics: ["a", "b"])
    settings.hasStreamOfEachTopic = true
    settings.contents = .decoded { message in
      .documents([MessageDocument(stream: message.partition.topic, bytes: message.value)])
    }
    try target.consume(settings)
    let wanted = ["a", "b"].flatMap { topic in
      (0..<2).map { "open_source \(topic) kafka/\(topic)/\($0) begin" }
    }
    #expect(try target.changes().sorted() == wanted)
    #expect(try target.count(.late) == 0)
  }
}

extension TargetStore {
  @discardableResult
  fileprivate func ask(_ text: String) throws -> [Answer] {
    try QueryEngine(store).run(text, QueryOptions(nowNs: Store.wallClockNs()))
  }

  private func rows(_ text: String) throws -> [[String]] {
    let answer = try #require(try ask(text).last)
    return String(decoding: AnswerRenderer(.tsv).bytes(answer), as: UTF8.self)
      .split(separator: "\n").dropFirst().map {
        $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      }
  }

  /// The events of `_sources`.
  fileprivate func changes() throws -> [String] {
    var changes: [String] = []
    try store.forEachEvent(of: "_sources") { event in
      let object =
        try JSONSerialization.jsonObject(with: Data(event.bytes)) as? [String: Any] ?? [:]
      changes.append(
        ["change", "stream", "source", "reason"].map { "\(object[$0] ?? "")" }.joined(
          separator: " "))
      return true
    }
    return changes
  }

  fileprivate func watermark() throws -> String {
    try #require(try rows("SHOW WATERMARK FROM events").first?[1])
  }

  fileprivate func count(_ kind: LedgerEntry.Kind) throws -> Int {
    var count = 0
    try store.forEachLedgerEntry(kind: kind) { _ in
      count += 1
      return true
    }
    return count
  }

  /// The hours of a day have so many events each, the last one is provisional, and none was ever restated; a rebuild finds
  /// the same cells.
  fileprivate func expectHours(of count: Int) throws {
    let rows = try rows("SELECT n, revision FROM hourly")
    #expect(rows.count == 24)
    #expect(rows.allSatisfy { $0[1] == "\(count)" && $0[2] == "0" }, "\(rows)")
    #expect(rows.map { $0[3] } == [String](repeating: "final", count: 23) + ["provisional"])
    let reports = try store.rebuild(named: ["hourly"], verify: true)
    #expect(reports.map(\.differences.count) == [0])
  }
}
