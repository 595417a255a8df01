import Bytes
import LMDB
import Model

extension EventLog {
  /// Takes note that nothing more is expected of some sources: the stream's watermark does not wait for them. That is
  /// itself recorded in the catalogue, in one commit. Passes over sources that are closed already or have no event that
  /// counts.
  package func closeSources(_ sources: [String], of stream: EventStream) throws {
    let id = stream.definition.id
    let open = try environment.read { transaction in
      try sources.compactMap { name -> OpenSource? in
        guard let state = try SourceState.find(id, name, tables, transaction) else { return nil }
        return state.isClosed ? nil : state.reach.atEndNs.map { (name, $0) }
      }
    }
    try close(open, stream, "end")
  }

  private typealias OpenSource = (name: String, reachNs: Int64)

  /// Closes the stream's sources that have brought nothing for `idleNs` of wall clock.
  package func closeIdleSources(of stream: EventStream, idleNs: Int64) throws {
    let now = clock()
    let idle = try environment.read { transaction in
      try SourceState.all(stream.definition.id, tables, transaction).compactMap {
        (name, state) -> OpenSource? in
        let isIdle = now.saturatingSubtracting(state.lastReceivedNs) > idleNs
        return state.isClosed || !isIdle ? nil : state.reach.atEndNs.map { (name, $0) }
      }
    }
    try close(idle, stream, "idle")
  }

  private func close(_ sources: [OpenSource], _ stream: EventStream, _ reason: String) throws {
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
    _ = try append(documents, to: catalogueStream, actor: "nilo", closing: ends)
  }
}

extension SourceState {
  /// All sources of a stream. O(sources).
  static func all(
    _ streamId: UInt32, _ tables: LogTables, _ transaction: borrowing ReadTransaction
  ) throws -> [(name: String, state: SourceState)] {
    var sources: [(name: String, state: SourceState)] = []
    var cursor = try transaction.cursor(tables.sources)
    var found = try cursor.seek(atOrAfter: Key().appending(streamId))
    while found, cursor.hasPrefix(Key().appending(streamId)) {
      let source = try read(record: cursor.value)
      let written = key(streamId, source.name)
      guard cursor.key.byteCount == written.byteCount, cursor.hasPrefix(written) else {
        throw DamageError(what: "source \(source.name) of stream \(streamId) has another's key")
      }
      sources.append(source)
      found = try cursor.next()
    }
    return sources
  }

  static func find(
    _ streamId: UInt32, _ name: String, _ tables: LogTables,
    _ transaction: borrowing ReadTransaction
  ) throws -> SourceState? {
    guard let record = try transaction.get(tables.sources, key(streamId, name)) else { return nil }
    let (found, state) = try read(record: record)
    return Text(found) == Text(name) ? state : nil
  }
}
