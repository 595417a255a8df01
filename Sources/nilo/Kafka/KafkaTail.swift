import ArgumentParser
import Bytes
import Foundation
import KafkaClient
import Model
import Server

struct KafkaTail: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tail", abstract: "Write messages of a topic as they come, one a line.",
    discussion: """
      Ctrl-C ends it. It changes nothing, at the brokers or here. In JSON a key, value or header that is no UTF-8 is in base64, \
      under key_base64, value_base64 and so on; there is no key where the message has none.

      Example:
        nilo kafka tail pumps --from-beginning --until-end
      """)

  @OptionGroup var kafka: KafkaArguments
  @Argument var topic: String
  @Flag(help: "From the first message, and not from the next one.")
  var fromBeginning = false
  @Flag(help: "End where the topic ended when it began.")
  var untilEnd = false
  @Flag(help: "Write JSON: an object a line, with partition, offset, time, key and headers.")
  var json = false

  func validate() throws { try KafkaArguments.check(topic: topic) }

  func run() throws {
    Interruption.catchSignals()
    let consumer = try KafkaConsumer(try kafka.options(), group: "nilo.tail")
    defer { consumer.close() }
    guard
      let found = try consumer.topics(timeoutMs: kafka.timeoutMs).first(where: { $0.name == topic })
    else {
      throw Failure("there is no topic \(topic); nilo kafka topics list shows those that there are")
    }
    var starts: [(partition: KafkaPartition, offset: Int64)] = []
    var open: Set<KafkaPartition> = []
    var ends: [KafkaPartition: Int64] = [:]
    for number in 0..<Int32(found.partitionCount) {
      let partition = KafkaPartition(topic, number)
      let marks = try consumer.watermarks(of: partition, timeoutMs: kafka.timeoutMs)
      starts.append((partition, fromBeginning ? marks.lowerBound : marks.upperBound))
      ends[partition] = marks.upperBound
      if fromBeginning, !marks.isEmpty { open.insert(partition) }
    }
    try consumer.assign(starts)
    while !Interruption.isRequested, !(untilEnd && open.isEmpty) {
      guard let message = try consumer.poll(timeoutMs: 200) else { continue }
      let partition = message.partition
      switch message.kind {
      case .failure(let error): throw error
      case .end: if message.offset >= ends[partition] ?? 0 { open.remove(partition) }
      case .message:
        try Output.buffered { try $0.line(json ? Self.object(message) : Self.bytes(message.value)) }
        if message.offset + 1 >= ends[partition] ?? 0 { open.remove(partition) }
      }
    }
  }

  private static func bytes(_ span: RawSpan) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(span: span)
    return bytes
  }

  private static func object(_ message: borrowing PolledMessage) -> [UInt8] {
    let key = message.hasKey ? bytes(message.key) : nil
    let value = message.isTombstone ? nil : bytes(message.value)
    let headers = message.headers
    let (number, offset, timeMs) = (message.partition.number, message.offset, message.timestampMs)
    return jsonObject { json in
      json.field("partition", Int64(number))
      json.field("offset", offset)
      if let timeMs { json.field("time", timeNs: timeMs &* 1_000_000) }
      if let key { json.field("key", textOrBase64: key) }
      if !headers.isEmpty { json.field("headers", headers: headers) }
      if let value { json.field("value", textOrBase64: value) } else { json.null("value") }
    }
  }
}
