import Bytes
import Checksum
import LMDB

/// How far a source has been read into a stream.
public struct SourceState: Sendable, Equatable {
  /// The position after the last committed batch.
  public var endPosition: Int64 = 0
  /// How far its event time has got.
  public var reach = SourceReach()
  public var events: UInt64 = 0
  public var lastReceivedNs: Int64 = 0
  /// Nothing more is expected of it, so the stream does not wait for it.
  public var isClosed = false
  /// It was opened, and no event of it has counted since.
  public var isAwaited = false

  /// The greatest event time that counts; nil before the first.
  public var watermarkNs: Int64? { reach.timeNs }

  /// Whether it is a source of the stream that has not ended. One whose documents were all rejected is none.
  public var isOpen: Bool { !isClosed && (isAwaited || events > 0) }

  /// Takes note that events are expected of it, at `openedNs` by the wall clock.
  mutating func open(at openedNs: Int64) {
    (isClosed, isAwaited, lastReceivedNs) = (false, true, openedNs)
  }

  /// Takes note of new events, of which ``reach`` is told already.
  mutating func add(events count: Int) {
    if count == 0 { return }
    events += UInt64(count)
    isClosed = false
    if reach.timeNs != nil { isAwaited = false }
  }

  /// Takes note that nothing more is expected of it, now that it has reached `reachNs`.
  mutating func close(at reachNs: Int64?) {
    (isClosed, isAwaited) = (true, false)
    if let reachNs { reach.end(at: reachNs) }
  }

  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(signedVarint: endPosition)
    bytes.append(optional: watermarkNs)
    bytes.append(varint: events)
    bytes.append(signedVarint: lastReceivedNs)
    bytes.append((isClosed ? Self.closedFlag : 0) | (isAwaited ? Self.awaitedFlag : 0))
    bytes.append(varint: UInt64(reach.doubted.count))
    for doubted in reach.doubted {
      bytes.append(varint: doubted.seq)
      bytes.append(signedVarint: doubted.timeNs)
      bytes.append(signedVarint: doubted.aheadNs)
    }
    return bytes.sealed()
  }

  private static let closedFlag: UInt8 = 1
  private static let awaitedFlag: UInt8 = 2

  init() {}

  init(_ value: RawSpan) throws {
    guard let body = value.unsealed else { throw DamageError(what: "state of a source") }
    var reader = ByteReader(body)
    endPosition = try reader.signedVarint()
    reach.timeNs = try reader.optional()
    events = try reader.varint()
    lastReceivedNs = try reader.signedVarint()
    let flags = try reader.integer(UInt8.self)
    (isClosed, isAwaited) = (flags & Self.closedFlag > 0, flags & Self.awaitedFlag > 0)
    for _ in 0..<(try reader.count(limit: SourceReach.confirmations)) {
      reach.doubted.append(
        SourceReach.Doubted(
          seq: try reader.varint(), timeNs: try reader.signedVarint(),
          aheadNs: try reader.signedVarint()))
    }
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
