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
    definition.timePath.isPath(before.definition.timePath)
      && definition.timeReading == before.definition.timeReading
      && Self.isSame(definition.explodePath, before.definition.explodePath)
      && before.definition.elementTimePath == nil
  }

  private static func isSame(_ one: String?, _ other: String?) -> Bool {
    one == nil ? other == nil : one!.isPath(other)
  }

  /// Throws ``StreamAlterationError`` when events that are there would have to be read anew, or would be lost.
  /// O(blocks of the stream).
  func check(
    _ totals: StreamTotals, _ store: BlockStore, _ transaction: borrowing ReadTransaction
  ) throws {
    if totals.events == 0 { return }
    let name = definition.name
    if isDrop {
      throw StreamAlterationError(
        "stream \(name) has \(totals.events) events, and events are never lost: only an empty stream "
          + "can be dropped")
    }
    guard movesFacts else { return }
    if onlyAddsElementTime, let path = definition.elementTimePath {
      let columns = before.schema.snapshot().columns
      let numbers = columns.indices.filter {
        columns[$0].isElement && columns[$0].path == Text(path)
      }
      guard
        let seq = try store.firstSeq(withColumns: numbers, of: before, transaction)
      else { return }
      throw StreamAlterationError(
        "elements have \(path) since seq \(seq), and their facts have the times of their events; "
          + Self.advice(name))
    }
    throw StreamAlterationError(
      "stream \(name) has \(totals.events) events, whose times and facts were read as it says now; "
        + Self.advice(name))
  }

  private static func advice(_ name: String) -> String {
    "define another stream, and read its documents into it: "
      + "nilo events --stream \(name) | nilo ingest --stream NAME -"
  }
}

/// A stream cannot be altered or dropped so.
public struct StreamAlterationError: Error, Equatable, CustomStringConvertible {
  public var description: String
  /// `description` says why, and what to do instead.
  package init(_ description: String) { self.description = description }
}

/// A stream was altered while documents for it were on their way; none of the batch is stored.
public struct StreamAlteredError: Error, Equatable, CustomStringConvertible {
  public var name: String
  public var description: String {
    "stream \(name) was altered meanwhile, and this batch was not stored; append it again"
  }
}

extension BlockStore {
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
