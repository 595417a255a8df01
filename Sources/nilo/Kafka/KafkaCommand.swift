import ArgumentParser
import Foundation
import KafkaClient
import Model

struct KafkaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kafka",
    abstract:
      "Look after topics of Kafka: list, make and change them, put messages in, watch them.",
    discussion: """
      What is read into a store is read by nilo consume, or by a server with DEFINE SOURCE.

      Example:
        nilo kafka topics create pumps --partitions 3 --brokers localhost:9092
        nilo kafka produce pumps --key device_id events.ndjson
        nilo kafka tail pumps --from-beginning
      """,
    subcommands: [KafkaTopics.self, KafkaProduce.self, KafkaTail.self])
}

/// How the brokers are reached.
struct KafkaArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp("Where to connect to first.", valueName: "host:port,..."))
  var brokers = "localhost:9092"

  @Option(
    name: .customLong("client-config"),
    help: ArgumentHelp(
      "A file of options of librdkafka, name=value on each line: security.protocol, sasl.password.",
      valueName: "file"))
  var clientConfig: String?

  @Option(help: ArgumentHelp("How long the brokers may take to answer.", valueName: "seconds"))
  var timeout = 10

  func validate() throws {
    guard BrokerList.isLegal(brokers) else {
      throw ValidationError("--brokers is \(BrokerList.form), not '\(brokers)'.")
    }
  }

  /// Refuses what can be no topic's name before a broker is asked. Throws `ValidationError`.
  static func check(topic: String) throws {
    guard TopicName.isLegal(topic) else {
      throw ValidationError("The name of a topic has \(TopicName.form): '\(topic)' is none.")
    }
  }

  var timeoutMs: Int { min(max(timeout, 1), 3_600) * 1_000 }

  func options() throws -> [(name: String, value: String)] {
    try Self.options(brokers, clientConfig)
  }

  /// Where to connect, and what a file says. Throws ``Failure`` when it cannot be read.
  static func options(
    _ brokers: String, _ clientConfig: String?
  ) throws -> [(name: String, value: String)] {
    var options = [(name: "bootstrap.servers", value: brokers)]
    guard let clientConfig else { return options }
    guard let bytes = FileManager.default.contents(atPath: clientConfig) else {
      throw Failure("the file \(clientConfig) cannot be read")
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (number, line) in lines.enumerated() {
      let text = line.trimmingCharacters(in: .whitespaces)
      if text.isEmpty || text.hasPrefix("#") { continue }
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw Failure("\(clientConfig): line \(number + 1) is not name=value")
      }
      options.append(
        (
          parts[0].trimmingCharacters(in: .whitespaces),
          parts[1].trimmingCharacters(in: .whitespaces)
        ))
    }
    return options
  }

  func admin() throws -> KafkaAdmin { try KafkaAdmin(try options(), timeoutMs: timeoutMs) }
}

/// `name=value`, as settings of topics are given.
func nameAndValue(_ text: String) throws -> (name: String, value: String) {
  let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
  guard parts.count == 2, !parts[0].isEmpty else {
    throw Misuse("\(text): write name=value, such as retention.ms=86400000")
  }
  return (String(parts[0]), String(parts[1]))
}
