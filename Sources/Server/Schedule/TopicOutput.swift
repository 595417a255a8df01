import KafkaClient
import Language
import Query
import Store

/// A topic of Kafka that rows are put into, each at least once. Rows of one key are in one partition, in their order: what the
/// client sends again it sends in order, and once (`enable.idempotence`). What is handed over again after a failure or a
/// crash is there twice, under the same id.
final class TopicOutput {
  private let topic: String
  private let brokers: String
  private let producer: KafkaProducer

  /// Until a broker answers, and until it has a message.
  static let timeoutMs = 30_000
  /// A broker that was lost is waited for so long.
  private static let patience = Duration.seconds(5)

  /// Connects to nobody yet. Throws ``SourceOptionError`` and `KafkaError`.
  init(_ options: [SourceOption]) throws {
    let options = SourceOptions(options)
    topic = try options.text("topic") ?? ""
    brokers = try options.texts("brokers").joined(separator: ",")
    let partitioner = try options.text("partitioner").map { [("partitioner", $0)] } ?? []
    producer = try KafkaProducer(
      [("message.max.bytes", "20971520"), ("message.timeout.ms", "\(Self.timeoutMs)")]
        + partitioner + options.kafkaClient())
  }

  deinit { producer.close() }

  /// Returns when the brokers have all of them. Throws `CancellationError`, and ``OutputFailure`` when they do not take them now.
  func send(
    _ rows: [SinkRow], of publication: Publication, _ sink: SinkInfo,
    _ isCancelled: () -> Bool
  ) throws {
    // One that is misspelt would be made by brokers that make what they are asked for.
    let topics = try producer.topics(timeoutMs: Self.timeoutMs)
    guard topics.contains(where: { $0.name == topic }) else {
      throw OutputFailure(
        "there is no topic \(topic) at \(brokers), or it may not be seen; make it with: nilo kafka topics create \(topic)"
      )
    }
    let shared: [(name: String, value: [UInt8])] = [
      ("content-type", Array("application/json".utf8)), ("nilo.sink", Array(sink.name.utf8)),
      ("nilo.kpi", Array(sink.definition.kpi.text.utf8)),
      ("nilo.as_of_seq", Array("\(publication.throughSeq)".utf8)),
    ]
    for (tag, row) in rows.enumerated() {
      let message = KafkaProducer.Message(
        key: row.key, value: row.document,
        headers: [
          ("nilo.id", Array(row.id.utf8)), ("nilo.kind", Array(row.kind.rawValue.utf8)),
        ] + shared)
      if try !producer.send(message, to: topic, tag: tag, unless: isCancelled) {
        throw CancellationError()
      }
    }
    try awaitDelivery(isCancelled)
  }

  private func awaitDelivery(_ isCancelled: () -> Bool) throws {
    var lastNews = ContinuousClock.now
    var lost: KafkaError?
    while true {
      let left = producer.flush(timeoutMs: 100)
      let reports = producer.reports()
      lost = producer.takeFailure() ?? lost
      if let failure = reports.compactMap(\.failure).first {
        throw OutputFailure("topic \(topic): \((lost ?? failure).message)")
      }
      if left == 0 { return }
      if isCancelled() { throw CancellationError() }
      if !reports.isEmpty { (lastNews, lost) = (.now, nil) }
      if let lost, .now - lastNews > Self.patience {
        throw OutputFailure("topic \(topic): \(lost.message)")
      }
    }
  }
}
