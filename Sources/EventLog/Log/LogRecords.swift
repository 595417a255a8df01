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

/// How far a source has been read into a stream.
public struct SourceState: Sendable, Equatable {
  /// The position after the last committed batch.
  public var endPosition: Int64 = 0
  /// How far its event time has got.
  public var reach = SourceReach()
  public var events: UInt64 = 0
  public var lastReceivedNs: Int64 = 0
  /// Nothing more is expected of it, so the stream does not wait for it.
  public var isClosed = false

  /// The greatest event time that counts; nil before the first.
  public var watermarkNs: Int64? { reach.timeNs }

  /// Takes note that nothing more is expected of it, now that it has reached `reachNs`.
  mutating func close(at reachNs: Int64?) {
    isClosed = true
    if let reachNs { reach.end(at: reachNs) }
  }

  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(signedVarint: endPosition)
    bytes.append(optional: watermarkNs)
    bytes.append(varint: events)
    bytes.append(signedVarint: lastReceivedNs)
    bytes.append(isClosed ? 1 : 0)
    bytes.append(varint: UInt64(reach.doubted.count))
    for doubted in reach.doubted {
      bytes.append(varint: doubted.seq)
      bytes.append(signedVarint: doubted.timeNs)
      bytes.append(signedVarint: doubted.aheadNs)
    }
    return bytes.sealed()
  }

  init() {}

  init(_ value: RawSpan) throws {
    guard let body = value.unsealed else { throw DamageError(what: "state of a source") }
    var reader = ByteReader(body)
    endPosition = try reader.signedVarint()
    reach.timeNs = try reader.optional()
    events = try reader.varint()
    lastReceivedNs = try reader.signedVarint()
    isClosed = try reader.integer(UInt8.self) == 1
    for _ in 0..<(try reader.count(limit: SourceReach.confirmations)) {
      reach.doubted.append(
        SourceReach.Doubted(
          seq: try reader.varint(), timeNs: try reader.signedVarint(),
          aheadNs: try reader.signedVarint()))
    }
  }
}

extension [UInt8] {
  mutating func append(optional value: Int64?) {
    append(value == nil ? 0 : 1)
    append(signedVarint: value ?? 0)
  }
}

extension ByteReader {
  mutating func optional() throws(MalformedBytes) -> Int64? {
    let isThere = try integer(UInt8.self) == 1
    let value = try signedVarint()
    return isThere ? value : nil
  }
}

/// The log's own record: what it is and what comes next.
struct LogHead: Equatable {
  static let formatVersion: UInt32 = 5
  static let key = Key().appending([UInt8]("head".utf8))

  var nextSeq: UInt64 = 1
  var nextLedgerPage: UInt64 = 1

  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(contentsOf: "NILO".utf8)
    bytes.append(littleEndian: Self.formatVersion)
    bytes.append(littleEndian: nextSeq)
    bytes.append(littleEndian: nextLedgerPage)
    return bytes.sealed()
  }

  init() {}

  init(_ value: RawSpan) throws {
    guard value.byteCount >= 8, value.load(at: 0, as: UInt32.self) == 0x4F4C_494E else {
      throw DamageError(what: "head of the log")
    }
    // The version is looked at before the checksum: what comes after it may look different in another.
    let version = value.load(at: 4, as: UInt32.self)
    guard version == Self.formatVersion else { throw UnknownFormatError(version: version) }
    guard let body = value.unsealed, body.byteCount == 24 else {
      throw DamageError(what: "head of the log")
    }
    nextSeq = body.load(at: 8, as: UInt64.self)
    nextLedgerPage = body.load(at: 16, as: UInt64.self)
  }
}

/// The store was written in a format that this program does not know.
public struct UnknownFormatError: Error, Equatable, CustomStringConvertible {
  public var version: UInt32
  public var description: String {
    "the store has format version \(version), this program knows \(LogHead.formatVersion); "
      + "use the version of nilo that wrote it"
  }
}
