import Bytes
import Checksum
import EventLog
import LMDB
import Model

/// Where a page of cells is: the generation of its KPI's cells, the bucket's start, and where its groups begin.
///
/// The first page of a bucket has the empty separator. That of another is the shortest beginning of its first group that
/// sorts after the last group of the page before it. So each group, whether or not there is a cell of it, belongs to one
/// page: the last one of the bucket whose separator is not after it.
enum PageKey {
  private static let prefixBytes = 12
  /// LMDB's keys have room for so much of a group.
  static let maxSeparatorBytes = Key.capacity - prefixBytes

  /// The key of a page, or where to look for that of a group: at it or before it.
  static func key(_ generation: UInt32, _ bucketNs: Int64, _ group: RawSpan) -> Key {
    // No separator is longer, so none is between a group and so much of it.
    prefix(generation, bucketNs)
      .appending(group.extracting(0..<min(group.byteCount, maxSeparatorBytes)))
  }

  static func prefix(_ generation: UInt32, _ bucketNs: Int64) -> Key {
    Key().appending(generation).appending(UInt64(bitPattern: bucketNs) ^ 1 << 63)
  }

  /// The shortest beginning of `first` that sorts after `last`, which is before it; nil when keys have no room for it.
  static func separator(after last: RawSpan, before first: RawSpan) -> [UInt8]? {
    let byteCount = last.commonPrefix(first) + 1
    precondition(byteCount <= first.byteCount, "groups are out of order")
    if byteCount > maxSeparatorBytes { return nil }
    var bytes: [UInt8] = []
    bytes.append(span: first.extracting(0..<byteCount))
    return bytes
  }

  /// The bucket that a key names.
  static func bucketNs(_ key: RawSpan) -> Int64 {
    Int64(bitPattern: (Key.uint64(in: key, at: 4) ?? 0) ^ 1 << 63)
  }

  static func separator(_ key: RawSpan) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(span: key.extracting(min(prefixBytes, key.byteCount)...))
    return bytes
  }

  // MARK: Checksums

  /// What stands behind a page's body: it covers the key as well.
  static func seal(_ body: inout [UInt8], under key: Key) {
    body.append(littleEndian: checksum(body.rawSpan) ^ checksum(key.bytes))
  }

  /// The page without its checksum. Throws ``DamageError`` when it does not belong to the key: either is not what was
  /// written.
  @_lifetime(copy page)
  static func body(of page: RawSpan, under key: RawSpan) throws -> RawSpan {
    let byteCount = page.byteCount - 8
    guard key.byteCount >= prefixBytes, byteCount > 0 else { throw damage(key) }
    let body = page.extracting(0..<byteCount)
    guard checksum(body) ^ checksum(key) == page.load(at: byteCount, as: UInt64.self) else {
      throw damage(key)
    }
    return body
  }

  static func requireSound(_ key: RawSpan, _ page: RawSpan) throws {
    _ = try body(of: page, under: key)
  }

  /// The same page as it stands under another key. Throws ``DamageError`` when it does not belong to the old one.
  static func resealed(_ page: [UInt8], from old: RawSpan, to new: Key) throws -> [UInt8] {
    try requireSound(old, page.rawSpan)
    var bytes = page
    bytes.removeLast(8)
    seal(&bytes, under: new)
    return bytes
  }

  // MARK: Texts

  static func damage(_ key: RawSpan) -> DamageError {
    DamageError(what: describe(key), isOfCells: true)
  }

  /// A page, or what it should be: those of its cells that are there are not known.
  static func describe(_ key: RawSpan) -> String {
    let first = GroupKey.beginning(separator(key).rawSpan)
    let groups = first.isEmpty ? "the first groups" : "groups from \(first) on"
    return "cells of \(place(key)), \(groups)"
  }

  /// A cell of the generation and bucket of a key.
  static func describe(_ key: RawSpan, _ group: RawSpan, dimensions: Int) -> String {
    let labels = GroupKey.labels(group, count: dimensions) ?? []
    return "cell of \(place(key)) \(labels.map { $0 ?? "NULL" }.joined(separator: ", "))"
  }

  private static func place(_ key: RawSpan) -> String {
    "generation \(Key.uint32(in: key, at: 0) ?? 0), bucket \(Timestamp(ns: bucketNs(key)))"
  }
}

extension GroupKey {
  /// What labels the beginning of a group has, to be shown.
  fileprivate static func beginning(_ bytes: RawSpan) -> String {
    var ended: [UInt8] = []
    ended.append(span: bytes)
    ended.append(contentsOf: [0, 0])
    for end in [bytes.byteCount, ended.count - 1, ended.count] {
      for count in 1...8 {
        guard let labels = labels(ended.rawSpan(0..<end), count: count) else { continue }
        return labels.map { $0 ?? "NULL" }.joined(separator: ", ")
      }
    }
    return ""
  }
}
