import KafkaClient
import Model
import Store

/// Where a session begins to read its partitions: from what the store has noted of each, and from what the brokers have.
struct PartitionBeginnings {
  private let settings: KafkaSettings
  private let store: Store

  init(_ settings: KafkaSettings, _ store: Store) {
    (self.settings, self.store) = (settings, store)
  }

  /// The beginning of one of them.
  struct Beginning {
    var partition: KafkaPartition
    var position: PartitionPosition
    /// Where to read from: before the position when the last message that was taken is to be read again.
    var offset: Int64
    /// Where the partition ends.
    var end: Int64

    /// Whether nothing is to be read again.
    var isVerified: Bool { position.next == offset }
  }

  /// Asks the brokers about each of them, until it `hasToStop`. Where nothing was noted, it is noted where it begins, in one
  /// commit for all. Throws `KafkaError`, errors of the store, and ``ConsumptionError`` when somebody has to decide.
  func all(
    _ owned: OwnedPartitions, _ consumer: KafkaConsumer, hasToStop: () -> Bool
  ) throws -> [Beginning] {
    let newTopics = try newTopics(owned)
    var beginnings: [Beginning] = []
    var new: [SourceProgress] = []
    for partition in owned.partitions {
      if hasToStop() { break }
      let marks = try consumer.watermarks(of: partition, timeoutMs: settings.timeoutMs)
      let key = settings.progressKey(partition)
      var beginning = Beginning(
        partition: partition, position: PartitionPosition(next: marks.lowerBound),
        offset: marks.lowerBound, end: marks.upperBound)
      if let noted = try store.progress(of: key) {
        guard let position = PartitionPosition(noted.progress.position) else {
          throw ConsumptionError(
            .stopped, "what is noted of \(key) is not a position of Kafka: take another name")
        }
        switch PartitionStart(position, marks: marks) {
        case .from(let offset): (beginning.position, beginning.offset) = (position, offset)
        case .gap(let gap):
          try pass(gap, of: partition)
          (beginning.position, beginning.offset) = (gap.after, gap.after.next)
        }
      } else {
        if settings.startsAtEnd, newTopics.contains(partition.topic) {
          (beginning.position.next, beginning.offset) = (marks.upperBound, marks.upperBound)
        }
        new.append(SourceProgress(source: key, position: beginning.position.text))
      }
      beginnings.append(beginning)
    }
    try store.setProgress(new)
    return beginnings
  }

  /// Topics of which nothing is noted yet. A partition that comes to one that is known begins at its first message, wherever
  /// the others began: what came before it was noticed is not to be missed.
  private func newTopics(_ owned: OwnedPartitions) throws -> Set<String> {
    var new = Set(owned.partitions.map(\.topic))
    for partition in owned.partitions where new.contains(partition.topic) {
      if try store.progress(of: settings.progressKey(partition)) != nil {
        new.remove(partition.topic)
      }
    }
    return new
  }

  /// Takes note of a gap, and goes on after it, or throws that somebody has to decide.
  func pass(_ gap: PartitionGap, of partition: KafkaPartition) throws {
    var record = SourceGap(
      source: settings.name, part: "\(partition)", kind: gap.kind.rawValue,
      from: gap.before.next, to: gap.after.next, incarnation: gap.before.incarnation)
    if !settings.passesGaps {
      let foundSeq = try store.record(record)
      guard let resumedSeq = settings.resumedSeq, resumedSeq > foundSeq else {
        throw ConsumptionError(.stopped, gap.description(of: partition))
      }
    }
    record.isPassed = true
    try store.record(record)
    let key = settings.progressKey(partition)
    try store.setProgress(SourceProgress(source: key, position: gap.after.text))
    if gap.kind == .recreated {
      // Nothing more comes from what was.
      let before = settings.source(partition, incarnation: gap.before.incarnation)
      for stream in try store.snapshot().streams {
        try store.closeSources([before], of: stream.name)
      }
    }
  }
}

extension PartitionGap {
  fileprivate func description(of partition: KafkaPartition) -> String {
    let what =
      switch kind {
      case .lost:
        "messages \(before.next) to \(after.next - 1) of \(partition) were deleted before they were read"
      case .recreated:
        "\(partition) is of another topic of the same name: what was read up to offset \(before.next) is not there any more"
      }
    return
      "\(what); RESUME SOURCE, or on_gap 'continue', goes on with what there is, and _gaps has a record of it"
  }
}
