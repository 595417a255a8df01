import Bytes
import Foundation
import LMDB
import Projections
import TestSupport

@testable import EventLog

/// Changes of a store's tables past the program, as somebody makes them who can write its file.
struct Tampering {
  private let environment: Environment

  /// The store that is in `path`, which nobody has open.
  init(_ path: String) throws {
    environment = try Environment(
      directory: path, mode: .readWrite, tables: LogTables.names + Projections.tableNames)
  }

  func close() { environment.close() }

  typealias Entries = [(key: [UInt8], value: [UInt8])]

  private static func bytes(_ span: RawSpan) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(span: span)
    return bytes
  }

  func entries(_ table: String, prefix: Key = Key()) throws -> Entries {
    try environment.read { transaction in
      var found: Entries = []
      var cursor = try transaction.cursor(environment.table(table))
      var isThere = try cursor.seek(atOrAfter: prefix)
      while isThere, cursor.hasPrefix(prefix) {
        found.append((Self.bytes(cursor.key), Self.bytes(cursor.value)))
        isThere = try cursor.next()
      }
      return found
    }
  }

  func put(_ table: String, _ entries: Entries) throws {
    try environment.write { transaction in
      for (key, value) in entries {
        try transaction.put(environment.table(table), Key().appending(key), value)
      }
    }
  }

  func delete(_ table: String, prefix: Key) throws {
    let keys = try entries(table, prefix: prefix).map(\.key)
    try environment.write { transaction in
      for key in keys { try transaction.delete(environment.table(table), Key().appending(key)) }
    }
  }

  /// Puts a block of another store, which begins with the event `first`, in the place of the one that is here.
  func takeBlock(_ first: UInt64, from other: Tampering) throws {
    try put("blocks", try other.entries("blocks", prefix: Key(first)))
    let place = Self.bytes(Key(first).bytes)
    try put(
      "streams", try other.entries("streams").filter { $0.key.suffix(8).elementsEqual(place) })
  }

  /// Changes what is counted of the stream that has so many events.
  func changeTotals(ofStreamWith events: UInt64, _ change: (inout StreamTotals) -> Void) throws {
    for entry in try entries("totals") {
      var totals = try StreamTotals(entry.value.rawSpan)
      guard totals.events == events else { continue }
      change(&totals)
      try put("totals", [(entry.key, totals.encoded)])
    }
  }

  /// Puts all that another store has in some tables in the place of what is here.
  func take(_ tables: [String], from other: Tampering) throws {
    for table in tables {
      try delete(table, prefix: Key())
      try put(table, try other.entries(table))
    }
  }
}
