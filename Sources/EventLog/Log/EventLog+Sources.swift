import LMDB
import Model

extension EventLog {
  /// Takes note that nothing more is expected of some sources: the stream's watermark does not wait for them. That is
  /// itself on record, an event of ``StreamDefinition/closings`` for each, in one commit. Passes over sources that are closed
  /// already or have no event. One whose events all have times that do not count is closed like others: an alteration of
  /// the stream may read them so that they do.
  package func closeSources(_ sources: [String], of stream: EventStream) throws {
    let id = stream.definition.id
    try close(stream, "end") { transaction in
      try sources.compactMap { name -> OpenSource? in
        guard let state = try SourceState.find(id, name, tables, transaction) else { return nil }
        return state.isClosed || state.events == 0 ? nil : (name, state.reach.atEndNs)
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

  private typealias OpenSource = (name: String, reachNs: Int64?)

  /// Closes the stream's sources that have brought nothing for `idleNs` of wall clock.
  /// O(open sources).
  package func closeIdleSources(of stream: EventStream, idleNs: Int64) throws {
    let now = clock()
    try close(stream, "idle") { transaction in
      try SourceState.open(stream.definition.id, tables, transaction).compactMap {
        (name, state) -> OpenSource? in
        let isIdle = now.saturatingSubtracting(state.lastReceivedNs) > idleNs
        return isIdle && state.events > 0 ? (name, state.reach.atEndNs) : nil
      }
    }
  }

  /// Closes what `find` finds. An alteration that reads events anew changes how far sources have got: it waits, or this
  /// does.
  private func close(
    _ stream: EventStream, _ reason: String,
    _ find: (borrowing ReadTransaction) throws -> [OpenSource]
  ) throws {
    try defining.withLock {
      try record(closingsOf: environment.read { try find($0) }, stream, reason)
    }
  }

  private func record(
    closingsOf sources: [OpenSource], _ stream: EventStream, _ reason: String
  ) throws {
    if sources.isEmpty { return }
    let now = clock()
    let documents = sources.map {
      SourceClosing(stream: stream.name, source: $0.name, reachNs: $0.reachNs, closedNs: now)
        .document(reason: reason)
    }
    let ends = sources.map {
      SourceEnd(
        key: SourceKey(streamId: stream.definition.id, name: $0.name), reachNs: $0.reachNs,
        closedNs: now)
    }
    _ = try append(documents, to: system(.closings), actor: "nilo", closing: ends)
  }
}
