import Foundation
import KafkaClient
import Store

/// A topic of Kafka: each document is a message, sent once and in order (`enable.idempotence`), and again until a broker has it.
final class KafkaSink: DocumentSink {
  private(set) var outcome = SinkOutcome()
  private let topic: String
  private let key: String?
  private let producer: KafkaProducer
  private var isTopicKnown = false
  private var number = 0

  static let scheme = "kafka://"
  /// A broker that is asked for its topics answers within this time, or is asked again.
  private static let timeoutMs = 10_000

  /// `target` is `kafka://host:port,.../topic`. Throws ``Misuse`` when it is none, ``Failure`` and `KafkaError`.
  init(_ target: String, _ options: SinkOptions) throws {
    let parts = target.dropFirst(Self.scheme.count).split(
      separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
      throw Misuse(
        "--to is kafka://, a broker and a topic, such as kafka://localhost:9092/metrics, not \(target)"
      )
    }
    (topic, key) = (String(parts[1]), options.key)
    producer = try KafkaProducer(
      [
        ("message.max.bytes", "20971520"), ("linger.ms", "0"),
        // Until it is taken.
        ("message.timeout.ms", "0"),
      ] + KafkaArguments.options(String(parts[0]), options.clientConfig))
  }

  deinit { producer.close() }

  func send(_ documents: [[UInt8]]) throws {
    try awaitTopic()
    for document in documents {
      number += 1
      let message = KafkaProducer.Message(
        key: key.flatMap { Store.text(ofField: $0, in: document) }.map { Array($0.utf8) },
        value: document)
      if try !producer.send(message, to: topic, tag: number, unless: Interruption.wish) {
        throw CancellationError()
      }
    }
    try awaitDelivery()
  }

  /// A message to a topic that is not there would wait for it for good.
  private func awaitTopic() throws {
    while !isTopicKnown {
      do throws(KafkaError) {
        isTopicKnown = try producer.topics(timeoutMs: Self.timeoutMs).contains { $0.name == topic }
      } catch {
        if error.kind != .unreachable { throw error }
        note(error)
        if Interruption.isRequested { throw CancellationError() }
        Thread.sleep(forTimeInterval: 0.5)
        continue
      }
      if !isTopicKnown {
        throw Failure(
          "there is no topic \(topic); make it with: nilo kafka topics create \(topic)")
      }
    }
  }

  private func awaitDelivery() throws {
    while true {
      let left = producer.flush(timeoutMs: 100)
      for (tag, failure) in producer.reports() {
        if let failure {
          printError("document \(tag): \(failure.message)")
          outcome.rejected += 1
        } else {
          outcome.sent += 1
        }
      }
      if left == 0 { return }
      if Interruption.isRequested { throw CancellationError() }
      if let failure = producer.takeFailure() { note(failure) }
    }
  }

  private func note(_ failure: KafkaError) {
    if outcome.retries == 0 { printNote("\(failure); trying again until it is taken") }
    outcome.retries += 1
  }
}
