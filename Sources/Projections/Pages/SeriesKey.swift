import Bytes
import Checksum
import EventLog
import LMDB
import Model

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
