import Bytes
import Foundation
import LMDB
import Projections
import Store
import TestSupport
import Testing

@testable import Audit
@testable import EventLog

/// Stores of format version 8, which have no tables for the tree.
struct StoreOfBeforeTests {
  let folder = Folder()

  private static let tables =
    LogTables.names.filter { !LogTables.laterNames.contains($0) } + Projections.tableNames

  /// The same events as a program of that version would have stored them, or with `version` in the head.
  private func make(_ name: String, version: UInt32 = 8) throws -> String {
    let audited = try AuditedStore(folder.file("\(name)-of-now"))
    try audited.define()
    try audited.append(0..<500)
    audited.close()
    let path = folder.file(name)
    let origin = try Tampering(audited.path)
    defer { origin.close() }
    let target = try Environment(directory: path, mode: .readWrite, tables: Self.tables)
    defer { target.close() }
    for table in Self.tables {
      var entries = try origin.entries(table)
      if table == "meta" {
        var head = Array(entries[0].value.dropLast(8))
        head.replaceSubrange(4..<8, with: [UInt8(version), 0, 0, 0])
        entries[0].value = head.sealed()
      }
      try target.write { transaction in
        for (key, value) in entries {
          try transaction.put(target.table(table), Key().appending(key), value)
        }
      }
    }
    return path
  }

  @Test func oneIsReadAndGetsItsTree() throws {
    let path = try make("before")
    // A reader makes no tables, and does without.
    var store = try Store(directory: path, mode: .readOnly)
    #expect(try store.snapshot().streams.first { $0.name == "heat" }?.events == 500)
    #expect(try store.check().isSound)
    #expect(try LogTree(store).size == 0)
    #expect(try LogTree(store).lastCheckpoint() == nil)
    #expect(throws: AuditError.self) { try Verifier(store).run() }
    store.close()

    let audited = try AuditedStore(path)
    #expect(try audited.store.check().isSound)
    let signed = try #require(try Auditor(audited.store, key: testKey).update())
    #expect(try signed.size == audited.store.snapshot().lastSeq)
    #expect(try audited.store.check().isSound)
    audited.close()
    store = try Store(directory: path, mode: .readOnly)
    defer { store.close() }
    #expect(try Verifier(store).run().findings == [])
  }

  /// In a store of this version a table that is not there was lost: nothing is made in its place.
  @Test func aTableThatWasLost() throws {
    let path = try make("lost", version: 9)
    for mode in [Store.Mode.readOnly, .readWrite] {
      let message = #expect(throws: DamageError.self) { try Store(directory: path, mode: mode) }
      #expect(message?.what == "the table hashes is missing")
    }
  }
}
