import Bytes
import Checksum
import KafkaClient

/// Messages, taken one by one in the order of each partition.
extension KafkaConsumption {
  func take(
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
  func passRecreated(_ place: Int, _ consumer: KafkaConsumer) throws -> Outcome {
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
  func stopAfterGaps() throws {
    if gaps.isEmpty { return }
    guard nowNs >= stopsByNs || intakes.indices.allSatisfy({ isVerified[$0] || gaps[$0] != nil })
    else { return }
    throw ConsumptionError(stoppedBy: gaps.keys.sorted().compactMap { gaps[$0] })
  }

  func place(of message: borrowing PolledMessage) throws -> Int {
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
}

private func bytes(of span: RawSpan) -> [UInt8] {
  var bytes: [UInt8] = []
  bytes.append(span: span)
  return bytes
}
