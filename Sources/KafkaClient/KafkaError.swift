internal import CRdkafka

/// What a broker or the client's library says went wrong.
public struct KafkaError: Error, Equatable, CustomStringConvertible {
  /// What one does about it.
  public enum Kind: Sendable, Equatable {
    /// No broker answers, or not in time. It may be back.
    case unreachable
    /// Who asks is not let in, or may not do that.
    case unauthorised
    case unknownTopic
    /// The offset is not there: messages were deleted, or the topic is another one.
    case offsetOutOfRange
    /// An option of the client is not known, or its value is not.
    case badOption
    /// The queue of what is to be sent is full.
    case queueFull
    case other
  }

  public var kind: Kind
  /// The code of librdkafka; negative ones are of the library itself.
  public var code: Int
  /// What was asked, and of what.
  public var what: String
  /// What the library or the broker said.
  public var message: String

  public var description: String { "\(what): \(message)" }

  init(_ code: rd_kafka_resp_err_t, _ what: String, message: String? = nil) {
    self.code = Int(code.rawValue)
    self.what = what
    self.message = message ?? (unsafe String(cString: rd_kafka_err2str(code)))
    kind = Kind(code)
  }

  init(_ kind: Kind, _ what: String, message: String) {
    (self.kind, code, self.what, self.message) = (kind, 0, what, message)
  }
}

extension KafkaError.Kind {
  fileprivate init(_ code: rd_kafka_resp_err_t) {
    switch code {
    case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
      RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__RESOLVE,
      RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
      self = .unreachable
    case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR__SSL,
      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
      RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      self = .unauthorised
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      self = .unknownTopic
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      self = .offsetOutOfRange
    case RD_KAFKA_RESP_ERR__QUEUE_FULL: self = .queueFull
    default: self = .other
    }
  }
}

/// A part of a topic, in which messages have an order.
public struct KafkaPartition: Hashable, Sendable, CustomStringConvertible {
  public var topic: String
  /// From 0.
  public var number: Int32

  public init(_ topic: String, _ number: Int32) { (self.topic, self.number) = (topic, number) }

  public var description: String { "\(topic)/\(number)" }
}

/// A topic as a broker describes it.
public struct KafkaTopic: Sendable, Equatable {
  public var name: String
  /// By their numbers.
  public var partitions: [Partition]
  /// Why it cannot be used; nil when it can.
  public var failure: KafkaError?

  public var partitionCount: Int { partitions.count }

  /// A part of a topic, and which brokers have it, by their numbers.
  public struct Partition: Sendable, Equatable {
    public var number: Int32
    /// The one that is read from and written to; negative while there is none.
    public var leader: Int32
    public var replicas: [Int32]
    /// Those that have all that the leader has.
    public var inSync: [Int32]

    package init(number: Int32, leader: Int32, replicas: [Int32], inSync: [Int32]) {
      (self.number, self.leader) = (number, leader)
      (self.replicas, self.inSync) = (replicas, inSync)
    }
  }

  package init(name: String, partitions: [Partition], failure: KafkaError? = nil) {
    (self.name, self.partitions, self.failure) = (name, partitions, failure)
  }
}
