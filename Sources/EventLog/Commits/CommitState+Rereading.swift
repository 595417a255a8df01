import LMDB

extension CommitState {
  /// Reads all events of a stream by its definition of now, in the commit of its alteration, whose seq is `seq`. Each
  /// block keeps its place, its documents and what came in together; times, facts, watermarks and ids are new. Gives the
  /// stream as it is then.
  ///
  /// Throws ``StreamAlterationError`` when a document is no event any more. O(bytes of the stream), of which one block is
  /// in memory at a time; but LMDB keeps what is written until the commit.
  mutating func readAnew(
    _ alteration: Alteration, at seq: UInt64, _ tables: LogTables,
    _ transaction: inout WriteTransaction
  ) throws -> EventStream {
    var definition = alteration.definition
    definition.factsSinceSeq = seq
    let id = definition.id
    let stream = EventStream(definition: definition, schema: StreamSchema())
    let store = BlockStore(tables)
    try forgetLearned(ofStream: id, tables, &transaction)
    try index.removeRuns(ofStream: id, &transaction)
    var rereader = try BlockRereader(from: alteration.before, to: stream)
    let own = try Catalogue.stream(.closings, tables, transaction.reading)
    let turns = try SourceTurns(of: own, store, transaction.reading)[definition]
    var replay = StreamReplay(turns, latenessNs: definition.latenessNs)
    var entries: [IdEntry] = []
    var counted = totals[id] ?? StreamTotals()
    counted.forgetFacts()
    for summary in try store.summaries(ofStream: id, transaction.reading) {
      let (batch, stored, _) = try rereader.read(summary, store, transaction.reading)
      var (pieces, start) = ([BlockPiece](), 0)
      for piece in stored {
        for mark in replay.turn(before: piece.firstSeq, of: id) {
          try mark.write(tables, &transaction)
        }
        pieces.append(replay.judge(piece, batch.times[start..<start + piece.eventCount]))
        start += piece.eventCount
      }
      let block = try rereader.encode(batch, pieces)
      try store.replace(summary, by: block, pieces, after: counted.timesNs, &transaction)
      counted.add(factsOf: block)
      entries += batch.idEntries(pieces)
      if entries.count >= Self.maxEntries {
        try index.add(entries, streamId: id, &transaction)
        entries = []
      }
    }
    try index.add(entries, streamId: id, &transaction)
    for mark in replay.turn(before: .max, of: id) { try mark.write(tables, &transaction) }
    counted.factsSinceSeq = seq
    counted.indexedSeq = seq
    totals[id] = counted
    set(replay.clock, ofStream: id)
    try write(totals[id] ?? counted, id, tables, &transaction)
    try writeLearned(stream, tables, &transaction)
    for (name, state) in try SourceState.all(id, tables, transaction.reading) {
      var state = state
      state.reach = replay.reach(of: name)
      // What counted may not count any more.
      state.isAwaited = state.isAwaited || replay.clock.expects(name)
      try state.write(id, name, tables, &transaction)
    }
    return stream
  }

  /// Deletes columns and shapes of a stream, which no block has.
  mutating func forgetLearned(
    ofStream id: UInt32, _ tables: LogTables, _ transaction: inout WriteTransaction
  ) throws {
    let prefix = Key().appending(id)
    for table in [tables.columns, tables.shapes] {
      _ = try transaction.deleteRange(table, from: prefix, to: prefix.endOfPrefix, limit: .max)
    }
    forgetLearned(ofStream: id)
  }
}

extension StreamTotals {
  /// Forgets what follows from how events are read.
  fileprivate mutating func forgetFacts() {
    let none = StreamTotals()
    (facts, blockBytes) = (none.facts, none.blockBytes)
    (minTimeNs, maxTimeNs) = (none.minTimeNs, none.maxTimeNs)
    widestBlockNs = none.widestBlockNs
  }
}

extension ParsedBatch {
  /// What the dedup index is to have of the events, whose numbers are those of `pieces`.
  fileprivate func idEntries(_ pieces: [BlockPiece]) -> [IdEntry] {
    if definition.idPaths.isEmpty { return [] }
    let (seqs, length) = (EventSeqs(pieces), DedupIndex.partitionNs(definition))
    return times.indices.compactMap { row in
      if idPlaces[row] == 0 { return nil }
      return IdEntry(
        hash: idHashes[row], seq: seqs[row], partition: times[row].flooredQuotient(length))
    }
  }
}
