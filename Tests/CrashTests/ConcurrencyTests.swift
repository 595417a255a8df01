import Foundation
import Store
import Synchronization
import Testing

/// Many threads that append through one store.
struct ConcurrencyTests {
  private struct Appended: Sendable {
    var stream: String
    var documents: [String]
    var result: AppendResult
  }

  @Test func eachResultTellsOfItsOwnDocuments() throws {
    let workspace = try Workspace()
    rounds(2) { random in
      workspace.remove("store")
      let seed = random.next()
      let appended = Mutex<[Appended]>([])
      let store = try Store(directory: workspace.path("store"))
      // All threads take their ids from few, so that many are appended more than once.
      try inThreads(10) { thread in
        var random = SeededGenerator(seed: seed &+ UInt64(thread))
        for _ in 0..<40 {
          let stream = "stream\(random.below(3))"
          let documents = (0..<random.within(1...6)).map { _ in Self.document(&random) }
          let result = try store.append(documents, to: stream, source: "thread\(thread)")
          appended.withLock {
            $0.append(Appended(stream: stream, documents: documents, result: result))
          }
        }
      }
      let all = appended.withLock { $0 }
      try verify(store, all)
      store.close()
      for mode in [Store.Mode.readOnly, .readWrite] {
        let again = try Store(directory: workspace.path("store"), mode: mode)
        defer { again.close() }
        try verify(again, all)
      }
    }
  }

  /// A process that is just being started has copies of all descriptors. They must not keep the right to write.
  @Test func aStoreOpensAgainWhileProcessesStart() throws {
    let workspace = try Workspace()
    let isOver = Atomic(false)
    try inThreads(3) { thread in
      if thread > 0 {
        // Not by Foundation's Process, which in one run of many thousands reads past the end of a directory entry.
        while !isOver.load(ordering: .relaxed) { _ = unsafe system("exec /usr/bin/true") }
        return
      }
      defer { isOver.store(true, ordering: .relaxed) }
      for _ in 0..<sampled(200) { try Store(directory: workspace.path("store")).close() }
    }
  }

  private static func document(_ random: inout SeededGenerator) -> String {
    if random.oneIn(25) { return "[\(random.below(10))" }
    let id = random.below(700)
    return "{\"event_id\":\"e\(id)\",\"time\":\(1_717_200_000 + id),\"by\":\(random.below(1_000))}"
  }

  private func verify(_ store: Store, _ all: [Appended]) throws {
    let report = try store.check()
    try check(report.isSound, "\(report.damages)")
    var found: [UInt64: String] = [:]
    let statistics = try store.statistics()
    for stream in statistics.streams.map(\.definition.name) {
      try store.forEachEvent(of: stream) {
        found[$0.seq] = "\(stream) \(String(decoding: $0.bytes, as: UTF8.self))"
        return true
      }
    }
    let definitions = UInt64(statistics.streams.count)
    try checkEqual(UInt64(found.count) + definitions, statistics.lastSeq, "sequence numbers")
    var told: Set<UInt64> = []
    for item in all { try verify(item, found, &told) }
    try checkEqual(told, Set(found.keys), "sequence numbers that were told")
    try verifyIds(found)
    try verifyLedger(store, all)
  }

  /// The result's sequence numbers hold the documents that are neither rejected nor duplicates.
  private func verify(
    _ item: Appended, _ found: [UInt64: String], _ told: inout Set<UInt64>
  ) throws {
    let result = item.result
    let others = Set(result.duplicates.map(\.position) + result.rejected.map(\.position))
    let accepted = item.documents.indices.filter { !others.contains(Int64($0)) }
    try checkEqual(accepted.count, result.accepted, "accepted")
    for (offset, index) in accepted.enumerated() {
      let seq = result.firstSeq! + UInt64(offset)
      try checkEqual(found[seq], "\(item.stream) \(item.documents[index])", "event \(seq)")
      try check(told.insert(seq).inserted, "seq \(seq) was told twice")
    }
    for duplicate in result.duplicates {
      let first = found[duplicate.firstSeq] ?? ""
      let id = "\"event_id\":\"\(String(decoding: duplicate.id, as: UTF8.self))\""
      try check(
        first.hasPrefix("\(item.stream) ") && first.contains(id)
          && item.documents[Int(duplicate.position)].contains(id),
        "duplicate of \(duplicate.firstSeq): \(first)")
    }
    for rejected in result.rejected {
      try check(item.documents[Int(rejected.position)].hasPrefix("["), "rejected: \(rejected)")
    }
  }

  /// Each id is in a stream once.
  private func verifyIds(_ found: [UInt64: String]) throws {
    let ids = found.values.map { $0.prefix(through: $0.firstIndex(of: ",")!) }
    try checkEqual(Set(ids).count, ids.count, "ids")
  }

  private func verifyLedger(_ store: Store, _ all: [Appended]) throws {
    var duplicates = all.reduce(0) { $0 + $1.result.duplicates.count }
    var rejected = all.reduce(0) { $0 + $1.result.rejected.count }
    var late = all.reduce(0) { $0 + $1.result.late.count }
    var ahead = all.reduce(0) { $0 + $1.result.ahead.count }
    try check(duplicates > 0 && rejected > 0, "the documents are all new")
    try store.forEachLedgerEntry { entry in
      switch entry.kind {
      case .duplicate: duplicates -= 1
      case .rejected: rejected -= 1
      case .late: late -= 1
      case .ahead: ahead -= 1
      }
      return true
    }
    try checkEqual(
      [duplicates, rejected, late, ahead], [0, 0, 0, 0], "entries missing on the ledger")
  }
}
