import Bytes
import Checksum
import EventLog
import LMDB
import Model

/// Where a cell is: the generation of its KPI's cells, the bucket's start, and the group.
struct CellKey {
  let key: Key
  let group: [UInt8]
  let isHashed: Bool

  /// Groups up to this long stand in the key itself.
  private static let maxPlainBytes = Key.capacity - prefixBytes - 1
  private static let prefixBytes = 12
  private static let hashBytes = 8

  init(generation: UInt32, bucketNs: Int64, group: [UInt8]) {
    self.group = group
    isHashed = Self.isHashed(group: group)
    var key = Self.prefix(generation, bucketNs)
    if isHashed {
      key.append(group.rawSpan(0..<Self.maxPlainBytes - Self.hashBytes))
      key.append(Checksum.checksum(group.rawSpan))
    } else {
      key.append(group.rawSpan)
    }
    key.append(UInt8(isHashed ? 1 : 0))
    self.key = key
  }

  var checksum: UInt64 { Checksum.checksum(key.bytes) }

  static func prefix(_ generation: UInt32, _ bucketNs: Int64) -> Key {
    Key().appending(generation).appending(UInt64(bitPattern: bucketNs) ^ 1 << 63)
  }

  /// The bucket that a key names.
  static func bucketNs(_ key: RawSpan) -> Int64 {
    Int64(bitPattern: (Key.uint64(in: key, at: 4) ?? 0) ^ 1 << 63)
  }

  /// Throws ``DamageError`` when the row does not belong to the key: either is not what was written.
  static func requireSound(_ key: RawSpan, _ row: RawSpan) throws {
    let bodyBytes = row.byteCount - 8
    guard key.byteCount > prefixBytes, bodyBytes > 0,
      Checksum.checksum(row.extracting(0..<bodyBytes)) ^ Checksum.checksum(key)
        == row.load(at: bodyBytes, as: UInt64.self)
    else { throw DamageError(what: describe(key), isOfCells: true) }
  }

  /// The same cell as it stands under another key. Throws ``DamageError`` when it does not belong to the old one.
  static func resealed(
    _ row: [UInt8], from old: RawSpan, to new: RawSpan
  ) throws -> [UInt8] {
    try requireSound(old, row.rawSpan)
    var bytes = row
    bytes.removeLast(8)
    bytes.append(littleEndian: Checksum.checksum(bytes.rawSpan) ^ Checksum.checksum(new))
    return bytes
  }

  static func isHashed(group: [UInt8]) -> Bool { group.count > maxPlainBytes }

  static func isHashed(_ key: RawSpan) -> Bool {
    key.byteCount > prefixBytes && key.load(at: key.byteCount - 1, as: UInt8.self) == 1
  }

  /// The group that a key names when it is not hashed.
  @_lifetime(copy key)
  static func plainGroup(_ key: RawSpan) -> RawSpan {
    key.extracting(prefixBytes..<max(key.byteCount - 1, prefixBytes))
  }

  static func describe(_ key: RawSpan) -> String {
    "cell of generation \(Key.uint32(in: key, at: 0) ?? 0), bucket \(Timestamp(ns: bucketNs(key)))"
  }
}

/// Where it is noted which buckets a series has samples in: the generation, a hash of the group and the series, the
/// bucket's start. Series with the same hash are told apart by the cells.
struct SeriesKey {
  let prefix: Key

  init(generation: UInt32, group: [UInt8], series: [UInt8]) {
    let hash = Checksum.checksum(group.rawSpan) &* 31 &+ Checksum.checksum(series.rawSpan)
    prefix = Key().appending(generation).appending(hash)
  }

  /// What stands with a key: its checksum, since there is nothing else.
  static func value(_ key: Key) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: Checksum.checksum(key.bytes))
    return bytes
  }

  /// Throws ``DamageError`` when the key is not what was written.
  static func requireSound(_ key: RawSpan, _ value: RawSpan) throws {
    guard key.byteCount == 20, value.byteCount == 8,
      Checksum.checksum(key) == value.load(at: 0, as: UInt64.self)
    else {
      throw DamageError(what: describe(key), isOfCells: true)
    }
  }

  static func describe(_ key: RawSpan) -> String {
    "series in bucket \(Timestamp(ns: bucketNs(key)))"
  }

  func key(_ bucketNs: Int64) -> Key { prefix.appending(UInt64(bitPattern: bucketNs) ^ 1 << 63) }

  static func bucketNs(_ key: RawSpan) -> Int64 {
    Int64(bitPattern: (Key.uint64(in: key, at: 12) ?? 0) ^ 1 << 63)
  }
}
