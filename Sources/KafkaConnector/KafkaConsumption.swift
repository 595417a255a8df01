import Bytes
import Checksum
import Foundation
import KafkaClient
import Model
import Store
import Synchronization
import Threads

/// Reads partitions into a store, each offset once: the position is committed with the events, and the partitions are read from
/// there, whatever a group at the brokers may say.
///
/// One thread polls and hands over; the program's workers parse and encode, and the store commits meanwhile. What is not polled
/// waits at the brokers and in the client, within its bound.
public final class KafkaConsumption {
  let settings: KafkaSettings
  let store: Store
  let hooks: any ConsumptionHooks
  private let clock: @Sendable () -> Int64
  private let landings = Landings()
  // Of the session.
  private var intakes: [PartitionIntake] = []
  private var places: [PolledMessage.PartitionTag: Int] = [:]
  /// Where the partitions ended when the session began.
  private var firstEnds: [Int64] = []
  private var lastNewsNs: [Int64] = []
  /// Whether the last message that was taken is known to be the same as it was, or was not to be read again.
  private var isVerified: [Bool] = []
  private var emptyCounted = 0
  /// The clock, as it was looked at last: not for each message.
  private var nowNs: Int64 = 0
  /// No less than what waits here: what there was when it was counted, and all that was taken since.
  private var mostWaiting = 0
  /// Nil where messages that are no events go to no topic.
  private var deadLetters: DeadLetters?
  /// Partitions that had more than the client told when they were looked at last.
  private var silent: Set<Int> = []

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

  private enum Outcome { case done, again }

  /// From connecting to a change of what is to be read.
  private func session() throws -> Outcome {
    let consumer = try KafkaConsumer(clientOptions, group: settings.group)
    defer { consumer.close() }
    let owned = try ownedPartitions(consumer)
    try open(owned, consumer)
    hooks.succeed()
    do {
      let outcome = try poll(consumer, owned)
      try handOver { _ in true }
      try landAll(consumer)
      return outcome
    } catch {
      // Batches that are on their way end before anybody begins from what is noted.
      while intakes.contains(where: \.isOnItsWay) { try? land(waiting: true) }
      throw error
    }
  }

  private var clientOptions: [(name: String, value: String)] {
    let queueKiB = max(settings.memoryBytes / 2 / 1_024, 1_024)
    return [
      ("queued.max.messages.kbytes", "\(min(queueKiB, 2_097_151))"),
      ("fetch.error.backoff.ms", "100"), ("reconnect.backoff.max.ms", "2000"),
      ("topic.metadata.refresh.interval.ms", "30000"),
    ] + settings.options
  }

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
    (intakes, places, firstEnds, emptyCounted) = ([], [:], [], 0)
    deadLetters = try settings.deadLetterTopic.map { try DeadLetters($0, settings) }
    var starts: [(partition: KafkaPartition, offset: Int64)] = []
    let newTopics = try newTopics(owned)
    for partition in owned.partitions {
      if hooks.hasToStop { break }
      let marks = try consumer.watermarks(of: partition, timeoutMs: settings.timeoutMs)
      let (position, offset) = try start(of: partition, marks, newTopics: newTopics)
      intakes.append(PartitionIntake(partition, from: position))
      starts.append((partition, offset))
      firstEnds.append(marks.upperBound)
    }
    (silent, mostWaiting, nowNs) = ([], 0, clock())
    isVerified = zip(intakes, starts).map { $0.position.next == $1.offset }
    lastNewsNs = [Int64](repeating: clock(), count: intakes.count)
    try consumer.assign(starts)
  }

  /// Topics of which nothing is noted yet. A partition that comes to one that is known begins at its first message, wherever
  /// the others began: what came before it was noticed is not to be missed.
  private func newTopics(_ owned: OwnedPartitions) throws -> Set<String> {
    var new = Set(owned.partitions.map(\.topic))
    for partition in owned.partitions
    where try new.contains(partition.topic) && store.progress(of: progressKey(partition)) != nil {
      new.remove(partition.topic)
    }
    return new
  }

  /// What is noted of a partition, and where to read from. Where nothing is noted, that is noted.
  private func start(
    of partition: KafkaPartition, _ marks: Range<Int64>, newTopics: Set<String>
  ) throws -> (position: PartitionPosition, offset: Int64) {
    let key = progressKey(partition)
    guard let noted = try store.progress(of: key) else {
      let first = PartitionPosition(
        next: settings.startsAtEnd && newTopics.contains(partition.topic)
          ? marks.upperBound : marks.lowerBound)
      try store.setProgress(SourceProgress(source: key, position: first.text))
      return (first, first.next)
    }
    guard let position = PartitionPosition(noted.progress.position) else {
      throw ConsumptionError(
        .stopped, "what is noted of \(key) is not a position of Kafka: take another name")
    }
    switch PartitionStart(position, marks: marks) {
    case .from(let offset): return (position, offset)
    case .gap(let gap):
      try pass(gap, of: partition)
      return (gap.after, gap.after.next)
    }
  }

  /// Positions are noted under one name for all incarnations of a topic.
  private func progressKey(_ partition: KafkaPartition) -> String {
    settings.source(partition, incarnation: 0)
  }

  /// Takes note of a gap, and goes on after it, or throws that somebody has to decide.
  private func pass(_ gap: PartitionGap, of partition: KafkaPartition) throws {
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
    try store.setProgress(
      SourceProgress(source: progressKey(partition), position: gap.after.text))
    if gap.kind == .recreated {
      // Nothing more comes from what was.
      let before = settings.source(partition, incarnation: gap.before.incarnation)
      for stream in try store.snapshot().streams {
        try store.closeSources([before], of: stream.name)
      }
    }
  }

  // MARK: Polling

  private func poll(_ consumer: KafkaConsumer, _ owned: OwnedPartitions) throws -> Outcome {
    var nextLookNs = clock() + Self.lookNs
    var nextWatchNs = clock() + watchNs
    var nextGroupNs = clock() + Self.groupNs
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
      try handOver {
        $0.isDue(
          settings.limits, nowNs: nowNs,
          isBehind: $0.lag(end: consumer.knownEnd(of: $0.partition)) > 0)
      }
      if nowNs < nextLookNs { continue }
      nextLookNs = nowNs + Self.lookNs
      noteLag(consumer)
      if settings.endsAtEnd, hasReachedEnds { return .done }
      if nowNs >= nextGroupNs {
        nextGroupNs = nowNs + Self.groupNs
        consumer.commit(intakes.map { ($0.partition, $0.durable.next) })
      }
      if nowNs >= nextWatchNs {
        nextWatchNs = nowNs + watchNs
        if try watch(consumer, owned) == .again { return .again }
      }
    }
    return .done
  }

  private static let pollMs = 20
  private static let lookNs: Int64 = 200_000_000
  private static let groupNs: Int64 = 5_000_000_000
  private var watchNs: Int64 { Int64(settings.watchSeconds * 1e9) }

  private func take(
    _ message: borrowing PolledMessage, _ consumer: KafkaConsumer
  ) throws -> Outcome {
    if case .failure(let error) = message.kind {
      guard error.kind == .offsetOutOfRange else { throw error }
      return try judge(try place(of: message), consumer)
    }
    let place = try place(of: message)
    lastNewsNs[place] = nowNs
    silent.remove(place)
    if message.kind == .end {
      // It ends before the last message that was taken.
      if message.offset < intakes[place].position.next { return try judge(place, consumer) }
      isVerified[place] = true
      intakes[place].reachEnd(at: message.offset, nowNs: nowNs)
      return .done
    }
    let value = message.value
    let offset = message.offset
    // A key of another message may have the same value.
    let hash =
      checksum(value) &* 31 &+ checksum(message.key) &+ UInt64(bitPattern: message.timestampMs ?? 0)
    do throws(PartitionGap) {
      let isNew = try intakes[place].expects(offset: offset, hash: hash)
      isVerified[place] = true
      if !isNew { return .done }
    } catch {
      try passRecreated(place, consumer)
      return .again
    }
    while intakes[place].isFull(settings.limits) || isOverMemory() {
      try makeRoom(place)
    }
    deadLetters?.keep(message, of: place)
    let byteCount = intakes[place].byteCount
    defer { mostWaiting += intakes[place].byteCount - byteCount }
    let (partition, incarnation) = (
      intakes[place].partition, intakes[place].position.incarnation
    )
    func end(_ stream: String) throws -> Int64? {
      try store.endPosition(
        ofSource: settings.source(partition, incarnation: incarnation), in: stream)
    }
    switch settings.contents {
    case .values(let stream):
      try intakes[place].take(
        offset: offset, hash: hash, value: value, into: stream, nowNs: nowNs, endOf: end)
    case .decoded(let decode):
      let contents: MessageContents =
        value.byteCount == 0
        ? .nothing
        : decode(
          DecodableMessage(
            partition: intakes[place].partition, offset: offset, timestampMs: message.timestampMs,
            key: bytes(of: message.key), value: bytes(of: value), headers: message.headers))
      try intakes[place].take(
        offset: offset, hash: hash, contents, nowNs: nowNs, endOf: end)
    }
    return .done
  }

  /// For an offset that is not there: where to go on is judged anew from what the broker has.
  private func judge(_ place: Int, _ consumer: KafkaConsumer) throws -> Outcome {
    let marks = try consumer.watermarks(
      of: intakes[place].partition, timeoutMs: settings.timeoutMs)
    if marks.upperBound < intakes[place].position.next { try passRecreated(place, consumer) }
    return .again
  }

  /// Goes on with another topic of the same name, at its first message.
  private func passRecreated(_ place: Int, _ consumer: KafkaConsumer) throws {
    // What was taken of the one before is durable first, and its position no longer on its way.
    try handOver { _ in true }
    while intakes.contains(where: \.isOnItsWay) { try land(waiting: true) }
    let partition = intakes[place].partition
    let marks = try consumer.watermarks(of: partition, timeoutMs: settings.timeoutMs)
    try pass(
      PartitionGap(.recreated, after: intakes[place].durable, resumesAt: marks.lowerBound),
      of: partition)
  }

  private func place(of message: borrowing PolledMessage) throws -> Int {
    let tag = message.partitionTag
    if let place = places[tag] { return place }
    let partition = message.partition
    guard let place = intakes.firstIndex(where: { $0.partition == partition }) else {
      throw ConsumptionError(.tryAgain, "messages of \(partition) came, which is not read")
    }
    places[tag] = place
    return place
  }

  private func isOverMemory() -> Bool {
    let limit = settings.memoryBytes / 2
    if mostWaiting + (deadLetters?.byteCount ?? 0) <= limit { return false }
    mostWaiting = intakes.reduce(0) { $0 + $1.byteCount + $1.bytesOnTheirWay }
    return mostWaiting + (deadLetters?.byteCount ?? 0) > limit
  }

  /// Waits for the disk. Meanwhile nothing is polled: what the client has fetched is bounded.
  private func makeRoom(_ place: Int) throws {
    try handOver { !$0.isOnItsWay && ($0.byteCount > 0 || $0.documentCount > 0) }
    if intakes.contains(where: \.isOnItsWay) { try land(waiting: true) }
  }

  // MARK: Handing over

  private func handOver(_ isWanted: (PartitionIntake) -> Bool) throws {
    for place in intakes.indices
    where !intakes[place].isOnItsWay && !intakes[place].isDone && isWanted(intakes[place]) {
      let source = settings.source(
        intakes[place].partition, incarnation: intakes[place].position.incarnation)
      let progressKey = progressKey(intakes[place].partition)
      var flight = intakes[place].handOver()
      let progress = SourceProgress(source: progressKey, position: flight.position.text)
      // Within one commit where one stream takes all; else each stream knows how far it has got, and the position follows.
      if flight.batches.count == 1 { flight.batches[0].documents.progress = progress }
      let landing = landings.expect(place, flight, progress)
      let batches = flight.batches
      do throws(ThreadError) {
        try WorkerPool.shared.submit(.ingest) { [store] in
          Self.append(batches, to: store, from: source, landing)
        }
      } catch {
        landing.giveUp(batches.count, error)
      }
    }
  }

  /// Work for a worker: those of one partition in order, which is one at a time.
  private static func append(
    _ batches: [PartitionIntake.StreamBatch], to store: Store, from source: String,
    _ landing: Landing
  ) {
    for (number, batch) in batches.enumerated() {
      do {
        try store.append(
          batch.documents, to: batch.stream, options: batch.options, source: source,
          actor: "kafka", whenDurable: { landing.land($0) })
      } catch {
        return landing.giveUp(batches.count - number, error)
      }
    }
  }

  /// Takes note of what is durable, or throws why it is not.
  private func land(waiting: Bool) throws {
    var failure: (any Error)?
    for landed in landings.take(waiting: waiting) {
      do {
        let result = try landed.result.get()
        if landed.batchCount != 1 { try store.setProgress(landed.progress) }
        intakes[landed.place].landed(at: landed.position)
        count(result)
        try deadLetters?.send(
          result.rejected.map { ($0.position, $0.reason) }, of: landed.place,
          intakes[landed.place].partition, before: landed.position.next)
      } catch {
        // It is not durable: who begins anew reads it again.
        intakes[landed.place].landed(at: intakes[landed.place].durable)
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }

  private func count(_ result: AppendResult) {
    let empty = intakes.reduce(0) { $0 + $1.emptyCount }
    hooks.count(
      events: result.accepted + result.duplicates.count + result.rejected.count,
      rejected: result.rejected.count, empty: empty - emptyCounted)
    emptyCounted = empty
    hooks.succeed()
  }

  /// Waits until nothing is on its way, and tells the group.
  private func landAll(_ consumer: KafkaConsumer) throws {
    while intakes.contains(where: \.isOnItsWay) { try land(waiting: true) }
    consumer.commit(intakes.map { ($0.partition, $0.durable.next) })
  }

  // MARK: Looking on

  private func noteLag(_ consumer: KafkaConsumer) {
    let lag = intakes.reduce(0) { $0 + $1.lag(end: consumer.knownEnd(of: $1.partition)) }
    hooks.note(lag: UInt64(max(0, lag)))
  }

  private var hasReachedEnds: Bool {
    intakes.indices.allSatisfy {
      isVerified[$0] && intakes[$0].isDone && intakes[$0].durable.next >= firstEnds[$0]
    }
  }

  /// Looks for topics and partitions that have come or gone, and for partitions that have more than the client tells.
  private func watch(_ consumer: KafkaConsumer, _ owned: OwnedPartitions) throws -> Outcome {
    let current = OwnedPartitions(
      try consumer.topics(timeoutMs: settings.timeoutMs), settings.topics, settings.share)
    if current.partitions != owned.partitions { return .again }
    for (place, intake) in intakes.enumerated()
    where clock() - lastNewsNs[place] >= watchNs && !intake.isOnItsWay {
      if hooks.hasToStop { break }
      let marks = try consumer.watermarks(of: intake.partition, timeoutMs: settings.timeoutMs)
      // Less than there was: that is judged when it is opened anew.
      // Of one that has said nothing since it was opened there is nothing else to go by.
      if marks.upperBound < intake.position.next {
        if !isVerified[place] { try passRecreated(place, consumer) }
        return .again
      }
      // More than the client tells, and not only since just now: it has fallen silent, and another takes its place.
      let hasMore = marks.upperBound > intake.position.next
      if hasMore, silent.contains(place) { return .again }
      if hasMore { silent.insert(place) } else { silent.remove(place) }
    }
    return .done
  }
}

private func bytes(of span: RawSpan) -> [UInt8] {
  var bytes: [UInt8] = []
  bytes.append(span: span)
  return bytes
}

extension PartitionGap {
  func description(of partition: KafkaPartition) -> String {
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
