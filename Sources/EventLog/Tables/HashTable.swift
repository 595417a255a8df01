import Bytes
import LMDB

/// Hashes of the tree over the log, by levels: the lowest has one for each event, each other one for 256 of the level below.
///
/// They stand in pages of 16 tiles, sealed, so that little room is lost at the ends of LMDB's pages. Hashes are only ever added.
struct HashTable {
  let table: Table

  static let hashBytes = 32
  static let hashesInPage: UInt64 = 4_096
  /// A level of events that are numbered by 64 bits.
  static let maxLevels = 8

  private static func key(_ level: Int, _ page: UInt64) -> Key {
    Key().appending(UInt8(level)).appending(page)
  }

  private static func damage(_ level: Int, _ page: UInt64) -> DamageError {
    DamageError(what: "hashes of the tree over the log: level \(level), page \(page)")
  }

  /// How many hashes a level has. O(log n), and its last page.
  func count(ofLevel level: Int, _ transaction: borrowing ReadTransaction) throws -> UInt64 {
    guard let (page, bytes) = try lastPage(ofLevel: level, transaction) else { return 0 }
    return page * Self.hashesInPage + UInt64(bytes.count / Self.hashBytes)
  }

  private func lastPage(
    ofLevel level: Int, _ transaction: borrowing ReadTransaction
  ) throws -> (page: UInt64, bytes: [UInt8])? {
    var cursor = try transaction.cursor(table)
    guard try cursor.seek(lastAtOrBefore: Self.key(level, .max)),
      cursor.hasPrefix(Key().appending(UInt8(level)))
    else { return nil }
    guard let page = Key.uint64(in: cursor.key, at: 1) else { throw Self.damage(level, 0) }
    return (page, try Self.hashes(cursor.value, level, page))
  }

  /// The hashes `range` of a level, one after the other. O(pages of them). Throws ``DamageError`` when they are not all there.
  func read(
    ofLevel level: Int, _ range: Range<UInt64>, _ transaction: borrowing ReadTransaction
  ) throws -> [UInt8] {
    var found: [UInt8] = []
    var next = range.lowerBound
    while next < range.upperBound {
      let page = next / Self.hashesInPage
      guard let value = try transaction.get(table, Self.key(level, page)) else {
        throw Self.damage(level, page)
      }
      let end = min(range.upperBound, (page + 1) * Self.hashesInPage)
      let first = page * Self.hashesInPage
      let bytes = Int(next - first) * Self.hashBytes..<Int(end - first) * Self.hashBytes
      guard let body = value.unsealed, bytes.upperBound <= body.byteCount else {
        throw Self.damage(level, page)
      }
      found.append(span: body.extracting(bytes))
      next = end
    }
    return found
  }

  private static func hashes(_ value: RawSpan, _ level: Int, _ page: UInt64) throws -> [UInt8] {
    guard let body = value.unsealed, body.byteCount % hashBytes == 0, body.byteCount > 0,
      body.byteCount / hashBytes <= Int(hashesInPage)
    else { throw damage(level, page) }
    var bytes: [UInt8] = []
    bytes.append(span: body)
    return bytes
  }

  /// Adds hashes to a level. O(their pages, the last one of before among them).
  func append(
    _ hashes: [UInt8], toLevel level: Int, _ transaction: inout WriteTransaction
  ) throws {
    precondition(hashes.count % Self.hashBytes == 0, "a hash is cut off")
    if hashes.isEmpty { return }
    let pageBytes = Int(Self.hashesInPage) * Self.hashBytes
    var (page, bytes): (UInt64, [UInt8]) = (0, [])
    if let last = try lastPage(ofLevel: level, transaction.reading) {
      (page, bytes) = (last.page, last.bytes)
      if bytes.count == pageBytes { (page, bytes) = (last.page + 1, []) }
    }
    bytes += hashes
    for start in stride(from: 0, to: bytes.count, by: pageBytes) {
      let part = Array(bytes[start..<min(start + pageBytes, bytes.count)])
      try transaction.put(table, Self.key(level, page), part.sealed())
      page += 1
    }
  }
}
