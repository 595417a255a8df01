import Bytes
import Foundation
import KafkaClient
import Store

/// Messages that turn out to be no events, put into a topic of their own, with where they were and why. The ledger has them
/// first, and for good. How far they are in the topic is noted with the position: what was not put in, since the brokers refused it
/// or the program ended, is owed, and is read again when the partition is begun with.
final class DeadLetters {
  private let topic: String
  private let producer: KafkaProducer
  private let timeoutMs: Int
  private let hasToStop: () -> Bool
  /// Messages of which it is not known yet, by their offsets, for each partition that is read.
  private var kept: [Int: [Int64: KafkaProducer.Message]] = [:]
  /// Why those are no events that are owed, by their offsets, for each partition.
  private var owed: [Int: [Int64: String]] = [:]
  /// Of the values that are kept.
  private(set) var byteCount = 0

  /// Throws `KafkaError`.
  init(
    _ topic: String, _ settings: KafkaSettings, hasToStop: @escaping () -> Bool
  ) throws(KafkaError) {
    (self.topic, timeoutMs, self.hasToStop) = (topic, settings.timeoutMs, hasToStop)
    producer = try KafkaProducer([("message.max.bytes", "20971520")] + settings.options)
  }

  deinit { producer.close() }

  /// What is owed of a partition, by its position: what the ledger has of it after what is noted. That may be behind the position,
  /// too, where it went to one of several streams before a crash. O(ledger from the noted page).
  static func owed(
    of source: String, _ position: PartitionPosition, in store: Store
  ) throws -> [Int64: String] {
    guard let letters = position.letters else { return [:] }
    var reasons: [Int64: String] = [:]
    let from = LedgerPlace(page: max(1, letters.ledgerPage), index: 0)
    try store.forEachLedgerEntry(kind: .rejected, from: from) { entry, _ in
      if entry.source == source, let offset = entry.position, offset >= letters.offset,
        reasons[offset] == nil
      {
        reasons[offset] = entry.reason
      }
      return true
    }
    return reasons
  }

  /// Takes note of what is owed of a partition: its messages are to be kept when they are read.
  func owe(_ reasons: [Int64: String], of place: Int) { owed[place] = reasons }

  /// Whether something before an offset is owed.
  func owes(_ place: Int, before end: Int64) -> Bool {
    owed[place]?.keys.contains { $0 < end } ?? false
  }

  func isOwed(_ offset: Int64, of place: Int) -> Bool { owed[place]?[offset] != nil }

  func keep(_ message: borrowing PolledMessage, of place: Int) {
    var (key, value): ([UInt8], [UInt8]) = ([], [])
    key.append(span: message.key)
    value.append(span: message.value)
    byteCount += value.count
    kept[place, default: [:]][message.offset] = KafkaProducer.Message(
      key: message.hasKey ? key : nil, value: message.isTombstone ? nil : value,
      headers: message.headers)
  }

  /// Puts in those that were rejected and those that are owed before an offset, waits until the brokers have them, and forgets all
  /// before it. Of what the broker of the partition has deleted meanwhile there is only the ledger. Gives whether there were any.
  /// Throws `KafkaError` or ``ConsumptionError`` when they are not taken.
  func send(
    _ rejected: [(offset: Int64, reason: String)], of place: Int, _ partition: KafkaPartition,
    before end: Int64
  ) throws -> Bool {
    // A message of several documents is put in once, with the first reason.
    var reasons = owed[place]?.filter { $0.key < end } ?? [:]
    for (offset, reason) in rejected where reasons[offset] == nil { reasons[offset] = reason }
    let letters = kept[place] ?? [:]
    for offset in reasons.keys.sorted() {
      guard var letter = letters[offset], let reason = reasons[offset] else { continue }
      letter.headers += [
        ("nilo.reason", Array(reason.utf8)), ("nilo.topic", Array(partition.topic.utf8)),
        ("nilo.partition", Array("\(partition.number)".utf8)),
        ("nilo.offset", Array("\(offset)".utf8)),
      ]
      let tag = Int(truncatingIfNeeded: offset)
      if try !producer.send(letter, to: topic, tag: tag, unless: hasToStop) { throw unfinished }
    }
    if !reasons.isEmpty { try flush() }
    kept[place] = letters.filter { $0.key >= end }
    owed[place] = owed[place]?.filter { $0.key >= end }
    byteCount -= letters.reduce(0) { $0 + ($1.key < end ? $1.value.value?.count ?? 0 : 0) }
    return !reasons.isEmpty
  }

  private func flush() throws {
    let begin = ContinuousClock.now
    while producer.flush(timeoutMs: 100) > 0 {
      let longestMs = hasToStop() ? min(timeoutMs, Self.stopMs) : timeoutMs
      if .now - begin > .milliseconds(longestMs) { throw unfinished }
    }
    if let failure = producer.reports().compactMap(\.failure).first {
      throw ConsumptionError(
        .tryAgain, "the topic \(topic) does not take what is no event: \(failure.message)")
    }
  }

  /// How long the brokers have when the source is to stop.
  private static let stopMs = 2_000

  private var unfinished: ConsumptionError {
    let reason = producer.takeFailure().map { ": \($0.message)" } ?? ""
    return ConsumptionError(
      .tryAgain, "the topic \(topic) has not taken in time what is no event\(reason)")
  }
}
