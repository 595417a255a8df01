import Bytes
import LMDB
import Zstd

/// What a check found.
public struct CheckReport: Sendable, Equatable {
  public var blocks = 0
  public var events: UInt64 = 0
  public var bytes = 0
  public var ledgerEntries = 0
  public var dedupRuns = 0
  /// Cells of KPIs.
  public var cells = 0
  /// Empty when the log is sound.
  public var damages: [DamageError] = []

  public var isSound: Bool { damages.isEmpty }
}

extension EventLog {
  /// Reads everything and verifies every checksum and invariant: each page of the file, sequence numbers without gap, each block
  /// giving back as many bytes as it took in, block index and totals in step with the blocks, the ledger and the
  /// dedup index readable.
  /// `progress` is told the share done. O(store).
  public func check(progress: (Double) -> Void = { _ in }) throws -> CheckReport {
    let structure = try environment.checkStructure()
    return try environment.read { transaction in
      var check = LogCheck(self)
      check.report.damages = structure.map { DamageError(what: $0.description) }
      try check.run(transaction, progress)
      return check.report
    }
  }

  /// Copies the log into `directory`, compacted, as it is at one commit; writers go on meanwhile. O(store).
  public func copy(to directory: String) throws {
    try environment.copyCompact(to: directory)
  }

  /// Makes the directory of a copy, and removes what an earlier one has left in `leftover`. Throws ``LMDBError`` when
  /// there is a log in `directory`.
  package func prepareCopy(to directory: String, removing leftover: String) throws {
    try Environment.makeDirectory(forCopy: directory)
    try Environment.remove(leftover)
  }

  /// Makes the log in `source`, which nobody has open, that of `directory`.
  package static func move(from source: String, to directory: String) throws {
    try Environment.move(from: source, to: directory)
  }

  /// Removes the log in `directory`, which nobody has open, if there is one.
  package static func remove(_ directory: String) throws { try Environment.remove(directory) }
}

private struct LogCheck {
  let log: EventLog
  var report = CheckReport()
  private var totals: [UInt32: StreamTotals] = [:]
  private let decompressor: ZstdDecompressor?

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
    let catalogue = note {
      try Catalogue.load(
        OwnDocuments(), committedSeq: 0, log.tables, log.store, transaction
      ).all
    }
    let streams = catalogue ?? []
    try checkBlocks(head, catalogue, transaction, progress)
    for stream in streams {
      let stored = note { try StreamTotals.read(stream.definition.id, log.tables, transaction) }
      if let stored { compare(stored ?? StreamTotals(), stream) }
    }
    checkDedup(streams, transaction)
    checkLedger(head, transaction)
    checkSources(transaction)
  }

  /// Runs `body`; damage goes into the report.
  private mutating func note<R>(_ body: () throws -> R) -> R? {
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
    var seq: UInt64 = 1
    while seq < head.nextSeq {
      guard let found = try log.store.firstSeq(ofBlockWith: seq, transaction), found == seq,
        let (header, _) = note({ try log.store.header(seq, transaction) })
      else {
        let next = try nextBlock(after: seq, transaction) ?? head.nextSeq
        report.damages.append(
          DamageError(what: "events are missing", firstSeq: seq, lastSeq: next - 1))
        seq = next
        continue
      }
      if let (stream, program) = programs[header.streamId] {
        checkBlock(header, stream, program, transaction)
      } else if streams == nil {
        checkSections(header, transaction)
      } else {
        report.damages.append(
          DamageError(what: "block of an unknown stream \(header.streamId)", firstSeq: seq))
      }
      seq += UInt64(max(header.eventCount, 1))
      progress(Double(seq) / Double(head.nextSeq))
    }
  }

  /// Checks a block whose stream is not known.
  private mutating func checkSections(
    _ header: BlockHeader, _ transaction: borrowing ReadTransaction
  ) {
    guard let decompressor else { return }
    let store = log.store
    _ = note {
      let summary = try store.summaries(
        ofStream: header.streamId, from: header.firstSeq, limit: 1, transaction
      ).first
      guard let summary, summary.firstSeq == header.firstSeq else {
        throw DamageError(what: "block index does not fit the block", firstSeq: header.firstSeq)
      }
      let reader = try store.reader(summary, transaction, decompressor)
      for section in header.sections { try reader.withSection(section) { _ in } }
    }
    report.blocks += 1
    report.events += UInt64(header.eventCount)
  }

  private func nextBlock(
    after seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> UInt64? {
    var cursor = try transaction.cursor(log.tables.blocks)
    guard try cursor.seek(atOrAfter: Key(seq + 1)) else { return nil }
    return Key.uint64(in: cursor.key, at: 0)
  }

  private mutating func checkBlock(
    _ header: BlockHeader, _ stream: EventStream, _ program: ShapeProgram,
    _ transaction: borrowing ReadTransaction
  ) {
    guard let decompressor else { return }
    let last = header.firstSeq + UInt64(header.eventCount) - 1
    let store = log.store
    let columns = stream.schema.snapshot().columns
    let size = note { () throws -> Int in
      let summary = try store.summaries(
        ofStream: header.streamId, from: header.firstSeq, limit: 1, transaction
      ).first
      guard let summary, summary.firstSeq == header.firstSeq,
        summary.eventCount == header.eventCount, summary.factCount == header.factCount,
        summary.minTimeNs == header.minTimeNs, summary.maxTimeNs == header.maxTimeNs
      else {
        throw DamageError(
          what: "block index does not fit the block", firstSeq: header.firstSeq, lastSeq: last)
      }
      let reader = try store.reader(summary, transaction, decompressor)
      _ = try DocumentRenderer.documents(reader, columns: columns, program: program)
      for section in header.sections { try reader.withSection(section) { _ in } }
      return summary.byteCount
    }
    report.blocks += 1
    report.events += UInt64(header.eventCount)
    report.bytes += size ?? 0
    var sum = totals[header.streamId] ?? StreamTotals()
    sum.events += UInt64(header.eventCount)
    sum.facts += UInt64(header.factCount)
    sum.originalBytes += header.originalBytes
    sum.minTimeNs = min(sum.minTimeNs, header.minTimeNs)
    sum.maxTimeNs = max(sum.maxTimeNs, header.maxTimeNs)
    totals[header.streamId] = sum
  }

  private mutating func compare(_ stored: StreamTotals, _ stream: EventStream) {
    let counted = totals[stream.definition.id] ?? StreamTotals()
    if stored.events != counted.events || stored.facts != counted.facts
      || stored.originalBytes != counted.originalBytes
      || stored.minTimeNs != counted.minTimeNs || stored.maxTimeNs != counted.maxTimeNs
    {
      report.damages.append(DamageError(what: "totals of stream \(stream.name)"))
    }
  }

  private mutating func checkDedup(
    _ streams: [EventStream], _ transaction: borrowing ReadTransaction
  ) {
    let tables = log.tables
    let index = note { () throws -> DedupIndex in
      let index = try DedupIndex(transaction, table: tables.dedup)
      try index.check(transaction)
      return index
    }
    report.dedupRuns = index?.runs.values.reduce(0) { $0 + $1.count } ?? 0
  }

  private mutating func checkLedger(
    _ head: LogHead, _ transaction: borrowing ReadTransaction
  ) {
    guard let decompressor else { return }
    let tables = log.tables
    for page in 1..<max(head.nextLedgerPage, 1) {
      let count = note { () throws -> Int in
        guard let value = try transaction.get(tables.ledger, Key(page)) else {
          throw DamageError(what: "page \(page) of the ledger is missing")
        }
        return try LedgerPage.decode(value, decompressor).count
      }
      report.ledgerEntries += count ?? 0
    }
  }

  private mutating func checkSources(_ transaction: borrowing ReadTransaction) {
    let tables = log.tables
    _ = note {
      var cursor = try transaction.cursor(tables.sources)
      var found = try cursor.seekFirst()
      while found {
        _ = try SourceState.read(record: cursor.value)
        found = try cursor.next()
      }
    }
  }
}
