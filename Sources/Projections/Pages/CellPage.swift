import Bytes
import EventLog
import LMDB

/// A page of cells on disk, whose checksum is right, to read some of its rows: docs/formats/cells.md.
struct CellPage: ~Escapable {
  let bucketNs: Int64
  /// Rows that it has; at least one.
  let count: Int
  /// The groups of the rows.
  private let names: SortedNames
  private let body: RawSpan
  /// The columns of the states.
  let states: RawSpan

  static let formatVersion: UInt8 = 5

  /// Verifies the checksum. Throws ``DamageError``. O(bytes).
  @_lifetime(copy page)
  init(_ key: RawSpan, _ page: RawSpan) throws {
    body = try PageKey.body(of: page, under: key)
    bucketNs = PageKey.bucketNs(key)
    var reader = ByteReader(body)
    do throws(MalformedBytes) {
      guard try reader.integer(UInt8.self) == Self.formatVersion else {
        throw MalformedBytes(offset: 0)
      }
      // Each has a byte of its group at least.
      count = try reader.count()
      guard count > 0 else { throw MalformedBytes(offset: 1) }
      names = try SortedNames(&reader, count: count)
    } catch {
      throw PageKey.damage(key)
    }
    states = body.extracting(reader.offset..<body.byteCount)
  }

  /// Calls `body` with each row and its group, in the order of groups. O(bytes of the groups).
  func forEachGroup(_ body: (_ row: Int, _ group: RawSpan) throws -> Void) throws {
    try names.forEach(in: self.body, body)
  }

  /// The row of a group; nil when it has none. O(log rows).
  func row(of group: RawSpan) throws(MalformedBytes) -> Int? {
    try names.find(group, in: body)
  }

  /// Appends what stands before the states: how many rows there are, and their groups, those of `numbers`, in order.
  static func appendHead(
    _ numbers: ArraySlice<Int32>, of names: ByteStrings, to output: inout [UInt8]
  ) {
    output.append(formatVersion)
    output.append(varint: UInt64(numbers.count))
    SortedNames.append(numbers, of: names, to: &output)
  }
}
