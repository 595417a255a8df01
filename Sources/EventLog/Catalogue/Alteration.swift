import Bytes
import LMDB
import Zstd

/// A change of a stream's definition, on its way into the log.
struct Alteration: Sendable {
  /// The stream as it was: what was learned of it stays.
  var before: EventStream
  /// What it is from now on; of a stream that is dropped, what it was.
  var definition: StreamDefinition
  var isDrop = false
  /// The commit reads the facts of all events anew.
  var readsAnew = false
  /// All events were read by the definition to be, and give the times and facts that they have.
  var keepsFacts = false

  var streamId: UInt32 { definition.id }

  /// Whether an event's time or its facts would be read from other places of its document.
  var movesFacts: Bool {
    !definition.timePath.isPath(before.definition.timePath)
      || definition.timeReading != before.definition.timeReading
      || !Self.isSame(definition.explodePath, before.definition.explodePath)
      || !Self.isSame(definition.elementTimePath, before.definition.elementTimePath)
  }

  var changesIds: Bool {
    definition.idPaths != before.definition.idPaths
      || definition.dedupWindowNs != before.definition.dedupWindowNs
  }

  /// Whether nothing but a time of elements is added.
  private var onlyAddsElementTime: Bool {
    hasSamePlaces && definition.timeReading == before.definition.timeReading
      && before.definition.elementTimePath == nil
  }

  /// Whether times and facts are found where they were: then all that can differ is how the times are read.
  var onlyMovesReading: Bool {
    hasSamePlaces
      && Self.isSame(definition.elementTimePath, before.definition.elementTimePath)
  }

  private var hasSamePlaces: Bool {
    definition.timePath.isPath(before.definition.timePath)
      && Self.isSame(definition.explodePath, before.definition.explodePath)
  }

  private static func isSame(_ one: String?, _ other: String?) -> Bool {
    one == nil ? other == nil : one!.isPath(other)
  }

  /// Throws ``StreamAlterationError`` when events would be lost, or would have to be read anew and are not.
  /// O(blocks of the stream).
  func check(
    _ totals: StreamTotals, _ store: BlockStore, _ transaction: borrowing ReadTransaction
  ) throws {
    if totals.events == 0 || readsAnew || keepsFacts { return }
    let name = definition.name
    if isDrop {
      throw StreamAlterationError(
        "stream \(name) has \(totals.events) events, and events are never lost: only an empty stream "
          + "can be dropped")
    }
    if let seq = try firstMovedSeq(totals, store, transaction) {
      throw StreamAlterationError(
        "stream \(name) has events since seq \(seq) whose times and facts were read as it says now; "
          + "alter it by a statement of its own: ALTER STREAM reads them anew")
    }
  }

  /// The first event whose time or facts would be others; nil when there is none. O(blocks of the stream).
  func firstMovedSeq(
    _ totals: StreamTotals, _ store: BlockStore, _ transaction: borrowing ReadTransaction
  ) throws -> UInt64? {
    guard movesFacts, totals.events > 0 else { return nil }
    guard onlyAddsElementTime, let path = definition.elementTimePath else {
      return try store.summaries(ofStream: streamId, limit: 1, transaction).first?.firstSeq
    }
    let columns = before.schema.snapshot().columns
    let numbers = columns.indices.filter {
      columns[$0].isElement && columns[$0].path == Text(path)
    }
    return try store.firstSeq(withColumns: numbers, of: before, transaction)
      ?? store.firstSeqOfWhole(ofStream: streamId, transaction)
  }
}

/// A stream cannot be altered or dropped so.
public struct StreamAlterationError: Error, Equatable, CustomStringConvertible {
  public var description: String
  /// `description` says why, and what to do instead.
  package init(_ description: String) { self.description = description }
}

/// A stream's facts were read anew while a statement read them.
public struct FactsReadAnewError: Error, Equatable, CustomStringConvertible {
  public var name: String
  package init(name: String) { self.name = name }

  public var description: String {
    "stream \(name) was altered while its facts were read, and they are read by another mapping now; "
      + "ask again"
  }
}

/// The facts of a stream as of before an alteration that read them anew.
public struct FactsOfBeforeError: Error, Equatable, CustomStringConvertible {
  public var name: String
  /// What was asked for.
  public var seq: UInt64
  /// The alteration.
  public var sinceSeq: UInt64
  public var description: String {
    "stream \(name) was altered at seq \(sinceSeq), and the facts of all of its events are read by the "
      + "mapping of now: there are none as of seq \(seq). Ask AS OF SEQ \(sinceSeq) or later, or take "
      + "the documents with nilo events"
  }
}

/// A stream was altered while documents for it were on their way; none of the batch is stored.
public struct StreamAlteredError: Error, Equatable, CustomStringConvertible {
  public var name: String
  public var description: String {
    "stream \(name) was altered meanwhile, and this batch was not stored; append it again"
  }
}

extension BlockStore {
  /// The first event of the first block that keeps a document whole, in which values without a column may be; nil when
  /// none does. O(blocks of the stream).
  func firstSeqOfWhole(
    ofStream id: UInt32, _ transaction: borrowing ReadTransaction
  ) throws -> UInt64? {
    try summaries(ofStream: id, transaction).first {
      try header($0.firstSeq, transaction).header.section(.documents) != nil
    }?.firstSeq
  }

  /// The first event with a value in one of these columns of the stream. O(blocks of the stream).
  func firstSeq(
    withColumns numbers: [Int], of stream: EventStream, _ transaction: borrowing ReadTransaction
  ) throws -> UInt64? {
    if numbers.isEmpty { return nil }
    let infos = stream.schema.snapshot().columns
    for summary in try summaries(ofStream: stream.definition.id, transaction) {
      let header = try header(summary.firstSeq, transaction).header
      let there = numbers.filter { header.section(column: Int32($0)) != nil }
      if there.isEmpty { continue }
      let reader = try reader(summary, transaction, ZstdDecompressor())
      let rows = try there.compactMap { try reader.firstEvent(Int32($0), infos[$0]) }
      if let row = rows.min() { return try reader.seqs()[row] }
    }
    return nil
  }
}

extension BlockReader {
  /// The first event of the block, counted from 0, with a value in a column; nil when none has.
  fileprivate func firstEvent(_ number: Int32, _ info: ColumnInfo) throws -> Int? {
    var row: Int
    switch try presence(number, info) {
    case .all: row = 0
    case .some(let rows): row = rows.first ?? 0
    case .none: return nil
    }
    if !info.isElement { return row }
    var event = 0
    for count in try integers(.factCounts) {
      row -= Int(count)
      if row < 0 { break }
      event += 1
    }
    return event
  }
}
