import KafkaClient

/// Partitions that cannot be read for now, since the brokers that lead them do not answer. The others are read meanwhile; these are
/// asked for again and again.
struct UnreachablePartitions {
  /// Why, by their partitions.
  private(set) var reasons: [KafkaPartition: String] = [:]
  /// Why brokers did not answer in this round; each is waited for once.
  private var silentLeaders: [Int32: String] = [:]
  private var roundCount = 0

  var isEmpty: Bool { reasons.isEmpty }

  /// Each broker may answer again.
  mutating func beginRound() {
    silentLeaders = [:]
    roundCount += 1
  }

  /// Takes note that something has come of a partition.
  mutating func hear(of partition: KafkaPartition) { reasons[partition] = nil }

  /// Where a partition begins and ends; nil when its leader does not answer. Who has not answered before is waited for a second, so
  /// that the others are not held up, and only now and then as long as a slow one may need. Throws `KafkaError` of all other kinds.
  mutating func watermarks(
    of partition: KafkaPartition, leader: Int32?, _ consumer: KafkaConsumer, timeoutMs: Int
  ) throws -> Range<Int64>? {
    if let leader, let reason = silentLeaders[leader] {
      reasons[partition] = reason
      return nil
    }
    let isPatient = reasons[partition] == nil || roundCount.isMultiple(of: Self.roundsToPatience)
    let longestMs = isPatient ? min(timeoutMs, Self.firstMs) : min(timeoutMs, Self.againMs)
    do throws(KafkaError) {
      let marks = try consumer.watermarks(of: partition, timeoutMs: longestMs)
      reasons[partition] = nil
      return marks
    } catch {
      guard error.kind == .unreachable else { throw error }
      reasons[partition] = error.message
      if let leader, leader >= 0 { silentLeaders[leader] = error.message }
      return nil
    }
  }

  private static let firstMs = 3_000
  private static let againMs = 1_000
  private static let roundsToPatience = 12

  /// Forgets all partitions but these.
  mutating func keep(_ partitions: [KafkaPartition]) {
    let owned = Set(partitions)
    reasons = reasons.filter { owned.contains($0.key) }
  }

  /// What is to be said of them; nil where there are none.
  var description: String? {
    let sorted = reasons.keys.sorted { ($0.topic, $0.number) < ($1.topic, $1.number) }
    guard let first = sorted.first, let reason = reasons[first] else { return nil }
    let names = sorted.prefix(3).map(\.description).joined(separator: ", ")
    let more = sorted.count > 3 ? " and \(sorted.count - 3) more" : ""
    return "\(names)\(more) cannot be read for now, and will be tried again: \(reason)"
  }
}
