import Bytes
import LMDB

/// What the log knows of a block without reading it.
struct BlockSummary: Equatable {
  var streamId: UInt32
  var firstSeq: UInt64
  var lastSeq: UInt64
  var eventCount: Int
  var factCount: Int
  /// Blocks that it was merged from; 1 of one that was not.
  var pieceCount: Int
  var minTimeNs: Int64
  var maxTimeNs: Int64
  var byteCount: Int
  /// Bytes of the original documents.
  var originalBytes: UInt64
  /// Wall clock at the last append of its events.
  var receivedNs: Int64
  /// The stream's watermarks around it.
  var watermarks: Watermarks
  /// The earliest and the latest time of all facts of the stream up to its last.
  var timesSoFarNs: ClosedRange<Int64>

  var isMerged: Bool { pieceCount > 1 }

  var key: Key { Key().appending(streamId).appending(firstSeq) }

  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(varint: lastSeq - firstSeq)
    bytes.append(varint: UInt64(eventCount))
    bytes.append(varint: UInt64(factCount))
    bytes.append(varint: UInt64(pieceCount))
    bytes.append(signedVarint: minTimeNs)
    bytes.append(signedVarint: maxTimeNs)
    bytes.append(varint: UInt64(byteCount))
    bytes.append(varint: originalBytes)
    bytes.append(signedVarint: receivedNs)
    bytes.append(optional: watermarks.beforeNs)
    bytes.append(optional: watermarks.afterNs)
    bytes.append(signedVarint: timesSoFarNs.lowerBound)
    bytes.append(signedVarint: timesSoFarNs.upperBound)
    return bytes.sealed()
  }

  /// Of a block that comes in, after facts of the times `before`.
  init(_ block: EncodedBlock, _ watermarks: Watermarks, after before: ClosedRange<Int64>?) {
    self.init(block, pieceCount: 1, watermarks, after: before)
    precondition(!block.header.isMerged, "a merged block is not one that comes in")
    lastSeq = firstSeq + UInt64(eventCount) - 1
  }

  /// Of a block that `pieces` were merged to, after facts of the times `before`.
  init(_ block: EncodedBlock, _ pieces: [BlockPiece], after before: ClosedRange<Int64>?) {
    precondition(block.header.isMerged && pieces.count > 1, "the block is not merged")
    let last = pieces[pieces.count - 1]
    self.init(
      block, pieceCount: pieces.count,
      Watermarks(beforeNs: pieces[0].watermarkBeforeNs, afterNs: last.watermarkNs),
      after: before)
    lastSeq = last.lastSeq
  }

  private init(
    _ block: EncodedBlock, pieceCount: Int, _ watermarks: Watermarks,
    after before: ClosedRange<Int64>?
  ) {
    streamId = block.header.streamId
    firstSeq = block.header.firstSeq
    lastSeq = firstSeq
    eventCount = block.header.eventCount
    factCount = block.header.factCount
    self.pieceCount = pieceCount
    minTimeNs = block.header.minTimeNs
    maxTimeNs = block.header.maxTimeNs
    byteCount = block.bytes.count
    originalBytes = block.header.originalBytes
    receivedNs = block.header.receivedNs
    self.watermarks = watermarks
    let (low, high) = (block.header.minTimeNs, block.header.maxTimeNs)
    timesSoFarNs = min(low, before?.lowerBound ?? low)...max(high, before?.upperBound ?? high)
  }

  /// Whether an entry of the index says what the pieces of its block say.
  static func fits(_ summary: BlockSummary, _ pieces: [BlockPiece]) -> Bool {
    let (first, last) = (pieces[0], pieces[pieces.count - 1])
    return summary.pieceCount == pieces.count && summary.lastSeq == last.lastSeq
      && summary.receivedNs == last.receivedNs
      && summary.watermarks
        == Watermarks(beforeNs: first.watermarkBeforeNs, afterNs: last.watermarkNs)
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
      let span = try reader.varint()
      eventCount = try reader.count(limit: 1 << 40)
      factCount = try reader.count(limit: 1 << 40)
      pieceCount = try reader.count(limit: 1 << 40)
      minTimeNs = try reader.signedVarint()
      maxTimeNs = try reader.signedVarint()
      byteCount = try reader.count(limit: 1 << 40)
      originalBytes = try reader.varint()
      receivedNs = try reader.signedVarint()
      watermarks = Watermarks(beforeNs: try reader.optional(), afterNs: try reader.optional())
      let (earliest, latest) = (try reader.signedVarint(), try reader.signedVarint())
      guard earliest <= minTimeNs, minTimeNs <= maxTimeNs, maxTimeNs <= latest, span < 1 << 62,
        eventCount > 0, pieceCount > 0, pieceCount <= eventCount,
        pieceCount > 1 ? span + 1 >= UInt64(eventCount) : span + 1 == UInt64(eventCount)
      else { throw MalformedBytes(offset: 0) }
      lastSeq = seq + span
      timesSoFarNs = earliest...latest
    } catch {
      throw DamageError(what: "entry of stream \(stream) in the block index", firstSeq: seq)
    }
  }
}
