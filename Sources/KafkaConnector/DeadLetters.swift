import Bytes
import KafkaClient

/// Messages that turn out to be no events, put into a topic of their own, with where they were and why. The ledger has them
/// first, and for good: after a crash in between the topic lacks some.
final class DeadLetters {
  private let topic: String
  private let producer: KafkaProducer
  private let timeoutMs: Int
  /// Messages of which it is not known yet, by their offsets, for each partition that is read.
  private var kept: [Int: [Int64: KafkaProducer.Message]] = [:]
  /// Of the values that are kept.
  private(set) var byteCount = 0

  /// Throws `KafkaError`.
  init(_ topic: String, _ settings: KafkaSettings) throws(KafkaError) {
    (self.topic, timeoutMs) = (topic, settings.timeoutMs)
    producer = try KafkaProducer([("message.max.bytes", "20971520")] + settings.options)
  }

  deinit { producer.close() }

  func keep(_ message: borrowing PolledMessage, of place: Int) {
    var (key, value): ([UInt8], [UInt8]) = ([], [])
    key.append(span: message.key)
    value.append(span: message.value)
    byteCount += value.count
    kept[place, default: [:]][message.offset] = KafkaProducer.Message(
      key: key.isEmpty ? nil : key, value: value,
      headers: message.headers.map { ($0.name, $0.value ?? []) })
  }

  /// Puts in those that were rejected, waits until the brokers have them, and forgets all before an offset. Throws `KafkaError`
  /// or ``ConsumptionError`` when they do not take them.
  func send(
    _ rejected: [(offset: Int64, reason: String)], of place: Int, _ partition: KafkaPartition,
    before end: Int64
  ) throws {
    // A message of several documents is put in once, with the first reason.
    var reasons: [Int64: String] = [:]
    for (offset, reason) in rejected where reasons[offset] == nil { reasons[offset] = reason }
    let letters = kept[place] ?? [:]
    kept[place] = letters.filter { $0.key >= end }
    for offset in letters.keys.sorted() where offset < end {
      guard var letter = letters[offset] else { continue }
      byteCount -= letter.value?.count ?? 0
      guard let reason = reasons[offset] else { continue }
      letter.headers += [
        ("nilo.reason", Array(reason.utf8)), ("nilo.topic", Array(partition.topic.utf8)),
        ("nilo.partition", Array("\(partition.number)".utf8)),
        ("nilo.offset", Array("\(offset)".utf8)),
      ]
      try producer.send(letter, to: topic, tag: Int(truncatingIfNeeded: offset))
    }
    if reasons.isEmpty { return }
    let left = producer.flush(timeoutMs: timeoutMs)
    if let failure = producer.reports().compactMap(\.failure).first { throw failure }
    if left > 0 {
      throw ConsumptionError(
        .tryAgain, "\(left) messages were not taken by the topic \(topic) in time")
    }
  }
}
