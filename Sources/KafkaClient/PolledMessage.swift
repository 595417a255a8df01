internal import CRdkafka

/// What a consumer was told: a message, the end of a partition, or that a partition cannot be read. Its bytes stay where the
/// library has them, and are valid as long as it is.
@safe public struct PolledMessage: ~Copyable {
  private let message: UnsafeMutablePointer<rd_kafka_message_t>

  init(_ message: UnsafeMutablePointer<rd_kafka_message_t>) { unsafe self.message = message }

  deinit { unsafe rd_kafka_message_destroy(message) }

  /// What it says.
  public enum Kind: Sendable, Equatable {
    case message
    /// There is no message from ``PolledMessage/offset`` on. Offsets before it may have none either.
    case end
    case failure(KafkaError)
  }

  public var kind: Kind {
    let code = unsafe message.pointee.err
    switch code {
    case RD_KAFKA_RESP_ERR_NO_ERROR: return .message
    case RD_KAFKA_RESP_ERR__PARTITION_EOF: return .end
    default:
      let what = unsafe message.pointee.rkt == nil ? "consumer" : partition.description
      let text = unsafe rd_kafka_message_errstr(message).map { unsafe String(cString: $0) }
      return .failure(KafkaError(code, what, message: text))
    }
  }

  /// Makes a text of the name of the topic: see ``partitionTag`` for what is quick.
  public var partition: KafkaPartition {
    let name = unsafe message.pointee.rkt == nil ? nil : rd_kafka_topic_name(message.pointee.rkt)
    return KafkaPartition(
      unsafe name.map { unsafe String(cString: $0) } ?? "", unsafe message.pointee.partition)
  }

  /// Tells partitions of one consumer apart, and stays the same as long as they are assigned.
  public var partitionTag: PartitionTag {
    unsafe PartitionTag(
      topic: UInt(bitPattern: message.pointee.rkt), number: message.pointee.partition)
  }

  /// See ``PolledMessage/partitionTag``.
  public struct PartitionTag: Hashable, Sendable {
    fileprivate var topic: UInt
    fileprivate var number: Int32
  }

  /// Where it stands in its partition.
  public var offset: Int64 { unsafe message.pointee.offset }

  /// Milliseconds since 1970; nil where there is none.
  public var timestampMs: Int64? {
    var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
    let time = unsafe rd_kafka_message_timestamp(message, &type)
    return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || time < 0 ? nil : time
  }

  /// Whether it has no value at all, by which a key is deleted in topics that keep the last value of each.
  public var isTombstone: Bool { unsafe message.pointee.payload == nil }

  /// Empty also where there is none.
  public var value: RawSpan {
    @_lifetime(borrow self)
    get {
      let bytes = unsafe UnsafeRawBufferPointer(
        start: message.pointee.payload, count: message.pointee.len)
      return unsafe _overrideLifetime(RawSpan(_unsafeBytes: bytes), borrowing: self)
    }
  }

  /// Whether there is a key, which may be empty.
  public var hasKey: Bool { unsafe message.pointee.key != nil }

  /// Empty also where there is none.
  public var key: RawSpan {
    @_lifetime(borrow self)
    get {
      let bytes = unsafe UnsafeRawBufferPointer(
        start: message.pointee.key, count: message.pointee.key_len)
      return unsafe _overrideLifetime(RawSpan(_unsafeBytes: bytes), borrowing: self)
    }
  }

  /// In their order; a name may come more than once, and a value may be absent.
  public var headers: [(name: String, value: [UInt8]?)] {
    var list: OpaquePointer?
    guard unsafe rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR else {
      return []
    }
    var headers: [(name: String, value: [UInt8]?)] = []
    while true {
      var name: UnsafePointer<CChar>?
      var value: UnsafeRawPointer?
      var count = 0
      let code = unsafe rd_kafka_header_get_all(list, headers.count, &name, &value, &count)
      guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let name = unsafe name else { return headers }
      let bytes = unsafe value.map { unsafe Array(UnsafeRawBufferPointer(start: $0, count: count)) }
      headers.append((unsafe String(cString: name), bytes))
    }
  }
}
