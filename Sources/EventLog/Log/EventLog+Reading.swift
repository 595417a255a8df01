import Bytes
import LMDB
import Model
import Zstd

/// An event as it is in the log.
public struct LogEvent: Sendable, Equatable {
  public var seq: UInt64
  public var timeNs: Int64
  /// The original document.
  public var bytes: [UInt8]
  /// Where it came from, and where it stood there.
  public var source: String
  public var position: Int64
  public var receivedNs: Int64
  public var actor: String
}

/// There is no stream of that name.
public struct UnknownStreamError: Error, Equatable, CustomStringConvertible {
  public var name: String
  /// The streams there are.
  public var known: [String]
  public var description: String {
    known.isEmpty
      ? "no stream \"\(name)\": the store holds no stream yet"
      : "no stream \"\(name)\"; there are: \(known.joined(separator: ", "))"
  }
}

extension EventLog {
  /// Calls `body` with the stream's events within `seqs` and `times` (nanoseconds, half-open), in order of
  /// sequence numbers, until it returns false. Each block is read in a transaction of its own, so a slow
  /// `body` holds nothing up. O(blocks of the stream + events of the blocks that overlap).
  /// Throws ``UnknownStreamError``, ``PrunedError``, ``DamageError``, and what `body` does.
  public func forEachEvent(
    of name: String, seqs: ClosedRange<UInt64> = 1...UInt64.max, times: Range<Int64>? = nil,
    _ body: (LogEvent) throws -> Bool
  ) throws {
    var next = seqs.lowerBound
    var mapping: UInt64??
    while next <= seqs.upperBound {
      guard let block = try readEvents(of: name, from: next, times) else { return }
      // Documents stay what they are; which of them lie within a range of times does not.
      if times != nil, let mapping, mapping != block.factsSinceSeq {
        throw FactsReadAnewError(name: name)
      }
      mapping = block.factsSinceSeq
      var index = 0
      for piece in block.pieces {
        for seq in piece.firstSeq...piece.lastSeq {
          defer { index += 1 }
          guard seq >= next, times?.contains(block.times[index]) ?? true else { continue }
          if seq > seqs.upperBound { return }
          let event = LogEvent(
            seq: seq, timeNs: block.times[index],
            bytes: Array(block.documents.bytes[block.documents.range(index)]),
            source: piece.source, position: block.positions[index],
            receivedNs: piece.receivedNs, actor: piece.actor)
          if try !body(event) { return }
        }
      }
      next = block.lastSeq + 1
    }
  }

  private struct EventBlock {
    var pieces: [BlockPiece]
    var lastSeq: UInt64
    var times: [Int64]
    var positions: [Int64]
    var documents: BlockDocuments
    var factsSinceSeq: UInt64?
  }

  /// The stream's first block with events from `seq` on that overlaps `times`.
  private func readEvents(
    of name: String, from seq: UInt64, _ times: Range<Int64>?
  ) throws -> EventBlock? {
    try environment.read { transaction in
      let stream = try stream(named: name, transaction)
      let summary = try store.first(ofStream: stream.definition.id, from: seq, transaction) {
        $0.overlaps(times)
      }
      guard let summary else { return nil }
      try requireUnpruned(stream, from: summary.firstSeq, transaction)
      let reader = try store.reader(summary, transaction, ZstdDecompressor())
      let state = stream.schema.snapshot()
      return EventBlock(
        pieces: try reader.blockPieces(), lastSeq: summary.lastSeq,
        times: try reader.times(.times),
        positions: try reader.integers(.positions),
        documents: try DocumentRenderer.documents(
          reader, columns: state.columns, program: ShapeProgram(state.trie.shapes)),
        factsSinceSeq: stream.definition.factsSinceSeq)
    }
  }

  /// The event with this sequence number, of whichever stream; nil when there is none.
  /// O(log blocks), and the block that has it. Throws ``DamageError`` when its block is missing.
  public func event(seq: UInt64) throws -> (stream: String, event: LogEvent)? {
    let name: String? = try environment.read { transaction in
      // Numbers have no gap, so one that was given out is in a block.
      guard try seq > 0 && seq < LogHead.read(tables, transaction).nextSeq else { return nil }
      guard let block = try store.block(with: seq, transaction),
        let stream = try currentStreams(transaction)
          .first(where: { $0.definition.id == block.streamId })
      else { throw DamageError(what: "the block of an event is missing", firstSeq: seq) }
      return stream.name
    }
    guard let name else { return nil }
    var found: LogEvent?
    try forEachEvent(of: name, seqs: seq...seq) {
      found = $0
      return false
    }
    return found.map { (name, $0) }
  }

  /// The last event of all blocks that had been received by then, by the wall clock of the program that received them; 0
  /// when there is none. A clock that was set back makes it one of several. O(streams log² n) in the blocks.
  package func seq(receivedBy timeNs: Int64) throws -> UInt64 {
    try environment.read { transaction in
      let nextSeq = try LogHead.read(tables, transaction).nextSeq
      return try store.streamIds(transaction).reduce(0) { last, id in
        max(last, try store.seq(ofStream: id, receivedBy: timeNs, before: nextSeq, transaction))
      }
    }
  }

  /// Calls `body` with the column at `path` of each of the stream's blocks that overlap `times`
  /// (nanoseconds, half-open), in order. One column's bytes are all that is read. O(blocks + values).
  /// Throws ``UnknownStreamError``, ``PrunedError``, ``DamageError``, and what `body` does.
  public func forEachColumn(
    _ path: String, of name: String, times: Range<Int64>? = nil,
    _ body: (FactColumn) throws -> Void
  ) throws {
    let decompressor = ZstdDecompressor()
    var next: UInt64 = 1
    var isFound = true
    var first: EventStream?
    while isFound {
      let column: FactColumn? = try environment.read { transaction in
        let stream = try stream(named: name, transaction)
        first = first ?? stream
        try requireBlocks(of: first ?? stream, transaction)
        let summary = try store.first(ofStream: stream.definition.id, from: next, transaction) {
          $0.overlaps(times)
        }
        guard let summary else { return nil }
        try requireUnpruned(stream, from: summary.firstSeq, transaction)
        var column = try FactColumn(Text(path), summary, stream, store, transaction, decompressor)
        if summary.firstSeq < next {
          // Blocks that were read have been merged with others since.
          column.removeFirst(
            try store.factCount(of: summary, before: next, transaction), firstSeq: next)
        }
        next = summary.lastSeq + 1
        return column
      }
      if let column { try body(column) } else { isFound = false }
    }
  }

  /// Calls `body` with the entries of the ledger's first `pages`, oldest first, until it returns false. O(ledger).
  public func forEachLedgerEntry(
    kind: LedgerEntry.Kind? = nil, stream: String? = nil, pages: UInt64 = .max,
    _ body: (LedgerEntry) throws -> Bool
  ) throws {
    let decompressor = ZstdDecompressor()
    var next: UInt64 = 1
    while next <= pages {
      let page: [LedgerEntry]? = try environment.read { transaction in
        guard let value = try transaction.get(tables.ledger, Key(next)) else {
          if try next >= LogHead.read(tables, transaction).nextLedgerPage { return nil }
          throw DamageError(what: "page \(next) of the ledger is missing")
        }
        return try LedgerPage.decode(value, decompressor)
      }
      guard let page else { return }
      try Cancellation.check()
      next += 1
      for entry in page
      where (kind == nil || entry.kind == kind) && (stream == nil || entry.stream == stream) {
        if try !body(entry) { return }
      }
    }
  }

  /// The catalogue's documents, in order. O(documents) once, then O(those that are new).
  package func catalogueDocuments(
    _ transaction: borrowing ReadTransaction
  ) throws -> [CatalogueDocument] {
    let own = try systemStream(.catalogue, transaction)
    try requireComplete(own, transaction)
    return try changes.documents(own, committedSeq: committedSeq, store, transaction)
  }

  /// What the stream was after event `seq`. O(documents of the catalogue) where it has been altered since.
  package func definition(
    of stream: EventStream, asOf seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> StreamDefinition {
    if stream.definition.version == 1 { return stream.definition }
    var found: StreamDefinition?
    for document in try catalogueDocuments(transaction) {
      if document.seq > seq, found != nil { break }
      guard let definition = StreamDefinition(document),
        definition.id == stream.definition.id
      else { continue }
      found = definition
    }
    try found?.settleReading()
    return found ?? stream.definition
  }

  // MARK: Streams as of a transaction

  /// The streams as the transaction sees them. A log that another process writes to may have learned more
  /// since it was opened.
  /// O(streams); for such a log O(catalogue) once for each commit that is seen.
  package func currentStreams(_ transaction: borrowing ReadTransaction) throws -> [EventStream] {
    if mode == .readWrite {
      return try StreamDefinition.system.map(system) + streams.map { try seen($0, transaction) }
    }
    let commit = transaction.commitNumber
    if let known = lastRead.withLock({ $0.commit == commit ? $0.streams : nil }) { return known }
    let streams = try Catalogue.load(catalogueDocuments(transaction), tables, transaction).all
    lastRead.withLock { $0 = (commit, streams) }
    return streams
  }

  /// The stream of a name as the transaction sees it; also one of the log's own. Throws ``UnknownStreamError``, and
  /// ``DamageError`` when its block index lacks some of what the totals say: found out once for each stream.
  package func stream(
    named name: String, _ transaction: borrowing ReadTransaction
  ) throws -> EventStream {
    let stream = try find(name, transaction)
    try requireComplete(stream, transaction)
    return stream
  }

  private func find(
    _ name: String, _ transaction: borrowing ReadTransaction
  ) throws -> EventStream {
    if let definition = StreamDefinition.system.first(where: { $0.name == name }) {
      return try systemStream(definition, transaction)
    }
    if mode == .readWrite, let stream = stream(named: name) { return try seen(stream, transaction) }
    let streams = try currentStreams(transaction)
    guard let stream = streams.first(where: { $0.name == name }) else {
      let known = streams.lazy.filter { !$0.definition.isSystem }.map(\.name)
      throw UnknownStreamError(name: name, known: known.sorted())
    }
    return stream
  }

  /// The stream as the transaction sees it: its facts may have been read anew since, or the catalogue is about to tell so.
  /// O(1), or O(catalogue) then.
  private func seen(
    _ stream: EventStream, _ transaction: borrowing ReadTransaction
  ) throws -> EventStream {
    if try isOfBlocks(stream, transaction) { return stream }
    let head = try LogHead.read(tables, transaction)
    let documents = try catalogueDocuments(transaction).prefix { $0.seq < head.nextSeq }
    let then = try Catalogue.load(Array(documents), tables, transaction)
    return then.streams.first { $0.definition.id == stream.definition.id } ?? stream
  }

  /// Whether the stream's blocks, as the transaction sees them, are written by its definition.
  private func isOfBlocks(
    _ stream: EventStream, _ transaction: borrowing ReadTransaction
  ) throws -> Bool {
    let definition = stream.definition
    if definition.isSystem { return true }
    let totals = try StreamTotals.read(definition.id, tables, transaction)
    return totals?.factsSinceSeq ?? 0 == definition.factsSinceSeq ?? 0
  }

  /// Throws ``FactsReadAnewError`` when the stream, which was found in an earlier transaction, was altered since so that
  /// its blocks are others. O(1).
  func requireBlocks(
    of stream: EventStream, _ transaction: borrowing ReadTransaction
  ) throws {
    if try !isOfBlocks(stream, transaction) { throw FactsReadAnewError(name: stream.name) }
  }

  /// Throws ``FactsOfBeforeError`` when the facts that the stream had as of event `seq` are not there any more.
  package func requireFacts(of stream: EventStream, asOf seq: UInt64) throws {
    guard let sinceSeq = stream.definition.factsSinceSeq, seq < sinceSeq else { return }
    throw FactsOfBeforeError(name: stream.name, seq: seq, sinceSeq: sinceSeq)
  }

  private func systemStream(
    _ definition: StreamDefinition, _ transaction: borrowing ReadTransaction
  ) throws -> EventStream {
    if mode == .readWrite { return system(definition) }
    return try Catalogue.stream(definition, tables, transaction)
  }
}

extension BlockSummary {
  func overlaps(_ times: Range<Int64>?) -> Bool {
    guard let times else { return true }
    return minTimeNs < times.upperBound && maxTimeNs >= times.lowerBound
  }
}

extension BlockStore {
  /// How many facts of a block are of events before `seq`. O(events).
  fileprivate func factCount(
    of summary: BlockSummary, before seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> Int {
    let reader = try reader(summary, transaction, ZstdDecompressor()) { $0.kind == .factCounts }
    let events = try reader.seqs().count(before: seq)
    let factCounts = try reader.integers(.factCounts)
    return factCounts.isEmpty ? events : factCounts.prefix(events).reduce(0) { $0 + Int($1) }
  }

  /// The stream's last event that had been received by then; 0 when there is none. O(log² n).
  fileprivate func seq(
    ofStream id: UInt32, receivedBy timeNs: Int64, before nextSeq: UInt64,
    _ transaction: borrowing ReadTransaction
  ) throws -> UInt64 {
    // All blocks that begin by `low` had been received, and none that begins after `high`.
    var (low, high, last) = (UInt64(0), nextSeq - 1, UInt64(0))
    while low < high {
      let middle = low + (high - low + 1) / 2
      guard let block = try lastBlock(ofStream: id, beginningBy: middle, transaction) else {
        low = middle
        continue
      }
      if block.receivedNs <= timeNs {
        (low, last) = (max(middle, block.lastSeq), max(last, block.lastSeq))
      } else {
        high = block.firstSeq - 1
      }
    }
    // The one after may have been merged from some that had been received and some that had not.
    let next = try summaries(ofStream: id, from: last + 1, limit: 1, transaction).first
    guard let next, next.isMerged else { return last }
    let pieces = try pieces(of: next, transaction).prefix { $0.receivedNs <= timeNs }
    return pieces.last?.lastSeq ?? last
  }

  /// The stream's first block with events from `seq` on for which `isWanted` holds. O(blocks passed over).
  func first(
    ofStream streamId: UInt32, from seq: UInt64, _ transaction: borrowing ReadTransaction,
    where isWanted: (BlockSummary) -> Bool
  ) throws -> BlockSummary? {
    var next = seq
    // Mostly the next block is wanted.
    var limit = 1
    while true {
      let summaries = try summaries(ofStream: streamId, from: next, limit: limit, transaction)
      if let summary = summaries.first(where: isWanted) { return summary }
      guard let last = summaries.last, summaries.count == limit else { return nil }
      next = last.lastSeq + 1
      limit = 64
    }
  }
}
