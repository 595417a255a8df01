import Bytes
import LMDB
import Zstd

/// Reads a log as of one commit, and compares with the blocks what is derived from them. What is wrong goes into
/// ``report``, and the check goes on.
struct LogCheck {
  let log: EventLog
  var report = CheckReport()
  /// What the blocks add up to, by stream.
  var totals: [UInt32: StreamTotals] = [:]
  var sources = SourceCheck()
  private var clocks = ClockCheck()
  /// Below them documents and columns may be gone.
  private var horizons: [UInt32: UInt64] = [:]
  private var ids: IdCheck?
  /// Whether all events could be read: what is derived is compared with no less.
  private(set) var isLogWhole = true
  let decompressor: ZstdDecompressor

  init(_ log: EventLog) {
    self.log = log
    decompressor = ZstdDecompressor()
  }

  mutating func run(
    _ transaction: borrowing ReadTransaction, _ progress: (Double) -> Void
  ) throws {
    let log = log
    guard let head = note({ try LogHead.read(log.tables, transaction) }) else { return }
    // Without the catalogue the checksums of the blocks can still be verified.
    let streams = note {
      try Catalogue.load(OwnDocuments(), committedSeq: 0, log.tables, log.store, transaction).all
    }
    let known = (streams ?? []).compactMap { stream in
      note {
        (stream, try StreamTotals.read(stream.definition.id, log.tables, transaction) ?? .init())
      }
    }
    for (stream, totals) in known { horizons[stream.definition.id] = totals.prunedSeq }
    let index = note { try DedupIndex(transaction, table: log.tables.dedup) }
    if let index, known.count == streams?.count { ids = IdCheck(index, known) }
    isLogWhole = streams != nil
    if let streams, let replays = note({ try ClockCheck(streams, log, transaction) }) {
      clocks = replays
    }
    try checkBlocks(head, streams, transaction, progress)
    report.dedupRuns = index?.runs.values.reduce(0) { $0 + $1.count } ?? 0
    let names = streams.flatMap { streams in
      note { try Self.allNames(streams, log, transaction) }
    }
    checkTotals(known, names, transaction)
    if isLogWhole { report.damages += clocks.differences(known) }
    checkLedger(head, names, transaction)
    checkSources(names, transaction)
    checkProgress(transaction)
    checkRequests(transaction)
    checkTree(head, transaction)
    checkIds(transaction)
  }

  /// The names of all streams there have ever been, by number.
  private static func allNames(
    _ streams: [EventStream], _ log: EventLog,
    _ transaction: borrowing ReadTransaction
  ) throws -> [UInt32: String] {
    var names: [UInt32: String] = [:]
    for stream in streams { names[stream.definition.id] = stream.name }
    guard let own = streams.first else { return names }
    for document in try log.store.documents(of: own, after: 0, transaction) {
      if let definition = StreamDefinition(document) { names[definition.id] = definition.name }
    }
    return names
  }

  private mutating func checkIds(_ transaction: borrowing ReadTransaction) {
    guard var ids else { return }
    self.ids = nil
    let (store, isLogWhole) = (log.store, isLogWhole)
    var damages: [DamageError] = []
    let differences = note { () throws -> [DamageError] in
      try ids.addIndex(transaction) { damages.append($0) }
      return isLogWhole ? try ids.differences(store, transaction) : []
    }
    report.damages += damages + (differences ?? [])
  }

  /// Runs `body`; damage goes into the report.
  @discardableResult
  mutating func note<R>(_ body: () throws -> R) -> R? {
    do {
      return try body()
    } catch let damage as DamageError {
      report.damages.append(damage)
    } catch {
      report.damages.append(DamageError(what: "\(error)"))
    }
    return nil
  }

  private mutating func checkBlocks(
    _ head: LogHead, _ streams: [EventStream]?, _ transaction: borrowing ReadTransaction,
    _ progress: (Double) -> Void
  ) throws {
    let log = log
    var programs: [UInt32: (EventStream, ShapeProgram)] = [:]
    for stream in streams ?? [] {
      let shapes = stream.schema.snapshot().trie.shapes
      programs[stream.definition.id] = (stream, ShapeProgram(shapes))
    }
    var coverage = SeqCoverage()
    var next: UInt64 = 1
    while let seq = try nextBlock(from: next, transaction) {
      next = seq + 1
      guard let (header, _) = note({ try log.store.header(seq, transaction) }) else {
        isLogWhole = false
        continue
      }
      if let (stream, program) = programs[header.streamId] {
        checkBlock(header, stream, program, &coverage, transaction)
      } else if streams == nil {
        checkSections(header, &coverage, transaction)
      } else {
        isLogWhole = false
        report.damages.append(
          DamageError(what: "block of an unknown stream \(header.streamId)", firstSeq: seq))
      }
      progress(Double(min(seq, head.nextSeq)) / Double(head.nextSeq))
    }
    progress(1)
    checkCoverage(coverage, head)
  }

  /// Every number that was given out is that of one event.
  private mutating func checkCoverage(_ coverage: SeqCoverage, _ head: LogHead) {
    for gap in coverage.gaps(before: head.nextSeq) {
      isLogWhole = false
      report.damages.append(
        DamageError(
          what: "events are missing", firstSeq: gap.lowerBound, lastSeq: gap.upperBound))
    }
    for twice in coverage.overlaps {
      isLogWhole = false
      report.damages.append(
        DamageError(
          what: "two blocks have these events", firstSeq: twice.lowerBound,
          lastSeq: twice.upperBound))
    }
    if let last = coverage.lastSeq, last >= head.nextSeq {
      report.damages.append(
        DamageError(what: "head of the log: blocks have events after its last", firstSeq: last))
    }
  }

  /// Checks a block whose stream is not known.
  private mutating func checkSections(
    _ header: BlockHeader, _ coverage: inout SeqCoverage,
    _ transaction: borrowing ReadTransaction
  ) {
    let (store, decompressor) = (log.store, decompressor)
    let pieces = note { () throws -> [BlockPiece] in
      let summary = try store.summaries(
        ofStream: header.streamId, from: header.firstSeq, limit: 1, transaction
      ).first
      guard let summary, summary.firstSeq == header.firstSeq else {
        throw DamageError(what: "block index does not fit the block", firstSeq: header.firstSeq)
      }
      let reader = try store.reader(summary, transaction, decompressor)
      for section in header.sections { try reader.withSection(section) { _ in } }
      return try reader.blockPieces()
    }
    coverage.add(pieces, orAllOf: header)
    report.blocks += 1
    report.events += UInt64(header.eventCount)
  }

  private func nextBlock(
    from seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> UInt64? {
    var cursor = try transaction.cursor(log.tables.blocks)
    guard try cursor.seek(atOrAfter: Key(seq)) else { return nil }
    guard let found = Key.uint64(in: cursor.key, at: 0), found >= seq, found < 1 << 62 else {
      throw DamageError(what: "key of a block")
    }
    return found
  }

  private mutating func checkBlock(
    _ header: BlockHeader, _ stream: EventStream, _ program: ShapeProgram,
    _ coverage: inout SeqCoverage, _ transaction: borrowing ReadTransaction
  ) {
    let (store, decompressor) = (log.store, decompressor)
    let columns = stream.schema.snapshot().columns
    let horizon = horizons[stream.definition.id] ?? 0
    let (before, isWhole) = (totals[header.streamId] ?? StreamTotals(), isLogWhole)
    var ids = ids.take()
    let read = note { () throws -> (size: Int, pieces: [BlockPiece], times: [Int64]) in
      let summary = try store.summaries(
        ofStream: header.streamId, from: header.firstSeq, limit: 1, transaction
      ).first
      guard let summary, summary.firstSeq == header.firstSeq,
        summary.eventCount == header.eventCount, summary.factCount == header.factCount,
        summary.minTimeNs == header.minTimeNs, summary.maxTimeNs == header.maxTimeNs,
        summary.receivedNs == header.receivedNs, summary.originalBytes == header.originalBytes
      else {
        throw DamageError(what: "block index does not fit the block", firstSeq: header.firstSeq)
      }
      let reader = try store.reader(summary, transaction, decompressor)
      let pieces = try reader.blockPieces()
      guard BlockSummary.fits(summary, pieces) else {
        throw DamageError(what: "block index does not fit the block", firstSeq: header.firstSeq)
      }
      let soFarNs =
        min(before.minTimeNs, header.minTimeNs)...max(before.maxTimeNs, header.maxTimeNs)
      guard summary.timesSoFarNs == soFarNs || !isWhole else {
        throw DamageError(
          what: "block index: the stream's times so far are not those of its blocks",
          firstSeq: header.firstSeq)
      }
      guard try store.times.has(summary, transaction) else {
        throw DamageError(what: "index by time does not have the block", firstSeq: header.firstSeq)
      }
      for section in header.sections { try reader.withSection(section) { _ in } }
      if header.firstSeq > horizon {
        _ = try DocumentRenderer.documents(reader, columns: columns, program: program)
        try ids?.add(reader)
      }
      let times = ClockCheck.needsTimes(header, of: stream) ? try reader.times(.times) : []
      guard times.isEmpty || times.count == header.eventCount else { throw reader.damage }
      return (summary.byteCount, pieces, times)
    }
    self.ids = ids
    let size = read?.size
    coverage.add(read?.pieces, orAllOf: header)
    if let read {
      for piece in read.pieces { sources.add(piece, ofStream: header.streamId) }
      if let damage = clocks.add(read.pieces, read.times, of: stream) {
        report.damages.append(damage)
      }
    } else {
      isLogWhole = false
    }
    report.blocks += 1
    report.events += UInt64(header.eventCount)
    report.bytes += size ?? 0
    var sum = totals[header.streamId] ?? StreamTotals()
    sum.events += UInt64(header.eventCount)
    sum.facts += UInt64(header.factCount)
    sum.originalBytes += header.originalBytes
    sum.blockBytes += UInt64(size ?? 0)
    sum.minTimeNs = min(sum.minTimeNs, header.minTimeNs)
    sum.maxTimeNs = max(sum.maxTimeNs, header.maxTimeNs)
    sum.widestBlockNs = max(
      sum.widestBlockNs, header.minTimeNs.distance(toLater: header.maxTimeNs))
    totals[header.streamId] = sum
  }
}
