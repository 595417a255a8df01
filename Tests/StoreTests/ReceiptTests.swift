import EventLog
import Foundation
import Model
import Synchronization
import TestSupport
import Testing

@testable import Store

/// What is kept of requests, so that they are answered again as they were.
@Suite struct ReceiptTests {
  private let directory = TemporaryDirectory()
  private static let dayNs: Int64 = 86_400_000_000_000

  private func batch(
    _ documents: [String], of name: String, through count: UInt64, isWhole: Bool = true,
    nowNs: Int64 = 0
  ) -> DocumentBatch {
    var batch = DocumentBatch(of: documents)
    batch.request = RequestMark(
      name: name, documentCount: count, fingerprint: [UInt8(count & 0xFF)], isWhole: isWhole,
      expiresNs: nowNs + Self.dayNs)
    return batch
  }

  private func event(_ id: Int) -> String {
    "{\"timestamp\":\(1_717_200_000 + id),\"event_id\":\(id)}"
  }

  @Test func receiptsAreCommittedWithTheEvents() throws {
    let open = { try Store(directory: directory.path, clock: { 1_000 }) }
    var store = try open()
    #expect(try store.receipt(ofRequest: "r") == nil)
    let first = try store.append(
      batch([event(1), event(1), "7"], of: "r", through: 3, isWhole: false), to: "s", source: "h")
    var outcome = RequestOutcome()
    outcome.add(first)
    #expect(outcome.accepted == 1 && outcome.duplicateCount == 1 && outcome.rejectedCount == 1)
    let half = try #require(try store.receipt(ofRequest: "r"))
    #expect(half.outcome == outcome && !half.mark.isWhole && half.mark.documentCount == 3)
    store.close()
    store = try open()
    defer { store.close() }
    #expect(try store.receipt(ofRequest: "r") == half)
    // What follows is added to it, other requests are not.
    _ = try store.append(batch([event(9)], of: "other", through: 1), to: "s", source: "h")
    outcome.add(
      try store.append(batch([event(2), event(3)], of: "r", through: 5), to: "s", source: "h"))
    let whole = try #require(try store.receipt(ofRequest: "r"))
    #expect(whole.outcome == outcome && whole.mark.isWhole && whole.mark.documentCount == 5)
    #expect(whole.outcome.firstSeq == 2 && whole.outcome.lastSeq == 5)
    // Also where nothing is an event, and there is no stream.
    _ = try store.append(batch(["7"], of: "none", through: 1), to: "x", source: "h")
    #expect(try store.receipt(ofRequest: "none")?.outcome.rejectedCount == 1)
    #expect(try store.check().isSound)
  }

  /// The lists are cut, the counts are whole.
  @Test func longListsAreCut() throws {
    let store = try Store(directory: directory.path, clock: { 1_000 })
    defer { store.close() }
    for part in 1...3 {
      _ = try store.append(
        batch(Array(repeating: "7", count: 700), of: "r", through: UInt64(part) * 700), to: "s",
        source: "h")
    }
    let outcome = try #require(try store.receipt(ofRequest: "r")).outcome
    #expect(outcome.rejectedCount == 2_100)
    #expect(outcome.rejected.count == RequestOutcome.maxListed)
    #expect(try store.check().isSound)
  }

  /// After their time they are not known, and those that are over do not add up.
  @Test func receiptsAreForgotten() throws {
    let clock = Atomic<Int64>(1_000)
    let store = try Store(
      directory: directory.path, clock: { clock.load(ordering: .relaxed) })
    defer { store.close() }
    func count() throws -> Int {
      try store.log.environment.read {
        try $0.count(store.log.environment.table("requests"))
      }
    }
    for id in 0..<20 {
      _ = try store.append(
        batch([event(id)], of: "r\(id)", through: 1, nowNs: clock.load(ordering: .relaxed)),
        to: "s", source: "h")
    }
    #expect(try count() == 40)
    clock.add(Self.dayNs - 1, ordering: .relaxed)
    #expect(try store.receipt(ofRequest: "r3") != nil)
    // One that goes on is known for longer.
    _ = try store.append(
      batch([event(3)], of: "r3", through: 2, nowNs: clock.load(ordering: .relaxed)), to: "s",
      source: "h")
    clock.add(1, ordering: .relaxed)
    #expect(try store.receipt(ofRequest: "r3")?.outcome.documentCount == 2)
    #expect(try store.receipt(ofRequest: "r4") == nil)
    for id in 20..<30 {
      _ = try store.append(
        batch([event(id)], of: "r\(id)", through: 1, nowNs: clock.load(ordering: .relaxed)),
        to: "s", source: "h")
    }
    #expect(try count() == 22)
    #expect(try store.receipt(ofRequest: "r3")?.outcome.documentCount == 2)
    #expect(try store.check().isSound)
  }
}
