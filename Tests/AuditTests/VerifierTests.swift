import Foundation
import LMDB
import Merkle
import Query
import Store
import TestSupport
import Testing

@testable import Audit
@testable import EventLog

/// What was done to a store past the program is found, and where.
struct VerifierTests {
  let folder = Folder()

  /// What all stores of a test begin with: a stream has a random key, so two that are defined are never the same.
  private func base() throws -> String {
    let path = folder.file("base")
    if FileManager.default.fileExists(atPath: path) { return path }
    let audited = try AuditedStore(path)
    defer { audited.close() }
    _ = try Auditor(audited.store, key: testKey)
    try audited.define()
    return path
  }

  /// A store with six blocks of 100 measurements, sealed rows and three checkpoints. `document` may make one
  /// of the measurements another one; whatever else is done is the same each time.
  private func make(
    _ name: String, count: Int = 600,
    document: (Int) -> String = { AuditedStore.document($0) }
  ) throws -> String {
    let audited = try AuditedStore(copy(base(), name))
    defer { audited.close() }
    let auditor = try Auditor(audited.store, key: testKey)
    for start in stride(from: 0, to: count, by: 100) {
      let numbers = start..<min(start + 100, count)
      audited.clock.tick()
      _ = try audited.store.append(numbers.map(document), to: "heat", source: "plant")
      if start % 200 == 100 { try auditor.update() }
    }
    return audited.path
  }

  private func verify(
    _ path: String, trusted: VerifierKey? = nil, kept: [SignedNote] = []
  ) throws -> AuditReport {
    let store = try Store(directory: path, mode: .readOnly)
    defer { store.close() }
    return try Verifier(store, trusted: trusted, kept: kept).run()
  }

  private func copy(_ path: String, _ name: String) throws -> String {
    let copy = folder.file(name)
    try? FileManager.default.removeItem(atPath: copy)
    try FileManager.default.copyItem(atPath: path, toPath: copy)
    return copy
  }

  private func tamper(_ path: String, _ body: (Tampering) throws -> Void) throws {
    let tampering = try Tampering(path)
    defer { tampering.close() }
    try body(tampering)
  }

  /// The seq of the event that a measurement is.
  private func seq(_ number: Int, in path: String) throws -> UInt64 {
    let store = try Store(directory: path, mode: .readOnly)
    defer { store.close() }
    var found: UInt64 = 0
    try store.forEachEvent(of: "heat") { event in
      if String(decoding: event.bytes, as: UTF8.self).contains("\"id\":\(number),") {
        found = event.seq
      }
      return found == 0
    }
    return found
  }

  @Test func aStoreThatNobodyTouched() throws {
    let path = try make("store")
    let report = try verify(path, trusted: testKey.verifier)
    #expect(report.findings == [])
    #expect(report.leaves == report.events && report.signed == report.events)
    #expect(report.checkpoints == 3)
    // Three hours of two devices are over, and the fourth is not.
    #expect(report.sealedRows == 6)
    #expect(report.keys == ["\(testKey.verifier)"])
    let other = try SigningKey.make(named: AuditedStore.origin)
    #expect(try !verify(path, trusted: other.verifier).isSound)
  }

  /// Another document with all checksums right: only the tree tells.
  @Test func aDocumentThatWasSubstituted() throws {
    let path = try make("store")
    let altered = try seq(250, in: path)
    let other = try make("other") { AuditedStore.document($0, v: $0 == 250 ? 99.5 : nil) }
    try tamper(other) { other in
      let first = try seq(200, in: path)
      try tamper(path) { try $0.takeBlock(first, from: other) }
    }
    // The blocks are sound, as far as the store can tell.
    let report = try verify(path)
    #expect(
      report.findings.contains {
        $0.seqs == altered...altered && $0.what.contains("not those that the tree has")
      })
    // Its hour was sealed with the document that was there.
    #expect(report.findings.contains { $0.what.contains("is not what its events give") })
  }

  @Test func documentsThatWereExchanged() throws {
    let path = try make("store")
    let seqs = (try seq(310, in: path), try seq(312, in: path))
    let other = try make("other") {
      AuditedStore.document($0 == 310 ? 312 : $0 == 312 ? 310 : $0)
    }
    try tamper(other) { other in
      try tamper(path) { try $0.take(["blocks", "streams", "times", "totals"], from: other) }
    }
    let places = try verify(path).findings.compactMap(\.seqs).map(\.lowerBound)
    #expect(places.contains(seqs.0) && places.contains(seqs.1))
  }

  @Test func aBlockThatWasTakenAway() throws {
    let path = try make("store")
    let first = try seq(200, in: path)
    try tamper(path) { store in
      try store.delete("blocks", prefix: Key(first))
      for entry in try store.entries("streams") where entry.key.suffix(8) == Self.bigEndian(first) {
        try store.delete("streams", prefix: Key().appending(entry.key))
      }
      // With totals that fit, so that nothing but the tree knows of it.
      try store.changeTotals(ofStreamWith: 600) { totals in
        totals.events -= 100
        totals.facts -= 100
      }
    }
    let report = try verify(path)
    #expect(
      report.findings.contains {
        $0.seqs == first...first + 99 && $0.what.contains("missing")
      }, "\(report.findings)")
  }

  /// Of the end of the log events and leaves are taken away, with the checkpoints that have them: one that was kept tells.
  @Test func anEndThatWasTakenAway() throws {
    let path = try make("store")
    let kept = try checkpoint(path)
    let shorter = try make("shorter", count: 400)
    #expect(try verify(shorter).isSound)
    let report = try verify(shorter, kept: [kept])
    #expect(report.findings.contains { $0.what.contains("when a checkpoint was signed") })
    #expect(try verify(path, kept: [kept]).isSound)
  }

  private func checkpoint(_ path: String) throws -> SignedNote {
    let store = try Store(directory: path, mode: .readOnly)
    defer { store.close() }
    return try #require(try LogTree(store).lastCheckpoint()).signed
  }

  private static func bigEndian(_ value: UInt64) -> ArraySlice<UInt8> {
    stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> UInt64($0)) }[...]
  }

  /// Events, tree and all made anew, without the key: no checkpoint fits.
  @Test func aTreeThatWasMadeAnew() throws {
    let path = try make("store")
    let altered = try seq(250, in: path)
    let other = try make("other") { AuditedStore.document($0, v: $0 == 250 ? 99.5 : nil) }
    let checkpoints = try Tampering(path)
    let kept = try checkpoints.entries("checkpoints")
    checkpoints.close()
    try tamper(other) { store in
      try store.delete("checkpoints", prefix: Key())
      try store.put("checkpoints", kept)
    }
    let findings = try verify(other).findings
    let first = try #require(findings.first { $0.what.contains("another root") })
    // It lies between the checkpoint before, which is right, and the first that is not.
    #expect(try #require(first.seqs).contains(altered))
    #expect(try #require(first.seqs).count < 300)
  }

  @Test func hashesAndCheckpointsThatWereChanged() throws {
    let path = try make("store")
    for table in ["hashes", "checkpoints"] {
      let changed = try copy(path, "changed")
      try tamper(changed) { store in
        var entries = try store.entries(table)
        // Sealed again, as somebody does who knows the format.
        let body = entries[0].value.dropLast(8)
        var bytes = Array(body)
        bytes[bytes.count / 2] ^= 1
        entries[0].value = bytes.sealed()
        try store.put(table, [entries[0]])
      }
      #expect(try !verify(changed).isSound, "\(table)")
      // Not sealed, it is damage.
      let damaged = try copy(path, "damaged")
      try tamper(damaged) { store in
        var entries = try store.entries(table)
        entries[0].value[entries[0].value.count / 2] ^= 1
        try store.put(table, [entries[0]])
      }
      let store = try Store(directory: damaged, mode: .readOnly)
      #expect(try !store.check().isSound, "\(table)")
      store.close()
    }
  }

  /// A checkpoint of before in the place of the last one.
  @Test func anOlderCheckpointThatWasReplayed() throws {
    let path = try make("store")
    try tamper(path) { store in
      let entries = try store.entries("checkpoints")
      try store.put("checkpoints", [(entries[entries.count - 1].key, entries[0].value)])
    }
    #expect(try verify(path).findings.contains { $0.what.contains("stands where one of") })
  }

  @Test func keysThatTookOver() throws {
    let path = try make("store")
    let new = try SigningKey.make(named: AuditedStore.origin)
    var audited = try AuditedStore(path)
    try Auditor(audited.store, key: testKey).rotate(to: new, actor: "ann")
    try audited.append(600..<650)
    #expect(throws: AuditError.self) { try Auditor(audited.store, key: testKey) }
    try Auditor(audited.store, key: new).update()
    audited.close()
    let report = try verify(path, trusted: testKey.verifier)
    #expect(report.findings == [] && report.keys.count == 2)
    // Somebody who records a key of his own does not have the old one sign it.
    audited = try AuditedStore(path)
    let thief = try SigningKey.make(named: AuditedStore.origin)
    try RecordedKeys.record(thief.verifier, in: audited.store, by: "nilo")
    try Auditor(audited.store, key: thief).update()
    audited.close()
    #expect(
      try verify(path).findings.contains {
        $0.what.contains("not signed by the key \(new.verifier)")
      })
  }
}
