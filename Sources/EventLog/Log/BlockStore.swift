import Bytes
import LMDB
import Zstd

/// What the log knows of a block without reading it.
struct BlockSummary: Equatable {
  var streamId: UInt32
  var firstSeq: UInt64
  var eventCount: Int
  var factCount: Int
  var minTimeNs: Int64
  var maxTimeNs: Int64
  var byteCount: Int

  var lastSeq: UInt64 { firstSeq + UInt64(eventCount) - 1 }

  var key: Key { Key().appending(streamId).appending(firstSeq) }

  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(varint: UInt64(eventCount))
    bytes.append(varint: UInt64(factCount))
    bytes.append(signedVarint: minTimeNs)
    bytes.append(signedVarint: maxTimeNs)
    bytes.append(varint: UInt64(byteCount))
    return bytes.sealed()
  }

  init(_ block: EncodedBlock) {
    streamId = block.header.streamId
    firstSeq = block.header.firstSeq
    eventCount = block.header.eventCount
    factCount = block.header.factCount
    minTimeNs = block.header.minTimeNs
    maxTimeNs = block.header.maxTimeNs
    byteCount = block.bytes.count
  }

  init(key: RawSpan, value: RawSpan) throws {
    guard let stream = Key.uint32(in: key, at: 0), let seq = Key.uint64(in: key, at: 4),
      seq > 0, seq < 1 << 62
    else {
      throw DamageError(what: "key of the block index")
    }
    streamId = stream
    firstSeq = seq
    do throws(MalformedBytes) {
      guard let body = value.unsealed else { throw MalformedBytes(offset: 0) }
      var reader = ByteReader(body)
      eventCount = try reader.count(limit: 1 << 40)
      factCount = try reader.count(limit: 1 << 40)
      minTimeNs = try reader.signedVarint()
      maxTimeNs = try reader.signedVarint()
      byteCount = try reader.count(limit: 1 << 40)
    } catch {
      throw DamageError(what: "entry of stream \(stream) in the block index", firstSeq: seq)
    }
  }
}

/// Blocks in LMDB: each is cut into parts of at most 256 KiB, since larger values take contiguous pages that
/// are slow to find in a fragmented file.
struct BlockStore {
  let blocks: Table
  let streams: Table

  /// A part's size: with LMDB's page header it fills 64 pages.
  static let partBytes = 256 * 1024 - 16

  private static func key(_ firstSeq: UInt64, part: Int) -> Key {
    Key(firstSeq).appending(UInt16(part))
  }

  func put(_ block: EncodedBlock, _ transaction: inout WriteTransaction) throws {
    let summary = BlockSummary(block)
    var part = 0
    for start in stride(from: 0, to: block.bytes.count, by: Self.partBytes) {
      let end = min(start + Self.partBytes, block.bytes.count)
      try transaction.put(
        blocks, Self.key(summary.firstSeq, part: part), block.bytes.rawSpan(start..<end),
        options: .append)
      part += 1
    }
    try transaction.put(streams, summary.key, summary.encoded)
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

  /// The header of the block that begins at `firstSeq`, with its size.
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
      found.header.eventCount == summary.eventCount, found.header.factCount == summary.factCount
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
      decompressor)
  }

  /// A reader of the sections of a block that are wanted, which are all that is read of it.
  func reader(
    _ summary: BlockSummary, _ transaction: borrowing ReadTransaction,
    _ decompressor: ZstdDecompressor, where isWanted: (BlockHeader.Section) -> Bool
  ) throws -> BlockReader {
    let (header, size) = try header(summary, transaction)
    let pieces = try header.sections.filter(isWanted).map { section in
      let range = section.range.lowerBound + size..<section.range.upperBound + size
      return BlockReader.Piece(
        start: range.lowerBound, bytes: try read(summary.firstSeq, range, transaction))
    }
    return BlockReader(header: header, headerBytes: size, pieces: pieces, decompressor)
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

  /// The first sequence number of the block that holds event `seq`, or nil.
  func firstSeq(
    ofBlockWith seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> UInt64? {
    var cursor = try transaction.cursor(blocks)
    guard try cursor.seek(lastAtOrBefore: Self.key(seq, part: Int(UInt16.max))) else { return nil }
    return Key.uint64(in: cursor.key, at: 0)
  }

  /// The stream's blocks from the one that holds `seq`, or the first after it, on: as many as `limit`.
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
