import LMDB

extension CommitState {
  /// Ids that are sorted and written at a time when a stream's are indexed anew.
  static let maxEntries = 131_072

  /// Applies an alteration in the commit of its record, whose seq is `seq`. What the stream is then is in ``altered``.
  mutating func apply(
    _ alteration: Alteration, through seq: UInt64, _ tables: LogTables,
    _ participants: CommitParticipants, _ transaction: inout WriteTransaction
  ) throws {
    let id = alteration.streamId
    let store = BlockStore(tables)
    try alteration.check(totals[id] ?? StreamTotals(), store, transaction.reading)
    let stream =
      alteration.readsAnew
      ? try readAnew(alteration, at: seq, tables, &transaction)
      : try stream(after: alteration, tables, &transaction)
    altered[id] = .some(alteration.isDrop ? nil : stream)
    if alteration.changesIds && !alteration.readsAnew || alteration.isDrop {
      try index.removeRuns(ofStream: id, &transaction)
      if !alteration.isDrop { try indexIds(of: stream, store, &transaction) }
      totals[id, default: StreamTotals()].indexedSeq = seq
      try write(totals[id] ?? StreamTotals(), id, tables, &transaction)
    }
    if alteration.isDrop { return }
    for participant in participants.all {
      participant.alter(stream.definition, readsAnew: alteration.readsAnew)
    }
  }

  /// Columns and shapes keep their numbers. Those that only batches on their way have learned, which fail, are
  /// forgotten; all are when facts come from other places, as there is no event then.
  private mutating func stream(
    after alteration: Alteration, _ tables: LogTables, _ transaction: inout WriteTransaction
  ) throws -> EventStream {
    let (id, definition) = (alteration.streamId, alteration.definition)
    let state = alteration.before.schema.snapshot()
    if alteration.movesFacts, totals[id]?.events ?? 0 == 0 {
      try forgetLearned(ofStream: id, tables, &transaction)
      return EventStream(definition: definition, schema: StreamSchema())
    }
    let (columns, shapes) = learnedCounts(ofStream: id)
    return EventStream(
      definition: definition,
      schema: StreamSchema(
        columns: Array(state.columns.prefix(columns)),
        shapes: Array(state.trie.shapes.prefix(shapes)),
        fieldsWithoutColumn: state.fieldsWithoutColumn.sorted(), of: definition))
  }

  private mutating func indexIds(
    of stream: EventStream, _ store: BlockStore, _ transaction: inout WriteTransaction
  ) throws {
    let id = stream.definition.id
    if stream.definition.idPaths.isEmpty { return }
    if let horizon = totals[id]?.prunedSeq, horizon > 0 {
      throw PrunedError(stream: stream.name, prunedSeq: horizon)
    }
    let length = DedupIndex.partitionNs(stream.definition)
    var entries: [IdEntry] = []
    for summary in try store.summaries(ofStream: id, transaction.reading) {
      let block = try BlockIds(summary, of: stream, store, transaction.reading)
      for row in 0..<block.count {
        guard let hash = block.hash(row) else { continue }
        entries.append(
          IdEntry(
            hash: hash, seq: block.seqs[row],
            partition: block.times[row].flooredQuotient(length)))
      }
      if entries.count >= Self.maxEntries {
        try index.add(entries, streamId: id, &transaction)
        entries = []
      }
    }
    try index.add(entries, streamId: id, &transaction)
  }
}
