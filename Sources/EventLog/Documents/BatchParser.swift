import Bytes
import Model

/// Parses batches of one stream. One a thread; what it learns is shared through the schema.
struct BatchParser {
  private var reader: DocumentReader
  private var row = Row()

  /// With more columns, most rows have no value in most of them: none gets room in advance.
  private static let fewColumns = 64

  /// `timeWords` are those by which an unreadable time is told how to be read.
  init(
    definition: StreamDefinition, schema: StreamSchema, timeWords: TimeWords = .options
  ) {
    reader = DocumentReader(definition: definition, schema: schema, timeWords: timeWords)
  }

  /// Parses the documents of `batch`, all at once or, for a batch of more than
  /// ``Limits/maxBlockEvents`` documents, the part in `range`. O(bytes).
  mutating func parse(_ batch: consuming DocumentBatch, range: Range<Int>) -> ParsedBatch {
    reader.refresh()
    let documents = batch.documents
    let endPosition =
      range.upperBound < documents.count
      ? documents[range.upperBound].position : batch.endPosition
    let text = batch.bytes
    let bytes = text.rawSpan
    var parsed = ParsedBatch(
      definition: reader.definition, schema: reader.schema, bytes: text,
      endPosition: endPosition)
    parsed.reserve(range.count)
    let plainColumns = reader.schema.snapshot().plainColumns
    var columns: [ColumnBuilder] = []
    for index in range {
      let document = documents[index]
      let start = Int(document.start)
      let end = start + Int(document.byteCount)
      do throws(DocumentError) {
        try reader.read(bytes, start..<end, into: &row)
      } catch {
        parsed.rejected.append(
          RejectedDocument(
            position: document.position, reason: error.description,
            head: Array(batch.bytes[start..<min(end, start + Limits.ledgerHeadBytes)]),
            documentStart: start))
        continue
      }
      if Self.needsColumns(row, columns.count) {
        addColumns(to: &columns, plainColumns, rowCount: range.upperBound - index)
      }
      Self.append(row, document, bytes, to: &parsed, &columns)
    }
    for (index, column) in columns.enumerated()
    where column.isPlain && !plainColumns.contains(Int32(index)) {
      reader.schema.markPlain(Int32(index))
    }
    parsed.columns = columns
    if range.lowerBound == 0 {
      parsed.rejected += batch.refused.map {
        RejectedDocument(position: $0.position, reason: $0.reason, head: $0.head)
      }
    }
    return parsed
  }

  @inline(__always)
  private static func needsColumns(_ row: borrowing Row, _ count: Int) -> Bool {
    var highest: Int32 = -1
    for value in row.values { highest = max(highest, value.column) }
    for value in row.elementValues { highest = max(highest, value.column) }
    return Int(highest) >= count
  }

  private func addColumns(
    to columns: inout [ColumnBuilder], _ plainColumns: Set<Int32>, rowCount: Int
  ) {
    let known = reader.schema.snapshot().columns
    for index in columns.count..<known.count {
      columns.append(
        ColumnBuilder(
          kind: known[index].kind, isPlain: plainColumns.contains(Int32(index)),
          rowCount: known[index].isElement || known.count > Self.fewColumns ? 0 : rowCount))
    }
  }

  @inline(__always)
  private static func append(
    _ row: borrowing Row, _ document: DocumentRange, _ bytes: RawSpan,
    to parsed: inout ParsedBatch, _ columns: inout [ColumnBuilder]
  ) {
    let event = parsed.times.count
    parsed.shapes.append(Int64(row.shape))
    parsed.positions.append(document.position)
    parsed.documents.append(Int64(document.start) << 32 | Int64(document.byteCount))
    var ownTime: Int64?
    for value in row.values {
      if value.kind == .time {
        ownTime = value.a
        parsed.times.append(value.a)
        parsed.timeFormats.append(Int64(value.b))
      } else {
        columns[Int(value.column)].append(value, row: event, bytes)
      }
    }
    appendId(row, bytes, to: &parsed)
    guard parsed.isExploded else { return }
    // The reader lets no document pass that has no time at all.
    let time = ownTime ?? row.earliestElementTime ?? 0
    if ownTime == nil {
      parsed.times.append(time)
      parsed.timeFormats.append(0)
    }
    appendFacts(row, time, bytes, to: &parsed, &columns)
  }

  @inline(__always)
  private static func appendId(
    _ row: borrowing Row, _ bytes: RawSpan, to parsed: inout ParsedBatch
  ) {
    let place = Int64(row.idStart) << 32 | Int64(row.idBytes)
    let key = parsed.definition.hashKey
    if parsed.definition.idPaths.count > 1 {
      appendComposedId(row, bytes, to: &parsed)
    } else if row.idBytes == 0 {
      parsed.idHashes.append(0)
      parsed.idPlaces.append(0)
    } else if row.idHasEscapes {
      parsed.idPlaces.append(-place)
      var id: [UInt8] = []
      JSONText.unescape(bytes, row.idStart..<row.idStart + row.idBytes, into: &id)
      parsed.idHashes.append(IdHash.hash(id.rawSpan, start: 0, count: id.count, key: key))
    } else {
      parsed.idPlaces.append(place)
      parsed.idHashes.append(
        IdHash.hash(bytes, start: row.idStart, count: row.idBytes, key: key))
    }
  }

  /// An event that lacks a field of the id has none.
  private static func appendComposedId(
    _ row: borrowing Row, _ bytes: RawSpan, to parsed: inout ParsedBatch
  ) {
    let first = IdPart(
      number: 1, start: row.idStart, byteCount: row.idBytes, hasEscapes: row.idHasEscapes)
    let parts = ([first] + row.idParts).sorted { $0.number < $1.number }
    guard parts.count == parsed.definition.idPaths.count, parts.allSatisfy({ $0.byteCount > 0 })
    else {
      parsed.idHashes.append(0)
      parsed.idPlaces.append(0)
      return
    }
    let start = parsed.composedIds.count
    for (index, part) in parts.enumerated() {
      var text: [UInt8] = []
      JSONText.unescape(bytes, part.start..<part.start + part.byteCount, into: &text)
      parsed.composedIds.appendIdPart(text, index)
    }
    let count = parsed.composedIds.count - start
    parsed.idPlaces.append(Int64(start) << 32 | Int64(count))
    parsed.idHashes.append(
      IdHash.hash(
        parsed.composedIds.rawSpan, start: start, count: count, key: parsed.definition.hashKey))
  }

  private static func appendFacts(
    _ row: borrowing Row, _ eventTime: Int64, _ bytes: RawSpan, to parsed: inout ParsedBatch,
    _ columns: inout [ColumnBuilder]
  ) {
    // An event whose array is empty or missing is still one fact, with the event's own values only.
    parsed.factCounts.append(Int64(max(row.elements.count, 1)))
    if row.elements.isEmpty {
      parsed.appendFact(time: eventTime, format: 0, shape: Shape.none)
    }
    for index in row.elements.indices {
      let fact = parsed.factTimes.count
      var time = eventTime
      var format: UInt32 = 0
      for valueIndex in row.valueRange(ofElement: index) {
        let value = row.elementValues[valueIndex]
        if value.kind == .time {
          (time, format) = (value.a, value.b)
        } else {
          columns[Int(value.column)].append(value, row: fact, bytes)
        }
      }
      parsed.appendFact(time: time, format: format, shape: row.elements[index].shape)
    }
  }
}

extension ParsedBatch {
  fileprivate mutating func reserve(_ count: Int) {
    times.reserveCapacity(count)
    timeFormats.reserveCapacity(count)
    shapes.reserveCapacity(count)
    positions.reserveCapacity(count)
    idHashes.reserveCapacity(count)
    idPlaces.reserveCapacity(count)
    documents.reserveCapacity(count)
  }

  fileprivate mutating func appendFact(time: Int64, format: UInt32, shape: UInt32) {
    factTimes.append(time)
    factTimeFormats.append(Int64(format))
    factShapes.append(Int64(shape))
  }
}
