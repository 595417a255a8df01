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
    /// Where the partition ends; nil where that is not known for now.
    var end: Int64?
    /// Messages before the position that are no events, with the reasons, and not in the topic of dead letters yet.
    var owed: [Int64: String] = [:]

    /// Whether nothing is to be read again.
    var isVerified: Bool { position.next == offset }
  }

  /// Asks for the `watermarks` of each of them, until it `hasToStop`. Where there are none for now, it begins where was noted, or is
  /// left out. Where nothing was noted, it is noted where it begins, in one commit for all. Throws what `watermarks` throws, errors of the store, and
  /// ``ConsumptionError`` with all that somebody has to decide about.
  func all(
    _ owned: OwnedPartitions, hasToStop: () -> Bool,
    watermarks: (KafkaPartition) throws -> Range<Int64>?
  ) throws -> [Beginning] {
    let newTopics = try newTopics(owned)
    let ledgerPage = settings.deadLetterTopic == nil ? 0 : try store.snapshot().ledgerPages
    var undecided: [String] = []
    var beginnings: [Beginning] = []
    var new: [SourceProgress] = []
    for partition in owned.partitions {
      if hasToStop() { break }
      let key = settings.progressKey(partition)
      guard let marks = try watermarks(partition) else {
        if let beginning = try blind(partition) { beginnings.append(beginning) }
        continue
      }
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
          do { try pass(gap, of: partition) } catch let gap as UndecidedGap {
            undecided.append(gap.description)
            continue
          }
          (beginning.position, beginning.offset) = (gap.after, gap.after.next)
        }
      } else {
        if settings.startsAtEnd, newTopics.contains(partition.topic) {
          (beginning.position.next, beginning.offset) = (marks.upperBound, marks.upperBound)
        }
        new.append(SourceProgress(source: key, position: beginning.position.text))
      }
      try oweLetters(&beginning, from: marks.lowerBound, ledgerPage: ledgerPage)
      beginnings.append(beginning)
    }
    try store.setProgress(new)
    if !undecided.isEmpty { throw ConsumptionError(stoppedBy: undecided) }
    return beginnings
  }

  /// Where a partition was noted to be: whether that is there is seen when its broker answers. Nil when nothing was noted.
  private func blind(_ partition: KafkaPartition) throws -> Beginning? {
    guard let noted = try store.progress(of: settings.progressKey(partition)),
      let position = PartitionPosition(noted.progress.position)
    else { return nil }
    var beginning = Beginning(
      partition: partition, position: position, offset: position.last?.offset ?? position.next)
    try oweLetters(&beginning, from: 0, ledgerPage: position.letters?.ledgerPage ?? 0)
    return beginning
  }

  /// Where letters are owed it is read from the first of them on; else the position says that none are.
  private func oweLetters(
    _ beginning: inout Beginning, from first: Int64, ledgerPage: UInt64
  ) throws {
    if settings.deadLetterTopic == nil {
      beginning.position.letters = nil
      return
    }
    let position = beginning.position
    let source = settings.source(beginning.partition, incarnation: position.incarnation)
    beginning.owed = try DeadLetters.owed(of: source, position, in: store)
    if let owed = beginning.owed.keys.min() {
      beginning.offset = max(min(beginning.offset, owed), first)
    } else {
      beginning.position.letters = PartitionPosition.Letters(
        before: position.next, ledgerPage: ledgerPage)
    }
  }

  /// What a partition is called as a source of events, as far as is known without asking for it.
  func source(of partition: KafkaPartition) throws -> String {
    let noted = try store.progress(of: settings.progressKey(partition))
    let position = noted.flatMap { PartitionPosition($0.progress.position) }
    return settings.source(partition, incarnation: position?.incarnation ?? 0)
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

  /// Takes note of a gap, and goes on after it, or throws ``UndecidedGap``.
  func pass(_ gap: PartitionGap, of partition: KafkaPartition) throws {
    var record = SourceGap(
      source: settings.name, part: "\(partition)", kind: gap.kind.rawValue,
      from: gap.before.next, to: gap.after.next, incarnation: gap.before.incarnation)
    if !settings.passesGaps {
      let foundSeq = try store.record(record)
      guard let resumedSeq = settings.resumedSeq, resumedSeq > foundSeq else {
        throw UndecidedGap(description: gap.description(of: partition))
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
    switch kind {
    case .lost:
      "messages \(before.next) to \(after.next - 1) of \(partition) were deleted before they were read"
    case .recreated:
      "\(partition) is of another topic of the same name: what was read up to offset \(before.next) is not there any more"
    }
  }
}

/// A gap that somebody has to decide about.
struct UndecidedGap: Error {
  /// What is missing.
  var description: String
}
