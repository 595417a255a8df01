internal import CRdkafka
internal import Glibc

/// Reads partitions from offsets that whoever uses it knows. It joins no group, keeps no offsets of its own and has no say in
/// where to begin: an offset that is not there is an error. For one thread at a time.
@safe public final class KafkaConsumer {
  private let handle: ClientHandle
  /// Questions that were not answered in time, and may be still.
  private var asked: [KafkaPartition: WatermarkQuery] = [:]
  /// What ``poll(timeoutMs:)`` takes from.
  private let queue: OpaquePointer?

  /// Options of librdkafka; those that would take over are set here. `group` is whose offsets ``commit(_:)`` sets. Connects to
  /// nobody yet. Throws ``KafkaError`` of kind `badOption`.
  public init(
    _ options: [(name: String, value: String)], group: String
  ) throws(KafkaError) {
    handle = try ClientHandle(
      RD_KAFKA_CONSUMER,
      options + [
        ("group.id", group), ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"),
        ("auto.offset.reset", "error"), ("enable.partition.eof", "true"),
        // There is no group that it could fall out of while a commit takes long.
        ("max.poll.interval.ms", "86400000"),
      ])
    unsafe rd_kafka_poll_set_consumer(handle.pointer)
    unsafe queue = rd_kafka_queue_get_consumer(handle.pointer)
  }

  /// Lets go of the brokers, and waits until that is done: some milliseconds, some seconds at most when one does not answer.
  public func close() {
    if isClosed { return }
    isClosed = true
    if let queue = unsafe queue { unsafe rd_kafka_queue_destroy(queue) }
    handle.close()
  }

  private var isClosed = false

  deinit { close() }

  /// How many messages and ends of partitions wait to be polled.
  public var queuedCount: Int {
    guard !isClosed, let queue = unsafe queue else { return 0 }
    return unsafe rd_kafka_queue_length(queue)
  }

  /// All topics that whoever asks may see. Throws ``KafkaError``.
  public func topics(timeoutMs: Int) throws(KafkaError) -> [KafkaTopic] {
    try handle.topics(timeoutMs: Int32(timeoutMs))
  }

  /// The first offset that there is, and the one that the next message gets; with `isolation.level` at its default, that
  /// behind the last one that is committed. Asks the broker. Throws ``KafkaError``, of kind `unreachable` after `timeoutMs`.
  public func watermarks(
    of partition: KafkaPartition, timeoutMs: Int
  ) throws(KafkaError) -> Range<Int64> {
    do {
      let query = try asked[partition] ?? WatermarkQuery(partition, handle, timeoutMs: timeoutMs)
      asked[partition] = query
      if let marks = try query.watermarks(
        of: partition, timeoutMs: timeoutMs, reason: handle.reason)
      {
        asked[partition] = nil
        return marks
      }
    } catch let refusal as KafkaError {
      asked[partition] = nil
      throw refusal
    } catch {
      throw KafkaError(.other, "offsets of \(partition)", message: "\(error)")
    }
    throw KafkaError(
      .unreachable, "offsets of \(partition)",
      message: handle.reason ?? "its broker has not answered for \(timeoutMs) ms")
  }

  /// The end of a partition as it came with the messages; nil before the first ones. Asks nobody.
  public func knownEnd(of partition: KafkaPartition) -> Int64? {
    var (low, high): (Int64, Int64) = (0, 0)
    let code = unsafe rd_kafka_get_watermark_offsets(
      handle.pointer, partition.topic, partition.number, &low, &high)
    return code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : nil
  }

  /// Reads these partitions from these offsets, and no others. Throws ``KafkaError``.
  public func assign(
    _ partitions: [(partition: KafkaPartition, offset: Int64)]
  ) throws(KafkaError) {
    let code = unsafe withPartitions(partitions) { unsafe rd_kafka_assign(handle.pointer, $0) }
    if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(code, "assignment of partitions") }
  }

  /// Hands out nothing of these partitions until they are resumed.
  public func pause(_ partitions: [KafkaPartition]) {
    _ = unsafe withPartitions(partitions.map { ($0, 0) }) {
      unsafe rd_kafka_pause_partitions(handle.pointer, $0)
    }
  }

  /// Hands out what these partitions have again, from where they were paused.
  public func resume(_ partitions: [KafkaPartition]) {
    _ = unsafe withPartitions(partitions.map { ($0, 0) }) {
      unsafe rd_kafka_resume_partitions(handle.pointer, $0)
    }
  }

  /// How far a group has got with a partition.
  public struct GroupPosition: Sendable, Equatable {
    public var offset: Int64
    /// What who has told it wrote beside it.
    public var note: String

    public init(offset: Int64, note: String) { (self.offset, self.note) = (offset, note) }
  }

  /// Tells the brokers how far the group has got, for those who look at it there, with a note beside it. Does not wait, and what
  /// becomes of it does not matter.
  public func commit(
    _ positions: [(partition: KafkaPartition, offset: Int64)], note: String = ""
  ) {
    _ = unsafe withPartitions(positions) { list in
      for index in positions.indices where !note.isEmpty {
        // The list frees it.
        unsafe list.pointee.elems[index].metadata = UnsafeMutableRawPointer(strdup(note))
        unsafe list.pointee.elems[index].metadata_size = note.utf8.count
      }
      return unsafe rd_kafka_commit(handle.pointer, list, 1)
    }
  }

  /// How far the group has got, as the brokers have been told; nil where they have not. Asks them. Throws ``KafkaError``.
  public func committed(
    _ partitions: [KafkaPartition], timeoutMs: Int
  ) throws(KafkaError) -> [GroupPosition?] {
    var positions: [GroupPosition?] = []
    let code = unsafe withPartitions(partitions.map { ($0, 0) }) { list in
      let code = unsafe rd_kafka_committed(handle.pointer, list, Int32(timeoutMs))
      for index in partitions.indices {
        let entry = unsafe list.pointee.elems[index]
        let bytes = unsafe UnsafeRawBufferPointer(
          start: entry.metadata, count: entry.metadata == nil ? 0 : entry.metadata_size)
        let note = unsafe String(decoding: bytes, as: UTF8.self)
        positions.append(
          unsafe entry.offset >= 0 ? GroupPosition(offset: entry.offset, note: note) : nil)
      }
      return code
    }
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      throw KafkaError(code, "offsets of the group", message: handle.reason)
    }
    return positions
  }

  /// What comes next, of whichever partition; nil when nothing came in time. Throws ``KafkaError`` when the client as a
  /// whole has failed: no broker can be reached, or it is not let in.
  public func poll(timeoutMs: Int) throws(KafkaError) -> PolledMessage? {
    let message = unsafe rd_kafka_consumer_poll(handle.pointer, Int32(timeoutMs))
    let polled = unsafe message.map { unsafe PolledMessage($0) }
    if let failure = handle.takeFailure() { throw failure }
    return polled
  }
}
