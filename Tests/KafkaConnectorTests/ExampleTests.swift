import Foundation
import Testing

/// The scripts of `Examples` that go over topics, as they stand.
@Suite(.serialized) struct ExampleTests {
  private static let examples = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../Examples").standardizedFileURL

  /// Runs a script in a directory of its own, and gives what it printed. Topics are made before: the mock makes none.
  static func run(
    _ script: String, on cluster: some Brokers, topics: [(name: String, partitions: Int)],
    _ environment: [String: String]
  ) throws -> String {
    let place = try Workplace()
    for topic in topics { try cluster.makeTopic(topic.name, partitions: topic.partitions) }
    let outcome = try place.run(
      examples.appendingPathComponent(script), ["data"],
      environment: ["nilo": program("nilo").path, "BROKERS": cluster.brokers].merging(environment) {
        $1
      })
    try #require(outcome.status == 0, "\(script): \(outcome.output)\n\(outcome.error)")
    return outcome.output
  }

  static func devices(on cluster: some Brokers, size: String, messages: Int) throws {
    let output = try run(
      "devices/run", on: cluster, topics: [("devices", 3)],
      ["SIZE": size, "MESSAGES": "\(messages)"])
    #expect(output.contains("2024-06-01T00:00:00Z\tpress-01\tvibration_x"), "\(output)")
    #expect(output.contains("2024-06-01T00:00:00Z\tpress-02\tvibration_x"), "\(output)")
    let moment = output.components(separatedBy: "-- what is known of a moment\n").last ?? ""
    #expect(moment.contains("press-01"), "\(output)")
  }

  @Test func devices() throws {
    // The mock keeps 5 MiB of a partition.
    try Self.devices(on: MockCluster(), size: "200KB", messages: 5)
  }

  @Test func pageViews() throws {
    let output = try Self.run(
      "pageviews/run", on: MockCluster(), topics: [("pageviews", 3)],
      ["HOURS": "3", "PER_HOUR": "300"])
    let hours = output.components(separatedBy: "-- the whole list of an hour\n")
    #expect(hours.count == 2)
    for hour in 6..<9 {
      let line = hours[0].split(separator: "\n").first { $0.contains("T0\(hour):00:00Z") }
      #expect(line?.contains("product-") == true && line?.contains("300") == true, "\(output)")
    }
    #expect(hours[1].split(separator: "\n").count >= 6, "\(output)")
  }

  @Test func plant() throws {
    let output = try Self.run(
      "plant/run-kafka", on: MockCluster(),
      topics: [("metrics", 3), ("orders", 1), ("presses", 1)],
      ["INTERVAL": "1ms"])
    let parts = output.components(separatedBy: "-- the topic of what is final\n")
    // As the same plant's KPI is without a topic: docs/files.md.
    #expect(parts[0].contains("press-1\t126\t1\t80.3466"), "\(output)")
    #expect(parts[0].contains("bracket"), "\(output)")
    let rows = try parts[1].split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
    }
    #expect(
      rows.map { $0["machine"] as? String } == ["press-1", "press-2", "press-3"], "\(output)")
    #expect(rows.first?["made"] as? Int == 126 && rows.first?["kind"] as? String == "final")
  }
}
