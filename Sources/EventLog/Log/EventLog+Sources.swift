import Bytes
import Checksum
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

  /// All sources that a stream ever had, by their names. O(sources).
  /// Throws ``UnknownStreamError``.
  public func sources(ofStream name: String) throws -> [LogStatistics.Source] {
    try environment.read { transaction in
      try SourceState.all(stream(named: name, transaction).definition.id, tables, transaction)
        .map { LogStatistics.Source(name: $0.name, state: $0.state) }
        .sorted { Text($0.name) < Text($1.name) }
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

extension SourceState {
  /// All sources that a stream ever had, the open ones first. O(sources).
  static func all(
    _ streamId: UInt32, _ tables: LogTables, _ transaction: borrowing ReadTransaction
  ) throws -> [(name: String, state: SourceState)] {
    try list(Key().appending(streamId), streamId, tables, transaction)
  }

  /// The sources of a stream that are not closed. O(open sources).
  static func open(
    _ streamId: UInt32, _ tables: LogTables, _ transaction: borrowing ReadTransaction
  ) throws -> [(name: String, state: SourceState)] {
    try list(prefix(streamId, isClosed: false), streamId, tables, transaction)
  }

  private static func list(
    _ prefix: Key, _ streamId: UInt32, _ tables: LogTables,
    _ transaction: borrowing ReadTransaction
  ) throws -> [(name: String, state: SourceState)] {
    var sources: [(name: String, state: SourceState)] = []
    var cursor = try transaction.cursor(tables.sources)
    var found = try cursor.seek(atOrAfter: prefix)
    while found, cursor.hasPrefix(prefix) {
      let source = try read(record: cursor.value)
      let written = key(streamId, source.name, isClosed: source.state.isClosed)
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
    for isClosed in [false, true] {
      let key = key(streamId, name, isClosed: isClosed)
      guard let record = try transaction.get(tables.sources, key) else { continue }
      let (found, state) = try read(record: record)
      guard state.isClosed == isClosed else {
        throw DamageError(what: "source \(found) of stream \(streamId) has another's key")
      }
      if Text(found) == Text(name) { return state }
    }
    return nil
  }

  /// Writes the state in the place of what there was.
  func write(
    _ streamId: UInt32, _ name: String, _ tables: LogTables,
    _ transaction: inout WriteTransaction
  ) throws {
    try transaction.put(
      tables.sources, Self.key(streamId, name, isClosed: isClosed), record(named: name))
    try transaction.delete(tables.sources, Self.key(streamId, name, isClosed: !isClosed))
  }

  private static func prefix(_ streamId: UInt32, isClosed: Bool) -> Key {
    Key().appending(streamId).appending([isClosed ? 1 : 0])
  }

  /// Names can be longer than keys, so the key has the name's hash and the record the name.
  static func key(_ streamId: UInt32, _ name: String, isClosed: Bool) -> Key {
    prefix(streamId, isClosed: isClosed).appending(checksum([UInt8](name.utf8).rawSpan))
  }

  private func record(named name: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(string: name)
    bytes.append(contentsOf: encoded)
    return bytes.sealed()
  }

  /// Reads a record and the source's name.
  static func read(record: RawSpan) throws -> (name: String, state: SourceState) {
    guard let body = record.unsealed else { throw DamageError(what: "state of a source") }
    var reader = ByteReader(body)
    let name = try reader.string()
    return (name, try SourceState(body.extracting(reader.offset..<body.byteCount)))
  }
}
