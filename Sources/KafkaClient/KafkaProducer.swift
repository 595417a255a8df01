internal import CRdkafka

/// Sends messages, each once and in order (`enable.idempotence`). For one thread at a time.
@safe public final class KafkaProducer {
  private let handle: ClientHandle

  /// Options of librdkafka. Connects to nobody yet. Throws ``KafkaError`` of kind `badOption`.
  public init(_ options: [(name: String, value: String)]) throws(KafkaError) {
    handle = try ClientHandle(
      RD_KAFKA_PRODUCER,
      [
        ("enable.idempotence", "true"),
        // As the clients of Java do, so that a key is where they look for it.
        ("partitioner", "murmur2_random"),
      ] + options)
  }

  /// Ends without waiting for what was not delivered yet: ``flush(timeoutMs:)`` first.
  public func close() {
    unsafe rd_kafka_purge(handle.pointer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
    handle.close()
  }

  /// A message that is to be sent.
  public struct Message: Sendable {
    public var key: [UInt8]?
    public var value: [UInt8]?
    /// One without a value is not one with an empty value.
    public var headers: [(name: String, value: [UInt8]?)]
    /// Nil leaves it to the client, which goes by the key.
    public var partition: Int32?

    public init(
      key: [UInt8]? = nil, value: [UInt8]?, headers: [(name: String, value: [UInt8]?)] = [],
      partition: Int32? = nil
    ) {
      (self.key, self.value, self.headers) = (key, value, headers)
      self.partition = partition
    }
  }

  /// Takes the message to be sent soon; ``reports()`` has `tag` when that is done or has failed. Throws ``KafkaError``, of
  /// kind `queueFull` when ``poll(timeoutMs:)`` is to be called first.
  public func send(_ message: Message, to topic: String, tag: Int) throws(KafkaError) {
    // One block of bytes, so that there is one pointer for all headers.
    let bytes = message.headers.reduce(into: [UInt8]()) {
      $0 += Array($1.name.utf8) + [0] + ($1.value ?? [])
    }
    let code = unsafe bytes.withUnsafeBytes { block in
      var place = 0
      var headers = unsafe [nilo_kafka_header]()
      for (name, value) in message.headers {
        let valueStart = place + name.utf8.count + 1
        unsafe headers.append(
          nilo_kafka_header(
            name: block.baseAddress?.advanced(by: place).assumingMemoryBound(to: CChar.self),
            value: value == nil ? nil : block.baseAddress?.advanced(by: valueStart),
            value_count: value?.count ?? 0))
        place = valueStart + (value?.count ?? 0)
      }
      return unsafe withBytes(message.key) { key, keyCount in
        unsafe withBytes(message.value) { value, valueCount in
          unsafe nilo_kafka_produce(
            handle.pointer, topic, message.partition ?? -1, key, keyCount, value, valueCount,
            headers, headers.count, UnsafeMutableRawPointer(bitPattern: tag))
        }
      }
    }
    if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(code, "topic \(topic)") }
  }

  /// As ``send(_:to:tag:)``, once there is room for it in the queue. Gives whether it was taken before `isCancelled`.
  public func send(
    _ message: Message, to topic: String, tag: Int, unless isCancelled: () -> Bool
  ) throws(KafkaError) -> Bool {
    while !isCancelled() {
      do throws(KafkaError) {
        try send(message, to: topic, tag: tag)
        return true
      } catch {
        if error.kind != .queueFull { throw error }
        poll(timeoutMs: 100)
      }
    }
    return false
  }

  /// What has become of messages since this was asked last: no failure means that the brokers have it.
  public func reports() -> [(tag: Int, failure: KafkaError?)] {
    handle.news.reports.withLock { reports in
      defer { reports = [] }
      return reports
    }
  }

  /// Lets the client tell what has become of messages, for so long when there is nothing to tell.
  public func poll(timeoutMs: Int) { unsafe rd_kafka_poll(handle.pointer, Int32(timeoutMs)) }

  /// Waits until all messages are delivered or have failed. Returns how many are left after that time.
  public func flush(timeoutMs: Int) -> Int {
    _ = unsafe rd_kafka_flush(handle.pointer, Int32(timeoutMs))
    return unsafe Int(rd_kafka_outq_len(handle.pointer))
  }

  /// The error of the client as a whole that came last, once.
  public func takeFailure() -> KafkaError? { handle.takeFailure() }

  /// All topics that whoever asks may see. Throws ``KafkaError``.
  public func topics(timeoutMs: Int) throws(KafkaError) -> [KafkaTopic] {
    try handle.topics(timeoutMs: Int32(timeoutMs))
  }

  private func withBytes<R>(
    _ bytes: [UInt8]?, _ body: (UnsafeRawPointer?, Int) -> R
  ) -> R {
    guard let bytes else { return body(nil, 0) }
    return unsafe bytes.withUnsafeBytes { bytes in
      // No bytes are a value all the same.
      guard let start = bytes.baseAddress else {
        return unsafe "".withCString { unsafe body($0, 0) }
      }
      return unsafe body(start, bytes.count)
    }
  }
}
