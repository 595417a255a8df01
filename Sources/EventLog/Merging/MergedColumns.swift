import Bytes
import Zstd

/// What blocks of one stream have, one after the other: as if their documents had come in together and had been parsed. These
/// are not written again for it.
struct MergedColumns {
  /// Has bytes of texts alone, and of documents that are kept whole.
  var batch: ParsedBatch
  private(set) var pieces: [BlockPiece] = []
  private(set) var originalBytes: UInt64 = 0
  private let state: StreamSchema.State

  /// Of a stream, nothing yet.
  init(_ definition: StreamDefinition, _ schema: StreamSchema) {
    state = schema.snapshot()
    batch = ParsedBatch(definition: definition, schema: schema, bytes: [], endPosition: 0)
    batch.columns = state.columns.enumerated().map { index, column in
      ColumnBuilder(kind: column.kind, isPlain: state.plainColumns.contains(Int32(index)))
    }
  }

  /// Adds a block, which follows those before. Throws ``DamageError`` when it cannot be read. O(bytes).
  mutating func add(_ reader: BlockReader) throws {
    let rows = try BlockRows(reader, shapeCount: state.trie.shapes.count)
    let positions = try reader.integers(.positions)
    guard positions.count == rows.times.count else { throw reader.damage }
    for section in reader.header.sections where section.kind == .column {
      try add(section, reader)
    }
    var whole = WholeDocuments(reader)
    for shape in rows.shapes {
      let start = batch.bytes.count
      let byteCount = shape == Shape.none ? try whole.next(into: &batch.bytes) : 0
      batch.documents.append(Int64(start) << 32 | Int64(byteCount))
    }
    batch.times += rows.times
    batch.timeFormats += rows.timeFormats
    batch.shapes += rows.shapes
    batch.positions += positions
    batch.factCounts += rows.factCounts
    batch.factTimes += rows.factTimes
    batch.factTimeFormats += rows.factTimeFormats
    batch.factShapes += rows.factShapes
    pieces += try reader.blockPieces()
    originalBytes += reader.header.originalBytes
  }

  private mutating func add(_ section: BlockHeader.Section, _ reader: BlockReader) throws {
    let number = Int(section.column)
    guard state.columns.indices.contains(number),
      let column = try reader.column(section.column, state.columns[number])
    else { throw reader.damage(section) }
    let isElement = state.columns[number].isElement
    let rowCount = isElement ? reader.header.factCount : reader.header.eventCount
    guard column.presence.count(in: 0..<rowCount) == column.count else {
      throw reader.damage(section)
    }
    batch.columns[number].append(
      column, rowCount: rowCount, from: isElement ? batch.factCount : batch.eventCount,
      &batch.bytes)
  }
}
