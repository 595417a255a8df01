import Bytes
import LMDB

/// Which blocks of a stream may have facts of some time: an entry for each block under its latest time, with its earliest.
///
/// Blocks mostly rise in time, but late events make them overlap. So who looks for a range begins at the first block that
/// ends in it or later, and goes on as long as a block as wide as the widest could still begin before its end.
struct TimeIndex {
  let table: Table

  /// A signed time, so that the order of the keys' bytes is that of the times.
  private static func ordered(_ timeNs: Int64) -> UInt64 { UInt64(bitPattern: timeNs) ^ 1 << 63 }

  private static func key(_ block: BlockSummary) -> Key {
    Key().appending(block.streamId).appending(ordered(block.maxTimeNs)).appending(block.firstSeq)
  }

  func put(_ block: BlockSummary, _ transaction: inout WriteTransaction) throws {
    var bytes: [UInt8] = []
    bytes.append(signedVarint: block.minTimeNs)
    try transaction.put(table, Self.key(block), bytes.sealed())
  }

  func remove(_ block: BlockSummary, _ transaction: inout WriteTransaction) throws {
    guard try transaction.delete(table, Self.key(block)) else {
      throw DamageError(what: "entry of a block in the index by time", firstSeq: block.firstSeq)
    }
  }

  /// Whether the index has the block as it is.
  func has(_ block: BlockSummary, _ transaction: borrowing ReadTransaction) throws -> Bool {
    guard let value = try transaction.get(table, Self.key(block)) else { return false }
    return try Self.minTimeNs(value, block.firstSeq) == block.minTimeNs
  }

  /// The first seqs of the stream's blocks that may have facts in `times`, ascending. `widestNs` is the greatest distance
  /// of a block's latest from its earliest time. O(log n + blocks that end from `times` on until none can begin in it).
  func firstSeqs(
    ofStream id: UInt32, in times: Range<Int64>, widestNs: Int64,
    _ transaction: borrowing ReadTransaction
  ) throws -> [UInt64] {
    let prefix = Key().appending(id)
    var cursor = try transaction.cursor(table)
    var found = try cursor.seek(atOrAfter: prefix.appending(Self.ordered(times.lowerBound)))
    var seqs: [UInt64] = []
    while found, cursor.hasPrefix(prefix) {
      guard let ordered = Key.uint64(in: cursor.key, at: 4),
        let seq = Key.uint64(in: cursor.key, at: 12)
      else { throw DamageError(what: "key of the index by time") }
      let maxTimeNs = Int64(bitPattern: ordered ^ 1 << 63)
      let (earliest, isBefore) = maxTimeNs.subtractingReportingOverflow(widestNs)
      if !isBefore, earliest >= times.upperBound { break }
      if try Self.minTimeNs(cursor.value, seq) < times.upperBound { seqs.append(seq) }
      found = try cursor.next()
    }
    return seqs.sorted()
  }

  private static func minTimeNs(_ value: RawSpan, _ seq: UInt64) throws -> Int64 {
    guard let body = value.unsealed else {
      throw DamageError(what: "entry of the index by time", firstSeq: seq)
    }
    var reader = ByteReader(body)
    return try reader.signedVarint()
  }
}

extension Int64 {
  /// How far a later time is away; the greatest distance there is when it is more.
  func distance(toLater other: Int64) -> Int64 {
    let (distance, overflow) = other.subtractingReportingOverflow(self)
    return overflow ? .max : distance
  }
}

extension BlockStore {
  /// The stream's blocks that may have facts in `times`, in the order of the log. O(log n + blocks that end from `times` on
  /// until none can begin in it).
  func summaries(
    ofStream id: UInt32, in times: Range<Int64>, _ totals: StreamTotals,
    _ transaction: borrowing ReadTransaction
  ) throws -> [BlockSummary] {
    if times.lowerBound <= totals.minTimeNs, times.upperBound > totals.maxTimeNs {
      return try summaries(ofStream: id, transaction)
    }
    let seqs = try self.times.firstSeqs(
      ofStream: id, in: times, widestNs: totals.widestBlockNs, transaction)
    return try seqs.map { seq in
      let key = Key().appending(id).appending(seq)
      guard let value = try transaction.get(streams, key) else {
        throw DamageError(what: "index by time: there is no such block", firstSeq: seq)
      }
      return try BlockSummary(key: key.bytes, value: value)
    }
  }
}
