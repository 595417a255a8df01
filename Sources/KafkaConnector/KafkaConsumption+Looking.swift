import KafkaClient
import Store

/// What is looked at now and then: ends of partitions, brokers that are back, topics and partitions that come and go.
extension KafkaConsumption {
  /// How many offsets of a partition there are that were not taken, as it was looked at last.
  func lag(_ place: Int) -> Int64 { intakes[place].lag(end: knownEnds[place]) }

  func noteEnds(_ consumer: KafkaConsumer) {
    for (place, intake) in intakes.enumerated() {
      knownEnds[place] = consumer.knownEnd(of: intake.partition) ?? knownEnds[place]
    }
    let sum = UInt64(intakes.indices.reduce(0) { $0 + lag($1) })
    hooks.note(lag: unreachable.isEmpty ? sum : nil)
  }

  /// Makes the client fetch on, where it would only look some time later whether there is room again.
  func fillQueue(_ consumer: KafkaConsumer, _ owned: OwnedPartitions) {
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
  func noteArrivals() throws {
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

  func expectedKey(_ partition: KafkaPartition) -> String {
    settings.hasStreamOfEachTopic ? partition.topic : ""
  }

  /// Asks again for partitions that could not be read.
  func reach(_ consumer: KafkaConsumer, _ owned: OwnedPartitions) throws -> Outcome {
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

  var hasReachedEnds: Bool {
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
  func watch(_ consumer: KafkaConsumer, _ owned: OwnedPartitions) throws -> Outcome {
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
