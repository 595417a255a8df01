import Foundation
import KafkaClient
import Model
import Store

/// Reads partitions into a store, each offset once: the position is committed with the events, and the partitions are read from
/// there, whatever a group at the brokers may say.
///
/// One thread polls and hands over; the program's workers parse and encode, and the store commits meanwhile. What is not polled
/// waits at the brokers and in the client, within its bound.
public final class KafkaConsumption {
  let settings: KafkaSettings
  let store: Store
  let hooks: any ConsumptionHooks
  let clock: @Sendable () -> Int64
  let landings = Landings()
  // Of the session.
  var intakes: [PartitionIntake] = []
  var places: [PolledMessage.PartitionTag: Int] = [:]
  /// Where the partitions ended when the session began.
  var firstEnds: [Int64] = []
  /// Where they ended when that was looked at last.
  var knownEnds: [Int64] = []
  var refill = QueueRefill()
  /// Partitions that have not come to where they ended then.
  var behind: Set<Int> = []
  /// Of all partitions, or of those of each topic, where these have a stream of their own.
  var expected: [String: ExpectedSources] = [:]
  var lastNewsNs: [Int64] = []
  /// Whether the last message that was taken is known to be the same as it was, or was not to be read again.
  var isVerified: [Bool] = []
  var emptyCounted = 0
  /// The clock, as it was looked at last: not for each message.
  var nowNs: Int64 = 0
  /// No less than what waits here: what there was when it was counted, and all that was taken since.
  var mostWaiting = 0
  /// Nil where messages that are no events go to no topic.
  var deadLetters: DeadLetters?
  var others: OtherReaders?
  /// Partitions that had more than the client told when they were looked at last.
  var silent: Set<Int> = []
  /// Partitions that are not read for now; known from one session to the next.
  var unreachable = UnreachablePartitions()
  /// What is missing of partitions that somebody has to decide about: they are not read any more, and the others are until it is
  /// known what is missing of them.
  var gaps: [Int: String] = [:]
  var stopsByNs: Int64 = 0

  /// `clock` gives nanoseconds; only differences count.
  public init(
    _ settings: KafkaSettings, _ store: Store, _ hooks: any ConsumptionHooks,
    clock: @escaping @Sendable () -> Int64 = Store.wallClockNs
  ) {
    (self.settings, self.store, self.hooks, self.clock) = (settings, store, hooks, clock)
  }

  /// Returns when the hooks say so, or at the end when that was asked for; what was handed over is durable then. Throws
  /// ``ConsumptionError``, `KafkaError` and errors of the store: to be run again, it begins from what the store has.
  public func run() throws {
    while try session() == .again { Thread.sleep(forTimeInterval: 0.1) }
  }

  enum Outcome { case done, again }

  /// From connecting to a change of what is to be read.
  func session() throws -> Outcome {
    let consumer = try KafkaConsumer(clientOptions, group: settings.group)
    defer { consumer.close() }
    let owned = try ownedPartitions(consumer)
    others = try OtherReaders(settings, store)
    try open(owned, consumer)
    hooks.succeed()
    do {
      let outcome = try poll(consumer, owned)
      handOver { _, _ in true }
      try landAll(consumer)
      try noteArrivals()
      return outcome
    } catch {
      // Batches that are on their way end before anybody begins from what is noted.
      while intakes.contains(where: \.isOnItsWay) { try? land(waiting: true) }
      throw error
    }
  }

  private var clientOptions: [(name: String, value: String)] {
    let queueKiB = min(max(settings.memoryBytes / 4 / 1_024, 1_024), 2_097_151)
    // An answer stays in memory until its last message was taken.
    let answerBytes = min(max(queueKiB * 512, 1 << 20), Self.largestAnswerBytes)
    // What comes of one partition at once can be a batch as a whole.
    let partitionBytes = min(max(settings.limits.bytes, 1 << 20), answerBytes)
    return [
      ("queued.max.messages.kbytes", "\(queueKiB)"), ("fetch.max.bytes", "\(answerBytes)"),
      ("max.partition.fetch.bytes", "\(partitionBytes)"),
      ("fetch.error.backoff.ms", "100"), ("reconnect.backoff.max.ms", "2000"),
      ("topic.metadata.refresh.interval.ms", "30000"),
    ] + settings.options
  }

  private static let largestAnswerBytes = 16 << 20

  private func ownedPartitions(_ consumer: KafkaConsumer) throws -> OwnedPartitions {
    let owned = OwnedPartitions(
      try consumer.topics(timeoutMs: settings.timeoutMs), settings.topics, settings.share)
    guard owned.partitions.isEmpty else { return owned }
    let topics = settings.topics.patterns.joined(separator: ", ")
    throw ConsumptionError(
      .tryAgain,
      owned.missing.isEmpty
        ? "no topic matches \(topics), or none of its partitions is to be read here"
        : "there is no topic \(owned.missing.joined(separator: ", ")), or it may not be read")
  }

  // MARK: Beginning

  private func open(_ owned: OwnedPartitions, _ consumer: KafkaConsumer) throws {
    deadLetters = try settings.deadLetterTopic.map {
      try DeadLetters($0, settings, hasToStop: { [hooks] in hooks.hasToStop })
    }
    unreachable.keep(owned.partitions)
    unreachable.beginRound()
    let all = try beginnings.all(
      owned, hasToStop: { hooks.hasToStop },
      watermarks: { try watermarks(of: $0, owned, consumer) })
    if all.allSatisfy({ $0.end == nil }), let reason = unreachable.description {
      throw ConsumptionError(.tryAgain, reason)
    }
    hooks.note(unread: unreachable.description)
    intakes = all.map { PartitionIntake($0.partition, from: $0.position) }
    firstEnds = all.map { $0.end ?? .max }
    isVerified = all.map(\.isVerified)
    for (place, one) in all.enumerated() { deadLetters?.owe(one.owed, of: place) }
    (places, emptyCounted, silent, mostWaiting, gaps) = ([:], 0, [], 0, [:])
    nowNs = clock()
    (knownEnds, refill) = (all.map { $0.end ?? $0.position.next }, QueueRefill())
    lastNewsNs = [Int64](repeating: nowNs, count: intakes.count)
    behind = Set(intakes.indices)
    var sources = Dictionary(grouping: intakes, by: { expectedKey($0.partition) })
      .mapValues { $0.map(source(of:)) }
    for partition in unreachable.reasons.keys
    where !all.contains(where: { $0.partition == partition }) {
      sources[expectedKey(partition), default: []].append(try beginnings.source(of: partition))
    }
    expected = sources.mapValues { ExpectedSources($0) }
    try noteArrivals()
    try consumer.assign(all.map { ($0.partition, $0.offset) })
  }

  var beginnings: PartitionBeginnings { PartitionBeginnings(settings, store) }

  /// Nil for a partition that cannot be read for now. Who wants all up to the end cannot do without one.
  func watermarks(
    of partition: KafkaPartition, _ owned: OwnedPartitions, _ consumer: KafkaConsumer
  ) throws -> Range<Int64>? {
    if settings.endsAtEnd {
      return try consumer.watermarks(of: partition, timeoutMs: settings.timeoutMs)
    }
    return try unreachable.watermarks(
      of: partition, leader: owned.leaders[partition], consumer, timeoutMs: settings.timeoutMs)
  }

  /// What a partition is called as a source of events.
  func source(of intake: PartitionIntake) -> String {
    settings.source(intake.partition, incarnation: intake.position.incarnation)
  }

  // MARK: Polling

  private func poll(_ consumer: KafkaConsumer, _ owned: OwnedPartitions) throws -> Outcome {
    var nextLookNs = clock() + Self.lookNs
    var nextWatchNs = clock() + watchNs
    var nextGroupNs = clock() + groupNs
    var nextReachNs = clock() + Self.reachNs
    var polled = 0
    while polled % 64 != 0 || !hooks.hasToStop {
      let isIdle: Bool
      if let message = try consumer.poll(timeoutMs: Self.pollMs) {
        isIdle = false
        if try take(message, consumer) == .again { return .again }
      } else {
        isIdle = true
      }
      polled = isIdle ? 0 : polled + 1
      if polled % 64 != 0 { continue }
      nowNs = clock()
      try land(waiting: false)
      handOver { $1.isDue(settings.limits, nowNs: nowNs, isBehind: lag($0) > 0) }
      keepWorkersBusy(with: Self.leastWeight) { lag($0) > 0 }
      fillQueue(consumer, owned)
      if nowNs < nextLookNs { continue }
      nextLookNs = nowNs + Self.lookNs
      noteEnds(consumer)
      try noteArrivals()
      if settings.endsAtEnd, hasReachedEnds { return .done }
      try stopAfterGaps()
      if nowNs >= nextReachNs {
        nextReachNs = nowNs + Self.reachNs
        if try reach(consumer, owned) == .again { return .again }
      }
      // Before the group is told: else what others have told it is written over each time when both are due together.
      if nowNs >= nextWatchNs {
        nextWatchNs = nowNs + watchNs
        if try watch(consumer, owned) == .again { return .again }
      }
      if nowNs >= nextGroupNs {
        nextGroupNs = nowNs + groupNs
        tellGroup(consumer)
      }
    }
    return .done
  }

  private static let pollMs = 20
  private static let lookNs: Int64 = 200_000_000
  private static let reachNs: Int64 = 5_000_000_000
  var watchNs: Int64 { Int64(settings.watchSeconds * 1e9) }
  private var groupNs: Int64 { Int64(settings.groupSeconds * 1e9) }
}
