import KafkaClient
import Model

/// Which topics a source reads: names, and patterns in which `*` stands for anything.
public struct TopicChoice: Sendable, Equatable {
  public var patterns: [String]

  public init(_ patterns: [String]) { self.patterns = patterns }

  /// Whether a topic is among them. Topics of the brokers themselves, `__consumer_offsets`, are only by their names.
  /// O(bytes of the name × patterns).
  public func contains(_ topic: String) -> Bool {
    patterns.contains { pattern in
      if pattern == topic { return true }
      return !topic.hasPrefix("__") && pattern.contains("*")
        && Self.matches(Array(topic.utf8)[...], Array(pattern.utf8)[...])
    }
  }

  /// The names among the patterns, whose topics have to be there.
  public var names: [String] { patterns.filter { !$0.contains("*") } }

  private static func matches(_ text: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
    var (text, pattern) = (text, pattern)
    // Where to go on when what follows a star does not fit there.
    var retry: (text: ArraySlice<UInt8>, pattern: ArraySlice<UInt8>)?
    while true {
      if pattern.first == UInt8(ascii: "*") {
        pattern = pattern.dropFirst()
        retry = (text, pattern)
      } else if let byte = text.first, byte == pattern.first {
        (text, pattern) = (text.dropFirst(), pattern.dropFirst())
      } else if text.isEmpty, pattern.isEmpty {
        return true
      } else if let last = retry, !last.text.isEmpty {
        retry = (last.text.dropFirst(), last.pattern)
        (text, pattern) = (last.text.dropFirst(), last.pattern)
      } else {
        return false
      }
    }
  }
}

/// The partitions that a source reads, of the topics that there are.
struct OwnedPartitions: Equatable {
  /// In the order of topics and numbers.
  var partitions: [KafkaPartition] = []
  /// The brokers that lead them.
  var leaders: [KafkaPartition: Int32] = [:]
  /// Names of topics that are not there, or may not be read.
  var missing: [String] = []

  init(_ topics: [KafkaTopic], _ choice: TopicChoice, _ share: PartitionShare) {
    for topic in topics where choice.contains(topic.name) && topic.failure == nil {
      for partition in topic.partitions where share.contains(partition.number) {
        partitions.append(KafkaPartition(topic.name, partition.number))
        leaders[KafkaPartition(topic.name, partition.number)] = partition.leader
      }
    }
    let present = Set(topics.filter { $0.failure == nil && $0.partitionCount > 0 }.map(\.name))
    missing = choice.names.filter { !present.contains($0) }
  }
}
