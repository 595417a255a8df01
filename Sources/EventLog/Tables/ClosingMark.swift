import Bytes
import LMDB

/// A stream's watermark after one of its sources was closed, so that the watermark of any time is found without going
/// through all that came before. Blocks have theirs in the block index.
struct ClosingMark: Equatable {
  var streamId: UInt32
  /// The event that is the record of the closing.
  var seq: UInt64
  var watermarkNs: Int64?

  private var key: Key { Key().appending(streamId).appending(seq) }

  init(streamId: UInt32, seq: UInt64, watermarkNs: Int64?) {
    (self.streamId, self.seq, self.watermarkNs) = (streamId, seq, watermarkNs)
  }

  init(key: RawSpan, value: RawSpan) throws {
    guard key.byteCount == 12, let streamId = Key.uint32(in: key, at: 0),
      let seq = Key.uint64(in: key, at: 4), let body = value.unsealed
    else { throw DamageError(what: "watermark of a stream after a closing") }
    var reader = ByteReader(body)
    self.init(streamId: streamId, seq: seq, watermarkNs: try reader.optional())
  }

  func write(_ tables: LogTables, _ transaction: inout WriteTransaction) throws {
    var bytes: [UInt8] = []
    bytes.append(optional: watermarkNs)
    try transaction.put(tables.watermarks, key, bytes.sealed())
  }

  /// The last of a stream's closings up to event `seq`; nil when there was none. O(log n).
  static func last(
    ofStream streamId: UInt32, through seq: UInt64, _ tables: LogTables,
    _ transaction: borrowing ReadTransaction
  ) throws -> ClosingMark? {
    let prefix = Key().appending(streamId)
    var cursor = try transaction.cursor(tables.watermarks)
    guard try cursor.seek(lastAtOrBefore: prefix.appending(seq)), cursor.hasPrefix(prefix) else {
      return nil
    }
    return try ClosingMark(key: cursor.key, value: cursor.value)
  }
}
