import Bytes
import Checksum
import EventLog
import LMDB

/// What is on disk of each KPI version beside its definition: which generation of cells is its own, and whether they are
/// complete.
struct KpiRecord: Equatable {
  var generation: UInt32
  /// All blocks up to the stream's ``Checkpoint`` are in the cells.
  var isLive: Bool

  /// Cells of another format count as missing, and are computed anew.
  private static let cellsFormat: UInt8 = 6

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

/// How far the cells on disk of all KPIs of a stream are: they have its blocks up to an event, and none after it.
struct Checkpoint: Equatable {
  var seq: UInt64

  private static func key(_ streamId: UInt32) -> Key { Key().appending(streamId) }

  static func isKey(_ key: RawSpan) -> Bool { key.byteCount == MemoryLayout<UInt32>.size }

  init(_ value: RawSpan, key: RawSpan) throws {
    guard value.byteCount == 16,
      checksum(value.extracting(0..<8)) ^ checksum(key) == value.load(at: 8, as: UInt64.self)
    else { throw DamageError(what: "the checkpoint of a stream's cells") }
    seq = value.load(at: 0, as: UInt64.self)
  }

  /// The event; nil when there are no cells.
  static func read(
    _ streamId: UInt32, _ table: Table, _ transaction: borrowing ReadTransaction
  ) throws -> UInt64? {
    let key = key(streamId)
    guard let value = try transaction.get(table, key) else { return nil }
    return try Checkpoint(value, key: key.bytes).seq
  }

  static func write(
    _ seq: UInt64, _ streamId: UInt32, _ table: Table, _ transaction: inout WriteTransaction
  ) throws {
    let key = key(streamId)
    if let known = try read(streamId, table, transaction.reading) {
      precondition(known <= seq, "cells of earlier events take the place of later ones")
    }
    var bytes: [UInt8] = []
    bytes.append(littleEndian: seq)
    bytes.append(littleEndian: checksum(bytes.rawSpan) ^ checksum(key.bytes))
    try transaction.put(table, key, bytes)
  }
}
