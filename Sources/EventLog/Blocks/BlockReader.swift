import Bytes
import Checksum
import Zstd

/// Reads the sections of one block, each checked against its checksum.
struct BlockReader {
  let header: BlockHeader
  let headerBytes: Int
  /// The block, or the part of it that will be read.
  private let bytes: [UInt8]
  /// Where `bytes` begin in the block.
  private let start: Int
  let decompressor: ZstdDecompressor

  init(
    header: BlockHeader, headerBytes: Int, bytes: [UInt8], from start: Int = 0,
    _ decompressor: ZstdDecompressor
  ) {
    self.header = header
    self.headerBytes = headerBytes
    self.bytes = bytes
    self.start = start
    self.decompressor = decompressor
  }

  init(_ block: EncodedBlock, _ decompressor: ZstdDecompressor) {
    self.init(
      header: block.header, headerBytes: block.headerBytes, bytes: block.bytes, decompressor)
  }

  /// The section's bytes, counted from the block's first byte.
  func range(of section: BlockHeader.Section) -> Range<Int> {
    section.range.lowerBound + headerBytes..<section.range.upperBound + headerBytes
  }

  /// Runs `body` on the section's bytes. Throws ``DamageError`` when they are not what was written, or
  /// when `body` finds them malformed.
  func withSection<R>(
    _ section: BlockHeader.Section, _ body: (RawSpan) throws -> R
  ) throws -> R {
    let range = range(of: section)
    guard range.lowerBound >= start, range.upperBound - start <= bytes.count else {
      throw damage(section)
    }
    let span = bytes.rawSpan(range.lowerBound - start..<range.upperBound - start)
    guard checksum(span) == section.checksum else { throw damage(section) }
    do {
      return try body(span)
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
