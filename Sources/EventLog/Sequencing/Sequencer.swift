import LMDB
import Model

/// Decides, one batch after the other, which events are new, gives them their sequence numbers and judges
/// which are late. Its state runs ahead of the commits; a failed commit sets it back.
struct Sequencer {
  private(set) var epoch = 0
  private var nextSeq: UInt64
  private var nextTicket: UInt64 = 0
  private let store: BlockStore
  private(set) var index: DedupIndex
  private let filters: FilterCache
  private var ids: [UInt32: StreamIds] = [:]
  /// Sources of batches that are on their way: what is durable of the others is on disk.
  private var sources: [SourceKey: SourceState] = [:]
  /// The ticket of the last batch that changes each of them, and all such changes in order.
  private var sourceTickets: [SourceKey: UInt64] = [:]
  private var sourceChanges: ArraySlice<(ticket: UInt64, key: SourceKey)> = []
  private var clocks: [UInt32: StreamClock] = [:]
  /// The prune horizon of the stream whose batch is sequenced.
  private var prunedSeq: UInt64 = 0
  /// Batches that are sequenced but not committed, in order.
  private var pending: [PendingBatch] = []
  private var cache = BlockIdCache()
  /// Streams whose alteration is sequenced but not committed.
  private var altering: Set<UInt32> = []

  /// Ids kept in memory over all streams, 24 bytes each and half as much again to find them.
  static let maxRecentIds = 131_072
  /// A stream's ids are written out after this many blocks at the latest: they are what has to be read
  /// again after a crash.
  static let maxUnindexedBlocks = 1_000

  private struct StreamIds {
    var recent = RecentIds()
    /// Being written by a commit under way.
    var frozen: RecentIds?
    var recentBlocks = 0
  }

  private struct PendingBatch {
    var ids: BatchIds
    var firstSeq: UInt64
    var ticket: UInt64
  }

  init(head: LogHead, index: DedupIndex, store: BlockStore, filters: FilterCache) {
    self.filters = filters
    nextSeq = head.nextSeq
    self.index = index
    self.store = store
  }

  /// Forgets all that is not committed.
  mutating func reset(head: LogHead, index: DedupIndex) {
    epoch += 1
    nextSeq = head.nextSeq
    self.index = index
    filters.keep(only: index)
    ids = [:]
    sources = [:]
    sourceTickets = [:]
    sourceChanges = []
    clocks = [:]
    pending = []
    altering = []
    cache = BlockIdCache()
  }

  /// Whether what the stream will be is decided, but not in effect.
  func isAltering(_ streamId: UInt32) -> Bool { altering.contains(streamId) }

  /// Refuses batches of the stream until it is ``altered(_:readsAnew:)``, or let go.
  mutating func holdOff(_ streamId: UInt32) { altering.insert(streamId) }

  mutating func letGo(_ streamId: UInt32) { altering.remove(streamId) }

  /// Takes note of an alteration that is committed.
  mutating func altered(_ streamId: UInt32, readsAnew: Bool) {
    altering.remove(streamId)
    guard readsAnew else { return }
    // How far sources have got is something else now, and is on disk.
    clocks[streamId] = nil
    sources = sources.filter { $0.key.streamId != streamId }
    cache = BlockIdCache()
  }

  /// Makes sure that an opening or closing is noted in the state that runs ahead of the commits.
  mutating func prepare(toTurn key: SourceKey, _ durable: SourceState?, _ clock: StreamClock) {
    if sources[key] == nil { sources[key] = durable }
    if clocks[key.streamId] == nil { clocks[key.streamId] = clock }
  }

  /// Takes note of commits up to and with `ticket`.
  mutating func committed(ticket: UInt64, flushes: [IdFlush], index: DedupIndex) {
    precondition(ticket <= nextTicket, "a batch is committed that was not sequenced")
    pending.removeAll { $0.ticket <= ticket }
    while let change = sourceChanges.first, change.ticket <= ticket {
      sourceChanges.removeFirst()
      guard sourceTickets[change.key] == change.ticket else { continue }
      sourceTickets[change.key] = nil
      sources[change.key] = nil
    }
    for flush in flushes { ids[flush.streamId]?.frozen = nil }
    if self.index.runs != index.runs { filters.keep(only: index) }
    self.index = index
  }

  /// Takes the next place in the log for `parsed`; `hits` is what the index said of its ids before. O(events),
  /// amortised.
  mutating func sequence(
    _ parsed: consuming ParsedBatch, of stream: EventStream, _ envelope: Envelope,
    _ hits: IndexHits,
    totals: StreamTotals, clock durableClock: StreamClock, sourceState: SourceState?,
    _ transaction: borrowing ReadTransaction
  ) throws -> SequencedBatch {
    prunedSeq = totals.prunedSeq
    try loadIds(of: stream, after: totals.indexedSeq, transaction)
    let found = try findDuplicates(in: parsed, of: stream, hits, transaction)
    let duplicates = found.map { DuplicateEvent(parsed, $0.row, firstSeq: $0.seq) }
    var batch = parsed
    batch.remove(events: found.map(\.row))
    let key = SourceKey(streamId: stream.definition.id, name: envelope.source)
    var source = sources[key] ?? sourceState ?? SourceState()
    var clock = clocks[key.streamId] ?? durableClock
    let judged = judge(batch, envelope.receivedNs, &source, streamNs: clock.watermarkNs)
    var envelope = envelope
    envelope.reachNs = source.watermarkNs
    sources[key] = source
    if batch.eventCount > 0 {
      clock.advance(envelope.source, to: source.watermarkNs, receivedNs: envelope.receivedNs)
    }
    clocks[key.streamId] = clock
    for turn in envelope.turns {
      sources[turn.key, default: SourceState()].take(turn)
      clocks[turn.key.streamId, default: StreamClock()].take(turn)
    }
    if let id = envelope.alters?.streamId {
      // The commit indexes all ids of before.
      altering.insert(id)
      ids[id] = nil
      cache = BlockIdCache()
    }
    let firstSeq = nextSeq
    nextSeq += UInt64(batch.eventCount)
    nextTicket += 1
    for changed in [key] + envelope.turns.map(\.key) {
      sourceTickets[changed] = nextTicket
      sourceChanges.append((nextTicket, changed))
    }
    if !batch.definition.idPaths.isEmpty, batch.eventCount > 0 {
      pending.append(
        PendingBatch(ids: BatchIds(batch), firstSeq: firstSeq, ticket: nextTicket))
    }
    let place = BatchPlace(
      stream: stream.definition, envelope: envelope, ticket: nextTicket, epoch: epoch,
      firstSeq: firstSeq, eventCount: batch.eventCount, rejected: batch.rejected,
      duplicates: duplicates, late: judged.late, ahead: judged.ahead, sourceState: source,
      flushes: freeze(stream))
    return SequencedBatch(parsed: batch, place: place)
  }

  // MARK: Lateness

  /// Moves the source's watermark over the batch, and finds the events that it, or the stream's, had passed, and those
  /// that are too far ahead of it. O(events).
  private func judge(
    _ batch: borrowing ParsedBatch, _ receivedNs: Int64, _ source: inout SourceState,
    streamNs: Int64?
  ) -> SourceJudge {
    var judge = SourceJudge(
      source.reach, streamNs: streamNs, receivedNs: receivedNs,
      latenessNs: batch.definition.latenessNs)
    for row in batch.times.indices { judge.judge(batch.times[row], seq: nextSeq + UInt64(row)) }
    source.reach = judge.reach
    source.endPosition = batch.endPosition
    source.lastReceivedNs = receivedNs
    source.add(events: batch.eventCount)
    return judge
  }

  // MARK: Dedup

  /// Reads the ids of the events that the index does not have yet, once after opening.
  private mutating func loadIds(
    of stream: EventStream, after seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws {
    let id = stream.definition.id
    guard !stream.definition.idPaths.isEmpty, ids[id] == nil else { return }
    var loaded = StreamIds()
    let length = DedupIndex.partitionNs(stream.definition)
    for summary in try store.summaries(ofStream: id, from: seq + 1, transaction) {
      let block = try BlockIds(summary, of: stream, store, transaction)
      loaded.recentBlocks += summary.pieceCount
      for row in block.seqs.count(before: seq + 1)..<block.count {
        guard let hash = block.hash(row) else { continue }
        loaded.recent.insert(
          IdEntry(
            hash: hash, seq: block.seqs[row],
            partition: block.times[row].flooredQuotient(length)))
      }
    }
    ids[id] = loaded
  }

  /// The rows whose ids the log or an earlier row has, with the events that have them; all other ids are
  /// noted as those of the sequence numbers that their rows are about to get.
  private mutating func findDuplicates(
    in parsed: borrowing ParsedBatch, of stream: EventStream, _ hits: IndexHits,
    _ transaction: borrowing ReadTransaction
  ) throws -> [(row: Int, seq: UInt64)] {
    guard !stream.definition.idPaths.isEmpty, parsed.eventCount > 0 else { return [] }
    let indexed = try findIndexed(in: parsed, of: stream, hits, transaction)
    let length = DedupIndex.partitionNs(stream.definition)
    let streamId = stream.definition.id
    var recent = StreamIds()
    swap(&recent, &ids[streamId, default: StreamIds()])
    let known = recent.recent.count
    var isDone = false
    defer {
      // The rows of a batch that damage stopped midway get no numbers.
      if !isDone { recent.recent.removeAll(after: known) }
      ids[streamId] = recent
    }
    recent.recentBlocks += 1
    var duplicates: [(row: Int, seq: UInt64)] = []
    // Row of each event that this batch will add.
    var kept: [Int32] = []
    kept.reserveCapacity(parsed.eventCount)
    let isFrozenEmpty = (recent.frozen?.touch(parsed.idHashes) ?? 0) == 0
    _ = recent.recent.touch(parsed.idHashes)
    let hasIndexed = !indexed.isEmpty
    var partition = TimePartition(lengthNs: length)
    for row in 0..<parsed.eventCount {
      if parsed.idPlaces[row] != 0 {
        let hash = parsed.idHashes[row]
        var known = hasIndexed ? indexed[Int32(row)] : nil
        if known == nil, recent.recent.contains(hash) {
          known = try find(row, in: recent.recent, kept, parsed, stream, transaction)
        }
        if known == nil, !isFrozenEmpty, recent.frozen!.contains(hash) {
          known = try find(row, in: recent.frozen!, kept, parsed, stream, transaction)
        }
        if let known {
          duplicates.append((row, known))
          continue
        }
        recent.recent.insert(
          IdEntry(
            hash: hash, seq: nextSeq + UInt64(kept.count),
            partition: partition.number(of: parsed.times[row])))
      }
      kept.append(Int32(row))
    }
    isDone = true
    return duplicates
  }

  /// Divides times by the partition length; most fall into the same partition as the one before.
  private struct TimePartition {
    let lengthNs: Int64
    private var current: Int64 = 0
    private var range: Range<Int64> = 0..<0

    init(lengthNs: Int64) { self.lengthNs = lengthNs }

    @inline(__always)
    mutating func number(of timeNs: Int64) -> Int64 {
      if range.contains(timeNs) { return current }
      current = timeNs.flooredQuotient(lengthNs)
      let start = current.multipliedReportingOverflow(by: lengthNs)
      let end = start.partialValue.addingReportingOverflow(lengthNs)
      // The outermost partitions reach beyond what nanoseconds can hold.
      range = start.overflow || end.overflow ? 0..<0 : start.partialValue..<end.partialValue
      return current
    }
  }

  /// The event in `recent` that has the id of row `row`; `kept` are the rows that the batch adds so far.
  @inline(never)
  private mutating func find(
    _ row: Int, in recent: borrowing RecentIds, _ kept: borrowing [Int32],
    _ parsed: borrowing ParsedBatch, _ stream: EventStream,
    _ transaction: borrowing ReadTransaction
  ) throws -> UInt64? {
    var slot: Int?
    while let index = recent.find(parsed.idHashes[row], from: &slot) {
      let seq = recent.entries[index].seq
      if try isSame(row, seq, kept, parsed, stream, transaction) { return seq }
    }
    return nil
  }

  /// Rows whose ids are in the index.
  private mutating func findIndexed(
    in parsed: borrowing ParsedBatch, of stream: EventStream, _ hits: IndexHits,
    _ transaction: borrowing ReadTransaction
  ) throws -> [Int32: UInt64] {
    var hits = hits
    // Runs that have come since.
    try index.lookUp(parsed, filters, transaction, into: &hits)
    var known: [Int32: UInt64] = [:]
    for (row, seq) in hits.hits where try isSame(Int(row), seq, [], parsed, stream, transaction) {
      known[row] = min(known[row] ?? .max, seq)
    }
    return known
  }

  /// Whether event `seq` has the id of row `row` and lies within the window around it: a hash only says
  /// that it may.
  private mutating func isSame(
    _ row: Int, _ seq: UInt64, _ kept: borrowing [Int32], _ parsed: borrowing ParsedBatch,
    _ stream: EventStream, _ transaction: borrowing ReadTransaction
  ) throws -> Bool {
    let id = parsed.id(ofEvent: row)
    let timeNs = parsed.times[row]
    func isNear(_ otherNs: Int64) -> Bool {
      let (distance, overflow) = otherNs.subtractingReportingOverflow(timeNs)
      return !overflow && distance.magnitude <= stream.definition.dedupWindowNs.magnitude
    }
    if seq >= nextSeq {
      let other = Int(kept[Int(seq - nextSeq)])
      return parsed.id(ofEvent: other) == id && isNear(parsed.times[other])
    }
    for batch in pending where seq >= batch.firstSeq {
      let other = Int(seq - batch.firstSeq)
      guard other < batch.ids.times.count else { continue }
      return batch.ids.isId(id ?? [], other) && isNear(batch.ids.times[other])
    }
    // The id itself may be gone: its hash has to do.
    if seq <= prunedSeq { return true }
    let block = try cache.ids(ofBlockWith: seq, of: stream, store, transaction)
    guard let other = block.seqs.index(of: seq) else { throw BlockIdCache.missing(seq) }
    return block.isId(id ?? [], other) && isNear(block.times[other])
  }

  /// The ids that have to leave memory now.
  private mutating func freeze(_ stream: EventStream) -> [IdFlush] {
    let total = ids.values.reduce(0) { $0 + $1.recent.count }
    var streamId = stream.definition.id
    let isFull = total > Self.maxRecentIds
    if isFull {
      streamId = ids.max { $0.value.recent.count < $1.value.recent.count }?.key ?? streamId
    } else if (ids[streamId]?.recentBlocks ?? 0) < Self.maxUnindexedBlocks {
      return []
    }
    guard var chosen = ids[streamId], chosen.frozen == nil else { return [] }
    let flush = IdFlush(
      streamId: streamId, throughSeq: nextSeq - 1, entries: chosen.recent.entries)
    chosen.frozen = chosen.recent
    chosen.recent = RecentIds(capacity: flush.entries.count)
    chosen.recentBlocks = 0
    ids[streamId] = chosen
    return [flush]
  }
}
