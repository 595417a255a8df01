import Bytes

/// What a reader reads first: the schema, and where the row groups are.
struct Footer {
  /// A row group, as it was written.
  struct Group {
    var rowCount: Int
    var chunks: [ChunkSummary]
    /// One for each chunk.
    var offsetIndexes: [IndexPlace] = []
    /// One for each chunk; nil where there is none.
    var columnIndexes: [IndexPlace?] = []
  }

  var columns: [ParquetColumn]
  var groups: [Group] = []
  var metadata: [(key: String, value: String)]
  var createdBy: String

  /// The footer's bytes. O(groups × columns).
  var bytes: [UInt8] {
    CompactWriter.structure { file in
      file.field(1, int32: 2)
      file.field(2, structures: [nil] + columns.map(Optional.some)) { element, column in
        if let column { write(column, &element) } else { writeRoot(&element) }
      }
      file.field(3, int64: groups.reduce(0) { $0 + $1.rowCount })
      file.field(4, structures: Array(groups.enumerated())) { write($1.element, $1.offset, &$0) }
      file.field(5, structures: metadata) { pair, entry in
        pair.field(1, entry.key)
        pair.field(2, entry.value)
      }
      file.field(6, createdBy)
      // Bounds are in the order of the types: without it readers do not trust them.
      file.field(7, structures: columns) { order, _ in order.field(1) { _ in } }
    }
  }

  private func writeRoot(_ element: inout CompactWriter) {
    element.field(4, "schema")
    element.field(5, int32: columns.count)
  }

  private func write(_ column: ParquetColumn, _ element: inout CompactWriter) {
    element.field(1, int32: column.kind.typeCode)
    element.field(3, int32: column.isOptional ? 1 : 0)
    element.field(4, column.name)
    if let code = column.kind.convertedTypeCode { element.field(6, int32: code) }
    switch column.kind {
    case .string: element.field(10) { type in type.field(1) { _ in } }
    case .timestampMicros:
      element.field(10) { type in
        type.field(8) { timestamp in
          timestamp.field(1, true)
          timestamp.field(2) { unit in unit.field(2) { _ in } }
        }
      }
    default: break
    }
  }

  private func write(_ group: Group, _ ordinal: Int, _ writer: inout CompactWriter) {
    writer.field(1, structures: Array(group.chunks.indices)) { chunk, index in
      let summary = group.chunks[index]
      chunk.field(2, int64: 0)
      chunk.field(3) { write(summary, columns[index], &$0) }
      chunk.field(4, int64: group.offsetIndexes[index].offset)
      chunk.field(5, int32: group.offsetIndexes[index].byteCount)
      if let place = group.columnIndexes[index] {
        chunk.field(6, int64: place.offset)
        chunk.field(7, int32: place.byteCount)
      }
    }
    writer.field(2, int64: group.chunks.reduce(0) { $0 + $1.uncompressedBytes })
    writer.field(3, int64: group.rowCount)
    writer.field(5, int64: group.chunks.first?.offset ?? 0)
    writer.field(6, int64: group.chunks.reduce(0) { $0 + $1.compressedBytes })
    // The field has 16 bits; it is a hint.
    if ordinal <= Int16.max { writer.field(7, int16: ordinal) }
  }

  private func write(
    _ summary: ChunkSummary, _ column: ParquetColumn, _ writer: inout CompactWriter
  ) {
    let counts = summary.pageCounts
    var encodings = counts.map(\.encoding)
    // Of the levels and of the dictionary.
    encodings.append(.rle)
    if summary.dictionaryOffset != nil, !encodings.contains(.plain) { encodings.append(.plain) }
    writer.field(1, int32: column.kind.typeCode)
    writer.field(2, int32s: encodings.map(\.rawValue))
    writer.field(3, binaries: [Array(column.name.utf8)])
    writer.field(4, int32: Codec.zstd)
    writer.field(5, int64: summary.rowCount)
    writer.field(6, int64: summary.uncompressedBytes)
    writer.field(7, int64: summary.compressedBytes)
    writer.field(9, int64: summary.pages.first?.offset ?? 0)
    if let offset = summary.dictionaryOffset { writer.field(11, int64: offset) }
    writer.field(12) { statistics in
      statistics.field(3, int64: summary.nullCount)
      guard let bounds = summary.bounds else { return }
      statistics.field(5, binary: bounds.greatest.bytes)
      statistics.field(6, binary: bounds.least.bytes)
      statistics.field(7, bounds.isGreatestExact)
      statistics.field(8, bounds.isLeastExact)
    }
    var pages = counts.map { (PageKind.data, $0.encoding, $0.count) }
    if summary.dictionaryOffset != nil { pages.append((.dictionary, .plain, 1)) }
    writer.field(13, structures: pages) { entry, page in
      entry.field(1, int32: page.0.rawValue)
      entry.field(2, int32: page.1.rawValue)
      entry.field(3, int32: page.2)
    }
  }
}
