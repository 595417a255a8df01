import Bytes
import LMDB

/// What the log counts of a stream.
public struct StreamTotals: Sendable, Equatable {
  public var events: UInt64 = 0
  public var facts: UInt64 = 0
  public var duplicates: UInt64 = 0
  /// Duplicates whose documents differ from those of the events they repeat.
  public var differing: UInt64 = 0
  public var rejected: UInt64 = 0
  public var late: UInt64 = 0
  /// Events too far ahead to say how far time has got; see ``SourceReach``.
  public var ahead: UInt64 = 0
  /// Bytes of the original documents.
  public var originalBytes: UInt64 = 0
  /// Bytes of their blocks.
  public var blockBytes: UInt64 = 0
  /// Of the facts; meaningless while there are none.
  public var minTimeNs: Int64 = .max
  public var maxTimeNs: Int64 = .min
  /// The greatest distance there has been of a block's latest from its earliest time.
  var widestBlockNs: Int64 = 0
  /// How far event time has got; see ``StreamClock``. Nil before the first event.
  public var watermarkNs: Int64?
  /// The wall clock when the stream was last told something; `Int64.min` before that.
  var clockNs: Int64 = .min
  /// How far the furthest of the closed sources had got; nil while none is closed.
  var closedNs: Int64?
  /// Events up to this one have their ids in the dedup index.
  var indexedSeq: UInt64 = 0

  /// The times of all facts; nil while there are none.
  var timesNs: ClosedRange<Int64>? { facts > 0 ? minTimeNs...maxTimeNs : nil }
  /// The stream's prune horizon: documents and columns of events up to this one may be gone. Nothing prunes yet, so it is
  /// 0; who reads asks all the same.
  public var prunedSeq: UInt64 = 0
  /// ``StreamDefinition/factsSinceSeq`` of the definition that the blocks are written by; 0 for nil.
  var factsSinceSeq: UInt64 = 0

  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    for value in [
      events, facts, duplicates, differing, rejected, late, ahead, originalBytes, blockBytes,
      indexedSeq, prunedSeq,
    ] {
      bytes.append(varint: value)
    }
    bytes.append(signedVarint: minTimeNs)
    bytes.append(signedVarint: maxTimeNs)
    bytes.append(signedVarint: widestBlockNs)
    bytes.append(optional: watermarkNs)
    bytes.append(optional: closedNs)
    bytes.append(signedVarint: clockNs)
    if factsSinceSeq > 0 { bytes.append(varint: factsSinceSeq) }
    return bytes.sealed()
  }

  init() {}

  init(_ value: RawSpan) throws {
    guard let body = value.unsealed else { throw DamageError(what: "totals of a stream") }
    var reader = ByteReader(body)
    events = try reader.varint()
    facts = try reader.varint()
    duplicates = try reader.varint()
    differing = try reader.varint()
    rejected = try reader.varint()
    late = try reader.varint()
    ahead = try reader.varint()
    originalBytes = try reader.varint()
    blockBytes = try reader.varint()
    indexedSeq = try reader.varint()
    prunedSeq = try reader.varint()
    minTimeNs = try reader.signedVarint()
    maxTimeNs = try reader.signedVarint()
    widestBlockNs = try reader.signedVarint()
    watermarkNs = try reader.optional()
    closedNs = try reader.optional()
    clockNs = try reader.signedVarint()
    if reader.offset < body.byteCount { factsSinceSeq = try reader.varint() }
  }
}

extension StreamTotals {
  /// What is counted of the stream; nil when there is nothing yet.
  static func read(
    _ id: UInt32, _ tables: LogTables, _ transaction: borrowing ReadTransaction
  ) throws -> StreamTotals? {
    guard let value = try transaction.get(tables.totals, Key().appending(id)) else { return nil }
    return try StreamTotals(value)
  }
}
