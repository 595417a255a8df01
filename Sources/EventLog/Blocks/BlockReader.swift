import Bytes
import Checksum
import Zstd

/// Where a block's bytes come from.
protocol BlockBytes {
  /// Runs `body` on the bytes `range`, counted from the block's first byte.
  func withBytes<R>(_ range: Range<Int>, _ body: (RawSpan) throws -> R) throws -> R
}

extension EncodedBlock: BlockBytes {
  func withBytes<R>(_ range: Range<Int>, _ body: (RawSpan) throws -> R) throws -> R {
    try body(bytes.rawSpan(range))
  }
}

/// Reads the sections of one block, each checked against its checksum.
struct BlockReader<Source: BlockBytes> {
  let header: BlockHeader
  let headerBytes: Int
  let source: Source
  let decompressor: ZstdDecompressor

  /// Runs `body` on the section's bytes. Throws ``DamageError`` when they are not what was written, or
  /// when `body` finds them malformed.
  func withSection<R>(
    _ section: BlockHeader.Section, _ body: (RawSpan) throws -> R
  ) throws -> R {
    let range = section.range.lowerBound + headerBytes..<section.range.upperBound + headerBytes
    do {
      return try source.withBytes(range) { bytes in
        guard checksum(bytes) == section.checksum else { throw damage(section) }
        return try body(bytes)
      }
    } catch is MalformedBytes {
      throw damage(section)
    } catch is ZstdError {
      throw damage(section)
    }
  }

  func damage(_ section: BlockHeader.Section) -> DamageError {
    let name = section.kind == .column ? "column \(section.column)" : "\(section.kind)"
    return damage("block section \(name)")
  }

  /// The block's parts do not fit each other.
  var damage: DamageError { damage("block") }

  private func damage(_ what: String) -> DamageError {
    DamageError(
      what: what, firstSeq: header.firstSeq,
      lastSeq: header.firstSeq + UInt64(header.eventCount) - 1)
  }

  /// The integers of a section; empty when the block has none of that kind.
  func integers(_ kind: BlockHeader.Section.Kind) throws -> [Int64] {
    guard let section = header.section(kind) else { return [] }
    var values: [Int64] = []
    try withSection(section) { bytes in
      var reader = ByteReader(bytes)
      try IntegerCoding.decode(&reader, count: section.valueCount, into: &values)
    }
    return values
  }

  /// The times of a section; empty when the block has none of that kind.
  func times(_ kind: BlockHeader.Section.Kind) throws -> [Int64] {
    guard let section = header.section(kind) else { return [] }
    var values: [Int64] = []
    try withSection(section) { bytes in
      var reader = ByteReader(bytes)
      try TimeCoding.decode(&reader, count: section.valueCount, into: &values)
    }
    return values
  }

  /// A physical column; nil when no row of the block has a value in it.
  func column(_ number: Int32, _ info: ColumnInfo) throws -> ColumnValues? {
    guard let section = header.section(column: number) else { return nil }
    let rowCount = info.isElement ? header.factCount : header.eventCount
    return try withSection(section) { bytes in
      try ColumnValues(section, bytes, kind: info.kind, rowCount: rowCount, decompressor)
    }
  }
}
