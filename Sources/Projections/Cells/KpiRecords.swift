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
  private static let cellsFormat: UInt8 = 4

  static func key(_ id: UInt64) -> Key { Key(id) }
  static let nextGenerationKey = Key().appending(UInt8(0))

  /// The record's bytes; their checksum covers the key as well.
  func encoded(_ key: Key) -> [UInt8] {
    var bytes: [UInt8] = [isLive ? Self.cellsFormat : 0]
    bytes.append(littleEndian: generation)
    bytes.append(littleEndian: checksum(bytes.rawSpan) ^ checksum(key.bytes))
    return bytes
  }

  init(generation: UInt32, isLive: Bool) {
    self.generation = generation
    self.isLive = isLive
  }

  init(_ value: RawSpan, key: RawSpan) throws {
    guard value.byteCount == 13,
      checksum(value.extracting(0..<5)) ^ checksum(key) == value.load(at: 5, as: UInt64.self)
    else { throw DamageError(what: "record of a KPI") }
    isLive = value.load(at: 0, as: UInt8.self) == Self.cellsFormat
    generation = value.load(at: 1, as: UInt32.self)
  }

  static func read(
    _ id: UInt64, _ table: Table, _ transaction: borrowing ReadTransaction
  ) throws -> KpiRecord? {
    let key = key(id)
    guard let value = try transaction.get(table, key) else { return nil }
    return try KpiRecord(value, key: key.bytes)
  }

  /// A generation that no cells have had before, nor have any now, whatever the record of the last says.
  static func newGeneration(
    _ table: Table, _ tables: CellTables, _ transaction: inout WriteTransaction
  ) throws -> UInt32 {
    var last: UInt32 = 0
    if let value = try transaction.reading.get(table, nextGenerationKey) {
      last = try KpiRecord(value, key: nextGenerationKey.bytes).generation
    }
    for cells in [tables.cells, tables.series] {
      var cursor = try transaction.reading.cursor(cells)
      if try cursor.seekLast() { last = max(last, Key.uint32(in: cursor.key, at: 0) ?? 0) }
    }
    guard last < .max else { throw DamageError(what: "the number of the last cells is \(last)") }
    let next = last + 1
    try transaction.put(
      table, nextGenerationKey,
      KpiRecord(generation: next, isLive: false).encoded(nextGenerationKey))
    return next
  }
}
