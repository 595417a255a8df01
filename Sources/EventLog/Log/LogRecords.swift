import Bytes
import LMDB

/// What the log counts of a stream.
public struct StreamTotals: Sendable, Equatable {
  public var events: UInt64 = 0
  public var facts: UInt64 = 0
  public var duplicates: UInt64 = 0
  public var rejected: UInt64 = 0
  public var late: UInt64 = 0
  /// Bytes of the original documents.
  public var originalBytes: UInt64 = 0
  /// Bytes of their blocks.
  public var blockBytes: UInt64 = 0
  /// Of the facts; meaningless while there are none.
  public var minTimeNs: Int64 = .max
  public var maxTimeNs: Int64 = .min
  /// How far event time has got; see ``StreamClock``. Nil before the first event.
  public var watermarkNs: Int64?
  /// Events up to this one have their ids in the dedup index.
  var indexedSeq: UInt64 = 0

  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    for value in [
      events, facts, duplicates, rejected, late, originalBytes, blockBytes, indexedSeq,
    ] {
      bytes.append(varint: value)
    }
    bytes.append(signedVarint: minTimeNs)
    bytes.append(signedVarint: maxTimeNs)
    bytes.append(watermarkNs == nil ? 0 : 1)
    bytes.append(signedVarint: watermarkNs ?? 0)
    return bytes.sealed()
  }

  init() {}

  init(_ value: RawSpan) throws {
    guard let body = value.unsealed else { throw DamageError(what: "totals of a stream") }
    var reader = ByteReader(body)
    events = try reader.varint()
    facts = try reader.varint()
    duplicates = try reader.varint()
    rejected = try reader.varint()
    late = try reader.varint()
    originalBytes = try reader.varint()
    blockBytes = try reader.varint()
    indexedSeq = try reader.varint()
    minTimeNs = try reader.signedVarint()
    maxTimeNs = try reader.signedVarint()
    let hasWatermark = try reader.integer(UInt8.self) == 1
    let watermark = try reader.signedVarint()
    watermarkNs = hasWatermark ? watermark : nil
  }
}

/// How far a source has been read into a stream.
public struct SourceState: Sendable, Equatable {
  /// The position after the last committed batch.
  public var endPosition: Int64 = 0
  /// The greatest event time so far; nil before the first event.
  public var watermarkNs: Int64?
  public var events: UInt64 = 0
  public var lastReceivedNs: Int64 = 0
  /// Nothing more is expected of it, so the stream does not wait for it.
  public var isClosed = false

  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(signedVarint: endPosition)
    bytes.append(watermarkNs == nil ? 0 : 1)
    bytes.append(signedVarint: watermarkNs ?? 0)
    bytes.append(varint: events)
    bytes.append(signedVarint: lastReceivedNs)
    bytes.append(isClosed ? 1 : 0)
    return bytes.sealed()
  }

  init() {}

  init(_ value: RawSpan) throws {
    guard let body = value.unsealed else { throw DamageError(what: "state of a source") }
    var reader = ByteReader(body)
    endPosition = try reader.signedVarint()
    let hasWatermark = try reader.integer(UInt8.self) == 1
    let watermark = try reader.signedVarint()
    watermarkNs = hasWatermark ? watermark : nil
    events = try reader.varint()
    lastReceivedNs = try reader.signedVarint()
    isClosed = try reader.integer(UInt8.self) == 1
  }
}

/// The log's own record: what it is and what comes next.
struct LogHead: Equatable {
  static let formatVersion: UInt32 = 3
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
