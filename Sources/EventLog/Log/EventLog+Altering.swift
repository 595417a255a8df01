import LMDB

extension EventLog {
  /// Changes what a stream is, from the next event on; the change is an event of the catalogue. Ids of events before
  /// are indexed anew when the dedup id changes. Gives the definition as it is then.
  ///
  /// Throws ``UnknownStreamError``, ``StreamDefinitionError``, or ``StreamAlterationError`` when events that are there
  /// would have to be read anew. Batches that other threads are appending to the stream meanwhile fail with
  /// ``StreamAlteredError``. O(ids of the stream) when the dedup id changes, else O(blocks).
  @discardableResult
  package func alter(
    _ name: String, actor: String, _ change: (inout StreamDefinition) throws -> Void
  ) throws -> StreamDefinition {
    try defining.withLock {
      let before = try existing(name)
      var definition = before.definition
      try change(&definition)
      definition = try definition.checked()
      if definition == before.definition { return definition }
      definition.version += 1
      try record(Alteration(before: before, definition: definition), "alter_stream", actor)
      return definition
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
    let document = alteration.definition.document(change: change, receivedNs: clock())
    _ = try append([document], to: system(.catalogue), actor: actor, altering: alteration)
  }
}
