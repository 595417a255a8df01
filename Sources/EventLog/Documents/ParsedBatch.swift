import Bytes
import Model

/// A document that did not become an event, as the ledger keeps it.
public struct RejectedDocument: Sendable, Equatable {
  public var position: Int64
  public var reason: String
  /// The first KiB of the document.
  public var head: [UInt8]
  /// Where it begins in the bytes of its batch; nil for one that its connector refused.
  var documentStart: Int?
}

extension [UInt8] {
  /// Appends field number `index` of a dedup id of several, so that no other fields give the same bytes: commas stand
  /// between them, and a backslash before those within.
  mutating func appendIdPart(_ text: [UInt8], _ index: Int) {
    if index > 0 { append(UInt8(ascii: ",")) }
    for byte in text {
      if byte == UInt8(ascii: ",") || byte == JSONText.backslash { append(JSONText.backslash) }
      append(byte)
    }
  }
}

/// A batch of one stream's documents as typed columns, on its way to becoming a block.
struct ParsedBatch {
  let definition: StreamDefinition
  let schema: StreamSchema
  /// The documents' bytes; strings and documents are places in it.
  var bytes: [UInt8]

  // One entry for each event.
  var times: [Int64] = []
  var timeFormats: [Int64] = []
  var shapes: [Int64] = []
  var positions: [Int64] = []
  /// Hash of the dedup id; meaningless where `idPlaces` is 0.
  var idHashes: [UInt64] = []
  /// The dedup id's text in `bytes`, start in the high word, count in the low; 0 for none. Negative when
  /// it has escapes. Ids of several fields are in `composedIds` instead, without escapes.
  var idPlaces: [Int64] = []
  var composedIds: [UInt8] = []
  /// Each document's place, start in the high word, count in the low.
  var documents: [Int64] = []

  // For exploded streams: facts of each event, then one entry for each fact.
  var factCounts: [Int64] = []
  var factTimes: [Int64] = []
  var factTimeFormats: [Int64] = []
  var factShapes: [Int64] = []

  var columns: [ColumnBuilder] = []
  var rejected: [RejectedDocument] = []
  /// The source position after the batch.
  var endPosition: Int64

  var eventCount: Int { times.count }
  var isExploded: Bool { definition.explodePath != nil }
  var factCount: Int { isExploded ? factTimes.count : times.count }
}

extension ParsedBatch {
  /// Takes out the events `rows`, which rise, with their facts. O(events).
  mutating func remove(events rows: [Int]) {
    guard !rows.isEmpty else { return }
    let eventsBefore = eventCount
    let factRows = isExploded ? factRows(ofEvents: rows) : []
    let factsBefore = factCount
    for index in columns.indices {
      let isElement = columnIsElement[index]
      columns[index].remove(
        rows: isElement ? factRows : rows, rowCount: isElement ? factsBefore : eventsBefore)
    }
    times.remove(at: rows)
    timeFormats.remove(at: rows)
    shapes.remove(at: rows)
    positions.remove(at: rows)
    idHashes.remove(at: rows)
    idPlaces.remove(at: rows)
    documents.remove(at: rows)
    if isExploded {
      factCounts.remove(at: rows)
      factTimes.remove(at: factRows)
      factTimeFormats.remove(at: factRows)
      factShapes.remove(at: factRows)
    }
  }

  private func factRows(ofEvents rows: [Int]) -> [Int] {
    var result: [Int] = []
    var firstFact = 0
    var next = 0
    for event in 0..<eventCount {
      let count = Int(factCounts[event])
      if next < rows.count, rows[next] == event {
        next += 1
        result.append(contentsOf: firstFact..<firstFact + count)
      }
      firstFact += count
    }
    return result
  }

  private var columnIsElement: [Bool] {
    schema.snapshot().columns.map(\.isElement)
  }

  /// Document `row`'s bytes in `bytes`.
  func documentRange(_ row: Int) -> Range<Int> {
    let start = Int(documents[row] >> 32)
    return start..<start + Int(documents[row] & 0xFFFF_FFFF)
  }

  /// A hash of each event's document; none where no event can repeat another. O(bytes).
  var documentHashes: [UInt64] {
    if definition.idPaths.isEmpty { return [] }
    return documents.indices.map { documentHash($0) }
  }

  /// The hash of the document of event `row`. O(bytes of it).
  func documentHash(_ row: Int) -> UInt64 {
    let range = documentRange(row)
    return IdHash.hash(
      bytes.rawSpan, start: range.lowerBound, count: range.count, key: definition.hashKey)
  }

  /// The dedup id of event `row`, escapes resolved; nil when it has none.
  func id(ofEvent row: Int) -> [UInt8]? {
    if idPlaces[row] == 0 { return nil }
    var id: [UInt8] = []
    appendId(ofEvent: row, to: &id)
    return id
  }

  /// Appends the dedup id of event `row`, escapes resolved; nothing when it has none.
  @inline(__always)
  func appendId(ofEvent row: Int, to output: inout [UInt8]) {
    let place = idPlaces[row]
    let start = Int(place.magnitude >> 32)
    let range = start..<start + Int(place.magnitude & 0xFFFF_FFFF)
    if definition.idPaths.count > 1 {
      output.append(composedIds, range: range)
    } else if place < 0 {
      JSONText.unescape(bytes.rawSpan, range, into: &output)
    } else {
      output.append(bytes, range: range)
    }
  }
}
