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
  /// Where they ended when that was looked at last.
  private var knownEnds: [Int64] = []
  private var refill = QueueRefill()
  /// Partitions that have not come to where they ended then.
  private var behind: Set<Int> = []
  /// Of all partitions, or of those of each topic, where these have a stream of their own.
  private var expected: [String: ExpectedSources] = [:]
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
  private var others: OtherReaders?
  /// Partitions that had more than the client told when they were looked at last.
  private var silent: Set<Int> = []
  /// Partitions that are not read for now; known from one session to the next.
  private var unreachable = UnreachablePartitions()
  /// What is missing of partitions that somebody has to decide about: they are not read any more, and the others are until it is
  /// known what is missing of them.
  private var gaps: [Int: String] = [:]
  private var stopsByNs: Int64 = 0

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

  private var beginnings: PartitionBeginnings { PartitionBeginnings(settings, store) }

  /// Nil for a partition that cannot be read for now. Who wants all up to the end cannot do without one.
  private func watermarks(
    of partition: KafkaPartition, _ owned: OwnedPartitions, _ consumer: KafkaConsumer
  ) throws -> Range<Int64>? {
    if settings.endsAtEnd {
      return try consumer.watermarks(of: partition, timeoutMs: settings.timeoutMs)
    }
    return try unreachable.watermarks(
      of: partition, leader: owned.leaders[partition], consumer, timeoutMs: settings.timeoutMs)
  }

  /// What a partition is called as a source of events.
  private func source(of intake: PartitionIntake) -> String {
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
      if nowNs >= nextGroupNs {
        nextGroupNs = nowNs + groupNs
        tellGroup(consumer)
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
  private static let reachNs: Int64 = 5_000_000_000
  private var watchNs: Int64 { Int64(settings.watchSeconds * 1e9) }
  private var groupNs: Int64 { Int64(settings.groupSeconds * 1e9) }

  private func take(
    _ message: borrowing PolledMessage, _ consumer: KafkaConsumer
  ) throws -> Outcome {
    if case .failure(let error) = message.kind {
      guard error.kind == .offsetOutOfRange else { throw error }
      return try judge(try place(of: message), consumer)
    }
    let place = try place(of: message)
    if gaps[place] != nil { return .done }
    lastNewsNs[place] = nowNs
    silent.remove(place)
    if !unreachable.isEmpty { unreachable.hear(of: intakes[place].partition) }
    if message.kind == .end {
      // It ends before the last message that was taken.
      if message.offset < intakes[place].position.next { return try judge(place, consumer) }
      isVerified[place] = true
      try sendOwed(place)
      intakes[place].reachEnd(at: message.offset, nowNs: nowNs)
      return .done
    }
    let value = message.value
    let offset = message.offset
    // A key of another message may have the same value.
    let hash =
      checksum(value) &* 31 &+ checksum(message.key) &+ UInt64(bitPattern: message.timestampMs ?? 0)
    let isNew: Bool
    do throws(PartitionGap) {
      isNew = try intakes[place].expects(offset: offset, hash: hash)
    } catch {
      return try passRecreated(place, consumer)
    }
    if !isNew, deadLetters?.isOwed(offset, of: place) == true {
      deadLetters?.keep(message, of: place)
    }
    if offset >= intakes[place].position.last?.offset ?? 0 {
      isVerified[place] = true
      try sendOwed(place)
    }
    if !isNew { return .done }
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
            key: message.hasKey ? bytes(of: message.key) : nil, value: bytes(of: value),
            headers: message.headers))
      try intakes[place].take(
        offset: offset, hash: hash, contents, nowNs: nowNs, endOf: end)
    }
    return .done
  }

  /// For an offset that is not there: where to go on is judged anew from what the broker has.
  private func judge(_ place: Int, _ consumer: KafkaConsumer) throws -> Outcome {
    let marks = try consumer.watermarks(
      of: intakes[place].partition, timeoutMs: settings.timeoutMs)
    if marks.upperBound < intakes[place].position.next { return try passRecreated(place, consumer) }
    return .again
  }

  /// Goes on with another topic of the same name, at its first message. Where somebody has to decide about that, the other
  /// partitions are looked at before: most likely it is the same with them.
  private func passRecreated(_ place: Int, _ consumer: KafkaConsumer) throws -> Outcome {
    // What was taken of the one before is durable first, and its position no longer on its way.
    handOver { _, _ in true }
    while intakes.contains(where: \.isOnItsWay) { try land(waiting: true) }
    let partition = intakes[place].partition
    let marks = try consumer.watermarks(of: partition, timeoutMs: settings.timeoutMs)
    do {
      try beginnings.pass(
        PartitionGap(.recreated, after: intakes[place].durable, resumesAt: marks.lowerBound),
        of: partition)
      return .again
    } catch let stop as UndecidedGap {
      if gaps.isEmpty { stopsByNs = clock() + Int64(settings.timeoutMs) * 1_000_000 }
      gaps[place] = stop.description
      return .done
    }
  }

  /// Throws what is missing, as soon as that is known of all partitions, or after some time of those of which it is.
  private func stopAfterGaps() throws {
    if gaps.isEmpty { return }
    guard nowNs >= stopsByNs || intakes.indices.allSatisfy({ isVerified[$0] || gaps[$0] != nil })
    else { return }
    throw ConsumptionError(stoppedBy: gaps.keys.sorted().compactMap { gaps[$0] })
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
    if intakes[place].isFull(settings.limits), !intakes[place].isOnItsWay { handOver(place) }
    keepWorkersBusy(with: 1) { _ in true }
    if intakes.contains(where: \.isOnItsWay) { try land(waiting: true) }
  }

  // MARK: Handing over

  private func handOver(_ isWanted: (Int, PartitionIntake) -> Bool) {
    for place in intakes.indices
    where !intakes[place].isOnItsWay && !intakes[place].isDone && isWanted(place, intakes[place]) {
      handOver(place)
    }
  }

  /// The largest batches of those partitions go to workers that have nothing else to do, also where they could still grow.
  private func keepWorkersBusy(with leastWeight: Int, where isWanted: (Int) -> Bool) {
    var free = WorkerPool.shared.threadCount + 1 - intakes.count(where: \.isOnItsWay)
    while free > 0 {
      let fullest = intakes.indices.filter(isWanted).max {
        intakes[$0].weight < intakes[$1].weight
      }
      guard let fullest, intakes[fullest].weight >= leastWeight else { return }
      handOver(fullest)
      free -= 1
    }
  }

  /// Smaller batches wait for more, or for their time, so that blocks are not too small.
  private static let leastWeight = 2 << 20

  private func handOver(_ place: Int) {
    let source = source(of: intakes[place])
    var flight = intakes[place].handOver()
    let progress = SourceProgress(
      source: settings.progressKey(intakes[place].partition), position: flight.position.text)
    // Within one commit where one stream takes all; else each stream knows how far it has got, and the position follows.
    if flight.batches.count == 1 { flight.batches[0].documents.progress = progress }
    let landing = landings.expect(place, flight, progress)
    let batches = flight.batches
    do {
      for batch in batches {
        try expected[expectedKey(intakes[place].partition)]?.announce(
          to: batch.stream, options: batch.options, in: store, before: batch.documents, of: source)
      }
      try WorkerPool.shared.submit(.ingest) { [store] in
        Self.append(batches, to: store, from: source, landing)
      }
    } catch {
      landing.giveUp(batches.count, error)
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
      let result: AppendResult
      do {
        result = try landed.result.get()
        if landed.batchCount != 1 { try store.setProgress(landed.progress) }
      } catch {
        // It is not durable: who begins anew reads it again.
        intakes[landed.place].landed(at: intakes[landed.place].durable)
        failure = failure ?? error
        continue
      }
      intakes[landed.place].landed(at: landed.position)
      count(result)
      // It is durable whatever becomes of its letters: who begins anew owes them.
      do {
        try sendLetters(result.rejected.map { ($0.position, $0.reason) }, of: landed.place)
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }

  /// Puts what was rejected of a batch that has landed into its topic, and what is owed before its end.
  private func sendLetters(_ rejected: [(offset: Int64, reason: String)], of place: Int) throws {
    guard let deadLetters else { return }
    let (partition, end) = (intakes[place].partition, intakes[place].durable.next)
    let hasSent = try deadLetters.send(rejected, of: place, partition, before: end)
    intakes[place].lettersAreIn()
    // Else the next batch notes it.
    if hasSent { try noteLetters(of: place) }
  }

  /// Puts in what was owed when the session began, once it has been read again, and before anything new is taken.
  private func sendOwed(_ place: Int) throws {
    guard deadLetters?.owes(place, before: intakes[place].durable.next) == true else { return }
    try sendLetters([], of: place)
  }

  private func noteLetters(of place: Int) throws {
    try store.setProgress(
      SourceProgress(
        source: settings.progressKey(intakes[place].partition),
        position: intakes[place].durable.text))
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
    if deadLetters != nil { for place in intakes.indices { try noteLetters(of: place) } }
    tellGroup(consumer)
  }

  private func tellGroup(_ consumer: KafkaConsumer) {
    consumer.commit(intakes.map { ($0.partition, $0.durable.next) }, note: others?.mark ?? "")
    others?.told()
  }

  // MARK: Looking on

  /// How many offsets of a partition there are that were not taken, as it was looked at last.
  private func lag(_ place: Int) -> Int64 { intakes[place].lag(end: knownEnds[place]) }

  private func noteEnds(_ consumer: KafkaConsumer) {
    for (place, intake) in intakes.enumerated() {
      knownEnds[place] = consumer.knownEnd(of: intake.partition) ?? knownEnds[place]
    }
    let sum = UInt64(intakes.indices.reduce(0) { $0 + lag($1) })
    hooks.note(lag: unreachable.isEmpty ? sum : nil)
  }

  /// Makes the client fetch on, where it would only look some time later whether there is room again.
  private func fillQueue(_ consumer: KafkaConsumer, _ owned: OwnedPartitions) {
    guard refill.isDue(queuedCount: consumer.queuedCount, nowNs: nowNs) else { return }
    // A question to each broker that has more.
    var asked: Set<Int32> = []
    for (place, intake) in intakes.enumerated()
    where lag(place) > 0 && asked.insert(owned.leaders[intake.partition] ?? -1).inserted {
      guard let marks = try? consumer.watermarks(of: intake.partition, timeoutMs: Self.askMs) else {
        // Its broker does not answer: that is for the client to find out.
        return refill.hold(untilNs: nowNs + Self.holdNs)
      }
      knownEnds[place] = max(knownEnds[place], marks.upperBound)
    }
  }

  private static let askMs = 500
  private static let holdNs: Int64 = 5_000_000_000

  /// Of partitions that have come to where they ended when the session began, no more is expected than they have brought.
  private func noteArrivals() throws {
    let arrived = behind.filter {
      let (durable, isAtEnd) = (intakes[$0].durable, intakes[$0].isAtEnd)
      return durable.next >= firstEnds[$0] || isAtEnd && durable == intakes[$0].position
    }
    if arrived.isEmpty { return }
    for (key, there) in Dictionary(
      grouping: arrived.map { intakes[$0] }, by: { expectedKey($0.partition) })
    {
      try expected[key]?.arrive(there.map(source(of:)), in: store)
    }
    behind.subtract(arrived)
  }

  private func expectedKey(_ partition: KafkaPartition) -> String {
    settings.hasStreamOfEachTopic ? partition.topic : ""
  }

  /// Asks again for partitions that could not be read.
  private func reach(_ consumer: KafkaConsumer, _ owned: OwnedPartitions) throws -> Outcome {
    defer { hooks.note(unread: unreachable.description) }
    if unreachable.isEmpty { return .done }
    let assigned = Set(intakes.map(\.partition))
    unreachable.beginRound()
    for partition in unreachable.reasons.keys {
      if hooks.hasToStop { break }
      let isBack = try watermarks(of: partition, owned, consumer) != nil
      if isBack, !assigned.contains(partition) { return .again }
    }
    return .done
  }

  private var hasReachedEnds: Bool {
    intakes.indices.allSatisfy {
      isVerified[$0] && intakes[$0].isDone && intakes[$0].durable.next >= firstEnds[$0]
    }
  }

  /// Looks whether another store reads the same. Who may not read what the group was told does without.
  private func lookForOthers(_ consumer: KafkaConsumer) {
    let partitions = intakes.map(\.partition)
    guard let told = try? consumer.committed(partitions, timeoutMs: Self.askMs) else {
      return
    }
    let found =
      others?.look(
        at: Array(zip(partitions, told)).map { (partition: $0, position: $1) }, nowNs: nowNs,
        everyNs: watchNs) ?? []
    hooks.note(
      warning: found.isEmpty ? nil : OtherReaders.warning(found, group: settings.group))
  }

  /// Looks for topics and partitions that have come or gone, and for partitions that have more than the client tells.
  private func watch(_ consumer: KafkaConsumer, _ owned: OwnedPartitions) throws -> Outcome {
    let current = OwnedPartitions(
      try consumer.topics(timeoutMs: settings.timeoutMs), settings.topics, settings.share)
    if current.partitions != owned.partitions { return .again }
    lookForOthers(consumer)
    unreachable.beginRound()
    defer { hooks.note(unread: unreachable.description) }
    for (place, intake) in intakes.enumerated()
    where clock() - lastNewsNs[place] >= watchNs && !intake.isOnItsWay {
      if hooks.hasToStop { break }
      guard gaps[place] == nil,
        let marks = try watermarks(of: intake.partition, current, consumer)
      else { continue }
      // Less than there was: that is judged when it is opened anew.
      // Of one that has said nothing since it was opened there is nothing else to go by.
      if marks.upperBound < intake.position.next {
        if isVerified[place] { return .again }
        if try passRecreated(place, consumer) == .again { return .again }
        continue
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
