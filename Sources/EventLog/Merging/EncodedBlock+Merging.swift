import Bytes
import Zstd

extension EncodedBlock {
  /// Whether reading the block gives all that it was made of. Documents are written from nothing else, so they are the same.
  /// O(bytes).
  func holds(_ merged: MergedColumns, _ decompressor: ZstdDecompressor) throws -> Bool {
    do {
      let reader = BlockReader(self, decompressor)
      return try Self.isSame(reader, merged.batch)
        && reader.blockPieces() == merged.pieces
        && reader.header.originalBytes == merged.originalBytes
    } catch is DamageError {
      return false
    }
  }

  private static func isSame(_ reader: BlockReader, _ batch: borrowing ParsedBatch) throws -> Bool {
    let state = batch.schema.snapshot()
    let rows = try BlockRows(reader, shapeCount: state.trie.shapes.count)
    guard rows.shapes == batch.shapes, rows.times == batch.times,
      rows.timeFormats == batch.timeFormats, try reader.integers(.positions) == batch.positions,
      rows.factCounts == batch.factCounts, rows.factTimes == batch.factTimes,
      rows.factTimeFormats == batch.factTimeFormats, rows.factShapes == batch.factShapes
    else { return false }
    var columnCount = 0
    for index in batch.columns.indices where !batch.columns[index].values.isEmpty {
      columnCount += 1
      let info = state.columns[index]
      guard let column = try reader.column(Int32(index), info),
        batch.columns[index].isSame(
          as: column, rowCount: info.isElement ? batch.factCount : batch.eventCount,
          batch.bytes.rawSpan)
      else { return false }
    }
    guard reader.header.sections.count(where: { $0.kind == .column }) == columnCount else {
      return false
    }
    return try isWhole(reader, batch)
  }

  /// Whether the documents are the same that no shape gives back.
  private static func isWhole(_ reader: BlockReader, _ batch: borrowing ParsedBatch) throws -> Bool
  {
    var whole = WholeDocuments(reader)
    var document: [UInt8] = []
    for event in batch.shapes.indices where batch.shapes[event] == Int64(Shape.none) {
      document.removeAll(keepingCapacity: true)
      let byteCount = try whole.next(into: &document)
      let range = batch.documentRange(event)
      guard byteCount == range.count,
        batch.bytes.rawSpan(range).isEqual(to: document.rawSpan)
      else { return false }
    }
    return true
  }
}
