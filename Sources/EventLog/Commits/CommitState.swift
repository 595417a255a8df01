import Bytes
import LMDB
import Zstd

/// What the last commit left on disk, as far as the next one needs it. A commit works on a copy, which takes
/// its place when LMDB has made it durable.
struct CommitState {
  var head: LogHead
  var index: DedupIndex
  var totals: [UInt32: StreamTotals] = [:]
  private var clocks: [UInt32: StreamClock] = [:]
  private var hashes = DocumentHashes()
  /// What the transaction under way has made of streams, by their numbers; nil when it has dropped one.
  var altered: [UInt32: EventStream?] = [:]
  /// Columns, shapes and fields without column of each stream that are on disk.
  private var learned: [UInt32: Learned] = [:]

  private struct Learned {
    var columns = 0
    var shapes = 0
    var fields = 0
  }

  init(head: LogHead, index: DedupIndex) {
    self.head = head
    self.index = index
  }

  func clock(ofStream id: UInt32) -> StreamClock { clocks[id] ?? StreamClock() }

  /// Notes what is on disk of a stream that was just opened.
  mutating func add(_ stream: EventStream, totals: StreamTotals, _ clock: StreamClock) {
    clocks[stream.definition.id] = clock
    let state = stream.schema.snapshot()
    self.totals[stream.definition.id] = totals
    learned[stream.definition.id] = Learned(
      columns: state.columns.count, shapes: state.trie.shapes.count,
      fields: state.fieldsWithoutColumn.count)
  }

  /// Writes all that `batch` changes, in one transaction with the others of its group. Gives the duplicates, of which
  /// only now is known whether they differ.
  mutating func write(
    _ sequenced: BatchPlace, _ block: EncodedBlock?, _ stream: EventStream, _ tables: LogTables,
    _ compressor: ZstdCompressor, _ participants: CommitParticipants, _ recent: RecentDocuments,
    _ transaction: inout WriteTransaction
  ) throws -> [DuplicateEvent] {
    var batch = sequenced
    precondition(batch.firstSeq == head.nextSeq, "a batch is committed out of the order of the log")
    let store = BlockStore(tables)
    // Documents of a stream that could not be made are on the ledger only: it has no number.
    if stream.definition.id != 0 { try writeLearned(stream, tables, &transaction) }
    let id = stream.definition.id
    if let block {
      // What is final was decided before the block.
      let beforeNs = totals[id]?.watermarkNs
      clocks[id, default: StreamClock()].advance(
        batch.envelope.source, to: batch.envelope.reachNs, receivedNs: batch.envelope.receivedNs)
      let summary = try store.put(
        block, Watermarks(beforeNs: beforeNs, afterNs: clocks[id]?.watermarkNs),
        after: totals[id]?.timesNs, &transaction)
      for participant in participants.all { participant.add(StoredBlock(summary)) }
      recent.note(block.documentHashes, firstSeq: batch.firstSeq)
    }
    if !batch.duplicates.isEmpty {
      try hashes.compare(
        &batch.duplicates, of: stream, prunedSeq: totals[id]?.prunedSeq ?? 0, recent, store,
        transaction.reading)
    }
    try writeLedger(batch, tables, compressor, &transaction)
    for flush in batch.flushes {
      try index.add(flush.entries, streamId: flush.streamId, &transaction)
      var flushed = totals[flush.streamId] ?? StreamTotals()
      flushed.indexedSeq = flush.throughSeq
      totals[flush.streamId] = flushed
      try write(flushed, flush.streamId, tables, &transaction)
    }
    try index.step(&transaction)
    if id != 0 {
      totals[id, default: StreamTotals()].add(batch, block)
      // The record of each is an event of this batch.
      for (index, turn) in batch.envelope.turns.enumerated() {
        try take(turn, seq: batch.firstSeq + UInt64(index), tables, &transaction)
      }
      note(clocks[id], id)
      try write(totals[id] ?? StreamTotals(), id, tables, &transaction)
      try batch.sourceState.write(id, batch.envelope.source, tables, &transaction)
    }
    if let progress = batch.envelope.progress {
      try progress.write(receivedNs: batch.envelope.receivedNs, tables, &transaction)
    }
    if let request = batch.envelope.request {
      try RequestReceipt.note(
        request, AppendResult(batch, block), nowNs: batch.envelope.receivedNs, tables, &transaction)
    }
    head.nextSeq = batch.firstSeq + UInt64(batch.eventCount)
    if let alteration = batch.envelope.alters {
      try apply(alteration, through: head.nextSeq - 1, tables, participants, &transaction)
    }
    try transaction.put(tables.meta, LogHead.key, head.encoded)
    return batch.duplicates
  }

  /// Opens or closes a source: event `seq` of the batch that is written is the record of it.
  private mutating func take(
    _ turn: SourceTurn, seq: UInt64, _ tables: LogTables,
    _ transaction: inout WriteTransaction
  ) throws {
    let key = turn.key
    clocks[key.streamId, default: StreamClock()].take(turn)
    if turn.kind == .close {
      note(clocks[key.streamId], key.streamId)
      try ClosingMark(
        streamId: key.streamId, seq: seq, watermarkNs: clocks[key.streamId]?.watermarkNs
      ).write(tables, &transaction)
      try write(totals[key.streamId] ?? StreamTotals(), key.streamId, tables, &transaction)
    }
    let known = try SourceState.find(key.streamId, key.name, tables, transaction.reading)
    var state = known ?? SourceState()
    state.take(turn)
    try state.write(key.streamId, key.name, tables, &transaction)
  }

  private mutating func note(_ clock: StreamClock?, _ id: UInt32) {
    guard let clock else { return }
    precondition(
      clock.watermarkNs ?? .min >= totals[id]?.watermarkNs ?? .min, "a watermark goes back")
    totals[id]?.watermarkNs = clock.watermarkNs
    totals[id]?.clockNs = clock.clockNs
    totals[id]?.closedNs = clock.closedNs
  }

  /// How many columns and shapes of a stream are on disk.
  func learnedCounts(ofStream id: UInt32) -> (columns: Int, shapes: Int) {
    let known = learned[id] ?? Learned()
    return (known.columns, known.shapes)
  }

  mutating func forgetLearned(ofStream id: UInt32) { learned[id] = nil }

  /// Makes `clock` that of the stream, whose events are read anew: its watermark may be an earlier one.
  mutating func set(_ clock: StreamClock, ofStream id: UInt32) {
    clocks[id] = clock
    totals[id]?.watermarkNs = nil
    note(clock, id)
  }

  func write(
    _ totals: StreamTotals, _ id: UInt32, _ tables: LogTables,
    _ transaction: inout WriteTransaction
  ) throws {
    try transaction.put(tables.totals, Key().appending(id), totals.encoded)
  }

  mutating func writeLearned(
    _ stream: EventStream, _ tables: LogTables, _ transaction: inout WriteTransaction
  ) throws {
    let id = stream.definition.id
    let state = stream.schema.snapshot()
    var known = learned[id] ?? Learned()
    while known.columns < state.columns.count {
      try transaction.put(
        tables.columns, Key().appending(id).appending(UInt32(known.columns)),
        state.columns[known.columns].encoded)
      known.columns += 1
    }
    while known.shapes < state.trie.shapes.count {
      var bytes: [UInt8] = []
      state.trie.shapes[known.shapes].encode(into: &bytes)
      try transaction.put(
        tables.shapes, Key().appending(id).appending(UInt32(known.shapes)), bytes.sealed())
      known.shapes += 1
    }
    if known.fields < state.fieldsWithoutColumn.count {
      var bytes: [UInt8] = []
      let fields = state.fieldsWithoutColumn.sorted()
      bytes.append(varint: UInt64(fields.count))
      for field in fields { bytes.append(string: field.string) }
      try transaction.put(
        tables.columns, ColumnInfo.fieldsWithoutColumnKey(id), bytes.sealed())
      known.fields = fields.count
    }
    learned[id] = known
  }

  private mutating func writeLedger(
    _ batch: BatchPlace, _ tables: LogTables, _ compressor: ZstdCompressor,
    _ transaction: inout WriteTransaction
  ) throws {
    func page(_ kind: LedgerEntry.Kind) -> LedgerPage {
      LedgerPage(
        kind, stream: batch.stream.name, source: batch.envelope.source,
        receivedNs: batch.envelope.receivedNs)
    }
    var open = page(.rejected)
    for rejected in batch.rejected {
      open.append(rejected)
      if open.isFull { try close(&open, page(.rejected), tables, compressor, &transaction) }
    }
    try close(&open, page(.duplicate), tables, compressor, &transaction)
    for duplicate in batch.duplicates {
      open.append(duplicate)
      if open.isFull { try close(&open, page(.duplicate), tables, compressor, &transaction) }
    }
    try close(&open, page(.late), tables, compressor, &transaction)
    for late in batch.late {
      open.append(late)
      if open.isFull { try close(&open, page(.late), tables, compressor, &transaction) }
    }
    try close(&open, page(.ahead), tables, compressor, &transaction)
    for ahead in batch.ahead {
      open.append(ahead)
      if open.isFull { try close(&open, page(.ahead), tables, compressor, &transaction) }
    }
    try close(&open, page(.ahead), tables, compressor, &transaction)
  }

  private mutating func close(
    _ page: inout LedgerPage, _ next: LedgerPage, _ tables: LogTables,
    _ compressor: ZstdCompressor, _ transaction: inout WriteTransaction
  ) throws {
    if page.count > 0 {
      try transaction.put(
        tables.ledger, Key(head.nextLedgerPage), try page.encoded(compressor), options: .append)
      head.nextLedgerPage += 1
    }
    page = next
  }
}

extension StreamTotals {
  fileprivate mutating func add(_ batch: BatchPlace, _ block: EncodedBlock?) {
    duplicates += UInt64(batch.duplicates.count)
    differing += UInt64(batch.duplicates.count { $0.isDifferent })
    rejected += UInt64(batch.rejected.count)
    late += UInt64(batch.late.count)
    ahead += UInt64(batch.ahead.count)
    guard let block else { return }
    events += UInt64(block.header.eventCount)
    originalBytes += block.header.originalBytes
    add(factsOf: block)
  }

  /// Counts what follows from how a block's events were read.
  mutating func add(factsOf block: EncodedBlock) {
    facts += UInt64(block.header.factCount)
    blockBytes += UInt64(block.bytes.count)
    minTimeNs = min(minTimeNs, block.header.minTimeNs)
    maxTimeNs = max(maxTimeNs, block.header.maxTimeNs)
    let width = block.header.minTimeNs.distance(toLater: block.header.maxTimeNs)
    widestBlockNs = max(widestBlockNs, width)
  }
}
