import Bytes
import LMDB
import Model

extension EventLog {
  /// Takes note that nothing more is expected of some sources: the stream's watermark does not wait for them. That is
  /// itself recorded in the catalogue, in one commit. Passes over sources that are closed already or have no event.
  package func closeSources(_ sources: [String], of stream: EventStream) throws {
    let id = stream.definition.id
    let open = try environment.read { transaction in
      try sources.filter { name in
        guard let state = try SourceState.find(id, name, tables, transaction) else { return false }
        return !state.isClosed && state.watermarkNs != nil
      }
    }
    try close(open, stream, "end")
  }

  /// Closes the stream's sources that have brought nothing for `idleNs` of wall clock.
  package func closeIdleSources(of stream: EventStream, idleNs: Int64) throws {
    let now = clock()
    let idle = try environment.read { transaction in
      try SourceState.all(stream.definition.id, tables, transaction).filter {
        !$0.state.isClosed && $0.state.watermarkNs != nil
          && now.saturatingSubtracting($0.state.lastReceivedNs) > idleNs
      }
    }
    try close(idle.map(\.name), stream, "idle")
  }

  private func close(_ sources: [String], _ stream: EventStream, _ reason: String) throws {
    if sources.isEmpty { return }
    let now = clock()
    let documents = sources.map {
      SourceClosing(stream: stream.name, source: $0).document(reason: reason, receivedNs: now)
    }
    let keys = sources.map { SourceKey(streamId: stream.definition.id, name: $0) }
    _ = try append(documents, to: catalogueStream, actor: "nilo", closing: keys)
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
      sources.append(try read(record: cursor.value))
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
    return found == name ? state : nil
  }
}
