import Bytes
import LMDB
import Zstd

/// Blocks in LMDB: each is cut into parts of at most 256 KiB, since larger values take contiguous pages that
/// are slow to find in a fragmented file.
struct BlockStore {
  let blocks: Table
  let streams: Table
  let times: TimeIndex

  init(_ tables: LogTables) {
    (blocks, streams) = (tables.blocks, tables.streams)
    times = TimeIndex(table: tables.times)
  }

  /// A part's size: with LMDB's page header it fills 64 pages.
  static let partBytes = 256 * 1024 - 16

  private static func key(_ firstSeq: UInt64, part: Int) -> Key {
    Key(firstSeq).appending(UInt16(part))
  }

  /// How many parts a block of `byteCount` bytes has.
  static func partCount(_ byteCount: Int) -> Int { (byteCount + partBytes - 1) / partBytes }

  /// Stores a block that comes after all others; those of its stream have facts of the times `before`.
  func put(
    _ block: EncodedBlock, _ watermarks: Watermarks, after before: ClosedRange<Int64>?,
    _ transaction: inout WriteTransaction
  ) throws -> BlockSummary {
    let summary = BlockSummary(block, watermarks, after: before)
    try put(block, summary, .append, &transaction)
    return summary
  }

  /// Stores a merged block in the place of those that it was merged from.
  func replace(
    _ merged: [BlockSummary], by block: EncodedBlock, _ pieces: [BlockPiece],
    _ transaction: inout WriteTransaction
  ) throws {
    let summary = BlockSummary(block, pieces, after: merged.last?.timesSoFarNs)
    precondition(
      merged.reduce(0) { $0 + $1.eventCount } == summary.eventCount
        && merged.first?.firstSeq == summary.firstSeq && merged.last?.lastSeq == summary.lastSeq,
      "a merged block has other events than those that it takes the place of")
    for old in merged { try delete(old, &transaction) }
    try put(block, summary, [], &transaction)
  }

  /// Stores a block in the place of one of the same events; those before have facts of the times `before` now.
  func replace(
    _ old: BlockSummary, by block: EncodedBlock, _ pieces: [BlockPiece],
    after before: ClosedRange<Int64>?, _ transaction: inout WriteTransaction
  ) throws {
    let watermarks = Watermarks(
      beforeNs: pieces[0].watermarkBeforeNs, afterNs: pieces[pieces.count - 1].watermarkNs)
    let summary =
      old.isMerged
      ? BlockSummary(block, pieces, after: before)
      : BlockSummary(block, watermarks, after: before)
    precondition(
      old.firstSeq == summary.firstSeq && old.lastSeq == summary.lastSeq
        && old.eventCount == summary.eventCount && old.pieceCount == summary.pieceCount,
      "a block has other events than the one that it takes the place of")
    try delete(old, &transaction)
    try put(block, summary, [], &transaction)
  }

  private func delete(_ old: BlockSummary, _ transaction: inout WriteTransaction) throws {
    for part in 0..<Self.partCount(old.byteCount) {
      guard try transaction.delete(blocks, Self.key(old.firstSeq, part: part)) else {
        throw DamageError(what: "part \(part) of a block is missing", firstSeq: old.firstSeq)
      }
    }
    try transaction.delete(streams, old.key)
    try times.remove(old, &transaction)
  }

  private func put(
    _ block: EncodedBlock, _ summary: BlockSummary, _ options: WriteTransaction.PutOptions,
    _ transaction: inout WriteTransaction
  ) throws {
    var part = 0
    for start in stride(from: 0, to: block.bytes.count, by: Self.partBytes) {
      let end = min(start + Self.partBytes, block.bytes.count)
      try transaction.put(
        blocks, Self.key(summary.firstSeq, part: part), block.bytes.rawSpan(start..<end),
        options: options)
      part += 1
    }
    try transaction.put(streams, summary.key, summary.encoded)
    try times.put(summary, &transaction)
  }

  /// The bytes `range` of the block. Only the parts that hold them are touched.
  func read(
    _ firstSeq: UInt64, _ range: Range<Int>, _ transaction: borrowing ReadTransaction
  ) throws -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    var offset = range.lowerBound
    while offset < range.upperBound {
      let part = offset / Self.partBytes
      guard let value = try transaction.get(blocks, Self.key(firstSeq, part: part)) else {
        throw DamageError(what: "part \(part) of a block is missing", firstSeq: firstSeq)
      }
      let low = offset - part * Self.partBytes
      let high = min(range.upperBound - part * Self.partBytes, value.byteCount)
      guard low < high else {
        throw DamageError(what: "part \(part) of a block is short", firstSeq: firstSeq)
      }
      bytes.append(span: value.extracting(low..<high))
      offset += high - low
    }
    return bytes
  }

  /// The header of the block that is stored under `firstSeq`, with its size.
  func header(
    _ firstSeq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> (header: BlockHeader, size: Int) {
    guard let part = try transaction.get(blocks, Self.key(firstSeq, part: 0)) else {
      throw DamageError(what: "a block is missing", firstSeq: firstSeq)
    }
    do throws(MalformedBytes) {
      let decoded = try BlockHeader.decode(part)
      if decoded.header.firstSeq == firstSeq { return decoded }
    } catch {}
    throw DamageError(what: "header of the block", firstSeq: firstSeq)
  }

  /// The header of the block that the index has an entry of, with its size.
  private func header(
    _ summary: BlockSummary, _ transaction: borrowing ReadTransaction
  ) throws -> (header: BlockHeader, size: Int) {
    let found = try header(summary.firstSeq, transaction)
    guard found.header.streamId == summary.streamId,
      found.header.eventCount == summary.eventCount, found.header.factCount == summary.factCount,
      found.header.isMerged == summary.isMerged
    else {
      throw DamageError(
        what: "block index does not fit the block", firstSeq: summary.firstSeq,
        lastSeq: summary.lastSeq)
    }
    return found
  }

  /// A reader of the whole block.
  func reader(
    _ summary: BlockSummary, _ transaction: borrowing ReadTransaction,
    _ decompressor: ZstdDecompressor
  ) throws -> BlockReader {
    let (header, size) = try header(summary, transaction)
    let bytes = try read(summary.firstSeq, 0..<summary.byteCount, transaction)
    return BlockReader(
      header: header, headerBytes: size, pieces: [BlockReader.Piece(start: 0, bytes: bytes)],
      summary.watermarks, decompressor)
  }

  /// A reader of the sections of a block that are wanted, which are all that is read of it, and of what it was merged
  /// from.
  func reader(
    _ summary: BlockSummary, _ transaction: borrowing ReadTransaction,
    _ decompressor: ZstdDecompressor, where isWanted: (BlockHeader.Section) -> Bool
  ) throws -> BlockReader {
    let (header, size) = try header(summary, transaction)
    let wanted = header.sections.filter { isWanted($0) || $0.kind == .pieces }
    let pieces = try wanted.map { section in
      let range = section.range.lowerBound + size..<section.range.upperBound + size
      return BlockReader.Piece(
        start: range.lowerBound, bytes: try read(summary.firstSeq, range, transaction))
    }
    return BlockReader(
      header: header, headerBytes: size, pieces: pieces, summary.watermarks, decompressor)
  }

  /// A reader of one column of the block; nil when no row has a value in it.
  func reader(
    column: Int32, _ summary: BlockSummary, _ transaction: borrowing ReadTransaction,
    _ decompressor: ZstdDecompressor
  ) throws -> BlockReader? {
    let reader = try reader(summary, transaction, decompressor) {
      $0.kind == .column && $0.column == column
    }
    return reader.header.section(column: column) == nil ? nil : reader
  }

  /// The stream's block that has event `seq`; nil when none has. O(log n), and O(pieces) of a merged block.
  func block(
    with seq: UInt64, ofStream streamId: UInt32, _ transaction: borrowing ReadTransaction
  ) throws -> BlockSummary? {
    guard
      let summary = try summaries(ofStream: streamId, from: seq, limit: 1, transaction).first,
      summary.firstSeq <= seq
    else { return nil }
    if !summary.isMerged { return summary }
    return try seqs(of: summary, transaction).index(of: seq) == nil ? nil : summary
  }

  /// The block that has event `seq`, of whichever stream; nil when none has. O(streams log n).
  func block(
    with seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> BlockSummary? {
    for id in try streamIds(transaction) {
      if let summary = try block(with: seq, ofStream: id, transaction) { return summary }
    }
    return nil
  }

  /// The numbers of the streams that have blocks. O(streams log n).
  func streamIds(_ transaction: borrowing ReadTransaction) throws -> [UInt32] {
    var ids: [UInt32] = []
    var cursor = try transaction.cursor(streams)
    var found = try cursor.next()
    while found {
      guard let id = Key.uint32(in: cursor.key, at: 0) else {
        throw DamageError(what: "key of the block index")
      }
      ids.append(id)
      if id == .max { break }
      found = try cursor.seek(atOrAfter: Key().appending(id + 1))
    }
    return ids
  }

  /// What a block was merged from; the block itself when it was not. O(1), or O(events) of a merged block.
  func pieces(
    of summary: BlockSummary, _ transaction: borrowing ReadTransaction
  ) throws -> [BlockPiece] {
    try reader(summary, transaction, ZstdDecompressor()) { $0.kind == .times }.blockPieces()
  }

  /// The sequence numbers of a block's events. O(1), or O(events) of a merged block.
  func seqs(
    of summary: BlockSummary, _ transaction: borrowing ReadTransaction
  ) throws -> EventSeqs {
    try reader(summary, transaction, ZstdDecompressor()) { _ in false }.seqs()
  }

  /// The stream's blocks from the one within which `seq` lies, or the first after it, on: as many as `limit`. A merged
  /// block may have events before and after `seq` only.
  func summaries(
    ofStream streamId: UInt32, from seq: UInt64 = 0, limit: Int = .max,
    _ transaction: borrowing ReadTransaction
  ) throws -> [BlockSummary] {
    let prefix = Key().appending(streamId)
    var cursor = try transaction.cursor(streams)
    var found = try cursor.seek(lastAtOrBefore: prefix.appending(seq))
    if !found || !cursor.hasPrefix(prefix) {
      found = try cursor.seek(atOrAfter: prefix.appending(seq))
    }
    var summaries: [BlockSummary] = []
    while found, cursor.hasPrefix(prefix), summaries.count < limit {
      let summary = try BlockSummary(key: cursor.key, value: cursor.value)
      if summary.lastSeq >= seq { summaries.append(summary) }
      found = try cursor.next()
    }
    return summaries
  }
}
