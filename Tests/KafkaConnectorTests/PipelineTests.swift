import Foundation
import Testing

/// Brokers, whoever they are.
protocol Brokers {
  var brokers: String { get }
  func makeTopic(_ name: String, partitions: Int) throws
}

extension MockCluster: Brokers {}

/// What a plant's software was before, as one: a simulator of the plant, a topic, a consumer, hourly figures, and the look-up
/// of a moment.
@Suite(.serialized) struct PipelineTests {
  @Test func theWholeOldSystem() throws { try Self.wholeSystem(on: MockCluster()) }

  /// What comes by the topic is, in the end, what comes straight from the file.
  static func wholeSystem(on cluster: some Brokers) throws {
    let place = try Workplace()
    let topic = "plant-\(UUID().uuidString.prefix(8))"
    try cluster.makeTopic(topic, partitions: 3)
    let made = try place.run(
      program("nilo"),
      ["generate", "fleet", "--devices", "20", "--every", "60s", "--hours", "6", "--late", "2%"])
    try place.write(made.output, to: "plant.ndjson")
    let kpi = "avg(temperature) AS mean, max(pressure) AS peak, count(*) AS n"
    let definition = "DEFINE KPI hourly AS \(kpi) FROM fleet GROUP BY device_id EVERY 1h"

    let straight = try place.nilo(
      "ingest", "--data", "straight", "--stream", "fleet", "plant.ndjson")
    try #require(straight.status == 0, "\(straight.error)")
    try #require(try place.nilo("query", "--data", "straight", definition).status == 0)

    let server = try TestServer(place, data: "piped")
    func ask(_ statement: String) throws -> String {
      let answer = try place.nilo("query", "--url", server.url, "--format", "tsv", statement)
      try #require(answer.status == 0, "\(statement): \(answer.error)")
      return answer.output
    }
    _ = try ask(
      "DEFINE SOURCE plant FROM kafka(brokers '\(cluster.brokers)', topics '\(topic)') INTO fleet")
    let sending = try place.nilo(
      "stream", "plant.ndjson", "--to", "kafka://\(cluster.brokers)/\(topic)", "--key", "device_id",
      "--pace", "timestamps", "--speed", "10000000x", "--json")
    try #require(sending.status == 0, "\(sending.error)")
    let lines = made.output.split(separator: "\n")
    let summary = try JSONSerialization.jsonObject(with: Data(sending.error.utf8)) as? [String: Any]
    #expect(summary?["sent"] as? Int == lines.count && summary?["rejected"] as? Int == 0)
    try eventually("all events are there") {
      try ask("SHOW SOURCES WHERE source = 'plant'").contains(
        "\trunning\tkafka\t\(lines.count)\t0\t")
    }
    _ = try ask(definition)

    let rows = "SELECT mean, peak, n FROM hourly ORDER BY time, device_id LIMIT 1000"
    let wanted = try place.nilo("query", "--data", "straight", "--format", "tsv", rows)
    // How final a row is depends on how the partitions took turns.
    func values(_ table: String) -> [String] {
      table.split(separator: "\n").map {
        $0.split(separator: "\t").dropLast().joined(separator: "\t")
      }
    }
    #expect(values(try ask(rows)) == values(wanted.output))
    #expect(values(wanted.output).count == 1 + 20 * 6)
    // Twins are known by their ids, also those that came by the topic.
    let count = "SELECT count(*) AS n FROM fleet"
    #expect(
      try ask(count) == place.nilo("query", "--data", "straight", "--format", "tsv", count).output)

    let moment = try place.run(
      URL(fileURLWithPath: "/usr/bin/env"),
      ["curl", "-sS", "\(server.url)/kpis/2024-06-01T03:20:00Z"])
    let found = try JSONSerialization.jsonObject(with: Data(moment.output.utf8)) as? [String: Any]
    let bucket = (found?["kpis"] as? [[String: Any]])?.first
    #expect(
      bucket?["bucket_start"] as? String == "2024-06-01T03:00:00Z", "\(moment.output.prefix(300))")
  }

  /// Positions are noted by name: another stream under it gets only what is new, which is told.
  @Test func anotherStreamUnderTheName() throws {
    let (cluster, place) = (try MockCluster(), try Workplace())
    try cluster.makeTopic("t", partitions: 1)
    try cluster.produce([document(0), document(1)], to: "t")
    func consume(_ more: String...) throws -> Workplace.Outcome {
      try place.run(
        program("nilo"),
        ["consume", "--data", "d", "--brokers", cluster.brokers, "--topics", "t", "--until-end"]
          + more)
    }
    let first = try consume("--into", "a", "--json")
    #expect(first.status == 0, "\(first.error)")
    #expect(
      first.output.contains(#""name":"kafka","documents":2,"rejected":0,"#), "\(first.output)")
    #expect(!first.error.contains("documents"), "\(first.error)")
    #expect(try consume("--into", "a").error == "0 documents, 0 rejected\n")
    let other = try consume("--into", "b")
    #expect(
      other.error.contains("went into a; only what comes after it goes into b"), "\(other.error)")
    let anew = try consume("--into", "b", "--name", "anew")
    #expect(anew.error == "2 documents, 0 rejected\n", "\(anew.error)")
  }

  /// What does not answer is named, soon.
  @Test func nobodyAnswers() throws {
    let place = try Workplace()
    try place.write("{\"n\":1}\n", to: "one.ndjson")
    let address = "127.0.0.1:1"
    for arguments in [
      ["kafka", "topics", "list", "--brokers", address],
      ["kafka", "topics", "create", "t", "--brokers", address],
      ["kafka", "topics", "describe", "t", "--brokers", address],
      ["kafka", "topics", "delete", "t", "--brokers", address],
      ["kafka", "produce", "t", "one.ndjson", "--brokers", address],
      ["kafka", "tail", "t", "--brokers", address],
      [
        "consume", "--data", "d", "--brokers", address, "--topics", "t", "--into", "s",
        "--until-end",
      ],
    ] {
      let outcome = try place.run(program("nilo"), arguments)
      #expect(outcome.status == 1, "\(arguments)")
      #expect(outcome.error.contains(address), "\(arguments): \(outcome.error)")
      #expect(outcome.error.contains("refused"), "\(arguments): \(outcome.error)")
    }
    // One that goes on trying says so, also where there is no terminal.
    let waiting = try place.start(
      program("nilo"),
      ["consume", "--data", "e", "--brokers", address, "--topics", "t", "--into", "s"],
      output: "waiting.out", error: "waiting.err")
    defer {
      kill(waiting.processIdentifier, SIGKILL)
      waiting.waitUntilExit()
    }
    try eventually("it says that nobody answers") {
      let said = try place.text(of: "waiting.err")
      return said.contains(address) && said.contains("trying again")
    }
  }
}
