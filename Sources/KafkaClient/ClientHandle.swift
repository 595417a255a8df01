internal import CRdkafka
import Dispatch
import Synchronization
import Threads

/// A client of the library, with the options that it was made with, and what it said last.
@safe final class ClientHandle: @unchecked Sendable {
  /// What the client tells.
  let news = ClientNews()
  /// Those that are asked on threads of their own: the client ends after them.
  let questions = DispatchGroup()
  /// Where it connects to first.
  private let brokers: String
  private var client: OpaquePointer?

  /// The client. Not to be used once the handle is gone.
  var pointer: OpaquePointer {
    guard let client = unsafe client else { preconditionFailure("a client that was closed") }
    return unsafe client
  }

  /// Connects to nobody yet. Throws ``KafkaError`` of kind `badOption`, without the values of options.
  init(
    _ type: rd_kafka_type_t, _ options: [(name: String, value: String)]
  ) throws(KafkaError) {
    brokers = options.last { $0.name == "bootstrap.servers" }?.value ?? ""
    guard let configuration = unsafe rd_kafka_conf_new() else {
      preconditionFailure("out of memory for a client of Kafka")
    }
    for (name, value) in [("log.thread.name", "false")] + options {
      var text = [CChar](repeating: 0, count: 512)
      let result = unsafe text.withUnsafeMutableBufferPointer {
        unsafe rd_kafka_conf_set(configuration, name, value, $0.baseAddress, $0.count)
      }
      if result == RD_KAFKA_CONF_OK { continue }
      unsafe rd_kafka_conf_destroy(configuration)
      // What the library says has the value in it, which may be a secret.
      throw KafkaError(
        .badOption, "option \(name)",
        message: result == RD_KAFKA_CONF_UNKNOWN
          ? "this build of librdkafka does not have it" : "the value is none that it takes")
    }
    // What the library would write to standard error by itself is told by errors. Why a connection fails is said here at once,
    // and there only when whoever uses the client lets it.
    unsafe rd_kafka_conf_set_log_cb(configuration) { client, _, facility, text in
      guard let facility = unsafe facility, let text = unsafe text,
        unsafe String(cString: facility) == "FAIL"
      else { return }
      let error = KafkaError(
        RD_KAFKA_RESP_ERR__TRANSPORT, "brokers", message: unsafe String(cString: text))
      unsafe ClientNews.of(rd_kafka_opaque(client)).lastReason.withLock { $0 = error }
    }
    let context = unsafe Unmanaged.passUnretained(news).toOpaque()
    unsafe rd_kafka_conf_set_opaque(configuration, context)
    unsafe rd_kafka_conf_set_error_cb(configuration) { _, code, reason, context in
      let message = unsafe reason.map { unsafe String(cString: $0) }
      unsafe ClientNews.of(context).note(rd_kafka_resp_err_t(rawValue: code), message)
    }
    if type == RD_KAFKA_PRODUCER {
      unsafe rd_kafka_conf_set_dr_msg_cb(configuration) { _, message, context in
        guard let message = unsafe message?.pointee else { return }
        let tag = unsafe Int(bitPattern: message._private)
        let failure =
          unsafe message.err == RD_KAFKA_RESP_ERR_NO_ERROR
          ? nil : KafkaError(unsafe message.err, "message \(tag)")
        unsafe ClientNews.of(context).reports.withLock { $0.append((tag, failure)) }
      }
    }
    var text = [CChar](repeating: 0, count: 512)
    let made = unsafe text.withUnsafeMutableBufferPointer {
      unsafe rd_kafka_new(type, configuration, $0.baseAddress, $0.count)
    }
    guard let made = unsafe made else {
      unsafe rd_kafka_conf_destroy(configuration)
      let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw KafkaError(
        .badOption, "client of Kafka", message: String(decoding: bytes, as: UTF8.self))
    }
    unsafe client = made
  }

  /// Waits until the threads of the client have ended, some milliseconds, but not for long where a broker does not answer: a client
  /// of a group waits for the answer to what it told it last, up to a minute. It goes on ending by itself then.
  func close() {
    guard let client = unsafe client else { return }
    unsafe self.client = nil
    let ended = DispatchSemaphore(value: 0)
    let closing = unsafe ClosingClient(client: client, news: news, questions: questions)
    do throws(ThreadError) {
      try startThread(named: "nilo.kafka.end") {
        closing.end()
        ended.signal()
      }
      _ = ended.wait(timeout: .now() + .milliseconds(Self.closeMs))
    } catch {
      closing.end()
    }
  }

  private static let closeMs = 3_000

  deinit { close() }

  /// The topics that there are, by name: all, or those of `names`, which may turn out not to be there.
  ///
  /// Where no broker can be connected to that is told after ``refusedMs``, and after `timeoutMs` where one does not answer.
  func topics(timeoutMs: Int32) throws(KafkaError) -> [KafkaTopic] {
    var raw: UnsafePointer<rd_kafka_metadata>?
    let firstMs = min(timeoutMs, Self.refusedMs)
    var code = unsafe rd_kafka_metadata(pointer, 1, nil, &raw, firstMs)
    let isRefused = code == RD_KAFKA_RESP_ERR__TRANSPORT && reason != nil
    if code != RD_KAFKA_RESP_ERR_NO_ERROR, !isRefused, timeoutMs > firstMs {
      code = unsafe rd_kafka_metadata(pointer, 1, nil, &raw, timeoutMs - firstMs)
    }
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata = unsafe raw else {
      throw KafkaError(
        code, isRefused ? "no connection to \(brokers)" : "no broker answers at \(brokers)",
        message: reason ?? "waited for \(timeoutMs) ms")
    }
    defer { unsafe rd_kafka_metadata_destroy(metadata) }
    let list = unsafe UnsafeBufferPointer(
      start: metadata.pointee.topics, count: Int(metadata.pointee.topic_cnt))
    var topics: [KafkaTopic] = []
    for index in list.indices {
      let topic = unsafe list[index]
      let name = unsafe String(cString: topic.topic)
      let error = unsafe topic.err
      topics.append(
        KafkaTopic(
          name: name, partitions: unsafe Self.partitions(topic),
          failure: error == RD_KAFKA_RESP_ERR_NO_ERROR
            ? nil : KafkaError(error, "topic \(name)")))
    }
    return topics.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// Brokers that refuse connections are asked for so long.
  private static let refusedMs: Int32 = 2_000

  private static func partitions(_ topic: rd_kafka_metadata_topic) -> [KafkaTopic.Partition] {
    let list = unsafe UnsafeBufferPointer(
      start: topic.partitions, count: Int(topic.partition_cnt))
    var partitions: [KafkaTopic.Partition] = []
    for index in list.indices {
      let partition = unsafe list[index]
      partitions.append(
        KafkaTopic.Partition(
          number: unsafe partition.id, leader: unsafe partition.leader,
          replicas: unsafe Array(
            UnsafeBufferPointer(start: partition.replicas, count: Int(partition.replica_cnt))),
          inSync: unsafe Array(
            UnsafeBufferPointer(start: partition.isrs, count: Int(partition.isr_cnt)))))
    }
    return partitions.sorted { $0.number < $1.number }
  }

  /// What was said last of why something does not work; nil for nothing.
  var reason: String? { news.reason }

  /// The error of the client as a whole that came last, once.
  func takeFailure() -> KafkaError? { news.takeFailure() }
}

/// A client that ends, with what it tells until then.
@safe private struct ClosingClient: @unchecked Sendable {
  let client: OpaquePointer
  let news: ClientNews
  let questions: DispatchGroup

  func end() {
    questions.wait()
    withExtendedLifetime(news) { unsafe rd_kafka_destroy(client) }
  }
}

/// Calls `body` with a list of partitions of the library, which lives as long as the call.
func withPartitions<R>(
  _ partitions: [(partition: KafkaPartition, offset: Int64)],
  _ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> R
) -> R {
  guard let list = unsafe rd_kafka_topic_partition_list_new(Int32(partitions.count)) else {
    preconditionFailure("out of memory for a list of partitions")
  }
  defer { unsafe rd_kafka_topic_partition_list_destroy(list) }
  for (partition, offset) in partitions {
    let entry = unsafe rd_kafka_topic_partition_list_add(list, partition.topic, partition.number)
    unsafe entry?.pointee.offset = offset
  }
  return unsafe body(list)
}
