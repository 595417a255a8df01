import LMDB
import Model

extension EventLog {
  /// Takes note that events are expected of some sources: the stream's watermark waits for each until it has brought some that
  /// count, or is closed. That is itself on record, an event of ``StreamDefinition/closings`` for each, in one commit. Passes
  /// over sources that are open already. O(sources log n).
  package func openSources(_ sources: [String], of stream: EventStream) throws {
    try turn(stream, .open, "begin") { id, transaction in
      try sources.compactMap { name -> TurningSource? in
        let state = try SourceState.find(id, name, tables, transaction)
        return state?.isOpen == true ? nil : (name, state?.watermarkNs)
      }
    }
  }

  /// Takes note that nothing more is expected of some sources: the stream's watermark does not wait for them. That is
  /// itself on record, an event of ``StreamDefinition/closings`` for each, in one commit. Passes over sources that are closed
  /// already or have no event and are not expected to. One whose events all have times that do not count is closed like
  /// others: an alteration of the stream may read them so that they do.
  package func closeSources(_ sources: [String], of stream: EventStream) throws {
    try close(sources, of: stream, "end", where: \.isOpen)
  }

  /// Closes those of `sources` of which the stream waits for the first event that counts: there is none. O(sources log n).
  package func closeAwaitedSources(_ sources: [String], of stream: EventStream) throws {
    try close(sources, of: stream, "empty") { $0.isAwaited && !$0.isClosed }
  }

  private func close(
    _ sources: [String], of stream: EventStream, _ reason: String,
    where isToBe: (SourceState) -> Bool
  ) throws {
    try turn(stream, .close, reason) { id, transaction in
      try sources.compactMap { name -> TurningSource? in
        guard let state = try SourceState.find(id, name, tables, transaction) else { return nil }
        return isToBe(state) ? (name, state.reach.atEndNs) : nil
      }
    }
  }

  /// The position after the last batch of a source that a stream has; nil when it has none, or there is no such stream.
  /// O(log n).
  package func endPosition(ofSource source: String, in stream: String) throws -> Int64? {
    guard let known = self.stream(named: stream) else { return nil }
    return try environment.read {
      try SourceState.find(known.definition.id, source, tables, $0)?.endPosition
    }
  }

  private typealias TurningSource = (name: String, reachNs: Int64?)

  /// Closes the stream's sources that have brought nothing for `idleNs` of wall clock.
  /// O(open sources).
  package func closeIdleSources(of stream: EventStream, idleNs: Int64) throws {
    let now = clock()
    try turn(stream, .close, "idle") { id, transaction in
      try SourceState.open(id, tables, transaction).compactMap { (name, state) -> TurningSource? in
        let isIdle = now.saturatingSubtracting(state.lastReceivedNs) > idleNs
        return isIdle && state.isOpen ? (name, state.reach.atEndNs) : nil
      }
    }
  }

  /// Opens or closes what `find` finds. An alteration that reads events anew changes how far sources have got: it waits, or
  /// this does.
  private func turn(
    _ stream: EventStream, _ kind: SourceChange.Kind, _ reason: String,
    _ find: (_ streamId: UInt32, borrowing ReadTransaction) throws -> [TurningSource]
  ) throws {
    let id = stream.definition.id
    try defining.withLock {
      try record(environment.read { try find(id, $0) }, stream, kind, reason)
    }
  }

  private func record(
    _ sources: [TurningSource], _ stream: EventStream, _ kind: SourceChange.Kind, _ reason: String
  ) throws {
    if sources.isEmpty { return }
    let (now, id) = (clock(), stream.definition.id)
    let documents = sources.map {
      SourceChange(
        kind: kind, stream: stream.name, streamId: kind == .open ? id : nil, source: $0.name,
        reachNs: $0.reachNs, changedNs: now
      ).document(reason: reason)
    }
    let turns = sources.map {
      SourceTurn(
        kind: kind, key: SourceKey(streamId: id, name: $0.name), reachNs: $0.reachNs,
        changedNs: now)
    }
    _ = try append(documents, to: system(.closings), actor: "nilo", turning: turns)
  }
}
