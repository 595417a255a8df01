import Bytes
import LMDB

/// The log's own record: what it is and what comes next.
struct LogHead: Equatable {
  static let formatVersion: UInt32 = 9
  /// What version 8 has and 7 has not, openings of sources, and 9 has and 8 has not, the tree over the log, is not in a store of
  /// then.
  static let readableVersions: ClosedRange<UInt32> = 7...formatVersion
  /// The first one whose stores have the tables of the tree.
  static let firstVersionWithTree: UInt32 = 9
  static let key = Key().appending([UInt8]("head".utf8))

  var nextSeq: UInt64 = 1
  var nextLedgerPage: UInt64 = 1
  /// The version that it was read in; it is written in ``formatVersion``.
  private(set) var version = formatVersion

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
    version = value.load(at: 4, as: UInt32.self)
    guard Self.readableVersions.contains(version) else {
      throw UnknownFormatError(version: version)
    }
    guard let body = value.unsealed, body.byteCount == 24 else {
      throw DamageError(what: "head of the log")
    }
    nextSeq = body.load(at: 8, as: UInt64.self)
    nextLedgerPage = body.load(at: 16, as: UInt64.self)
  }
}

extension LogHead {
  static let missing = DamageError(what: "head of the log is missing")

  static func read(
    _ tables: LogTables, _ transaction: borrowing ReadTransaction
  ) throws -> LogHead {
    guard let value = try transaction.get(tables.meta, key) else {
      // The first writer has made the tables, and no more yet.
      if try transaction.count(tables.blocks) == 0 { return LogHead() }
      throw missing
    }
    return try LogHead(value)
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
