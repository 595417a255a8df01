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
}

extension BlockStore {
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
}
