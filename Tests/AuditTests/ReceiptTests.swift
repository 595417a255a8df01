import Bytes
import Foundation
import Merkle
import Query
import Store
import TestSupport
import Testing

@testable import Audit

/// Receipts check without the store, here and in Python, and forged ones do not.
struct ReceiptTests {
  let folder = Folder()

  /// Two sealed hours of two devices, a third one that is open, and checkpoints before and after.
  private func makeStore() throws -> (audited: AuditedStore, earlier: SignedNote) {
    let audited = try AuditedStore(folder.file("store"))
    let auditor = try Auditor(audited.store, key: testKey)
    try audited.define()
    try audited.append(0..<200)
    let earlier = try #require(try auditor.update()).signed
    try audited.append(200..<450)
    try auditor.update()
    return (audited, earlier)
  }

  private func prove(
    _ audited: AuditedStore, _ text: String, withEvents: Bool = false, previous: SignedNote? = nil
  ) throws -> Receipt {
    try Prover(audited.store).prove(
      text, withEvents: withEvents, previous: previous,
      QueryOptions(nowNs: 1_717_300_000_000_000_000))
  }

  private static let script = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(
      path: "Examples/verify/check.py"
    ).path()

  /// What the program in Python says; nil when it finds nothing untrue.
  private func refutedByPython(_ bytes: [UInt8], key: VerifierKey = testKey.verifier) throws
    -> String?
  {
    let file = folder.file("receipt-\(UUID().uuidString).json")
    try Data(bytes).write(to: URL(filePath: file))
    do {
      try Python.run(Self.script, [file, "--key", "\(key)"])
      return nil
    } catch let error as Mismatch {
      return error.description
    }
  }

  private static func check(
    _ bytes: [UInt8], key: VerifierKey = testKey.verifier, previous: SignedNote? = nil
  ) -> (isSound: Bool, text: String) {
    do {
      let check = ReceiptCheck(try Receipt(bytes), key: key, previous: previous)
      return (
        check.isSound,
        check.findings.map { "\($0.verdict.rawValue): \($0.text)" }.joined(separator: "\n")
      )
    } catch {
      return (false, "\(error)")
    }
  }

  @Test func anAnswerAndItsEvents() throws {
    let (audited, earlier) = try makeStore()
    defer { audited.close() }
    let text = "SELECT * FROM hourly ONLY FINAL"
    let receipt = try prove(audited, text, withEvents: true, previous: earlier)
    #expect(receipt.seals.count == 4 && !receipt.seals.contains(nil))
    #expect(receipt.events?.count == 360)
    let found = Self.check(receipt.bytes, previous: earlier)
    #expect(found.isSound)
    #expect(found.text.contains("proven: 4 of 4 rows are in the log"), "\(found.text)")
    #expect(found.text.contains("proven: the answer is what these events give"), "\(found.text)")
    #expect(found.text.contains("nothing of them was rewritten"), "\(found.text)")
    #expect(try refutedByPython(receipt.bytes) == nil)
    // Of one row, without events.
    let one = try prove(audited, "SELECT mean, n FROM hourly WHERE device = 'a' LIMIT 1")
    #expect(one.seals.count == 1 && one.events == nil)
    #expect(Self.check(one.bytes).isSound)
    #expect(try refutedByPython(one.bytes) == nil)
    // A row that is not final has no seal, and is computed again from its events.
    let open = try prove(audited, "SELECT * FROM hourly", withEvents: true)
    #expect(open.seals.count { $0 == nil } == 2)
    #expect(Self.check(open.bytes).text.contains("proven: the answer is what these events give"))
    // A query of a stream has its events alone.
    let stream = try prove(
      audited, "SELECT median(v), stddev(v) FROM heat GROUP BY device EVERY 30m", withEvents: true)
    let streamFound = Self.check(stream.bytes)
    #expect(
      streamFound.text.contains("proven: the answer is what these events give"),
      "\(streamFound.text)")
  }

  /// A row that was corrected is proven by what was sealed last.
  @Test func lateEventsAreSealedAnew() throws {
    let (audited, _) = try makeStore()
    defer { audited.close() }
    let late = #"{"ts":1717200001,"device":"a","id":100000,"v":1000}"#
    _ = try audited.store.append([late], to: "heat", source: "plant")
    try Auditor(audited.store, key: testKey).update()
    let receipt = try prove(audited, "SELECT * FROM hourly ONLY FINAL", withEvents: true)
    let seals = receipt.seals.compactMap { $0.flatMap { Seal($0.document) } }
    #expect(seals.map(\.kind) == [.restated, .final, .final, .final])
    #expect(Self.check(receipt.bytes).isSound)
    #expect(try refutedByPython(receipt.bytes) == nil)
  }

  /// Each part of a receipt, changed in each way that somebody might.
  @Test func forgeries() throws {
    let (audited, _) = try makeStore()
    defer { audited.close() }
    let receipt = try prove(audited, "SELECT * FROM hourly ONLY FINAL", withEvents: true)
    let text = String(decoding: receipt.bytes, as: UTF8.self)
    #expect(try refutedByPython(receipt.bytes) == nil)
    func refuse(_ what: String, _ forged: Receipt) throws {
      #expect(!Self.check(forged.bytes).isSound, "\(what)")
      #expect(try refutedByPython(forged.bytes) != nil, "\(what)")
    }
    func refuse(_ what: String, replacing old: String, by new: String) throws {
      #expect(text.contains(old), "\(what)")
      let forged = Array(text.replacingOccurrences(of: old, with: new).utf8)
      #expect(!Self.check(forged).isSound, "\(what)")
      #expect(try refutedByPython(forged) != nil, "\(what)")
    }
    func changed(_ change: (inout Receipt) throws -> Void) rethrows -> Receipt {
      var forged = receipt
      try change(&forged)
      return forged
    }
    try refuse(
      "a number of the answer",
      changed { forged in
        let bytes = forged.answer.bytes
        let wrong = String(decoding: bytes, as: UTF8.self).replacingOccurrences(
          of: ",90,", with: ",91,")
        forged.answer = try JSONReader.value(Array(wrong.utf8))
      })
    try refuse("an event left out", changed { $0.events!.remove(at: 17) })
    try refuse("an event twice", changed { $0.events!.insert($0.events![17], at: 17) })
    try refuse("two events exchanged", changed { $0.events!.swapAt(3, 4) })
    try refuse(
      "a document of an event",
      changed { forged in
        let document = String(decoding: forged.events![5].document, as: UTF8.self)
        forged.events![5].document = Array(
          document.replacingOccurrences(of: "\"v\":", with: "\"v\":1").utf8)
      })
    try refuse("a leaf's time", changed { $0.events![5].leaf.timeNs += 1 })
    try refuse("a leaf's number", changed { $0.events![5].leaf.seq += 1 })
    try refuse("a path cut short", changed { $0.events![5].path.removeLast() })
    try refuse("siblings exchanged", changed { $0.events![5].path.swapAt(0, 1) })
    try refuse("the seal of another row", changed { $0.seals.swapAt(0, 1) })
    try refuse("a seal less", changed { $0.seals.removeLast() })
    try refuse(
      "another definition of the KPI",
      changed { forged in
        let document = String(decoding: forged.kpi!.document, as: UTF8.self)
        forged.kpi!.document = Array(
          document.replacingOccurrences(of: "avg(v)", with: "max(v)").utf8)
      })
    try refuse("another definition of the stream", changed { $0.stream = $0.events![0] })
    try refuse("the root", replacing: "\(AuditedStore.origin)\\n", by: "example.org/other\\n")
    // Another key than the one that is known.
    let other = try SigningKey.make(named: AuditedStore.origin)
    #expect(!Self.check(receipt.bytes, key: other.verifier).isSound)
    #expect(try refutedByPython(receipt.bytes, key: other.verifier) != nil)
  }

  /// A receipt of before a checkpoint that is known is told, and so is a log that was rewritten.
  @Test func earlierCheckpoints() throws {
    let (audited, earlier) = try makeStore()
    defer { audited.close() }
    let old = try prove(audited, "SELECT * FROM hourly ONLY FINAL", previous: earlier)
    try audited.append(450..<500)
    let later = try #require(try Auditor(audited.store, key: testKey).update()).signed
    #expect(Self.check(old.bytes, previous: later).text.contains("of an older checkpoint"))
    #expect(!Self.check(old.bytes, previous: later).isSound)
    // The same key, and another log.
    let path = folder.file("rewritten")
    let rewritten = try AuditedStore(path)
    defer { rewritten.close() }
    try rewritten.define()
    try rewritten.append(1..<460)
    try Auditor(rewritten.store, key: testKey).update()
    let receipt = try prove(rewritten, "SELECT * FROM hourly ONLY FINAL", previous: earlier)
    let found = Self.check(receipt.bytes, previous: earlier)
    #expect(!found.isSound && found.text.contains("the log was rewritten"), "\(found.text)")
    // Without a proof it is said that nothing is known.
    let bare = try prove(audited, "SELECT * FROM hourly ONLY FINAL")
    #expect(
      Self.check(bare.bytes, previous: earlier).text.contains("the receipt has no proof of it"))
  }

  @Test func whatCannotBeProven() throws {
    let audited = try AuditedStore(folder.file("store"))
    defer { audited.close() }
    try audited.define()
    try audited.append(0..<10)
    func message(_ text: String) -> String {
      do { _ = try prove(audited, text) } catch { return "\(error)" }
      return ""
    }
    #expect(message("SELECT * FROM hourly").contains("no checkpoint is signed yet"))
    try Auditor(audited.store, key: testKey).update()
    try audited.append(10..<20)
    let last = try audited.store.snapshot().lastSeq
    #expect(
      message("SELECT * FROM hourly AS OF SEQ \(last)").contains(
        "more events than the last checkpoint"))
    #expect(message("SHOW KPIS").contains("one SELECT"))
    #expect(throws: AuditError.self) { try Receipt(Array("{}".utf8)) }
    #expect(throws: AuditError.self) { try Receipt([]) }
  }
}
