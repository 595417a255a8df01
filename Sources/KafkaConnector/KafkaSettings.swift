import KafkaClient
import Model

/// What a source reads, and how.
public struct KafkaSettings: Sendable {
  /// The source: positions are noted under it, and partitions are sources of its streams: `name/topic/0`.
  public var name: String
  /// Options of librdkafka, `bootstrap.servers` among them.
  public var options: [(name: String, value: String)]
  public var topics: TopicChoice
  public var share = PartitionShare.all
  /// Where a partition begins of which nothing is noted: at its first message, or at the next one.
  public var startsAtEnd = false
  /// Whether messages that are missing are passed over, which is noted in any case.
  public var passesGaps = false
  /// The event that resumed the source last: gaps that had stopped it before that are passed over.
  public var resumedSeq: UInt64?
  /// How far the group has got is for those who look at it at the brokers.
  public var group: String
  public var contents: Contents
  /// Whether what the messages of a topic hold goes into a stream of the topic's own.
  public var hasStreamOfEachTopic = false
  /// The topic that messages are put into that are no events; nil for none.
  public var deadLetterTopic: String?
  public var limits = CommitLimits()
  /// What may wait, in the client's library and here.
  public var memoryBytes = 128 << 20
  /// Ends when it has got to where the partitions ended when it began.
  public var endsAtEnd = false
  /// How long the brokers may take to answer.
  public var timeoutMs = 10_000
  /// How often topics and ends of partitions are looked at.
  public var watchSeconds = 30.0
  /// How often the group is told how far it has got.
  public var groupSeconds = 5.0

  /// What messages hold.
  public enum Contents: Sendable {
    /// The value is the document, as it came.
    case values(into: String)
    /// The function takes it apart.
    case decoded(@Sendable (DecodableMessage) -> MessageContents)
  }

  public init(
    name: String, options: [(name: String, value: String)], topics: TopicChoice, group: String,
    contents: Contents
  ) {
    (self.name, self.options, self.topics) = (name, options, topics)
    (self.group, self.contents) = (group, contents)
  }

  /// What a partition is called as a source of events: another topic of the same name is another source.
  func source(_ partition: KafkaPartition, incarnation: Int) -> String {
    "\(name)/\(partition)" + (incarnation == 0 ? "" : "~\(incarnation)")
  }

  /// Positions are noted under one name for all incarnations of a topic.
  func progressKey(_ partition: KafkaPartition) -> String { source(partition, incarnation: 0) }
}

/// A message, as it is taken apart.
public struct DecodableMessage: Sendable {
  public var partition: KafkaPartition
  public var offset: Int64
  /// Milliseconds since 1970; nil where there is none.
  public var timestampMs: Int64?
  /// Nil where there is none, which is not an empty one.
  public var key: [UInt8]?
  public var value: [UInt8]
  public var headers: [(name: String, value: [UInt8]?)]

  public init(
    partition: KafkaPartition, offset: Int64, timestampMs: Int64? = nil, key: [UInt8]? = nil,
    value: [UInt8], headers: [(name: String, value: [UInt8]?)] = []
  ) {
    (self.partition, self.offset, self.timestampMs) = (partition, offset, timestampMs)
    (self.key, self.value, self.headers) = (key, value, headers)
  }
}

/// Who runs a consumption, and looks at it.
public protocol ConsumptionHooks: Sendable {
  /// Whether to end soon. Asked often.
  var hasToStop: Bool { get }
  /// All is well.
  func succeed()
  /// What was committed: documents, those among them that were no events, and messages without a value.
  func count(events: Int, rejected: Int, empty: Int)
  /// How many messages there are that were not taken; nil where that is not known of all partitions.
  func note(lag: UInt64?)
  /// What somebody should look at, though it goes on; nil when there is nothing any more.
  func note(warning: String?)
  /// Which partitions cannot be read for now while others are, and why; nil when all are.
  func note(unread: String?)
}

/// What a consumption cannot go on after, or not by itself.
public struct ConsumptionError: Error, CustomStringConvertible {
  /// What one does about it.
  public enum Kind: Sendable {
    /// It may be another time.
    case tryAgain
    /// Somebody has to decide.
    case stopped
  }

  public var kind: Kind
  public var description: String

  init(_ kind: Kind, _ description: String) { (self.kind, self.description) = (kind, description) }

  /// Messages are missing that somebody has to decide about.
  init(stoppedBy gaps: [String]) {
    let told = gaps.prefix(Self.maxGapsTold).joined(separator: "; ")
    let more = gaps.count > Self.maxGapsTold ? "; and \(gaps.count - Self.maxGapsTold) more" : ""
    self.init(
      .stopped,
      "\(told)\(more); RESUME SOURCE, or on_gap 'continue', goes on with what there is, and _gaps has a record of "
        + (gaps.count == 1 ? "it" : "each"))
  }

  private static let maxGapsTold = 5
}
