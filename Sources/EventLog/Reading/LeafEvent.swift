import LMDB
import Model
import Zstd

/// An event with all that the tree over the log has of it.
package struct LeafEvent {
  package var seq: UInt64
  package var stream: String
  /// As its stream read it when the event came, whatever the stream reads now.
  package var timeNs: Int64
  package var receivedNs: Int64
  package var source: String
  package var position: Int64
  package var actor: String
  /// The original bytes.
  package var document: ArraySlice<UInt8>
}

extension EventLog {
  /// Calls `body` with the events `seqs` of all streams, one stream after the other, each in order. What cannot be read is told
  /// to `damaged`, and the rest is read all the same: so it does not ask whether a stream has all that its totals say.
  ///
  /// Each block is read in a transaction of its own. O(streams log n + bytes of the blocks that have such events).
  package func forEachLeafEvent(
    _ seqs: ClosedRange<UInt64>, damaged: (DamageError) throws -> Void,
    _ body: (LeafEvent) throws -> Void
  ) throws {
    for id in try environment.read({ try currentStreams($0).map(\.definition.id) }) {
      var next = seqs.lowerBound
      while next <= seqs.upperBound,
        let read = try environment.read({ try leafBlock(ofStream: id, from: next, $0) }),
        read.summary.firstSeq <= seqs.upperBound
      {
        switch read.block {
        case .success(let block): try block.forEach(seqs, body)
        case .failure(let damage): try damaged(damage)
        }
        next = max(next, read.summary.lastSeq) + 1
      }
    }
  }

  private typealias ReadLeaves = (summary: BlockSummary, block: Result<LeafBlock, DamageError>)

  /// The stream's first block with events from `seq` on.
  private func leafBlock(
    ofStream id: UInt32, from seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> ReadLeaves? {
    let summary = try store.summaries(ofStream: id, from: seq, limit: 1, transaction).first
    guard let summary,
      let stream = try currentStreams(transaction).first(where: { $0.definition.id == id })
    else { return nil }
    do {
      return (summary, .success(try leafBlock(summary, stream, transaction)))
    } catch let damage as DamageError {
      return (summary, .failure(damage))
    }
  }

  private func leafBlock(
    _ summary: BlockSummary, _ stream: EventStream, _ transaction: borrowing ReadTransaction
  ) throws -> LeafBlock {
    try requireUnpruned(stream, from: summary.firstSeq, transaction)
    let reader = try store.reader(summary, transaction, ZstdDecompressor())
    let state = stream.schema.snapshot()
    var block = LeafBlock(
      stream: stream.name, pieces: try reader.blockPieces(), times: try reader.times(.times),
      positions: try reader.integers(.positions),
      documents: try DocumentRenderer.documents(
        reader, columns: state.columns, program: ShapeProgram(state.trie.shapes)))
    guard block.times.count == summary.eventCount, block.positions.count == summary.eventCount,
      block.documents.ends.count == summary.eventCount
    else { throw reader.damage }
    if let since = stream.definition.factsSinceSeq, summary.firstSeq < since {
      for piece in block.piecePlaces where block.pieces[piece.index].firstSeq < since {
        let seq = block.pieces[piece.index].firstSeq
        try block.readTimes(
          of: piece.events, by: definition(of: stream, asOf: seq, transaction), firstSeq: seq)
      }
    }
    return block
  }
}

private struct LeafBlock {
  var stream: String
  var pieces: [BlockPiece]
  var times: [Int64]
  var positions: [Int64]
  var documents: BlockDocuments

  /// The places of each piece's events.
  var piecePlaces: [(index: Int, events: Range<Int>)] {
    var end = 0
    return pieces.indices.map { index in
      defer { end += pieces[index].eventCount }
      return (index, end..<end + pieces[index].eventCount)
    }
  }

  /// Reads the times of some documents by what their stream was once.
  mutating func readTimes(
    of events: Range<Int>, by definition: StreamDefinition, firstSeq: UInt64
  ) throws {
    var parser = BatchParser(definition: definition, schema: StreamSchema(), timeWords: .clauses)
    let ranges = events.map { index in
      let range = documents.range(index)
      return DocumentRange(
        start: UInt32(range.lowerBound), byteCount: UInt32(range.count), position: Int64(index))
    }
    let batch = parser.parse(
      DocumentBatch(bytes: documents.bytes, documents: ranges, endPosition: 0),
      range: 0..<ranges.count)
    guard batch.times.count == events.count else {
      throw DamageError(
        what: "a document does not have the time that stream \(stream) read when it came",
        firstSeq: firstSeq)
    }
    times.replaceSubrange(events, with: batch.times)
  }

  func forEach(_ seqs: ClosedRange<UInt64>, _ body: (LeafEvent) throws -> Void) throws {
    for (index, events) in piecePlaces {
      let piece = pieces[index]
      for place in events {
        let seq = piece.firstSeq + UInt64(place - events.lowerBound)
        guard seqs.contains(seq) else { continue }
        try body(
          LeafEvent(
            seq: seq, stream: stream, timeNs: times[place], receivedNs: piece.receivedNs,
            source: piece.source, position: positions[place], actor: piece.actor,
            document: documents.bytes[documents.range(place)]))
      }
    }
  }
}
