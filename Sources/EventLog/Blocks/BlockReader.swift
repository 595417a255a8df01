import Bytes
import Checksum
import Zstd

/// A stream's watermarks around a block; nil before its first event that counts.
struct Watermarks: Equatable {
  var beforeNs: Int64?
  var afterNs: Int64?
}

/// Reads the sections of one block, each checked against its checksum.
struct BlockReader {
  let header: BlockHeader
  let headerBytes: Int
  /// The stream's watermarks before and after the block, which the block index has.
  private let watermarks: Watermarks
  /// Bytes of the block, and where they begin in it.
  struct Piece {
    var start: Int
    var bytes: [UInt8]

    func contains(_ range: Range<Int>) -> Bool {
      range.lowerBound >= start && range.upperBound - start <= bytes.count
    }
  }

  /// The block, or the parts of it that will be read.
  private let pieces: [Piece]
  let decompressor: ZstdDecompressor

  init(
    header: BlockHeader, headerBytes: Int, pieces: [Piece], _ watermarks: Watermarks,
    _ decompressor: ZstdDecompressor
  ) {
    self.header = header
    self.headerBytes = headerBytes
    self.watermarks = watermarks
    self.pieces = pieces
    self.decompressor = decompressor
  }

  init(_ block: EncodedBlock, _ decompressor: ZstdDecompressor) {
    self.init(
      header: block.header, headerBytes: block.headerBytes,
      pieces: [Piece(start: 0, bytes: block.bytes)], Watermarks(), decompressor)
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
    guard let piece = pieces.first(where: { $0.contains(range) }) else { throw damage(section) }
    let span = piece.bytes.rawSpan(
      range.lowerBound - piece.start..<range.upperBound - piece.start)
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
      lastSeq: header.isMerged ? nil : header.firstSeq + UInt64(header.eventCount) - 1)
  }

  /// What the block was merged from; the block itself when it was not. Reads the times of the events unless they are
  /// known. O(1), or O(events) of a merged block.
  func blockPieces(eventTimes known: [Int64]? = nil) throws -> [BlockPiece] {
    guard let section = header.section(.pieces) else {
      return [
        BlockPiece(
          firstSeq: header.firstSeq, eventCount: header.eventCount, receivedNs: header.receivedNs,
          reachNs: header.reachNs, watermarkBeforeNs: watermarks.beforeNs,
          watermarkNs: watermarks.afterNs, source: header.source, actor: header.actor)
      ]
    }
    let times = try known ?? times(.times)
    guard times.count == header.eventCount else { throw damage }
    let pieces = try withSection(section) { bytes in
      var reader = ByteReader(bytes)
      return try PieceCoding.decode(&reader, count: section.valueCount, times: times)
    }
    guard pieces.first?.firstSeq == header.firstSeq else { throw damage(section) }
    return pieces
  }

  /// The sequence numbers of the events. O(1), or O(events) of a merged block.
  func seqs() throws -> EventSeqs {
    guard let section = header.section(.pieces) else {
      return EventSeqs([header.firstSeq..<header.firstSeq + UInt64(header.eventCount)])
    }
    let seqs = try withSection(section) { bytes in
      var reader = ByteReader(bytes)
      return try PieceCoding.decodeSeqs(
        &reader, count: section.valueCount, eventCount: header.eventCount)
    }
    guard seqs.first?.lowerBound == header.firstSeq else { throw damage(section) }
    return EventSeqs(seqs)
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

  /// Which rows have a value in a physical column.
  func presence(_ number: Int32, _ info: ColumnInfo) throws -> Presence {
    guard let section = header.section(column: number) else { return .none }
    let rowCount = info.isElement ? header.factCount : header.eventCount
    return try withSection(section) { bytes in
      var reader = ByteReader(bytes)
      return try ColumnValues.presence(&reader, rowCount: rowCount, decompressor)
    }
  }
}
