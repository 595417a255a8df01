import Bytes
import Checksum
import EventLog
import LMDB

/// What is on disk of each KPI version beside its definition: which generation of cells is its own, and whether they are
/// complete.
struct KpiRecord: Equatable {
  var generation: UInt32
  /// All of the log is in the cells, and each commit keeps it so.
  var isLive: Bool

  /// Cells of another format count as missing, and are computed anew.
  private static let cellsFormat: UInt8 = 3

  static func key(_ id: UInt64) -> Key { Key(id) }
  static let nextGenerationKey = Key().appending(UInt8(0))

  var encoded: [UInt8] {
    var bytes: [UInt8] = [isLive ? Self.cellsFormat : 0]
    bytes.append(littleEndian: generation)
    bytes.append(littleEndian: checksum(bytes.rawSpan))
    return bytes
  }

  init(generation: UInt32, isLive: Bool) {
    self.generation = generation
    self.isLive = isLive
  }

  init(_ value: RawSpan) throws {
    guard value.byteCount == 13,
      checksum(value.extracting(0..<5)) == value.load(at: 5, as: UInt64.self)
    else { throw DamageError(what: "record of a KPI") }
    isLive = value.load(at: 0, as: UInt8.self) == Self.cellsFormat
    generation = value.load(at: 1, as: UInt32.self)
  }

  static func read(
    _ id: UInt64, _ table: Table, _ transaction: borrowing ReadTransaction
  ) throws -> KpiRecord? {
    guard let value = try transaction.get(table, key(id)) else { return nil }
    return try KpiRecord(value)
  }

  /// A generation that no cells have had before.
  static func newGeneration(_ table: Table, _ transaction: inout WriteTransaction) throws -> UInt32
  {
    var next: UInt32 = 1
    if let last = try transaction.reading.get(table, nextGenerationKey) {
      next = try KpiRecord(last).generation + 1
    }
    try transaction.put(
      table, nextGenerationKey, KpiRecord(generation: next, isLive: false).encoded)
    return next
  }
}
