import KafkaClient

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

/// Which partitions of each topic a source reads, where several stores share them.
public enum PartitionShare: Sendable, Equatable {
  case all
  case numbers([Int32])
  /// Of `count` nodes that is number `node`, from 1: of each topic every so many-th partition.
  case node(Int, of: Int)

  /// `all`, `0,1,5` or `node 2 of 3`; nil for anything else.
  public init?(_ text: String) {
    let words = text.split(separator: " ")
    if words == ["all"] {
      self = .all
    } else if words.count == 4, words[0] == "node", words[2] == "of" {
      guard let node = Int(words[1]), let count = Int(words[3]), count >= 1, 1...count ~= node
      else { return nil }
      self = .node(node, of: count)
    } else {
      let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map {
        Int32($0.drop { $0 == " " })
      }
      let known = numbers.compactMap(\.self)
      guard known.count == numbers.count, known.allSatisfy({ $0 >= 0 }) else { return nil }
      self = .numbers(known)
    }
  }

  func contains(_ number: Int32) -> Bool {
    switch self {
    case .all: true
    case .numbers(let numbers): numbers.contains(number)
    case .node(let node, let count): Int(number) % count == node - 1
    }
  }
}

/// The partitions that a source reads, of the topics that there are.
struct OwnedPartitions: Equatable {
  /// In the order of topics and numbers.
  var partitions: [KafkaPartition] = []
  /// Names of topics that are not there, or may not be read.
  var missing: [String] = []

  init(_ topics: [KafkaTopic], _ choice: TopicChoice, _ share: PartitionShare) {
    for topic in topics where choice.contains(topic.name) && topic.failure == nil {
      for number in 0..<Int32(topic.partitionCount) where share.contains(number) {
        partitions.append(KafkaPartition(topic.name, number))
      }
    }
    let present = Set(topics.filter { $0.failure == nil && $0.partitionCount > 0 }.map(\.name))
    missing = choice.names.filter { !present.contains($0) }
  }
}
