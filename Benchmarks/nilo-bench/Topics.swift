import Foundation
import KafkaClient

/// Reads all of a topic by librdkafka's own consumer, one message after the other, and forgets it.
func benchTopicRead(_ brokers: String, _ topic: String) throws {
  let consumer = try KafkaConsumer([("bootstrap.servers", brokers)], group: "bench")
  defer { consumer.close() }
  let count = try partitionCount(consumer.topics(timeoutMs: 10_000), topic)
  var (messages, bytes, open) = (0, 0, count)
  let time = try seconds {
    try consumer.assign((0..<Int32(count)).map { (KafkaPartition(topic, $0), 0) })
    while open > 0 {
      guard let message = try consumer.poll(timeoutMs: 1_000) else { continue }
      switch message.kind {
      case .message: (messages, bytes) = (messages + 1, bytes + message.value.byteCount)
      case .end: open -= 1
      case .failure(let error): throw error
      }
    }
  }
  report([
    ("messages", Double(messages)), ("messages_per_s", Double(messages) / time),
    ("bytes_per_s", Double(bytes) / time),
  ])
}

/// Hands the lines of a file to librdkafka's producer, to each partition in turn, and waits until the brokers have them. The
/// file is read before.
func benchTopicWrite(_ brokers: String, _ topic: String, _ file: String) throws {
  let producer = try KafkaProducer([
    ("bootstrap.servers", brokers), ("message.max.bytes", "20971520"), ("linger.ms", "5"),
  ])
  defer { producer.close() }
  let count = try partitionCount(producer.topics(timeoutMs: 10_000), topic)
  let lines = try Data(contentsOf: URL(fileURLWithPath: file)).split(separator: 0x0A)
    .map { [UInt8]($0) }
  let time = try seconds {
    for (number, line) in lines.enumerated() {
      let message = KafkaProducer.Message(value: line, partition: Int32(number % count))
      _ = try producer.send(message, to: topic, tag: number, unless: { false })
      if number % 1_000 == 0 { producer.poll(timeoutMs: 0) }
    }
    while producer.flush(timeoutMs: 1_000) > 0 {}
  }
  if let failure = producer.reports().compactMap(\.failure).first { throw failure }
  report([
    ("messages_per_s", Double(lines.count) / time),
    ("bytes_per_s", Double(lines.reduce(0) { $0 + $1.count }) / time),
  ])
}

private func partitionCount(_ topics: [KafkaTopic], _ name: String) throws -> Int {
  guard let topic = topics.first(where: { $0.name == name }) else {
    throw CocoaError(.fileReadNoSuchFile)
  }
  return topic.partitionCount
}
