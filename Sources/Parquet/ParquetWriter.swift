import Bytes
import Zstd

/// Writes a file of Apache Parquet: a flat schema, plain and dictionary pages, zstd, statistics and a page index.
///
/// ```swift
/// let writer = try ParquetWriter(columns: [ParquetColumn("speed", .double)]) { bytes in try file.write(bytes) }
/// try writer.append([ParquetValues(.doubles([1.5, 2]))], rowCount: 2)
/// try writer.finish()
/// ```
///
/// Not `Sendable`: one thread at a time. Source: apache/parquet-format 2.11.
public final class ParquetWriter {
  private let options: ParquetOptions
  private let compressor: ZstdCompressor
  private let write: ([UInt8]) throws -> Void
  private var footer: Footer
  private var chunks: [ColumnChunk]
  private var groupRows = 0
  /// Bytes of the file so far.
  public private(set) var byteCount = 0
  /// Rows so far.
  public private(set) var rowCount = 0

  /// About what is held back of the row group that is on its way. O(columns).
  public var heldBytes: Int { chunks.reduce(0) { $0 + $1.byteCount } }

  private static let magic = Array("PAR1".utf8)

  /// Hands the file's bytes to `write`, in their order. `metadata` is what the footer says beside the schema.
  /// Throws what `write` does, and `ZstdError`.
  public init(
    columns: [ParquetColumn], options: ParquetOptions = ParquetOptions(),
    metadata: [(key: String, value: String)] = [], write: @escaping ([UInt8]) throws -> Void
  ) throws {
    precondition(options.groupRows > 0 && options.pageRows > 0, "row groups and pages have rows")
    precondition(
      Set(columns.map { Array($0.name.utf8) }).count == columns.count, "columns of one name")
    (self.options, self.write) = (options, write)
    compressor = try ZstdCompressor(level: options.compressionLevel)
    footer = Footer(columns: columns, metadata: metadata, createdBy: options.createdBy)
    chunks = columns.map { ColumnChunk($0, options) }
    try put(Self.magic)
  }

  /// Adds rows: values for each column, in their order. O(bytes). Throws what `write` does, and `ZstdError`; no more is to
  /// be written then.
  public func append(_ batch: [ParquetValues], rowCount count: Int) throws {
    precondition(batch.count == footer.columns.count, "there are values for each column")
    var next = Array(repeating: 0, count: batch.count)
    for index in chunks.indices { chunks[index].beginBatch() }
    var row = 0
    while row < count {
      // Looked at now and then: what a row group takes is known as its pages are compressed.
      let end = min(count, row + min(options.groupRows - groupRows, options.pageRows))
      for index in chunks.indices {
        try chunks[index].append(
          batch[index], rows: row..<end, next: &next[index], compressor)
      }
      groupRows += end - row
      row = end
      if groupRows == options.groupRows || heldBytes >= options.maxGroupBytes {
        try endRowGroup()
      }
    }
    for (index, values) in batch.enumerated() {
      precondition(next[index] == values.count, "there are as many values as rows that have one")
    }
    rowCount += count
  }

  /// Writes what is left, the page index and the footer. To be called once, last.
  public func finish() throws {
    try endRowGroup()
    for group in footer.groups.indices {
      for chunk in footer.groups[group].chunks {
        footer.groups[group].columnIndexes.append(try chunk.columnIndex.map(putIndex))
      }
    }
    for group in footer.groups.indices {
      for chunk in footer.groups[group].chunks {
        footer.groups[group].offsetIndexes.append(try putIndex(chunk.offsetIndex))
      }
    }
    var bytes = footer.bytes
    bytes.append(littleEndian: UInt32(bytes.count))
    bytes.append(contentsOf: Self.magic)
    try put(bytes)
  }

  /// Ends the row group that is on its way, which is smaller than others then. O(bytes held).
  public func endRowGroup() throws {
    if groupRows == 0 { return }
    var group = Footer.Group(rowCount: groupRows, chunks: [])
    for index in chunks.indices {
      let (bytes, summary) = try chunks[index].finish(at: byteCount, compressor)
      try put(bytes)
      group.chunks.append(summary)
      chunks[index] = ColumnChunk(footer.columns[index], options)
    }
    footer.groups.append(group)
    groupRows = 0
  }

  private func putIndex(_ bytes: [UInt8]) throws -> IndexPlace {
    let place = IndexPlace(offset: byteCount, byteCount: bytes.count)
    try put(bytes)
    return place
  }

  private func put(_ bytes: [UInt8]) throws {
    try write(bytes)
    byteCount += bytes.count
  }
}
