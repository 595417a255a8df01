import LMDB
import Model

extension EventLog {
  /// Bytes of blocks of a stream that is read anew at most: LMDB keeps what a commit writes in memory until its end.
  package static let maxBytesReadAnew: UInt64 = 1 << 30

  /// Changes what a stream is, from the next event on; the change is an event of the catalogue. Ids of events before
  /// are indexed anew when the dedup id changes. Gives the definition as it is then.
  ///
  /// When times or facts are found elsewhere from now on, the documents of all events are read anew in the same commit.
  /// When only times are read otherwise, and all of them give what they gave, nothing of before is touched.
  ///
  /// Throws ``UnknownStreamError``, ``StreamDefinitionError``, or ``StreamAlterationError`` when a document would be no
  /// event any more, or has to be read anew and `mayReadAnew` is false. Batches that other threads are appending to the
  /// stream meanwhile may fail with ``StreamAlteredError``. O(bytes of the stream) when documents are read anew, O(ids of
  /// the stream) when the dedup id changes, else O(blocks).
  @discardableResult
  package func alter(
    _ name: String, actor: String, mayReadAnew: Bool = true,
    _ change: (inout StreamDefinition) throws -> Void
  ) throws -> StreamDefinition {
    try defining.withLock {
      let before = try existing(name)
      var definition = before.definition
      try change(&definition)
      definition = try definition.checked()
      if definition == before.definition { return definition }
      definition.version += 1
      let alteration = Alteration(before: before, definition: definition)
      if mayReadAnew, alteration.movesFacts {
        try recordReadingAnew(alteration, actor)
      } else {
        try record(alteration, "alter_stream", actor)
      }
      return stream(named: name)?.definition ?? definition
    }
  }

  /// A commit that is refused takes others with it. So all documents are read once before, and those that have come
  /// meanwhile while no other can come.
  private func recordReadingAnew(_ alteration: Alteration, _ actor: String) throws {
    var read = EventsRead(hasSameTimes: alteration.onlyMovesReading)
    try requireReadable(alteration, &read)
    try holdingOff(alteration.streamId) {
      try requireReadable(alteration, &read)
      var alteration = alteration
      if read.lastSeq != nil {
        (alteration.keepsFacts, alteration.readsAnew) = (read.hasSameTimes, !read.hasSameTimes)
      }
      try record(alteration, "alter_stream", actor)
    }
  }

  /// The events that were read by a definition to be.
  private struct EventsRead {
    /// The last of them; nil when none has to be read.
    var lastSeq: UInt64?
    /// Whether all give the times and facts that they have.
    var hasSameTimes: Bool
  }

  /// Reads the events after those that were read. Throws ``StreamAlterationError`` when the document of one is none by the
  /// definition to be. O(bytes).
  private func requireReadable(_ alteration: Alteration, _ events: inout EventsRead) throws {
    let id = alteration.streamId
    var rereader = try BlockRereader(
      from: alteration.before,
      to: EventStream(definition: alteration.definition, schema: StreamSchema()))
    let blockBytes: UInt64? = try environment.read { transaction in
      let totals = try StreamTotals.read(id, tables, transaction) ?? StreamTotals()
      let isNeeded = try alteration.firstMovedSeq(totals, store, transaction) != nil
      if isNeeded, totals.prunedSeq > 0 {
        throw PrunedError(stream: alteration.definition.name, prunedSeq: totals.prunedSeq)
      }
      return isNeeded ? totals.blockBytes : nil
    }
    guard let blockBytes else { return }
    guard blockBytes <= Self.maxBytesReadAnew else {
      throw StreamAlterationError.tooLarge(alteration.definition.name, blockBytes)
    }
    let path = alteration.definition.explodePath
    let isOtherArray =
      events.lastSeq ?? 0 == 0 && path != nil && path != alteration.before.definition.explodePath
    var hasElements = false
    var last = events.lastSeq ?? 0
    while true {
      // A transaction for each block: a writer that has to grow the map waits for readers.
      let read: UInt64? = try environment.read { transaction in
        guard
          let next = try store.summaries(ofStream: id, from: last + 1, limit: 1, transaction).first
        else { return nil }
        let (batch, _, hasSameTimes) = try rereader.read(next, store, transaction)
        hasElements = hasElements || batch.hasElements
        events.hasSameTimes = events.hasSameTimes && hasSameTimes
        return next.lastSeq
      }
      guard let read else {
        if isOtherArray, !hasElements, let path {
          throw StreamAlterationError.noArray(alteration.definition.name, path)
        }
        events.lastSeq = last
        return
      }
      last = read
      try Cancellation.check()
      releaseMemory()
    }
  }

  /// Takes a stream without events out of the catalogue. Throws ``StreamAlterationError`` when it has some.
  package func drop(_ name: String, actor: String) throws {
    try defining.withLock {
      let before = try existing(name)
      try record(
        Alteration(before: before, definition: before.definition, isDrop: true), "drop_stream",
        actor)
    }
  }

  private func existing(_ name: String) throws -> EventStream {
    guard let stream = stream(named: name) else {
      throw UnknownStreamError(name: name, known: streams.map(\.name).sorted())
    }
    return stream
  }

  /// The check here spares those who append meanwhile a commit that fails; that of the commit decides.
  private func record(_ alteration: Alteration, _ change: String, _ actor: String) throws {
    try environment.read { transaction in
      let value = try transaction.get(tables.totals, Key().appending(alteration.streamId))
      let totals = if let value { try StreamTotals(value) } else { StreamTotals() }
      try alteration.check(totals, store, transaction)
    }
    for participant in participants.all {
      try participant.check(alteration.definition, isDrop: alteration.isDrop)
    }
    let document = alteration.definition.document(
      change: change, readsAnew: alteration.readsAnew, receivedNs: clock())
    _ = try append([document], to: system(.catalogue), actor: actor, altering: alteration)
  }
}

extension ParsedBatch {
  /// Whether an event has an element in the array that explodes.
  fileprivate var hasElements: Bool {
    if factCounts.contains(where: { $0 > 1 }) { return true }
    if factShapes.contains(where: { $0 != Int64(Shape.none) }) { return true }
    let infos = schema.snapshot().columns
    return columns.indices.contains { infos[$0].isElement && !columns[$0].values.isEmpty }
  }
}

extension StreamAlterationError {
  fileprivate static func tooLarge(_ name: String, _ byteCount: UInt64) -> StreamAlterationError {
    let limit = EventLog.maxBytesReadAnew >> 20
    return StreamAlterationError(
      "stream \(name) has \(byteCount >> 20) MiB of blocks, and \(limit) MiB are the most that are read "
        + "anew, in the memory of one commit; define another stream, and read its documents into it: "
        + "nilo events --stream \(name) | nilo ingest --stream NAME -")
  }

  fileprivate static func noArray(_ name: String, _ path: String) -> StreamAlterationError {
    StreamAlterationError(
      "no event of stream \(name) has an array with elements at \(path), so there is nothing to explode; "
        + "nothing was changed")
  }
}
